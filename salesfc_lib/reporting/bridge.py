"""The printed bridge: a unit's total under two definitions, or its rows from the export to the panel.

A project, a unit, a month and settings enter; text leaves. The decision made here: without settings there is one definition, and
the bridge goes from what was read to what the models see; with them it goes from the unit's definition to the one they make.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from salesfc_lib import cleaning
from salesfc_lib.cleaning import bridge, bridge_to_panel, draw_bridge
from salesfc_lib.foundation import resolve
from salesfc_lib.panel import build_panel
from salesfc_lib.reporting.catalogue import name_of


def tell_bridge(project: Path, unit: str, month: str, sets: Sequence[str] = ()) -> str:
    """The bridge of a unit's month as text."""
    first = resolve(project, unit, month).parameters
    extracts = cleaning.read_all(first, project)
    title = first.unit.title or unit
    if not sets:
        found = cleaning.clean(first, project, month, extracts)
        panel = build_panel(found.transactions, first, month).panel
        table = bridge_to_panel(found.ledger, float(panel["y_raw"].sum()), first.measure.value)
        named = table.assign(step=[name_of("rule", step) for step in table["step"]])
        return f"{title}: from what was read to what the models see, all months through {month}\n\n{draw_bridge(named, totals=2)}"
    second = resolve(project, unit, month, sets).parameters
    return _tell_two(title, month, sets, bridge(first, second, extracts, month))


def _tell_two(title: str, month: str, sets: Sequence[str], table: pd.DataFrame) -> str:
    head = f"{title}: from the unit's definition to the one with {', '.join(sets)}"
    scopes = {"month": f"{month} alone", "through": f"All months through {month}"}
    parts = [
        f"{said}\n\n{draw_bridge(table[table['scope'].eq(scope)])}"
        for scope, said in scopes.items()
    ]
    return "\n\n".join([head, *parts])
