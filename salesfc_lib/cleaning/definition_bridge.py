"""The same rows under two definitions, reconciled: a step for each difference.

A step is the difference that one change of definition makes on top of those before it, in a fixed
order (`ORDER`), computed by cleaning the rows once for each step. Nothing is estimated, and what
two changes do together falls to the later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
from rich.cells import cell_len

from salesfc_lib.cleaning.batch.batch import MEASURES, SUMS
from salesfc_lib.cleaning.clean import close_month, standardise
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import Parameters, in_words, say, text_of
from salesfc_lib.intake import Extract

# of the steps; currencies and units come first: the others are in those of the second
ORDER = (
    *("currency", "rates", "unit_of_measure", "conversions", "returns", "discounts", "freight"),
    *("tax", "samples", "own_company", "within_company"),
)
# values of a definition that the catalogue names
VALUES = (
    *("month_of_return", "month_of_sale", "apart"),
    *("excluded", "included", "in", "out", "net", "gross"),
)
BLOCKS = {  # other blocks of parameters that change what is counted, a step each
    "calendar": ("calendar",),
    "members": ("renames", "reorganised", "key_accounts", "dimensions", "levels"),
    "cleaning": ("cleaning",),
    "sources": ("sources",),
}


def bridge(
    first: Parameters, second: Parameters, extracts: Mapping[str, Extract], month: str
) -> pd.DataFrame:
    """Table (scope, step, rows, quantity, amount) from the total under one definition to another.

    `scope` is 'month' (that month alone) and 'through' (all months through it). In each, the first
    row is the total under the first definition, the last that under the second, and the rows
    between them are the differences: they sum to it exactly.

    Raises `RequestError` where the two do not read the same files.
    """
    places = [
        {
            name: (source.path, source.url_env, source.table, source.erp)
            for name, source in unit.sources.items()
            if source.role in ("orders", "returns")
        }
        for unit in (first, second)
    ]
    if places[0] != places[1]:
        raise RequestError.of(
            "The two definitions read other sources",
            "The same orders and returns under both",
            "Leave `path`, `url_env` and `table` of the sources as they are",
        )
    steps = [(say("bridge.first"), first), *list_steps(first, second)]
    totals = [_count(parameters, extracts, month) for _, parameters in steps]
    names = [*(step for step, _ in steps), say("bridge.second")]
    parts = []
    for scope in ("month", "through"):
        sums = np.array([total[scope] for total in totals], dtype=object)
        rows = np.vstack([sums[:1], np.diff(sums, axis=0), sums[-1:]])
        parts.append(pd.DataFrame(rows, columns=SUMS).assign(scope=scope, step=names))
    table = pd.concat(parts, ignore_index=True).astype({"rows": "int64"})
    return table[["scope", "step", *SUMS]]


def list_steps(first: Parameters, second: Parameters) -> Iterator[tuple[str, Parameters]]:
    """Each difference as a sentence, and the parameters after it; the last are the second's."""
    now = first
    for block, names in BLOCKS.items():
        wanted = {name: getattr(second, name) for name in names}
        changes = {name: new for name, new in wanted.items() if getattr(now, name) != new}
        if changes:
            now = now.model_copy(update=changes)
            yield say("bridge.change", name=block), now
    for name in (*ORDER, *(name for name in type(first.measure).model_fields if name not in ORDER)):
        old, new = getattr(now.measure, name), getattr(second.measure, name)
        if old != new and name not in ("value", "promotion_window"):
            now = now.model_copy(update={"measure": now.measure.model_copy(update={name: new})})
            yield _describe_step(name, old, new), now


def bridge_to_panel(ledger: pd.DataFrame, panel_total: float, value: str) -> pd.DataFrame:
    """Table (step, rows, quantity, amount): read, taken (negative) or put in, kept, the panel.

    The panel holds only the measure `value` of what was kept; its row has that total, as far as a
    binary number says it.
    """
    sums = {rule: _sum(ledger[ledger["rule"].eq(rule)]) for rule in ledger["rule"].unique()}
    rows = [["opening", *sums["opening"]]]
    rows += [[rule, *-total] for rule, total in sums.items() if rule not in ("opening", "kept")]
    rows += [["kept", *sums["kept"]]]
    _, quantity, amount = sums["kept"]
    total = Decimal(panel_total).quantize(quantity if value == "quantity" else amount)
    rows += [["panel", sums["kept"][0], *(total if name == value else None for name in MEASURES)]]
    return pd.DataFrame(rows, columns=["step", *SUMS])


def draw_bridge(table: pd.DataFrame, totals: int = 1) -> str:
    """The bridge as aligned text: a total, signed differences, so many totals at the end."""
    last = len(table) - totals
    shown = [
        [in_words(row["step"]), *(_show(row[name], signed=0 < place < last) for name in SUMS)]
        for place, (_, row) in enumerate(table.iterrows())
    ]
    lines = [["", *(text_of(f"bridge.head.{name}") for name in SUMS)], *shown]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    drawn = []
    for cells in lines:
        places = zip(cells, widths, strict=True)
        gaps = [" " * (width - cell_len(text)) for text, width in places]
        aligned = map("".join, zip(gaps[1:], cells[1:], strict=True))
        drawn.append("  ".join([cells[0] + gaps[0], *aligned]))
    rule = "-" * cell_len(drawn[0])
    return "\n".join([drawn[0], rule, *drawn[1:-totals], rule, *drawn[-totals:]])


def _count(
    parameters: Parameters, extracts: Mapping[str, Extract], month: str
) -> dict[str, np.ndarray]:
    """Rows, quantity and amount that are kept, of the month and through it."""
    sources = parameters.sources.items()
    unheld = {name: source for name, source in sources if source.role != "control_totals"}
    definition = parameters.model_copy(update={"sources": unheld})
    ledger = close_month(standardise(definition, extracts), definition, month).ledger
    kept = ledger[ledger["rule"].eq("kept")]
    this = kept["month"].eq(pd.Timestamp(f"{month}-01"))
    return {"month": _sum(kept[this]), "through": _sum(kept)}


def _sum(entries: pd.DataFrame) -> np.ndarray:
    """Rows, quantity and amount."""
    quantity, amount = (sum(entries[name], Decimal(0)) for name in MEASURES)
    return np.array([int(entries["rows"].sum()), quantity, amount], dtype=object)


def _describe_step(name: str, old: object, new: object) -> str:
    if isinstance(old, dict) or isinstance(new, dict):
        return say("bridge.change", name=name)
    then, now = (
        say("bridge.value.none" if value is None else f"bridge.value.{value}")
        if value is None or value in VALUES
        else str(value)
        for value in (old, new)
    )
    return say("bridge.step", name=name, old=then, new=now)


def _show(value: object, *, signed: bool) -> str:
    if value is None:
        return ""
    return f"{value:{'+' if signed and value else ''},{'f' if isinstance(value, Decimal) else 'd'}}"
