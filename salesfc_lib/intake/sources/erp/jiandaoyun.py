"""Jiandaoyun (v5): entries of a form, a hundred at a time behind the last one's id.

A field is known by its id (`_widget_…`). Rates: 30 a second for the list, and an error with HTTP
400 and code 8303, or HTTP 429, where they are exceeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from salesfc_lib.intake.sources.erp.door import Busy, Door
from salesfc_lib.intake.sources.erp.rows import flatten

PAGE = 100
TOO_OFTEN = 8303
LIST = "/api/v5/app/entry/data/list"


class Jiandaoyun(Door):
    """Entries of one form (`account`: app_id, `entry`: entry_id)."""

    per_second = 10.0
    watermark = "updateTime"

    def sign(self) -> dict[str, str]:
        """Bearer token, which does not expire."""
        return {"Authorization": f"Bearer {self.secret('token_env')}"}

    def judge(self, response: httpx.Response, body: Any) -> None:
        """Raise `Busy` for code 8303, which comes with HTTP 400."""
        if isinstance(body, dict) and body.get("code") == TOO_OFTEN:
            raise Busy(str(self.refuse(f"asked too often: {body.get('msg')}")))

    def form(self) -> dict[str, str]:
        """What names the form in a request."""
        return {"app_id": self.connection.account, "entry_id": self.connection.entry}

    def list_entries(self, condition: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Entries in the order of their ids, each once."""
        size = min(self.connection.page_size or PAGE, PAGE)
        body: dict[str, Any] = {**self.form(), "limit": size}
        if condition:
            body["filter"] = {"rel": "and", "cond": [condition]}
        while True:
            answer = self.ask("POST", LIST, json=body)
            if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
                raise self.refuse("the list has no `data`")
            yield from answer["data"]
            if len(answer["data"]) < size:
                return
            body["data_id"] = answer["data"][-1]["_id"]

    def read_orders(self, since: str | None) -> Iterator[dict[str, str]]:
        """Rows of the form's entries; of an entry with a sub-form, one a row of it, by `line`."""
        changed = {"field": self.watermark, "type": "datetime", "method": "range"}
        for entry in self.list_entries({**changed, "value": [since, None]} if since else None):
            for number, row in enumerate(flatten(entry), start=1):
                yield {**row, "line": str(number)}
