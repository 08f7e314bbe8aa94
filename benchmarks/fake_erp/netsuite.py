"""A fake NetSuite: SuiteQL and demand plans by REST, with OAuth 2.0 tokens that expire.

Enforced: the bearer token, got by a refresh token, `limit` up to 1,000 and an offset that it
divides, an explicit order, `Prefer: transient`, plans by external id, monthly periods within the
plan's bounds. That the record takes REST at all is assumed.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx

from fake_erp.server import Fake, read_json

RECORD = "/services/rest/record/v1/itemdemandplan"


class FakeNetSuite(Fake):
    """One account with items P0 …, in PC, and location Main."""

    url = "https://123456.suitetalk.api.netsuite.com"
    environment = {
        "NS_ID": "client-id-of-ns",
        "NS_SECRET": "secret-of-ns",
        "NS_REFRESH": "refresh-token-of-ns",
    }
    connection = {
        "client_id_env": "NS_ID",
        "client_secret_env": "NS_SECRET",
        "refresh_token_env": "NS_REFRESH",
        "plant": "Main",
    }
    active = {"draft": False}

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.plans: dict[str, dict[str, Any]] = {}  # by external id
        self.tokens: set[str] = set()
        self._number = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = unquote(request.url.path)
        if path.endswith("/auth/oauth2/v1/token"):
            return self._give_token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return httpx.Response(401, json={"title": "Invalid login attempt."})
        if path.endswith("/query/v1/suiteql") or "metadata-catalog" in path:
            return self._query(request) if request.method == "POST" else self._describe()
        if request.method == "PUT":
            return self._put(path.partition("/eid:")[2], read_json(request))
        if path == RECORD:
            return self._list(request)
        plan = next(
            (each for each in self.plans.values() if path == f"{RECORD}/{each['id']}"), None
        )
        return httpx.Response(200, json=plan) if plan else httpx.Response(404, json={})

    def halve(self, response: httpx.Response) -> httpx.Response:
        """A page that says that there is more, without its last row."""
        body = response.json() if response.content else {}
        if not body.get("hasMore"):
            return self.cut(response)
        body["items"].pop()
        return httpx.Response(200, json=body)

    def end_session(self) -> None:
        self.tokens.clear()

    def is_write(self, method: str, path: str) -> bool:
        return method == "PUT"

    def clear(self) -> None:
        self.plans.clear()

    def contents(self) -> dict[tuple[str, str, str], list[Any]]:
        found: dict[tuple[str, str, str], list[Any]] = {}
        for plan in self.plans.values():
            for each in plan["periodDemandPlan"]["items"]:
                key = plan["item"]["refName"], plan["location"]["refName"], each["startDate"][:7]
                found.setdefault(key, []).append(each["quantity"])
        return found

    def orders(self) -> Counter[str]:
        return Counter(str(number) for number in range(2300))

    def identify(self, row: dict[str, str]) -> str:
        return row["id"]

    def _get(self, name: str) -> httpx.Response:
        plan = next((each for each in self.plans.values() if each["id"] == name), None)
        return httpx.Response(200, json=plan) if plan else httpx.Response(404, json={})

    def _describe(self) -> httpx.Response:
        names = ("item", "location", "startDate", "endDate", "periodDemandPlan", "externalId")
        return httpx.Response(200, json={"properties": dict.fromkeys(names, {})})

    def _give_token(self, request: httpx.Request) -> httpx.Response:
        client, secret, refresh = self.environment.values()
        pair = base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = parse_qs(request.content.decode())
        is_right = request.headers.get("authorization") == f"Basic {pair}"
        if not is_right or form != {"grant_type": ["refresh_token"], "refresh_token": [refresh]}:
            return httpx.Response(400, json={"error": "invalid_client"})
        self._number += 1
        token = f"access-token-{self._number}"
        self.tokens.add(token)
        return httpx.Response(200, json={"access_token": token, "expires_in": "3600"})

    def _query(self, request: httpx.Request) -> httpx.Response:
        limit, offset = (int(request.url.params[name]) for name in ("limit", "offset"))
        statement = read_json(request)["q"]
        if not 1 <= limit <= 1000 or offset % limit:
            return _error("limit: 1 to 1000; offset: a multiple of it")
        if request.headers.get("prefer") != "transient" or " ORDER BY " not in statement:
            return _error("Prefer: transient, and an order")
        if " FROM item " in statement:
            named = re.findall(r"'([^']*)'", statement)
            known = [each for each in named if re.fullmatch(r"P\d+", each)]
            rows = [{"id": each[1:], "itemid": each, "unit": "PC"} for each in known]
        elif " FROM location " in statement:
            rows = [{"id": "7", "name": "Main"}]
        else:
            first = int(re.findall(r"t\.id >= (\d+)", statement)[0])
            rows = [{"id": str(n), "line": "1", "quantity": "5"} for n in range(first, 2300)]
        page = rows[offset : offset + limit]
        more = offset + limit < len(rows)
        return httpx.Response(200, json={"items": page, "hasMore": more, "count": len(page)})

    def _list(self, request: httpx.Request) -> httpx.Response:
        prefix = request.url.params["q"].partition('"')[2].rstrip('"')
        limit, offset = (int(request.url.params[name]) for name in ("limit", "offset"))
        if offset % limit:
            return _error("offset: a multiple of limit")
        names = sorted(name for name in self.plans if name.startswith(prefix))
        items = [{"id": self.plans[name]["id"]} for name in names[offset : offset + limit]]
        return httpx.Response(200, json={"items": items, "hasMore": offset + limit < len(names)})

    def _put(self, name: str, body: dict[str, Any]) -> httpx.Response:
        if wrong := _judge(name, body):
            return _error(wrong)
        known = self.plans.get(name)
        self._number += 1
        more = {"id": known["id"] if known else str(self._number), "externalId": name}
        item = {"item": {"id": body["item"]["id"], "refName": f"P{body['item']['id']}"}}
        self.plans[name] = {**body, **item, "location": {"id": "7", "refName": "Main"}, **more}
        return httpx.Response(204)


def _judge(name: str, body: dict[str, Any]) -> str:
    if not name:
        return "externalId: expected"
    if body["demandPlanCalendarType"] != {"id": "MONTHLY"} or body["location"] != {"id": "7"}:
        return "demandPlanCalendarType or location"
    days = [each["startDate"] for each in body["periodDemandPlan"]["items"]]
    if len(set(days)) != len(days):
        return "a period stands twice"
    if not all(body["startDate"] <= day <= body["endDate"] for day in days):
        return "a period lies outside of the plan"
    return ""


def _error(text: str) -> httpx.Response:
    details = [{"detail": text, "o:errorCode": "INVALID_PARAMETER"}]
    return httpx.Response(400, json={"title": "Bad Request", "o:errorDetails": details})
