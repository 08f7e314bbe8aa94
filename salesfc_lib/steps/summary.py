"""What the steps left, for the month's manifest and the pages of key series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesfc_lib.archive import UnitMonth, vintages
from salesfc_lib.steps.checks import read_if_any
from salesfc_lib.steps.cleaning import read_cleaned
from salesfc_lib.steps.handover import is_handed, read_handed
from salesfc_lib.steps.modeling import read_modeled
from salesfc_lib.steps.reconciliation import read_reconciled
from salesfc_lib.steps.retrospective import read_compared

if TYPE_CHECKING:
    from salesfc_lib.reporting import KeyPage

LAGS = 2  # nearest lags on a key series' page: more make a table that no phone shows


def key_pages(run: UnitMonth) -> list[KeyPage]:
    """Pages of key accounts and key products, from the steps and earlier months."""
    from salesfc_lib.reporting import BY_SERIES, KEY_TABLES, key_page, list_key_months

    key_ids = set(read_if_any(run, "key_series")["unique_id"])
    if not key_ids:
        return []
    only: list[tuple[str, str, object]] = [("unique_id", "in", list(key_ids))]
    found = {name: run.read(name, only if name in BY_SERIES else None) for name in KEY_TABLES}
    lags = sorted(run.parameters.retrospective.lags)[:LAGS]
    earlier = vintages(run.reports, run.unit, run.month_before, lags=lags)
    earlier = earlier[earlier["unique_id"].isin(key_ids)]
    return [key_page(run, each) for each in list_key_months(found, earlier)]


def summarise(run: UnitMonth) -> dict[str, Any]:
    """The `summary` block of the month's manifest."""
    from salesfc_lib.reporting import MonthFacts, summary

    left = read_cleaned(run), read_modeled(run), read_reconciled(run), read_compared(run)
    handed = read_handed(run) if is_handed(run) else None
    return summary(MonthFacts(run, *left, handed)).to_json()
