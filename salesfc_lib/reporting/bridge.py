"""The printed bridge: a unit's total under two definitions, or from its export to the panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.foundation import resolve
from salesfc_lib.panel import build_panel
from salesfc_lib.reporting.catalogue import name_of


def bridge_text(project: Path, unit: str, month: str, sets: Sequence[str] = ()) -> str:
    """The bridge of a unit's month as text.

    Without `sets` it goes from what was read to what the models see; with them from the unit's
    definition to the one that they make.
    """
    from salesfc_lib import cleaning

    draw = cleaning.definition_bridge.draw_bridge
    first = resolve(project, unit, month).parameters
    extracts = cleaning.read_all(first, project)
    title = first.unit.title or unit
    if not sets:
        found = cleaning.clean(first, project, month, extracts)
        panel = build_panel(found.transactions, first, month).panel
        table = cleaning.definition_bridge.bridge_to_panel(
            found.ledger, float(panel["y_raw"].sum()), first.measure.value
        )
        named = table.assign(step=[name_of("rule", step) for step in table["step"]])
        head = f"{title}: from what was read to what the models see, all months through {month}"
        return f"{head}\n\n{draw(named, totals=2)}"
    second = resolve(project, unit, month, sets).parameters
    table = cleaning.definition_bridge.bridge(first, second, extracts, month)
    head = f"{title}: from the unit's definition to the one with {', '.join(sets)}"
    scopes = {"month": f"{month} alone", "through": f"All months through {month}"}
    tables = {name: table[table["scope"].eq(scope)] for scope, name in scopes.items()}
    return "\n\n".join([head, *(f"{name}\n\n{draw(of)}" for name, of in tables.items())])
