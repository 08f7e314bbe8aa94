"""One message to one address by apprise, and what is known of it afterwards.

An address as apprise writes it enters, with a title and a text; one of `sent`, `refused` and
`unsure` leaves. Apprise says only whether it is content. What may have arrived has to be told apart
from what surely did not, because the first is never sent again and the second is not lost: so every
request and every mail of a delivery is looked at on its way (`_Wire`). Nothing of an address
reaches a log or an error.
"""

from __future__ import annotations

import logging
import smtplib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import apprise
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

Came = Literal["sent", "refused", "unsure"]
CONNECT, READ = 4.0, 8.0  # seconds that a receiver has to take the call, and to answer
NEVER_LEFT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
)
REFUSED_MAIL = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
)
LOGS = ("apprise", "urllib3.connectionpool")  # both write addresses
# who answers HTTP 200 to what it refuses, and where its answer says so
CODES = {
    "qyapi.weixin.qq.com": "errcode",
    "oapi.dingtalk.com": "errcode",
    "open.feishu.cn": "code",
    "open.larksuite.com": "code",
}


@dataclass
class _Wire:
    """What one delivery has seen so far: whether anything of it may have arrived, and why not."""

    arrived: bool = False
    why: str = "no connection"


@dataclass(frozen=True)
class Delivery:
    """What came of a message; why: in short, without anything of the address."""

    came: Came
    why: str = ""


class UnreadableAddress(ValueError):
    """An address that apprise cannot read; says nothing of it."""


_wire: ContextVar[_Wire | None] = ContextVar("wire", default=None)


def deliver(address: str, title: str, body: str) -> Delivery:
    """Send a text, once. Raises `UnreadableAddress`, before anything is sent."""
    service = _open(address)
    wire = _Wire()
    token = _wire.set(wire)
    try:
        done = bool(service.notify(body=body, title=title, body_format="text"))
    except Exception as error:  # a plugin that breaks stops no watch
        done, wire.why = False, type(error).__name__
    finally:
        _wire.reset(token)
    if done:
        return Delivery("sent")
    return Delivery("unsure" if wire.arrived else "refused", wire.why)


def check_address(address: str) -> None:
    """Raise `UnreadableAddress` for what is none."""
    _open(address)


def _open(address: str) -> apprise.Apprise:
    asset = apprise.AppriseAsset(
        app_id="salesfc", app_desc="salesfc", async_mode=False, http_redirects=False
    )
    services = apprise.Apprise(asset=asset)
    if not services.add(address.strip()) or len(services) == 0:
        raise UnreadableAddress("no address that apprise reads")
    for service in services:
        if "cto=" not in address:
            service.socket_connect_timeout = CONNECT
        if "rto=" not in address:
            service.socket_read_timeout = READ
    return services


def _send_request(session: Any, request: Any, **settings: Any) -> Any:
    """`requests.Session.send`, watched; a refusal that stands in the answer's text is one."""
    wire = _wire.get()
    if wire is None:
        return _plain_send(session, request, **settings)
    host = urlsplit(request.url).hostname or ""
    try:
        answer = _plain_send(session, request, **settings)
    except requests.RequestException as error:
        wire.arrived |= not _never_left(error)
        wire.why = type(error).__name__
        raise
    refusal = _read_refusal(answer, CODES.get(host, ""))
    if refusal:
        answer.status_code = 400
    wire.arrived |= 200 <= answer.status_code < 300
    wire.why = refusal or f"HTTP {answer.status_code}"
    return answer


def _read_refusal(answer: Any, name: str) -> str:
    """The code in an answer's text that is not 0; empty where there is none to read."""
    try:
        code = answer.json().get(name, 0) if name else 0
    except (ValueError, AttributeError):
        return ""
    return f"{name} {code}" if code != 0 else ""


def _never_left(error: requests.RequestException) -> bool:
    """Whether nothing can have arrived, because no connection came about."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(error, NEVER_LEFT) or isinstance(
        reason, (NewConnectionError, NameResolutionError)
    )


def _send_mail(server: Any, *args: Any, **settings: Any) -> Any:
    """`smtplib.SMTP.sendmail`, watched."""
    wire = _wire.get()
    if wire is None:
        return _plain_mail(server, *args, **settings)
    try:
        refused = _plain_mail(server, *args, **settings)
    except REFUSED_MAIL as error:
        wire.why = type(error).__name__
        raise
    except (OSError, smtplib.SMTPException) as error:
        wire.arrived, wire.why = True, type(error).__name__
        raise
    wire.arrived, wire.why = True, "some recipients were refused" if refused else ""
    return refused


for _name in LOGS:
    logging.getLogger(_name).disabled = True
_plain_send, _plain_mail = requests.Session.send, smtplib.SMTP.sendmail
requests.Session.send = _send_request  # type: ignore[method-assign, assignment]
smtplib.SMTP.sendmail = _send_mail  # type: ignore[method-assign, assignment]
