"""What every narrative needs: several blocks from one cell, the voice of a unit, the run line and the checks.

Blocks enter and are shown in order. The decision made here: a check that failed stops the notebook, after it was
shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Block, Check, Checks, Column, Record, Table
from salesfc_lib.reporting.catalogue import Voice


class Section:
    """Blocks that one cell shows, in order."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for block in self.blocks:
            display(block)


def in_words(ds: pd.Timestamp) -> str:
    """A month as 'June 2026'."""
    return wording.month_name(ds.strftime("%Y-%m"))


def iso(ds: pd.Timestamp) -> str:
    """A month as '2026-06'."""
    return str(ds.strftime("%Y-%m"))


def measure_of(run: UnitMonth) -> wording.Measure:
    """How this unit's forecasts are written: money, or pieces."""
    unit = run.parameters.unit
    return (
        wording.Measure(unit.currency)
        if run.parameters.measure.value == "amount"
        else wording.Measure("", unit.quantity_unit)
    )


def voice_of(run: UnitMonth) -> Voice:
    """The voice of the unit's sentences."""
    return Voice(measure_of(run))


def kicker(run: UnitMonth, step: str) -> tuple[str, str, str]:
    """Step, unit and month, as they stand above a title."""
    return step, run.title, wording.month_name(run.month)


def columns(*heads: str) -> list[Column]:
    """Columns from labels; a label that begins with '>' is right-aligned, with '|' never broken, with '#' a heat cell."""
    align = {">": "r", "#": "q", "|": "w"}
    return [Column(head.lstrip(">#|"), align.get(head[:1], "l")) for head in heads]  # type: ignore[arg-type]


def closing(
    run: UnitMonth,
    checks: Sequence[Check],
    terms: Sequence[tuple[str, str]],
    details: Sequence[Table] = (),
) -> Section:
    """Record and checks of a notebook.

    Raises `SalesForecastError` that lists the checks that failed, so that the notebook ends as failed.
    """
    block = Checks(tuple(checks))
    failed = [check for check in checks if not check.passed]
    if failed:
        raise SalesForecastError.say(
            f"{len(failed)} of {len(checks)} checks failed: {'; '.join(f'{check.name} ({check.detail})' for check in failed)}",
            "Every check passes before a month is published",
            "Read the section that the check belongs to",
        )
    voice = voice_of(run)
    badge = voice.say("checks.passed", n=len(checks))
    return Section(Record(badge, "", tuple(terms), (block, *details, parameter_table(run))))


def parameter_table(run: UnitMonth) -> Table:
    """Parameters that differ from the defaults, with the layer that set them."""
    tree = run.parameters.model_dump(mode="json")
    rows = []
    for key, layer in sorted(run.layer.items()):
        if layer == "defaults":
            continue
        rows.append([key, _value(tree, key), layer, run.reasons.get(key, "")])
    return Table(
        f"Parameters that differ from the defaults ({len(rows)})",
        "By key, with the layer that set each",
        columns("Key", "Value", "Set by", "Reason"),
        rows,
        min_width="min40",
    )


def _value(tree: object, dotted: str) -> str:
    for part in dotted.split("."):
        tree = tree.get(part, "") if isinstance(tree, dict) else ""
    text = (
        ", ".join(map(str, tree))
        if isinstance(tree, list)
        else str(tree).lower()
        if isinstance(tree, bool)
        else str(tree)
    )
    return text if len(text) <= 80 else f"{text[:79]}…"
