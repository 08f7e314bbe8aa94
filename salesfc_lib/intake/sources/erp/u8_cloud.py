"""Yonyou U8 Cloud: sales orders by its query interface, whose answer is JSON within JSON.

Every request is signed by its headers (`system`, `usercode`, `password`, `trantype`). No interface
that writes a forecast was found. This is not U8+, which signs in otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from salesfc_lib.intake.sources.erp.door import Door, Unclear
from salesfc_lib.intake.sources.erp.rows import flatten

ORDERS = "/u8cloud/api/so/saleorder/query"
PAGE = 100
APPROVED = 2
FIRST, LAST = "2000-01-01", "2099-12-31"  # days that bound every query


class U8Cloud(Door):
    """One company (`organisation`: corp) of an installation (`account`: system)."""

    per_second = 2.0
    watermark = "parentvo.ts"

    def sign(self) -> dict[str, str]:
        """Headers of the user."""
        return {
            "system": self.connection.account,
            "usercode": self.secret("user_env"),
            "password": self.secret("password_env"),
            "trantype": "code",
        }

    def judge(self, response: httpx.Response, body: Any) -> None:
        """Raise what an answer with HTTP 200 refuses."""
        if isinstance(body, dict) and str(body.get("status")) != "success":
            said = body.get("errormsg") or body.get("message") or body.get("data")
            raise self.refuse(f"{body.get('errorcode', '')} {said}".strip())

    def list_orders(self, since: str | None) -> Iterator[dict[str, Any]]:
        """Approved orders, page by page, with their `parentvo` and `childrenvo`."""
        size, page = self.connection.page_size or PAGE, 0
        body: dict[str, Any] = {
            "corp": self.connection.organisation,
            "date_begin": FIRST,
            "date_end": LAST,
        }
        body |= {"status": APPROVED, "page_size": size}
        body |= {"ts_begin": since, "ts_end": f"{LAST} 23:59:59"} if since else {}
        while True:
            page += 1
            answer = self.ask("POST", ORDERS, json={**body, "page_now": page})
            datas = self._unpack(answer)
            yield from datas
            if len(datas) < size:
                return

    def _unpack(self, answer: Any) -> list[dict[str, Any]]:
        """The list that stands as text in the answer."""
        try:
            found = json.loads(answer["data"], parse_float=str)
            return list(found["datas"])
        except (TypeError, KeyError, ValueError) as error:
            why = f"`data` is no text of JSON with `datas` ({error})"
        raise Unclear(str(self.refuse(why)))

    def read_orders(self, since: str | None) -> Iterator[dict[str, str]]:
        """Rows of order lines (`childrenvo.…`) with the fields of their orders (`parentvo.…`)."""
        for order in self.list_orders(since):
            yield from flatten(order)
