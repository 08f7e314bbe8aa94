"""The one door to an ERP system: who may be asked, how often, how long, and what is never shown.

A request enters; its parsed answer leaves. Only the system's own host is asked, its certificate is
verified, redirects are not followed, and a private address is asked only where a parameter names
its host. What an error says holds none of the secrets.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import tenacity

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import ErpConnection, hide_parts, hide_secrets

ATTEMPTS = 6  # of a request that may be sent again
RENEWALS = 3  # of a session, in one request
LONGEST_WAIT = 120.0  # seconds that a system may ask to wait
SECONDS = httpx.Timeout(60.0, connect=15.0)
SAID = 300  # characters that are shown of an answer
UNCLEAR = (408, 500, 502, 503, 504)  # it may have been done, or not


class ErpError(SalesForecastError):
    """The system refused, or answered against its contract."""


class Unclear(ErpError):
    """No answer, or half of one: what was asked may have been done."""


class Busy(ErpError):
    """Refused for now: nothing was done. `after`: seconds to wait, 0 where it does not say."""

    after = 0.0


class Expired(ErpError):
    """The session or its token is no longer valid: nothing was done."""


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True)
class Wire:
    """How requests travel; tests put a fake server here."""

    transport: httpx.BaseTransport | None = None
    resolve: Callable[[str, int], list[str]] = _resolve
    sleep: Callable[[float], None] = time.sleep


class Guard(httpx.BaseTransport):
    """Sends to one host only, at an address that was looked at; its certificate is the host's."""

    def __init__(self, host: str, private_host: str, wire: Wire) -> None:
        self._host, self._may_be_private = host, host == private_host.lower()
        self._resolve = wire.resolve
        self._inner = wire.transport or httpx.HTTPTransport(verify=ssl.create_default_context())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the host. Raises `ErpError` for another host or a private address."""
        url = request.url
        if url.host != self._host:
            raise _refuse_host(url.host, "it is not the host of `url`", "Correct `url`")
        port = url.port or (443 if url.scheme == "https" else 80)
        address = self._choose(self._resolve(url.host, port))
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.host},
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _choose(self, addresses: list[str]) -> str:
        for each in addresses:
            address = ipaddress.ip_address(each)
            mapped = getattr(address, "ipv4_mapped", None) or address
            if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
                raise _refuse_host(self._host, f"its address {each} is link-local", "Correct `url`")
            if not mapped.is_global and not self._may_be_private:
                do = f"Where it is meant, set `private_host: {self._host}`"
                raise _refuse_host(self._host, f"its address {each} is private", do)
        return addresses[0]


class Door:
    """A signed-in connection to one system.

    A system's own class says how it signs (`sign`, `renew`) and what its answers mean (`judge`).
    """

    per_second = 5.0  # requests, where the parameters do not say

    def __init__(self, connection: ErpConnection, wire: Wire | None = None) -> None:
        self.connection = connection
        self._wire = wire or Wire()
        url = httpx.URL(connection.url.rstrip("/"))
        self.host = url.host
        guard = Guard(url.host, connection.private_host, self._wire)
        self.client = httpx.Client(
            base_url=url, transport=guard, timeout=SECONDS, trust_env=False, follow_redirects=False
        )
        self._pause = 1 / (connection.per_second or self.per_second)
        self._free_at = 0.0

    def sign(self) -> dict[str, str]:
        """Headers that sign a request."""
        return {}

    @property
    def is_renewable(self) -> bool:
        """Whether signing in again could help where a token was not accepted."""
        return False

    def renew(self) -> None:
        """Sign in again."""

    def judge(self, response: httpx.Response, body: Any) -> None:
        """Raise where an answer with HTTP 200 or 4xx means that it was not done."""

    def secret(self, field: str) -> str:
        """Value of the environment variable that `field` of the connection names.

        Raises `SalesForecastError` where none is named or it is not set.
        """
        variable = getattr(self.connection, field)
        if value := os.environ.get(variable, "") if variable else "":
            return value
        wrong = f"The environment variable '{variable}' is not set"
        raise SalesForecastError.of(
            wrong if variable else f"`{field}` is not named for '{self.host}'",
            "The name of an environment variable that holds what the system asks for",
            f"Set it, as in `{variable or 'ERP_SECRET'}=… salesfc …`; it is never written anywhere",
        )

    def call(self, method: str, path: str, *, again: bool = True, **content: Any) -> httpx.Response:
        """The answer, judged; `again`: it may be sent more than once.

        Raises `Unclear` where it may have been done, `ErpError` where it was refused.
        """
        kinds: tuple[type[BaseException], ...] = (Busy, Unclear) if again else (Busy,)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(kinds),
            sleep=self._wire.sleep,
            reraise=True,
        )
        return retrying(self._signed, method, path, content)

    def ask(self, method: str, path: str, *, again: bool = True, **content: Any) -> Any:
        """The answer's JSON; None where it has no content."""
        return parse(self.call(method, path, again=again, **content))

    def refuse(self, what: str, do: str = "") -> ErpError:
        """Error of this system, without its secrets."""
        return ErpError.of(
            f"'{self.host}': {self.scrub(what)}",
            "An answer as its interface is documented (contract-tested, not live-tested)",
            do or "See what it says; `salesfc handover UNIT --to NAME --check` asks it more",
        )

    def scrub(self, text: str) -> str:
        """The text without secrets and line breaks, shortened."""
        return " ".join(hide_secrets(hide_parts(text, self._secrets())).split())[:SAID]

    def _secrets(self) -> list[str]:
        names = [n for f, n in self.connection if f.endswith("_env") and n]
        return [os.environ[name] for name in names if os.environ.get(name)]

    def _signed(self, method: str, path: str, content: Mapping[str, Any]) -> httpx.Response:
        for _ in range(RENEWALS):
            try:
                return self._once(method, path, content)
            except Expired:
                self.renew()
        return self._once(method, path, content)

    def _once(self, method: str, path: str, content: Mapping[str, Any]) -> httpx.Response:
        signed = {**self.sign(), **content.get("headers", {})}
        response = self.exchange(method, path, **{**content, "headers": signed})
        body, why = None, ""
        if "json" in response.headers.get("content-type", "") and response.content:
            try:
                body = parse(response)
            except ValueError:
                why = f"half an answer: {response.text[-60:]!r}"
        if why:
            raise Unclear(str(self.refuse(why)))
        self.judge(response, body)
        if response.status_code == 401:
            kind = Expired if self.is_renewable else ErpError
            raise kind(str(self.refuse("the token or password was not accepted (HTTP 401)")))
        if response.status_code >= 400:
            raise self.refuse(f"HTTP {response.status_code}: {response.text}")
        return response

    def exchange(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request and its answer, which is no redirect and has no status of trouble there."""
        self._take_turn()
        why = ""
        try:
            response = self.client.request(method, path, **content)
        except httpx.HTTPError as error:  # it holds the request, and so the secrets
            why = f"no answer ({type(error).__name__}: {error})"
        except OSError as error:
            why = f"its address was not found ({error})"
        if why:
            raise Unclear(str(self.refuse(why, "Ask again later; what was sent is looked up")))
        self._check_status(response)
        return response

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if response.is_redirect:
            place = httpx.URL(response.headers.get("location", "")).host or "another page"
            raise self.refuse(f"it sends on to '{place}', which is not followed", "Correct `url`")
        if status == 429 or status in UNCLEAR:
            kind = Busy if status == 429 else Unclear
            raise _later(kind(str(self.refuse(f"HTTP {status}: {response.text}"))), response)

    def _take_turn(self) -> None:
        now = time.monotonic()
        if (wait := self._free_at - now) > 0:
            self._wire.sleep(wait)
        self._free_at = max(now, self._free_at) + self._pause


class Reader(Protocol):
    """A door that reads sales orders: rows by the system's own names."""

    watermark: str

    def read_orders(self, since: str | None) -> Any:
        """Rows changed at or after `since`, each a mapping of texts; None: all."""


@contextmanager
def understood(system: str) -> Iterator[None]:
    """Raise `ErpError` for what an answer of another shape brings about in the block."""
    try:
        yield
    except SalesForecastError:
        raise
    except (LookupError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
        raise ErpError.of(
            f"An answer of `{system}` has another shape than documented "
            f"({type(error).__name__}: {error})",
            "Its documented interface (contract-tested, not live-tested)",
            "`salesfc handover UNIT --to NAME --check` asks it more",
        ) from None


def parse(response: httpx.Response) -> Any:
    """JSON of an answer, its numbers as the digits that stand there. Raises `ValueError`."""
    return json.loads(response.text, parse_float=str) if response.content else None


def _later(error: ErpError, response: httpx.Response) -> ErpError:
    after = response.headers.get("retry-after", "")
    error.after = float(after) if after.isdigit() else 0.0  # type: ignore[attr-defined]
    return error


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds: what the system asks for, else doubled each time with a random part."""
    error = state.outcome.exception() if state.outcome else None
    after = min(getattr(error, "after", 0.0), LONGEST_WAIT)
    return after or tenacity.wait_random_exponential(multiplier=0.5, max=30)(state)


def _refuse_host(host: str, why: str, do: str) -> ErpError:
    expected = "The host of `url`, with a public address unless `private_host` names it"
    return ErpError.of(f"'{host}' is not asked: {why}", expected, do)
