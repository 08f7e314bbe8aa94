"""Kingdee Galaxy: a forecast bill (`PLN_FORECAST`) for each month, saved, submitted and audited.

A draft stops after Save. A bill has a number of ours, which the system keeps once, so that a save
that is repeated is refused and not doubled; a change saves the bill's entries anew, after UnAudit
where it was audited. The bill's body is from public code, not from Kingdee. `FQty` is never zero: a
withdrawn entry is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from salesfc_lib.handover.erp.plan import Change, Line, Masters, Plan, Row
from salesfc_lib.handover.erp.target import Address, Online, last_day
from salesfc_lib.intake.sources.erp.door import ErpError
from salesfc_lib.intake.sources.erp.kingdee_galaxy import FORMS, KingdeeGalaxy

FORM = "PLN_FORECAST"
BILL_TYPE = "YCD01_SYS"
FIELDS = (
    *("FID", "FBillNo", "FDocumentStatus", "FEntity_FEntryID", "FMaterialID.FNumber"),
    *("FSupplyOrgId.FNumber", "FUnitID.FNumber", "FQty", "FWRITEOFFQTY", "FStartDate"),
)
MATERIAL = ("FNumber", "FBaseUnitId.FNumber", "FUseOrgId.FNumber")
CREATED, SUBMITTED, AUDITED = "A", "B", "C"  # FDocumentStatus; Z and D are drafts too
TOGETHER = 200  # products of one filter


class KingdeeTarget(Online):
    """The forecast bills of one organisation."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.door = KingdeeGalaxy(address.target, address.wire)

    def list_rows(self) -> list[Row]:
        """Entries of our bills; what is written off of one is taken of all entries of its bill."""
        ours = f"FBillNo like '{self.address.tag}-%'"
        found = list(self.door.query(FORM, FIELDS, ours, "FID,FEntity_FEntryID"))
        taken: dict[str, Decimal] = {}
        for entry in found:
            off = Decimal(entry["FWRITEOFFQTY"] or "0")
            taken[entry["FID"]] = max(off, taken.get(entry["FID"], off))
        return [_row(entry, taken[entry["FID"]]) for entry in found]

    def read_masters(self, lines: Sequence[Line]) -> Masters:
        """Base units of the products; the organisations that have each."""
        numbers, units = sorted({line.product for line in lines}), dict[str, set[str]]()
        plants: dict[str, set[str]] = {}
        for start in range(0, len(numbers), TOGETHER):
            named = ",".join(f"'{_escape(each)}'" for each in numbers[start : start + TOGETHER])
            for row in self.door.query("BD_MATERIAL", MATERIAL, f"FNumber in ({named})", "FNumber"):
                units.setdefault(row["FNumber"], set()).add(row["FBaseUnitId.FNumber"])
                plants.setdefault(row["FNumber"], set()).add(row["FUseOrgId.FNumber"])
        return Masters(units, plants)

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterator[list[Change]]:
        """All of a month's bill, the unchanged entries too: a save replaces them."""
        for month in sorted({each.line.month for each in plan.pending}):
            yield [each for each in plan.changes if each.line.month == month]

    def send(self, group: list[Change], key: str) -> None:
        """Save a bill, and submit and audit it unless it is a draft."""
        rows = [each.row for each in group if each.row is not None]
        number = f"{self.address.tag}-{group[0].line.month.replace('-', '')}"
        fid, status = (rows[0].ref["fid"], rows[0].ref["status"]) if rows else ("0", "")
        if status == SUBMITTED:
            self._do("Audit", number)
            status = AUDITED
        if any(_differs(each) for each in group):
            if status == AUDITED:
                self._do("UnAudit", number)
            self._save(number, int(fid), [each.line for each in group if each.line.quantity])
            status = CREATED
        if not self.target.draft and status != AUDITED:
            self._do("Submit", number)
            self._do("Audit", number)

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether the user is let in and the forms have the fields that are used."""
        self.door.renew()
        yield "sign in", ""
        forms = {FORM: FIELDS, "BD_MATERIAL": MATERIAL, **FORMS}
        for form, fields in forms.items():
            try:
                next(self.door.query(form, fields, "1=0", fields[0]), None)
                yield form, ""
            except ErpError as error:
                yield form, str(error)

    def _save(self, number: str, fid: int, lines: Sequence[Line]) -> None:
        model = {
            "FID": fid,
            "FBillNo": number,
            "FBillTypeID": {"FNUMBER": BILL_TYPE},
            "FForeOrgId": {"FNumber": self.target.organisation or lines[0].plant},
            "FDate": date.today().isoformat(),
            "FEntity": [_entry(line) for line in lines],
        }
        body = {"formid": FORM, "data": {"IsDeleteEntry": True, "Model": model}}
        self.door.run("Save", body, again=False)

    def _do(self, service: str, number: str) -> None:
        body = {"formid": FORM, "data": {"Numbers": [number]}}
        self.door.run(service, body, again=False)


def _entry(line: Line) -> dict[str, Any]:
    return {
        "FSupplyOrgId": {"FNumber": line.plant},
        "FMaterialID": {"FNumber": line.product},
        "FUnitID": {"FNumber": line.unit},
        "FQty": float(line.quantity),
        "FStartDate": f"{line.month}-01",
        "FEndDate": last_day(line.month),
        "FReserveType": "1",
        "FAVERATYPE": "N",
    }


def _row(entry: dict[str, str], taken: Decimal) -> Row:
    status = entry["FDocumentStatus"]
    return Row(
        entry["FMaterialID.FNumber"],
        entry["FSupplyOrgId.FNumber"],
        entry["FStartDate"][:7],
        Decimal(entry["FQty"]),
        entry["FUnitID.FNumber"],
        taken=taken,
        is_draft=status != AUDITED,
        ref={"fid": entry["FID"], "status": status},
    )


def _differs(change: Change) -> bool:
    row, line = change.row, change.line
    return row is None or (row.quantity, row.unit) != (line.quantity, line.unit)


def _escape(text: str) -> str:
    return text.replace("'", "''")


TARGET = KingdeeTarget
