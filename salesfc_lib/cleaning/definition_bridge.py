"""The same rows under two definitions, reconciled: a step for each difference.

A step is the difference that one change of definition makes on top of those before it, in a fixed
order (`ORDER`), computed by cleaning the rows once for each step. Nothing is estimated, and what
two changes do together falls to the later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pandas as pd

from salesfc_lib.cleaning.batch.batch import MEASURES, SUMS
from salesfc_lib.cleaning.clean import close_month, standardise
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import Parameters
from salesfc_lib.intake import Extract

# of the steps; currencies and units come first: the others are in those of the second
ORDER = (
    *("currency", "rates", "unit_of_measure", "conversions", "returns", "discounts", "freight"),
    *("tax", "samples", "own_company", "within_company"),
)
LABELS = {
    "rates": "Rates of exchange",
    "conversions": "Conversions of units",
    "own_company": "Who belongs to the company",
    "within_company": "Sales within the company",
    "sources": "How the sources are read",
    "cleaning": "Rules of cleaning",
    "members": "Names of members",
    "calendar": "Business calendar",
}
WORDS = {
    "month_of_return": "in the month of the return",
    "month_of_sale": "in the month of the sale",
    "apart": "counted apart",
}
BLOCKS = {  # other blocks of parameters that change what is counted, a step each
    "calendar": ("calendar",),
    "members": ("renames", "reorganised", "key_accounts", "dimensions", "levels"),
    "cleaning": ("cleaning",),
    "sources": ("sources",),
}
Total = tuple[int, Decimal, Decimal]  # rows, quantity, amount
COLUMNS = ["scope", "step", "rows", *MEASURES]


def bridge(
    first: Parameters, second: Parameters, extracts: Mapping[str, Extract], month: str
) -> pd.DataFrame:
    """Table (scope, step, rows, quantity, amount) from the total under one definition to another.

    `scope` is 'month' (that month alone) and 'through' (all months through it). In each, the first
    row is the total under the first definition, the last that under the second, and the rows
    between them are the differences: they sum to it exactly.

    Raises `RequestError` where the two do not read the same files.
    """
    require_same_rows(first, second)
    names = ["Under the first definition", *(step for step, _ in list_steps(first, second))]
    changed = [first, *(parameters for _, parameters in list_steps(first, second))]
    totals = [_count(parameters, extracts, month) for parameters in changed]
    rows: list[Sequence[object]] = []
    for scope in ("month", "through"):
        sums = [total[scope] for total in totals]
        differences = map(_subtract, sums[1:], sums)
        rows += [
            [scope, name, *total]
            for name, total in zip(names, [sums[0], *differences], strict=True)
        ]
        rows.append([scope, "Under the second definition", *sums[-1]])
    return pd.DataFrame(rows, columns=COLUMNS).astype({"rows": "int64"})


def list_steps(first: Parameters, second: Parameters) -> Iterator[tuple[str, Parameters]]:
    """Each difference in words, and the parameters after it; the last are the second's."""
    now = first
    for block, names in BLOCKS.items():
        wanted = {name: getattr(second, name) for name in names}
        changes = {name: new for name, new in wanted.items() if getattr(now, name) != new}
        if changes:
            now = now.model_copy(update=changes)
            yield LABELS[block], now
    for name in (*ORDER, *(name for name in type(first.measure).model_fields if name not in ORDER)):
        old, new = getattr(now.measure, name), getattr(second.measure, name)
        if old != new and name not in ("value", "promotion_window"):
            now = now.model_copy(update={"measure": now.measure.model_copy(update={name: new})})
            yield _say(name, old, new), now


def require_same_rows(first: Parameters, second: Parameters) -> None:
    """Raise `RequestError` where two definitions do not read the same files."""
    if _list_places(first) != _list_places(second):
        raise RequestError.say(
            "The two definitions read other sources",
            "The same orders and returns under both",
            "Leave `path`, `url_env` and `table` of the sources as they are",
        )


def _list_places(unit: Parameters) -> dict[str, tuple[str | None, ...]]:
    return {
        name: (source.path, source.url_env, source.table)
        for name, source in unit.sources.items()
        if source.role in ("orders", "returns")
    }


def bridge_to_panel(ledger: pd.DataFrame, panel_total: float, value: str) -> pd.DataFrame:
    """Table (step, rows, quantity, amount): read, taken (negative) or put in, kept, the panel.

    The panel holds only the measure `value` of what was kept; its row has that total, as far as a
    binary number says it.
    """
    order = dict.fromkeys([*ledger["rule"].drop_duplicates()])
    rules = [rule for rule in order if rule not in ("opening", "kept")]
    sums = {rule: _sum(ledger[ledger["rule"].eq(rule)]) for rule in order}
    rows = [["opening", *sums["opening"]]]
    rows += [[rule, *(-value for value in sums[rule])] for rule in rules]
    rows += [["kept", *sums["kept"]]]
    _, quantity, amount = sums["kept"]
    total = Decimal(panel_total).quantize(quantity if value == "quantity" else amount)
    rows += [["panel", sums["kept"][0], *(total if name == value else None for name in MEASURES)]]
    return pd.DataFrame(rows, columns=["step", *SUMS])


def draw_bridge(table: pd.DataFrame, totals: int = 1) -> str:
    """The bridge as aligned text: a total, signed differences, so many totals at the end."""
    last = len(table) - totals
    shown = [
        [str(row["step"]), *(_show(row[name], signed=0 < place < last) for name in SUMS)]
        for place, (_, row) in enumerate(table.iterrows())
    ]
    lines = [["", "rows", *MEASURES], *shown]
    widths = [max(len(line[place]) for line in lines) for place in range(len(SUMS) + 1)]
    drawn = [_align(line, widths) for line in lines]
    rule = "-" * len(drawn[0])
    return "\n".join([drawn[0], rule, *drawn[1:-totals], rule, *drawn[-totals:]])


def _count(parameters: Parameters, extracts: Mapping[str, Extract], month: str) -> dict[str, Total]:
    """Rows, quantity and amount that are kept, of the month and through it."""
    sources = parameters.sources.items()
    unheld = {name: source for name, source in sources if source.role != "control_totals"}
    definition = parameters.model_copy(update={"sources": unheld})
    ledger = close_month(standardise(definition, extracts), definition, month).ledger
    kept = ledger[ledger["rule"].eq("kept")]
    this = kept["month"].eq(pd.Timestamp(f"{month}-01"))
    return {"month": _sum(kept[this]), "through": _sum(kept)}


def _subtract(after: Total, before: Total) -> Total:
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def _sum(entries: pd.DataFrame) -> Total:
    quantity, amount = (sum(entries[name], Decimal(0)) for name in MEASURES)
    return int(entries["rows"].sum()), quantity, amount


def _say(name: str, old: object, new: object) -> str:
    """A difference between two definitions, as a controller would say it."""
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    if isinstance(old, dict) or isinstance(new, dict):
        return label
    texts = ["as exported" if value is None else str(value) for value in (old, new)]
    return f"{label}: {' -> '.join(WORDS.get(text, text) for text in texts)}"


def _show(value: object, *, signed: bool) -> str:
    if value is None:
        return ""
    return f"{value:{'+' if signed and value else ''},{'f' if isinstance(value, Decimal) else 'd'}}"


def _align(line: Sequence[str], widths: Sequence[int]) -> str:
    texts = [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
    return "  ".join([line[0].ljust(widths[0]), *texts])
