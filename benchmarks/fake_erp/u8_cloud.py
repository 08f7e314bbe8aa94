"""A fake U8 Cloud: sales orders by the query interface, whose data is JSON within JSON.

Enforced: the four headers, pages from 1, days and times as text; errors come inside HTTP 200.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx

from fake_erp.server import Fake, read_json

SIGNED = ("system", "usercode", "password", "trantype")


class FakeU8Cloud(Fake):
    """One company with approved orders."""

    url = "https://u8c.example.com"
    environment = {"U8_USER": "forecast", "U8_PASSWORD": "pa55-of-u8"}
    connection = {
        "user_env": "U8_USER",
        "password_env": "U8_PASSWORD",
        "account": "SALESFC",
        "organisation": "1001",
    }

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer the query of sales orders."""
        signed = [request.headers.get(name) for name in SIGNED]
        if signed != ["SALESFC", *self.environment.values(), "code"]:
            return _refuse("安全认证失败")
        body = read_json(request)
        if body.get("corp") != "1001" or body.get("status") not in (1, 2, 3, 4, 5):
            return _refuse("参数错误")
        page, size = body["page_now"], body["page_size"]
        if page < 1 or not 1 <= size <= 100:
            return _refuse("分页参数错误")
        orders = [_order(number) for number in range(330)]
        found = {"allcount": len(orders), "datas": orders[(page - 1) * size : page * size]}
        text = json.dumps(found, ensure_ascii=False)
        return httpx.Response(200, json={"status": "success", "data": text})

    def halve(self, response: httpx.Response) -> httpx.Response:
        """Well-formed outside, cut inside."""
        body = response.json()
        body["data"] = body.get("data", "")[:-40]
        return httpx.Response(200, json=body)

    def is_write(self, method: str, path: str) -> bool:
        return False

    def orders(self) -> Counter[str]:
        return Counter(f"{number}/{line}" for number in range(330) for line in (1, 2))

    def identify(self, row: dict[str, str]) -> str:
        return f"{row['parentvo.vreceiptcode']}/{row['childrenvo.crowno']}"


def _order(number: int) -> dict[str, Any]:
    parent = {"vreceiptcode": str(number), "dbilldate": "2026-06-01", "ts": "2026-06-01 10:00:00"}
    lines = [
        {"crowno": str(line), "cinventoryid": "P1", "nnumber": 5, "noriginalcursummny": 12.5}
        for line in (1, 2)
    ]
    return {"parentvo": parent, "childrenvo": lines}


def _refuse(message: str) -> httpx.Response:
    return httpx.Response(
        200, json={"status": "failed", "errorcode": "E0001", "errormsg": message, "data": None}
    )
