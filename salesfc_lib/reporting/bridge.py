"""The printed bridge: a unit's total under two definitions, or from its export to the panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.foundation import name_of, resolve, text_of
from salesfc_lib.panel import build_panel


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
        head = text_of("bridge.to_panel", title=title, month=month)
        return f"{head}\n\n{draw(named, totals=2)}"
    second = resolve(project, unit, month, sets).parameters
    table = cleaning.definition_bridge.bridge(first, second, extracts, month)
    head = text_of("bridge.to_second", title=title, sets=[*sets])
    parts = [
        f"{text_of(f'bridge.{scope}', month=month)}\n\n{draw(of)}"
        for scope, of in table.groupby("scope", sort=False)
    ]
    return "\n\n".join([head, *parts])
