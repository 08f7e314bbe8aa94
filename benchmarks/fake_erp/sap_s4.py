"""A fake S/4HANA: sales orders, products and planned independent requirements by OData V2.

Enforced: basic authentication, the CSRF token with its session's cookie, `If-Match` with the right
ETag, keys once only, quantities as strings, the length of keys, known products, plants and units.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx

from fake_erp.server import Fake, read_json

ODATA = "/sap/opu/odata/sap/"
PIR = "API_PLND_INDEP_RQMT_SRV"
KEYS = (
    *("Product", "Plant", "MRPArea", "PlndIndepRqmtType", "PlndIndepRqmtVersion"),
    *("RequirementPlan", "RequirementSegment"),
)
ITEM_KEYS = (*KEYS, "PlndIndepRqmtPeriod", "PeriodType")
LENGTHS = {"Plant": 4, "PlndIndepRqmtVersion": 2, "RequirementPlan": 10, "PeriodType": 1}
TO_ITEMS = "to_PlndIndepRqmtItem"
ORDER_FIELDS = (
    *("SalesOrder", "SalesOrderType", "SalesOrganization", "SoldToParty", "SalesOrderDate"),
    *("LastChangeDateTime", "OverallSDProcessStatus", "SalesOrderItem", "Material", "Plant"),
    *("MaterialGroup", "RequestedQuantity", "RequestedQuantityUnit", "NetAmount"),
    *("TransactionCurrency", "DeliveryStatus", "SalesDocumentRjcnReason"),
)
MOST = 200  # rows of a page, whatever is asked


class FakeSap(Fake):
    """One client with products P0 … in plant 1010, kept in PC."""

    url = "https://my.s4.example.com"
    environment = {"SAP_USER": "FORECAST", "SAP_PASSWORD": "pa55-of-sap"}
    connection = {"user_env": "SAP_USER", "password_env": "SAP_PASSWORD", "plant": "1010"}

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.headers: dict[tuple[str, ...], dict[str, Any]] = {}
        self.items: dict[tuple[str, ...], dict[str, Any]] = {}
        self.products = {f"P{number}": "PC" for number in range(300)}
        self._sessions: dict[str, str] = {}
        self._number = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of the three services."""
        pair = ":".join(self.environment.values())
        if request.headers.get("authorization") != f"Basic {_encode(pair)}":
            return httpx.Response(401, text="Unauthorized")
        path = unquote(request.url.path).removeprefix(ODATA)
        if request.method == "GET":
            return self._get(request, path)
        token = request.headers.get("x-csrf-token", "")
        cookie = request.headers.get("cookie", "").partition("SAP_SESSION=")[2].partition(";")[0]
        if not token or self._sessions.get(cookie) != token:
            required = {"x-csrf-token": "Required"}
            return httpx.Response(403, headers=required, text="CSRF token validation failed")
        body = read_json(request)
        set_name = path.removeprefix(f"{PIR}/").partition("(")[0]
        if request.method == "POST" and set_name == "PlannedIndepRqmt":
            return self._create_header(body)
        if request.method == "POST":
            return self._create_item(body)
        keys = dict(re.findall(r"(\w+)='((?:[^']|'')*)'", path))
        return self._patch(set_name, keys, body, request.headers.get("if-match"))

    def halve(self, response: httpx.Response) -> httpx.Response:
        """A page without its last row: the count shows it."""
        body = response.json() if "json" in response.headers.get("content-type", "") else {}
        results = body.get("d", {}).get("results") if isinstance(body.get("d"), dict) else None
        if not results:
            return self.cut(response)
        results.pop()
        return httpx.Response(200, json=body)

    def end_session(self) -> None:
        self._sessions.clear()

    def clear(self) -> None:
        self.headers.clear()
        self.items.clear()

    def contents(self) -> dict[tuple[str, str, str], list[Any]]:
        found: dict[tuple[str, str, str], list[Any]] = {}
        for item in self.items.values():
            month = item["PlndIndepRqmtPeriod"]
            key = item["Product"], item["Plant"], f"{month[:4]}-{month[4:]}"
            found.setdefault(key, []).append(item["PlannedQuantity"])
        return found

    def orders(self) -> Counter[str]:
        return Counter(f"{number}/{item}" for number in range(450) for item in (10, 20))

    def identify(self, row: dict[str, str]) -> str:
        return f"{row['SalesOrder']}/{row['SalesOrderItem']}"

    def _get(self, request: httpx.Request, path: str) -> httpx.Response:
        options = request.url.params
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            self._number += 1
            session, token = f"s{self._number}", f"token-{self._number}"
            self._sessions[session] = token
            headers = {"x-csrf-token": token, "set-cookie": f"SAP_SESSION={session}; path=/"}
            return httpx.Response(200, headers=headers, json={"d": {"EntitySets": []}})
        if path.endswith("$metadata"):
            if "xml" not in request.headers.get("accept", ""):
                return httpx.Response(406, text="Not Acceptable")
            names = ("PlannedIndepRqmt", "PlannedIndepRqmtItem", TO_ITEMS, *ITEM_KEYS)
            names = names if path.startswith(PIR) else ORDER_FIELDS
            more = ("PlannedQuantity", "WithdrawalQuantity", "UnitOfMeasure")
            text = "".join(f'<P Name="{n}"/>' for n in (*names, *more, "PlndIndepRqmtIsActive"))
            return httpx.Response(200, text=text, headers={"content-type": "application/xml"})
        found = self._select(path, options.get("$filter", ""))
        skip, top = int(options.get("$skip", 0)), min(int(options.get("$top", MOST)), MOST)
        results = found[skip : skip + top]
        body = {"d": {"results": results, "__count": str(len(found))}}
        return httpx.Response(200, json=body)

    def _select(self, path: str, condition: str) -> list[dict[str, Any]]:
        """Rows of a set that the filter keeps."""
        wanted = re.findall(r"(\w+) eq '((?:[^']|'')*)'", condition)
        if path.endswith("A_SalesOrder"):
            return [_order(number) for number in range(450)]
        if path.endswith(("A_Product", "A_ProductPlant")):
            names = [value for _, value in wanted if value in self.products]
            unit = {each: self.products[each] for each in names}
            return [{"Product": each, "BaseUnit": unit[each], "Plant": "1010"} for each in names]
        rows = [
            each
            for each in self.headers.values()
            if all(each[name] == value.replace("''", "'") for name, value in wanted)
        ]
        return [{**row, TO_ITEMS: {"results": self._items_of(row)}} for row in rows]

    def _items_of(self, header: dict[str, Any]) -> list[dict[str, Any]]:
        key = tuple(header[name] for name in KEYS)
        return [item for each, item in self.items.items() if each[: len(KEYS)] == key]

    def _create_header(self, body: dict[str, Any]) -> httpx.Response:
        items = body.pop(TO_ITEMS, {"results": []})["results"]
        key = tuple(body.get(name) for name in KEYS)
        if wrong := self._judge(body) or next(filter(None, map(self._judge, items)), ""):
            return _error(wrong)
        if key in self.headers:
            return _error("The planned independent requirement already exists")
        if not all(tuple(item[name] for name in KEYS) == key for item in items):
            return _error("The items are of another header")
        self.headers[key] = {**body, "__metadata": {"etag": self._etag()}}
        for item in items:
            self._put(item)
        return httpx.Response(201, json={"d": self.headers[key]})

    def _create_item(self, body: dict[str, Any]) -> httpx.Response:
        if wrong := self._judge(body):
            return _error(wrong)
        if tuple(body[name] for name in KEYS) not in self.headers:
            return _error("There is no header")
        if tuple(body[name] for name in ITEM_KEYS) in self.items:
            return _error("The item already exists")
        self._put(body)
        return httpx.Response(201, json={"d": body})

    def _patch(
        self, name: str, keys: dict[str, str], body: dict[str, Any], etag: str | None
    ) -> httpx.Response:
        is_item = name == "PlannedIndepRqmtItem"
        key = tuple(keys.get(each, "") for each in (ITEM_KEYS if is_item else KEYS))
        place: dict[tuple[str, ...], dict[str, Any]] = self.items if is_item else self.headers
        if key not in place:
            return httpx.Response(404, json={"error": {"message": {"value": "not found"}}})
        if etag is None:
            return httpx.Response(428, json={"error": {"message": {"value": "If-Match"}}})
        if etag != place[key]["__metadata"]["etag"]:
            return httpx.Response(412, json={"error": {"message": {"value": "ETag"}}})
        if wrong := self._judge({**place[key], **body}):
            return _error(wrong)
        place[key] = {**place[key], **body, "__metadata": {"etag": self._etag()}}
        return httpx.Response(204)

    def _put(self, item: dict[str, Any]) -> None:
        key = tuple(item[name] for name in ITEM_KEYS)
        more = {"WithdrawalQuantity": "0", "__metadata": {"etag": self._etag()}}
        self.items[key] = {**item, **more}

    def _judge(self, body: dict[str, Any]) -> str:
        """What a field rule says against it."""
        if body.get("Product") not in self.products:
            return f"Material {body.get('Product')} does not exist"
        if body.get("Plant") != "1010":
            return f"Plant {body.get('Plant')} does not exist"
        for name, most in LENGTHS.items():
            if len(str(body.get(name, ""))) > most:
                return f"Property {name} is longer than {most}"
        if "PlannedQuantity" in body and not isinstance(body["PlannedQuantity"], str):
            return "Property PlannedQuantity is no Edm.Decimal string"
        if not re.fullmatch(r"\d{6}", body.get("PlndIndepRqmtPeriod", "201701")):
            return "Property PlndIndepRqmtPeriod is no period"
        is_other = body.get("UnitOfMeasure", "PC") != self.products[body["Product"]]
        return "The unit of measure is not the material's" if is_other else ""

    def _etag(self) -> str:
        self._number += 1
        return f'W/"{self._number}"'


def _order(number: int) -> dict[str, Any]:
    year, month = 2024 + number % 30 // 12, number % 30 % 12 + 1  # the thirty months from 2024-01
    moment = int(datetime(year, month, 15, tzinfo=UTC).timestamp() * 1000)
    head = {"SalesOrder": str(number), "SalesOrderDate": f"/Date({moment})/"}
    head |= {"SoldToParty": "C1", "LastChangeDateTime": f"/Date({moment}+0000)/"}
    items = [
        {
            "SalesOrder": str(number),
            "SalesOrderItem": str(item),
            "Material": "P1",
            "RequestedQuantity": "5",
            "RequestedQuantityUnit": "PC",
            "NetAmount": "12.50",
            "TransactionCurrency": "EUR",
        }
        for item in (10, 20)
    ]
    return {**head, "to_Item": {"results": items}}


def _error(text: str) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": {"value": text}}})


def _encode(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()
