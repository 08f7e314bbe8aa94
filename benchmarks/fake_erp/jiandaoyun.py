"""A fake Jiandaoyun: a form of forecasts and one of orders, by the contract of API v5.

Enforced: the bearer key, 100 entries a page and a request, the cursor, `{"value": …}` around what
is written, known widgets, `transaction_id` as idempotency, code 8303 with HTTP 400.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx

from fake_erp.server import Fake, read_json

WIDGETS = {
    "key": "_widget_1",
    "product": "_widget_2",
    "plant": "_widget_3",
    "month": "_widget_4",
    "quantity": "_widget_5",
    "unit": "_widget_6",
    "status": "_widget_7",
}
ORDER_FORM, FORM = "orders", "forecast"
PATH = "/api/v5/app/entry/"


class FakeJiandaoyun(Fake):
    """Entries by form; the key `secret-key` may read and write."""

    latest = 6
    url = "https://api.jiandaoyun.com"
    environment = {"JDY_KEY": "secret-key-of-jdy"}
    connection = {"token_env": "JDY_KEY", "account": "app", "entry": FORM, "fields": WIDGETS}

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.entries: dict[str, list[dict[str, Any]]] = {FORM: [], ORDER_FORM: []}
        self._done: dict[str, dict[str, Any]] = {}
        self._number = 0
        for number in range(250):
            self._add(ORDER_FORM, {"_widget_10": f"SO{number}", "_widget_11": str(number)})

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of the v5 interface."""
        if request.headers.get("authorization") != f"Bearer {self.environment['JDY_KEY']}":
            return httpx.Response(401, json={"code": 8301, "msg": "Invalid API key"})
        body = read_json(request)
        form = body.get("entry_id")
        if body.get("app_id") != "app" or form not in self.entries:
            return _error(4001, "no such form")
        served = {
            "data/list": self._list,
            "data/batch_create": self._create,
            "data/update": self._update,
            "widget/list": _list_widgets,
        }
        return served[request.url.path.removeprefix(PATH)](form, body)

    def busy(self) -> httpx.Response:
        """Code 8303 with HTTP 400, or HTTP 429."""
        return _error(8303, "Request too frequent") if self.dice.random() < 0.5 else super().busy()

    def clear(self) -> None:
        self.entries[FORM].clear()

    def contents(self) -> dict[tuple[str, str, str], list[Any]]:
        found: dict[tuple[str, str, str], list[Any]] = {}
        for entry in self.entries[FORM]:
            _, product, plant, month = entry[WIDGETS["key"]].split("|")
            found.setdefault((product, plant, month), []).append(entry[WIDGETS["quantity"]])
        return found

    def is_write(self, method: str, path: str) -> bool:
        return path.endswith(("create", "update"))

    def orders(self) -> Counter[str]:
        return Counter(each["_widget_10"] for each in self.entries[ORDER_FORM])

    def identify(self, row: dict[str, str]) -> str:
        return row["_widget_10"]

    def _add(self, form: str, entry: dict[str, Any]) -> str:
        self._number += 1
        name = f"{self._number:024x}"
        self.entries[form].append({"_id": name, "updateTime": "2026-07-01T00:00:00Z", **entry})
        return name

    def _list(self, form: str, body: dict[str, Any]) -> httpx.Response:
        if not 1 <= body.get("limit", 10) <= 100:
            return _error(4002, "limit: 1 to 100")
        after = body.get("data_id", "")
        found = [each for each in self.entries[form] if each["_id"] > after]
        return httpx.Response(200, json={"data": found[: body.get("limit", 10)]})

    def _create(self, form: str, body: dict[str, Any]) -> httpx.Response:
        rows, name = body.get("data_list", []), body.get("transaction_id")
        if not 1 <= len(rows) <= 100:
            return _error(4003, "data_list: 1 to 100")
        if name and name in self._done:
            return httpx.Response(200, json=self._done[name])
        try:
            entries = [_unwrap(row) for row in rows]
        except ValueError as error:
            return _error(4004, str(error))
        ids = [self._add(form, entry) for entry in entries]
        said = {"status": "success", "success_count": len(ids), "success_ids": ids}
        self._done[name or str(self._number)] = said
        return httpx.Response(200, json=said)

    def _update(self, form: str, body: dict[str, Any]) -> httpx.Response:
        for entry in self.entries[form]:
            if entry["_id"] == body.get("data_id"):
                try:
                    entry.update(_unwrap(body.get("data", {})))
                except ValueError as error:
                    return _error(4004, str(error))
                return httpx.Response(200, json={"data": entry})
        return _error(4005, "no such data")


def _list_widgets(form: str, body: dict[str, Any]) -> httpx.Response:
    widgets = [{"name": each, "label": name} for name, each in WIDGETS.items()]
    return httpx.Response(200, json={"widgets": widgets})


def _unwrap(row: dict[str, Any]) -> dict[str, Any]:
    """Values of what is written. Raises `ValueError` for a widget that is unknown or bare."""
    for name, value in row.items():
        if name not in WIDGETS.values():
            raise ValueError(f"no widget {name}")
        if not isinstance(value, dict) or set(value) != {"value"}:
            raise ValueError(f"{name}: expected an object with value")
    if not isinstance(row.get(WIDGETS["quantity"], {}).get("value", 0), int | float):
        raise ValueError("quantity: expected a number")
    return {name: value["value"] for name, value in row.items()}


def _error(code: int, text: str) -> httpx.Response:
    return httpx.Response(400, json={"code": code, "msg": text})
