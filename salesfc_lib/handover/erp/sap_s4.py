"""SAP S/4HANA: planned independent requirements by OData V2 (`API_PLND_INDEP_RQMT_SRV`).

A draft is an inactive version (01 unless named); version 00 is what plans production. A header is
created together with its items (seen in public code, not confirmed by SAP's page), items that are
there are changed under their ETag. Our rows are those of our `RequirementPlan`. The user needs the
communication scenarios SAP_COM_0104 (requirements) and SAP_COM_0009 (products; not confirmed).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import quote

from salesfc_lib.handover.erp.plan import Change, Line, Masters, Plan, Row
from salesfc_lib.handover.erp.target import Address, Online
from salesfc_lib.intake.sources.erp.sap_s4 import HEADER, ITEM, ORDER_SERVICE, SapS4

SERVICE = "/sap/opu/odata/sap/API_PLND_INDEP_RQMT_SRV"
HEADERS, ITEMS, TO_ITEMS = "PlannedIndepRqmt", "PlannedIndepRqmtItem", "to_PlndIndepRqmtItem"
PRODUCTS = "/sap/opu/odata/sap/API_PRODUCT_SRV"
KEYS = (
    *("Product", "Plant", "MRPArea", "PlndIndepRqmtType", "PlndIndepRqmtVersion"),
    *("RequirementPlan", "RequirementSegment"),
)
FIELDS = (*KEYS, "PlndIndepRqmtPeriod", "PeriodType", "PlannedQuantity", "WithdrawalQuantity")
MONTHLY = "M"
TOGETHER = 20  # products of one filter


class SapS4Target(Online):
    """Requirements of one version and plan."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.door = SapS4(address.target, address.wire)
        self.version = address.target.version or ("01" if address.target.draft else "00")
        self._is_open = False
        self._headers: set[tuple[str, ...]] = set()  # products and plants that have one

    def list_rows(self) -> list[Row]:
        """Items of our headers."""
        ours = f"PlndIndepRqmtVersion eq '{self.version}' and RequirementPlan eq '{self._plan}'"
        path, rows = f"{SERVICE}/{HEADERS}", list[Row]()
        options = {"filter": ours, "expand": TO_ITEMS, "orderby": "Product,Plant"}
        for header in self.door.list_entities(path, **options):
            self._headers.add((header["Product"], header["Plant"]))
            is_draft = not header["PlndIndepRqmtIsActive"]
            etag = header.get("__metadata", {}).get("etag", "")
            for item in header[TO_ITEMS]["results"]:
                rows.append(_row(item, is_draft, etag))
        return rows

    def read_masters(self, lines: Sequence[Line]) -> Masters:
        """Base units and plants of the products."""
        numbers, units = sorted({line.product for line in lines}), dict[str, set[str]]()
        plants: dict[str, set[str]] = {}
        for start in range(0, len(numbers), TOGETHER):
            named = [f"Product eq '{_escape(each)}'" for each in numbers[start : start + TOGETHER]]
            options = {"filter": " or ".join(named), "orderby": "Product"}
            for each in self.door.list_entities(f"{PRODUCTS}/A_Product", **options):
                units.setdefault(each["Product"], set()).add(each["BaseUnit"])
            for each in self.door.list_entities(f"{PRODUCTS}/A_ProductPlant", **options):
                plants.setdefault(each["Product"], set()).add(each["Plant"])
        return Masters(units, plants)

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterator[list[Change]]:
        """Changes of one product and plant, the items of a new header together."""
        for key, found in groupby(plan.pending, lambda each: each.line.key[:2]):
            changes = list(found)
            yield from ([[each] for each in changes] if key in self._headers else [changes])

    def send(self, group: list[Change], key: str) -> None:
        """Create a header with its items, or an item, or change one."""
        if not self._is_open:
            self.door.fetch_csrf(SERVICE)
            self._is_open = True
        row, line = group[0].row, group[0].line
        if row is not None:
            self._change(row, line)
            return
        if line.key[:2] in self._headers:
            self._write("POST", ITEMS, {**self._keys(line), **_item(line)})
            return
        items = {"results": [{**self._keys(each.line), **_item(each.line)} for each in group]}
        active = {"PlndIndepRqmtIsActive": not self.target.draft}
        self._write("POST", HEADERS, {**self._keys(line), **active, TO_ITEMS: items})

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether the service has the sets and fields that are used, and gives a CSRF token."""
        self.door.fetch_csrf(SERVICE)
        yield "X-CSRF-Token", ""
        own = (HEADERS, ITEMS, TO_ITEMS, *FIELDS, "PlndIndepRqmtIsActive", "UnitOfMeasure")
        for service, names in ((SERVICE, own), (ORDER_SERVICE, (*HEADER, *ITEM))):
            headers = {"Accept": "application/xml"}
            text = self.door.call("GET", f"{service}/$metadata", headers=headers).text
            for name in names:
                yield name, "" if f'Name="{name}"' in text else "the service's $metadata lacks it"
        yield "requirements of our plan", "" if self.read_back() is not None else "unreadable"

    @property
    def _plan(self) -> str:
        return _escape(self.address.tag)

    def _keys(self, line: Line) -> dict[str, str]:
        return {
            "Product": line.product,
            "Plant": line.plant,
            "MRPArea": self.target.mrp_area or line.plant,
            "PlndIndepRqmtType": self.target.requirement_type,
            "PlndIndepRqmtVersion": self.version,
            "RequirementPlan": self.address.tag,
            "RequirementSegment": "",
        }

    def _change(self, row: Row, line: Line) -> None:
        if row.is_draft and not self.target.draft:
            path = f"{HEADERS}({_place(self._keys(line))})"
            active = {"PlndIndepRqmtIsActive": True}
            self._write("PATCH", path, active, row.ref["header_etag"])
        if row.quantity != line.quantity or row.unit != line.unit:
            item = _item(line)
            keys = {
                **self._keys(line),
                **{n: item.pop(n) for n in ("PlndIndepRqmtPeriod", "PeriodType")},
            }
            self._write("PATCH", f"{ITEMS}({_place(keys)})", item, row.ref["etag"])

    def _write(self, method: str, path: str, body: dict[str, Any], etag: str = "") -> None:
        headers = {"If-Match": etag} if etag else {}
        self.door.call(method, f"{SERVICE}/{path}", again=False, json=body, headers=headers)


def _item(line: Line) -> dict[str, str]:
    return {
        "PlndIndepRqmtPeriod": line.month.replace("-", ""),
        "PeriodType": MONTHLY,
        "PlannedQuantity": str(line.quantity),
        "UnitOfMeasure": line.unit,
    }


def _row(item: dict[str, Any], is_draft: bool, header_etag: str) -> Row:
    period = item["PlndIndepRqmtPeriod"]
    return Row(
        item["Product"],
        item["Plant"],
        f"{period[:4]}-{period[4:6]}",
        Decimal(item["PlannedQuantity"]),
        item["UnitOfMeasure"],
        taken=Decimal(item.get("WithdrawalQuantity") or 0),
        is_draft=is_draft,
        ref={"etag": item["__metadata"]["etag"], "header_etag": header_etag},
    )


def _escape(text: str) -> str:
    return text.replace("'", "''")


def _place(keys: dict[str, str]) -> str:
    return ",".join(f"{name}='{quote(_escape(value), safe='')}'" for name, value in keys.items())


TARGET = SapS4Target
