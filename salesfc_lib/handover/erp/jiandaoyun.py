"""Jiandaoyun: forecast rows are entries of a form, new ones a hundred at a time.

`transaction_id` makes a repeated request the same request. A write skips the form's own checks of
required and repeated values, so that our key is looked for before and after. `fields` names the
form's widgets: key, product, month, quantity, unit, and plant and status where they are kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.handover.erp.plan import Change, Line, Plan, Row
from salesfc_lib.handover.erp.target import Address, Online
from salesfc_lib.intake.sources.erp.door import Unclear
from salesfc_lib.intake.sources.erp.jiandaoyun import Jiandaoyun

CREATE, UPDATE = "/api/v5/app/entry/data/batch_create", "/api/v5/app/entry/data/update"
WIDGETS = "/api/v5/app/entry/widget/list"
MOST = 100  # entries of one request
NEEDED = ("key", "product", "month", "quantity", "unit")
NAMESPACE = uuid.UUID("6c1f0f5e-9d0c-5b5e-8d4e-2f6f6a4b9d10")
DRAFT, ACTIVE = "draft", "active"  # what the widget `status` holds


class JiandaoyunTarget(Online):
    """One form that holds forecasts."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.door = Jiandaoyun(address.target, address.wire)
        self.fields = address.target.fields
        needed = (*NEEDED, "status") if address.target.draft else NEEDED
        if lacking := [name for name in needed if not self.fields.get(name)]:
            where = f"`handover.to.{address.name}.fields`"
            raise SalesForecastError.missing_columns(lacking, self.fields, where)

    def list_rows(self) -> list[Row]:
        """Our entries: those whose key begins with the tag."""
        rows = []
        for entry in self.door.list_entries():
            key = str(entry.get(self.fields["key"]) or "")
            if key.startswith(f"{self.address.tag}|"):
                rows.append(self._row(key, entry))
        return rows

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterator[list[Change]]:
        """New entries of each hundred lines together, whatever else is new; others one by one."""
        place = {line.key: at // MOST for at, line in enumerate(lines)}
        new = [each for each in plan.pending if each.kind == "new"]
        for number in sorted({place[each.line.key] for each in new}):
            yield [each for each in new if place[each.line.key] == number]
        for each in plan.pending:
            if each.kind != "new":
                yield [each]

    def send(self, group: list[Change], key: str) -> None:
        """Create entries, or change one."""
        data = [self._entry(each.line) for each in group]
        row = group[0].row
        body: dict[str, Any] = {**self.door.form(), "transaction_id": _name(key, group)}
        if row is not None:
            body |= {"data_id": row.ref["id"], "data": data[0]}
            self.door.ask("POST", UPDATE, again=False, json=body)
            return
        answer = self.door.ask("POST", CREATE, again=False, json={**body, "data_list": data})
        count = answer.get("success_count") if isinstance(answer, dict) else None
        if count != len(group):
            raise Unclear(str(self.door.refuse(f"{count} of {len(group)} entries were created")))

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether the form has the widgets that `fields` names, and can be read."""
        answer = self.door.ask("POST", WIDGETS, json=self.door.form())
        found = answer.get("widgets", []) if isinstance(answer, dict) else []
        names = {each.get("name") for each in found} | {each.get("widgetName") for each in found}
        for name, widget in self.fields.items():
            yield f"fields.{name}", "" if widget in names else f"the form has no '{widget}'"
        yield "data/list", "" if self.read_back() is not None else "it cannot be read"

    def _entry(self, line: Line) -> dict[str, dict[str, Any]]:
        texts: dict[str, Any] = {
            "key": "|".join([self.address.tag, *line.key]),
            "product": line.product,
            "plant": line.plant,
            "month": line.month,
            "unit": line.unit,
            "quantity": float(line.quantity),
            "status": DRAFT if self.target.draft else ACTIVE,
        }
        kept = {name: value for name, value in texts.items() if self.fields.get(name)}
        return {self.fields[name]: {"value": value} for name, value in kept.items()}

    def _row(self, key: str, entry: dict[str, Any]) -> Row:
        _, product, plant, month = (key.split("|") + ["", "", ""])[:4]
        try:
            quantity = Decimal(str(entry.get(self.fields["quantity"]) or 0))
        except InvalidOperation:
            raise self.door.refuse(f"the quantity of '{key}' is no number") from None
        is_draft = entry.get(self.fields.get("status", "")) == DRAFT
        unit = str(entry.get(self.fields["unit"]) or "")
        ref = {"id": str(entry["_id"])}
        return Row(product, plant, month, quantity, unit, is_draft=is_draft, ref=ref)


def _name(key: str, group: list[Change]) -> str:
    """Id of a request: the same for the same rows of the same send."""
    said = [f"{each.kind} {each.line.key} {each.line.quantity} {each.line.unit}" for each in group]
    return str(uuid.uuid5(NAMESPACE, "\n".join([key, *said])))


TARGET = JiandaoyunTarget
