"""Messages as each vendor gets them, and what is known afterwards of what a receiver did."""

from __future__ import annotations

import email
import email.policy
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from salesfc_lib.coordination.notifications import delivery
from salesfc_lib.coordination.notifications.delivery import Delivery, deliver
from tests.coordination.receivers import (
    LOOPBACK,
    Mail,
    Web,
    catch_requests,
    free_port,
    mail_server,
    web_server,
)

TITLE, BODY = (
    "您有 2 项新的待办",
    "厨房用品：2 条新预警（当月销售）。\nhttps://forecast.example.com/now",
)
KEY = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TEAMS = "workflows://prod-1.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_server() as web:
        catch_requests(web, monkeypatch)
        yield web


@pytest.fixture
def mail() -> Iterator[Mail]:
    with mail_server() as mail:
        yield mail


def by_mail(mail: Mail, to: str = "hanlei@example.com") -> str:
    return f"mailto://{LOOPBACK}:{mail.port}?from=salesfc@example.com&to={to}&mode=insecure"


def whole() -> str:
    """A text of no title holds the title in its first line."""
    return f"{TITLE}\r\n{BODY}"


@pytest.mark.parametrize(
    ("address", "host", "path", "query", "said"),
    [
        (  # https://developer.work.weixin.qq.com/document/path/91770
            f"wecombot://{KEY}",
            "qyapi.weixin.qq.com",
            "/cgi-bin/webhook/send",
            {"key": [KEY]},
            {"msgtype": "text", "text": {"content": whole()}},
        ),
        (  # https://open.dingtalk.com/document/robots/custom-robot-access
            "dingtalk://0123456789abcdef",
            "oapi.dingtalk.com",
            "/robot/send",
            {"access_token": ["0123456789abcdef"]},
            {
                "msgtype": "text",
                "text": {"content": whole()},
                "at": {"atMobiles": [], "isAtAll": False},
            },
        ),
        (  # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
            f"feishu://{KEY}",
            "open.feishu.cn",
            f"/open-apis/bot/v2/hook/{KEY}/",
            {},
            {"msg_type": "text", "content": {"text": whole()}},
        ),
    ],
    ids=["wecom", "dingtalk", "feishu"],
)
def test_a_message_has_the_shape_that_its_vendor_documents(
    web: Web, address: str, host: str, path: str, query: Any, said: Any
) -> None:
    assert deliver(address, TITLE, BODY) == Delivery("sent")
    (got,) = web.got
    assert (got.host, got.path, got.query) == (host, path, query)
    assert squeeze(got.said) == squeeze(said)


def squeeze(said: Any) -> Any:
    """The same with one kind of line ends, which vendors take alike."""
    if isinstance(said, dict):
        return {name: squeeze(value) for name, value in said.items()}
    return said.replace("\r\n", "\n") if isinstance(said, str) else said


def test_a_signed_robot_of_dingtalk_gets_a_moment_and_a_signature(web: Web) -> None:
    assert deliver("dingtalk://SECabc@0123456789abcdef", TITLE, BODY).came == "sent"
    assert {*web.got[0].query} == {"access_token", "timestamp", "sign"}


def test_slack_gets_an_attachment_and_no_markup_of_ours(web: Web) -> None:
    web.text = "ok"
    assert deliver(SLACK, TITLE, "A & B <!channel>").came == "sent"
    (got,) = web.got
    assert (got.host, got.path.count("/")) == ("hooks.slack.com", 4)
    (attachment,) = got.said["attachments"]
    assert attachment["title"] == TITLE
    assert attachment["text"] == "A &amp; B &lt;!channel&gt;"


