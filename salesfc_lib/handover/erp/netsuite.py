"""Oracle NetSuite: item demand plans, as an import file of a draft, else by REST.

NetSuite has no draft of a demand plan: `draft: true` leaves the CSV that its import assistant
takes. By REST each product and location has one plan, put under our external id, which creates or
replaces it. The record is not among those whose REST page was found, and the heading of a month's
quantity is assumed from the daily one: both are confirmed by `--check` only, against a live system.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import quote

from salesfc_lib.handover.erp.import_files import ImportFile, months_of
from salesfc_lib.handover.erp.plan import Change, Line, Masters, Plan, Row
from salesfc_lib.handover.erp.target import Address, Online, last_day
from salesfc_lib.intake.sources.erp.door import ErpError
from salesfc_lib.intake.sources.erp.netsuite import ORDERS, NetSuite

RECORD = "/services/rest/record/v1/itemdemandplan"
CATALOGUE = "/services/rest/record/v1/metadata-catalog/itemdemandplan"
PERIODS = "periodDemandPlan"
HEAD = (
    *("External ID", "Item", "Location", "Subsidiary", "Plan Start Date", "Plan End Date"),
    "Unit of Measure",
)
QUANTITY = "Monthly Quantity: "
TOGETHER = 200  # items of one statement
ITEMS = "SELECT id, itemid, BUILTIN.DF(stockunit) AS unit FROM item {condition}ORDER BY id"
LOCATIONS = "SELECT id, name FROM location ORDER BY id"


class _Known:
    """What the account knows of items and locations."""

    door: NetSuite

    def read_masters(self, lines: Sequence[Line]) -> Masters:
        """Stock units of the items; names are kept with their internal ids."""
        numbers, units = sorted({line.product for line in lines}), dict[str, set[str]]()
        self.items: dict[str, str] = {}
        for start in range(0, len(numbers), TOGETHER):
            named = ",".join(f"'{_escape(each)}'" for each in numbers[start : start + TOGETHER])
            statement = ITEMS.format(condition=f"WHERE itemid IN ({named}) ")
            for row in self.door.query(statement):
                self.items[row["itemid"]] = str(row["id"])
                units.setdefault(row["itemid"], set()).add(row["unit"])
        found = self.door.query(LOCATIONS)
        self.places = {row["name"]: str(row["id"]) for row in found}
        return Masters(units, {number: {"", *self.places} for number in numbers})

    def check_queries(self) -> Iterator[tuple[str, str]]:
        """Whether the statements that are used are understood."""
        asked = {
            "item": ITEMS.format(condition=""),
            "location": LOCATIONS,
            "transaction": ORDERS.format(since="", first=0),
        }
        for name, statement in asked.items():
            try:
                next(self.door.query(statement), None)
                yield f"SuiteQL of {name}", ""
            except ErpError as error:
                yield f"SuiteQL of {name}", str(error)


def NetSuiteTarget(address: Address) -> Online:
    """The import file of a draft, or the demand plans of the account."""
    return DemandPlanFile(address) if address.target.draft else DemandPlans(address)


class DemandPlanFile(_Known, ImportFile):
    """The CSV file that the import assistant takes: a row a product, a column a month."""

    ending = "csv"

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.door = NetSuite(address.target, address.wire)

    def encode(self, lines: Sequence[Line]) -> bytes:
        """The file's bytes, UTF-8 with a mark; texts are as the importer has to read them."""
        months, text = months_of(lines), io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*HEAD, *(QUANTITY + _us_day(month) for month in months)])
        for (product, place), found in groupby(lines, lambda each: each.key[:2]):
            by_month = {line.month: line for line in found}
            unit = next(iter(by_month.values())).unit
            ident = f"{self.address.tag}-{product}-{place}"
            bounds = [_us_day(months[0]), _us_day(last_day(months[-1]))]
            head = [ident, product, place, self.target.organisation, *bounds, unit]
            quantities = [by_month[m].quantity if m in by_month else "" for m in months]
            writer.writerow([*head, *quantities])
        return text.getvalue().encode("utf-8-sig")

    def decode(self, content: bytes) -> Iterable[Row]:
        """Rows of the file's bytes."""
        for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
            for head, value in row.items():
                if head.startswith(QUANTITY) and value:
                    month, _, year = head.removeprefix(QUANTITY).split("/")
                    key = row["Item"], row["Location"], f"{year}-{int(month):02d}"
                    yield Row(*key, Decimal(value), row["Unit of Measure"])

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether items and sales orders can be asked for."""
        yield from self.check_queries()


class DemandPlans(_Known, Online):
    """Demand plans by REST, one a product and location."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.door = NetSuite(address.target, address.wire)

    def list_rows(self) -> list[Row]:
        """Months of the plans whose external id begins with our tag."""
        return [row for plan in self._list_plans() for row in _rows(plan)]

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterator[list[Change]]:
        """All months of a product's plan, the unchanged ones too: it is replaced."""
        keys = {each.line.key[:2] for each in plan.pending}
        for key, found in groupby(plan.changes, lambda each: each.line.key[:2]):
            if key in keys:
                yield list(found)

    def send(self, group: list[Change], key: str) -> None:
        """Put one plan."""
        line, months = group[0].line, [each.line for each in group]
        ident = f"{self.address.tag}-{line.product}-{line.plant}"
        known = next((each.row.ref for each in group if each.row is not None), {})  # one withdrawn
        item = known.get("item") or self.items[line.product]
        place = {"location": {"id": self.places[line.plant]}} if line.plant else {}
        owner = self.target.organisation
        periods = [
            {"startDate": f"{each.month}-01", "quantity": float(each.quantity)} for each in months
        ]
        body = {
            "item": {"id": item},
            **place,
            **({"subsidiary": {"id": owner}} if owner else {}),
            "unit": line.unit,
            "demandPlanCalendarType": {"id": "MONTHLY"},
            "startDate": f"{months[0].month}-01",
            "endDate": last_day(months[-1].month),
            PERIODS: {"items": periods},
        }
        path = f"{RECORD}/eid:{quote(ident, safe='')}"
        self.door.call("PUT", path, again=False, params={"replace": PERIODS}, json=body)

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether the account has the record, its fields, and SuiteQL."""
        yield from self.check_queries()
        headers = {"Accept": "application/schema+json"}
        found = self.door.ask("GET", CATALOGUE, headers=headers)
        fields = found.get("properties", {}) if isinstance(found, dict) else {}
        for name in ("item", "location", "startDate", "endDate", PERIODS, "externalId"):
            yield name, "" if name in fields else "the record itemdemandplan lacks it"

    def _list_plans(self) -> Iterator[dict[str, Any]]:
        names = self._list_ids()
        for name in names:
            yield self.door.ask("GET", f"{RECORD}/{name}", params={"expandSubResources": "true"})

    def _list_ids(self) -> list[str]:
        found: list[str] = []
        while True:
            params = {"q": f'externalId START_WITH "{self.address.tag}-"', "limit": "1000"}
            answer = self.door.ask("GET", RECORD, params={**params, "offset": str(len(found))})
            if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
                raise self.door.refuse("the list of plans has no `items`")
            found += [str(each["id"]) for each in answer["items"]]
            if not answer.get("hasMore"):
                return found


def _rows(plan: dict[str, Any]) -> Iterator[Row]:
    item, place = plan["item"]["refName"], plan.get("location", {}).get("refName", "")
    for each in plan[PERIODS]["items"]:
        quantity = Decimal(str(each["quantity"]))
        ref = {"item": str(plan["item"]["id"])}
        month, unit = each["startDate"][:7], plan["unit"]
        yield Row(item, place, month, quantity, unit, is_draft=False, ref=ref)


def _us_day(text: str) -> str:
    """A month or day as NetSuite's headings write it.

    >>> _us_day("2012-01"), _us_day("2012-12-31")
    ('1/1/2012', '12/31/2012')
    """
    year, month, day = (text + "-01").split("-")[:3]
    return f"{int(month)}/{int(day)}/{year}"


def _escape(text: str) -> str:
    return text.replace("'", "''")


TARGET = NetSuiteTarget
