"""Claims about the door to the network: whom it asks, how often, and what it never shows."""

from __future__ import annotations

import httpx
import pytest

from salesfc_lib.foundation import ErpConnection
from salesfc_lib.intake.sources.erp.door import ATTEMPTS, Busy, Door, ErpError, Unclear, Wire
from salesfc_lib.intake.sources.erp.tokens import Tokens

PUBLIC = "93.184.215.14"


def door(answer, url="https://erp.example.com", address=PUBLIC, **settings):  # type: ignore[no-untyped-def]
    slept: list[float] = []
    wire = Wire(httpx.MockTransport(answer), lambda host, port: [address], slept.append)
    made = Door(ErpConnection(url=url, per_second=1e6, **settings), wire)
    made.slept = slept  # type: ignore[attr-defined]
    return made


def fine(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"host": request.headers["host"], "to": request.url.host})


@pytest.mark.parametrize(
    "address",
    ["10.0.0.8", "192.168.1.9", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.8", "100.64.0.1"],
)
def test_a_private_address_is_asked_only_where_its_host_is_named(address: str) -> None:
    with pytest.raises(ErpError, match="its address .* is private.*set `private_host: erp.exam"):
        door(fine, address=address).ask("GET", "/")
    named = door(fine, address=address, private_host="erp.example.com")
    assert named.ask("GET", "/")["to"] == address


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:169.254.1.1"])
def test_a_link_local_address_is_never_asked(address: str) -> None:
    with pytest.raises(ErpError, match="link-local"):
        door(fine, address=address, private_host="erp.example.com").ask("GET", "/")


def test_the_address_that_was_looked_at_is_the_one_that_is_asked_under_the_hosts_name() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return fine(request)

    assert door(answer).ask("GET", "/a")["host"] == "erp.example.com"
    assert (seen[0].url.host, seen[0].extensions["sni_hostname"]) == (PUBLIC, "erp.example.com")


def test_a_redirect_is_not_followed() -> None:
    moved = httpx.Response(302, headers={"location": "https://evil.example.net/x?token=1"})
    with pytest.raises(ErpError, match=r"sends on to 'evil\.example\.net', which is not followed"):
        door(lambda request: moved).ask("GET", "/")


def test_another_host_is_not_asked() -> None:
    with pytest.raises(ErpError, match="'evil.example.net' is not asked"):
        door(fine).call("GET", "https://evil.example.net/")


@pytest.mark.parametrize(
    "url, why",
    [
        ("http://erp.example.com", "expected https"),
        ("https://me:pw@erp.example.com", "without user, password"),
        ("ftp://erp.example.com", "expected an address such as"),
        ("https://erp.example.com/?key=1", "without user, password"),
    ],
)
def test_an_address_without_tls_or_with_a_password_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ErpConnection(url=url)


def test_what_is_busy_is_asked_again_after_as_long_as_it_says() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json=[1])]
    made = door(lambda request: answers.pop(0))
    assert made.ask("POST", "/", again=False) == [1]
    assert 7.0 in made.slept


def test_a_wait_of_hours_is_cut_to_two_minutes() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "9999"}), httpx.Response(200, json=[1])]
    made = door(lambda request: answers.pop(0))
    made.ask("GET", "/")
    assert max(made.slept) == 120.0


def test_what_may_have_been_done_is_sent_again_only_where_that_is_safe() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        raise httpx.ReadTimeout("timed out", request=request)

    with pytest.raises(Unclear, match=r"no answer \(ReadTimeout"):
        door(answer).ask("POST", "/", again=False)
    assert sent == ["POST"]
    with pytest.raises(Unclear):
        door(answer).ask("GET", "/")
    assert len(sent) == 1 + ATTEMPTS


def test_half_a_json_answer_is_no_answer() -> None:
    half = httpx.Response(200, headers={"content-type": "application/json"}, text='{"a": [1')
    with pytest.raises(Unclear, match="half an answer"):
        door(lambda request: half).ask("GET", "/", again=False)


def test_busy_for_ever_ends_after_the_attempts() -> None:
    with pytest.raises(Busy, match="HTTP 429"):
        door(lambda request: httpx.Response(429)).ask("GET", "/")


def test_secrets_are_in_no_error_however_the_system_echoes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ERP_USER", "planner-mei")
    monkeypatch.setenv("ERP_PASSWORD", "s3cr3t pässword/+")

    def answer(request: httpx.Request) -> httpx.Response:
        echo = request.headers["authorization"]
        text = f"{echo} s3cr3t pässword/+ s3cr3t%20p%C3%A4ssword%2F%2B planner-mei"
        return httpx.Response(500, text=text)

    connection = ErpConnection(
        url="https://erp.example.com", user_env="ERP_USER", password_env="ERP_PASSWORD"
    )
    wire = Wire(httpx.MockTransport(answer), lambda host, port: [PUBLIC], lambda _: None)
    with pytest.raises(Unclear) as caught:
        Tokens(connection, wire).ask("GET", "/")
    said = str(caught.value)
    assert "HTTP 500" in said
    for secret in ("s3cr3t", "ssword", "planner-mei", "cGxhbm5lci1tZWk"):
        assert secret not in said


def test_a_secret_that_is_not_set_is_named_and_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERP_TOKEN", raising=False)
    made = Tokens(ErpConnection(url="https://erp.example.com", token_env="ERP_TOKEN"))
    with pytest.raises(ValueError, match="'ERP_TOKEN' is not set"):
        made.sign()


def test_requests_keep_their_distance() -> None:
    slept: list[float] = []
    wire = Wire(httpx.MockTransport(fine), lambda host, port: [PUBLIC], slept.append)
    made = Door(ErpConnection(url="https://erp.example.com", per_second=2), wire)
    for _ in range(3):
        made.ask("GET", "/")
    assert sum(slept) == pytest.approx(0.5 + 1.0, abs=0.1)