def test_teams_gets_an_adaptive_card(web: Web) -> None:
    web.status, web.text = 202, ""
    assert deliver(TEAMS, TITLE, BODY).came == "sent"
    (got,) = web.got
    assert got.host.startswith("prod-1.logic.azure.com")
    assert got.path == "/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke"
    (attachment,) = got.said["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    texts = [each["text"] for each in attachment["content"]["body"] if each["type"] == "TextBlock"]
    assert TITLE in texts
    assert any("厨房用品" in text for text in texts)


def test_any_program_gets_plain_json(web: Web) -> None:
    assert deliver("json://inside.example.com/hook", TITLE, BODY).came == "sent"
    said = web.got[0].said
    assert (web.got[0].path, said["title"], said["message"]) == ("/hook", TITLE, BODY)


def test_a_mail_is_text_in_utf_8_to_each_recipient(mail: Mail) -> None:
    assert deliver(by_mail(mail), TITLE, BODY) == Delivery("sent")
    message = email.message_from_string(mail.got[0], policy=email.policy.default)
    assert (message["subject"], mail.to) == (TITLE, ["hanlei@example.com"])
    text = message.get_body(preferencelist=("plain",))
    assert text is not None
    assert "2 条新预警" in text.get_content()
    assert "https://forecast.example.com/now" in text.get_content()


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429, 500, 502, 503])
def test_what_a_receiver_answers_no_to_has_not_arrived(web: Web, status: int) -> None:
    web.status = status
    assert deliver("json://inside.example.com", TITLE, BODY) == Delivery(
        "refused", f"HTTP {status}"
    )
    assert len(web.got) == 1, "it was sent once, and followed nowhere"


@pytest.mark.parametrize(
    ("address", "text", "why"),
    [
        (f"wecombot://{KEY}", '{"errcode": 45009, "errmsg": "freq out of limit"}', "errcode 45009"),
        ("dingtalk://0123456789abcdef", '{"errcode": 310000}', "errcode 310000"),
        (f"feishu://{KEY}", '{"code": 9499, "msg": "Bad Request"}', "code 9499"),
        (f"lark://{KEY}", '{"code": 9499, "msg": "Bad Request"}', "code 9499"),
    ],
)
def test_a_refusal_with_status_200_is_a_refusal(
    web: Web, address: str, text: str, why: str
) -> None:
    web.text = text
    assert deliver(address, TITLE, BODY) == Delivery("refused", why)


def test_the_code_of_a_program_that_is_no_vendor_says_nothing(web: Web) -> None:
    web.text = '{"code": 200, "errcode": 1}'
    assert deliver("json://inside.example.com", TITLE, BODY).came == "sent"


def test_what_found_nobody_has_not_arrived() -> None:
    for address in (f"json://{LOOPBACK}:{free_port()}", by_mail(Mail(port=free_port()))):
        assert deliver(address, TITLE, BODY).came == "refused"


def test_what_nobody_answered_may_have_arrived(web: Web) -> None:
    web.delay = 0.6
    assert deliver("json://inside.example.com?rto=0.2", TITLE, BODY) == Delivery(
        "unsure", "ReadTimeout"
    )
    assert len(web.got) == 1


def test_who_hangs_up_half_way_may_have_taken_it(web: Web, mail: Mail) -> None:
    web.hangs_up = mail.hangs_up = True
    assert deliver("json://inside.example.com", TITLE, BODY).came == "unsure"
    assert deliver(by_mail(mail), TITLE, BODY).came == "unsure"
    assert len(web.got) == len(mail.got) == 1


def test_a_mail_that_some_recipients_got_is_not_sent_again(mail: Mail) -> None:
    mail.refuses = ("b@example.com",)
    assert deliver(by_mail(mail, "b@example.com"), TITLE, BODY).came == "refused"
    assert deliver(by_mail(mail, "a@example.com,b@example.com"), TITLE, BODY).came == "unsure"


@pytest.mark.parametrize("wrong", ["", "hanlei", "nothing://x", f"wecombot://{KEY} nothing://x"])
def test_an_address_that_is_none_is_said_before_anything_is_sent(wrong: str) -> None:
    with pytest.raises(delivery.UnreadableAddress, match="no address that apprise reads"):
        deliver(wrong, TITLE, BODY)


@pytest.mark.parametrize("status", [200, 500])
def test_no_log_and_no_outcome_holds_an_address(
    web: Web, status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    web.status = status
    web.hangs_up = status == 500
    with caplog.at_level(logging.DEBUG):
        came = deliver(f"wecombot://{KEY}", TITLE, BODY)
        with pytest.raises(delivery.UnreadableAddress) as error:
            deliver(f"wrong://{KEY}", TITLE, BODY)
    printed = capsys.readouterr()
    said = f"{came}{error.value}{caplog.text}{printed.out}{printed.err}"
    assert KEY not in said
    assert "SECRET" not in said
