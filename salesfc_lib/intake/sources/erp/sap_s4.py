"""SAP S/4HANA: sales orders by OData V2 (`API_SALES_ORDER_SRV`), header and items together.

Basic authentication or OAuth 2.0; a write needs the token against cross-site requests of the same
session (`X-CSRF-Token`, with its cookies). Page sizes are not confirmed: the count that the answer
gives is compared with the rows that came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from salesfc_lib.intake.sources.erp.door import Expired, Unclear
from salesfc_lib.intake.sources.erp.rows import text_of
from salesfc_lib.intake.sources.erp.tokens import Tokens

SERVICES = "/sap/opu/odata/sap"
ORDER_SERVICE = f"{SERVICES}/API_SALES_ORDER_SRV"
ORDERS = f"{ORDER_SERVICE}/A_SalesOrder"
PAGE = 1000
HEADER = (
    *("SalesOrder", "SalesOrderType", "SalesOrganization", "SoldToParty", "SalesOrderDate"),
    *("LastChangeDateTime", "OverallSDProcessStatus"),
)
ITEM = (
    *("SalesOrderItem", "Material", "MaterialGroup", "Plant", "RequestedQuantity"),
    *("RequestedQuantityUnit", "NetAmount", "TransactionCurrency", "DeliveryStatus"),
    "SalesDocumentRjcnReason",
)


class SapS4(Tokens):
    """A session of one S/4HANA system."""

    watermark = "LastChangeDateTime"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._csrf = ""

    def sign(self) -> dict[str, str]:
        """Basic or bearer authorisation, and the token of this session."""
        token = {"X-CSRF-Token": self._csrf} if self._csrf else {}
        return {**super().sign(), "Accept": "application/json", **token}

    def renew(self) -> None:
        """A new token of the session, and of OAuth where that is used."""
        self._csrf = ""
        self.client.cookies.clear()
        super().renew()

    def fetch_csrf(self, service: str) -> None:
        """Get the token that writes of this session need; cookies are kept by the client."""
        self._csrf = ""
        answer = self.call("GET", f"{service}/", headers={"X-CSRF-Token": "Fetch"})
        self._csrf = answer.headers.get("x-csrf-token", "")
        if not self._csrf:
            raise self.refuse("it gave no X-CSRF-Token, which writes need")

    def judge(self, response: httpx.Response, body: Any) -> None:
        """Raise `Expired` for a token that is, `Unclear` for what was changed meanwhile."""
        if response.status_code == 412:
            raise Unclear(str(self.refuse("it was changed there meanwhile (ETag)")))
        is_required = response.headers.get("x-csrf-token", "").lower() == "required"
        if response.status_code == 403 and is_required:
            raise Expired(str(self.refuse("the X-CSRF-Token is no longer valid")))

    def list_entities(self, path: str, **options: str) -> Iterator[dict[str, Any]]:
        """Entities of a set, page by page, each once.

        Raises `Unclear` where fewer came than the first page's count says.
        """
        size, skip, count = self.connection.page_size or PAGE, 0, -1
        named = {f"${name}": value for name, value in options.items()}
        while True:
            page = {"$top": str(size), "$skip": str(skip), "$inlinecount": "allpages"}
            answer = self.ask("GET", path, params={"$format": "json", **named, **page})
            found = answer.get("d") if isinstance(answer, dict) else None
            if not isinstance(found, dict) or not isinstance(found.get("results"), list):
                raise self.refuse("the set has no `d.results`")
            count = int(found["__count"]) if count < 0 and "__count" in found else count
            yield from found["results"]
            skip += len(found["results"])
            if not found["results"] or skip >= count >= 0:
                break
        if skip < count:
            raise Unclear(str(self.refuse(f"it gave {skip} of {count} rows of '{path}'")))

    def read_orders(self, since: str | None) -> Iterator[dict[str, str]]:
        """Rows of items with the fields of their orders."""
        options = {"orderby": "SalesOrder", "expand": "to_Item"}
        if since:
            options["filter"] = f"LastChangeDateTime ge datetimeoffset'{since}'"
        for order in self.list_entities(ORDERS, **options):
            head = {name: text_of(order.get(name)) for name in HEADER}
            for item in order["to_Item"]["results"]:
                yield {**head, **{name: text_of(item.get(name)) for name in ITEM}}
