"""What a rule did, taken back: from the tables that a month leaves, exactly.

A cleaned month and a rule enter; the month without what that rule took, changed or put in leaves, with a ledger that closes
again. The decisions made here: a line comes back with the values that it had when the rule took it, so rules are undone from the
last to the first where they met on the same lines; a cell that a later rule changed is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.account.account import BY, LINE, MEASURES, SUMS
from salesfc_lib.cleaning.account.frames import concat_lines, sort_lines, sum_by, units_as_decimals
from salesfc_lib.cleaning.account.ledger import ledger_gap
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake import from_decimals, one_category, rescale

if TYPE_CHECKING:
    from salesfc_lib.cleaning.clean import Cleaned

MADE = ""  # column of table changes under which a line stands that a rule put in
DAYS = ("date", "month")


def undo(cleaned: Cleaned, rule: str, only: Collection[tuple[str, int]] | None = None) -> Cleaned:
    """The cleaned month as if the rule had left its lines alone, or the lines (source, row) in `only`.

    The ledger has further entries under `undo:<rule>`. A line that a later rule took stays away.

    Raises `SalesForecastError` for a rule that did nothing, and for one whose cells a later rule changed.
    """
    back = _of(cleaned.removed, rule, only)
    cells = _of(cleaned.changes, rule, only)
    if not back.any() and not cells.any():
        raise _nothing(cleaned, rule)
    lines, scales = _as_units(cleaned.transactions)
    removed, _ = _as_units(cleaned.removed[back], scales)
    changes = cleaned.changes[cells]
    before = changes.groupby([*LINE, "column"], sort=False)["before"].first()
    after = changes.groupby([*LINE, "column"], sort=False)["after"].last()
    now, then = _restore(lines, before, after, rule=rule, scales=scales)
    restored = concat_lines([then, removed[[name for name in lines if name in removed]]])
    kept = np.ones(len(lines), dtype=bool)
    kept[now] = False
    result = sort_lines(concat_lines([lines[kept], restored]))
    entry = _subtract(sum_by(lines.iloc[now], BY, MEASURES), sum_by(restored, BY, MEASURES), scales)
    return replace(
        cleaned,
        transactions=result.assign(
            **{name: units_as_decimals(result[name].to_numpy(), scales[name]) for name in MEASURES}
        ),
        ledger=_add(
            cleaned.ledger,
            entry.assign(rule=f"undo:{rule}", reason=f"what '{rule}' did is taken back"),
        ),
        removed=cleaned.removed[~back].reset_index(drop=True),
        changes=cleaned.changes[~cells].reset_index(drop=True),
        quarantine=cleaned.quarantine[~_of(cleaned.quarantine, rule, only)].reset_index(drop=True),
    )


def _of(table: pd.DataFrame, rule: str, only: Collection[tuple[str, int]] | None) -> pd.Series:
    """Which rows of a table are of the rule, and of the lines asked for."""
    mine = table["rule"].eq(rule)
    if only is None or not mine.any():
        return mine
    wanted = set(only)
    keys = zip(table.loc[mine, "source"].astype(object), table.loc[mine, "row"], strict=True)
    mine[mine] = [(str(source), int(row)) in wanted for source, row in keys]
    return mine


def _restore(
    lines: pd.DataFrame, before: pd.Series, after: pd.Series, *, rule: str, scales: dict[str, int]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Positions of the lines that the rule changed or put in, and those that it changed as they were."""
    empty = np.empty(0, dtype=np.int64), lines.iloc[:0]
    if before.empty:
        return empty
    names = list(before.index.names)
    cells = pd.DataFrame({"before": before, "after": after}).reset_index()
    cells = cells[cells["column"].isin([*lines, MADE])]
    kinds = cells[cells["column"].eq("kind")].set_index(LINE)["after"]
    if len(kinds):  # a line is known by its kind: one that the rule changed goes by the new one now
        keys = pd.MultiIndex.from_frame(cells[LINE])
        cells = cells.assign(kind=kinds.reindex(keys).to_numpy()).fillna({"kind": cells["kind"]})
    near = np.flatnonzero(np.isin(lines["row"].to_numpy(), cells["row"].unique()))
    keys = lines[LINE].iloc[near].astype({"source": object, "kind": object}).assign(at=near)
    cells = cells.astype({"source": object, "kind": object}).merge(keys, on=names[:-1])
    at = np.sort(cells["at"].unique())
    made = cells.loc[cells["column"].eq(MADE), "at"].to_numpy()
    then = lines.iloc[np.setdiff1d(at, made)]
    for name, part in cells[~cells["at"].isin(made)].groupby("column", sort=False):
        then = then.assign(
            **{name: _put_back(then[name], part.set_index("at"), rule, scales.get(name))}
        )
    return at, then.reset_index(drop=True)


def _put_back(column: pd.Series, cells: pd.DataFrame, rule: str, scale: int | None) -> pd.Series:
    """The column (by position in the lines) with the cells as they were."""
    now = _read(column.loc[cells.index], column, None, written=False)
    after, before = (_read(cells[key], column, scale, written=True) for key in ("after", "before"))
    if (later := (now.ne(after) & ~(now.isna() & after.isna())).to_numpy()).any():
        first = cells[later].iloc[0]
        raise SalesForecastError.say(
            f"Row {first['row']} of '{first['source']}': '{rule}' made {column.name} '{first['after']}', and a later rule "
            "changed it again",
            "The values that the rule left",
            "Undo the later rule first",
        )
    whole = column.astype(object) if column.dtype.kind != "M" else column.copy()
    whole.loc[cells.index] = before
    if isinstance(column.dtype, pd.CategoricalDtype):
        return one_category(whole)
    return (
        pd.Series(whole.to_numpy().astype(column.dtype), index=column.index)
        if column.dtype.kind in "iu"
        else whole
    )


def _read(cells: pd.Series, column: pd.Series, scale: int | None, *, written: bool) -> pd.Series:
    """Cells as values of the column: days, whole numbers of the smallest unit, or labels (None where missing)."""
    if column.dtype.kind == "M":
        return pd.to_datetime(cells.replace("", None)) if written else cells
    if scale is not None and written:
        return cells.map(lambda text: int(Decimal(text).scaleb(scale))).astype(object)
    values = cells.astype(object)
    return values.where(values.ne("") & values.notna(), None)


def _as_units(
    table: pd.DataFrame, wanted: dict[str, int] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Lines with texts as categories, and quantity and amount as whole numbers at the scale that is wanted, or their own."""
    texts = {
        name: one_category(table[name])
        for name in table
        if _is_text(table[name]) and name not in MEASURES
    }
    columns, scales = {}, dict(wanted or {})
    for name in MEASURES:
        units, scale = (
            from_decimals(pa.array(table[name].array))
            if len(table)
            else (np.empty(0, dtype=np.int64), 0)
        )
        columns[name] = rescale(units, scale, scales.setdefault(name, scale))
    return table.assign(**texts, **columns), scales


def _is_text(column: pd.Series) -> bool:
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in (
        "string",
        "empty",
    )


def _subtract(now: pd.DataFrame, restored: pd.DataFrame, scales: dict[str, int]) -> pd.DataFrame:
    """Entries of what is there now - what comes back, by source and month, in decimals."""
    signed = [now, restored.assign(**{name: -restored[name] for name in SUMS})]
    both = pd.concat(
        [part.astype({"source": object, **dict.fromkeys(MEASURES, object)}) for part in signed],
        ignore_index=True,
    )
    entry = both.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()
    decimals = {name: _scaled(entry[name], scales[name]) for name in MEASURES}
    return entry[entry[SUMS].ne(0).any(axis=1)].assign(**decimals)


def _scaled(units: pd.Series, scale: int) -> pd.Series:
    return units.map(lambda value: Decimal(int(value)).scaleb(-scale)).astype(object)


def _add(ledger: pd.DataFrame, entry: pd.DataFrame) -> pd.DataFrame:
    """Ledger with further entries before `kept`, which is less by what they took away."""
    kept = ledger["rule"].eq("kept")
    less = entry.assign(
        **{name: -entry[name] for name in SUMS}, rule="kept", reason="what the forecast sees"
    )
    parts = [ledger[~kept], entry, pd.concat([ledger[kept], less])]
    keys = ["source", "rule", "month"]
    whole = pd.concat(
        [part.astype(dict.fromkeys(MEASURES, object)) for part in parts], ignore_index=True
    )
    groups = whole.groupby(keys, dropna=False, sort=False)
    merged = groups[SUMS].sum().assign(reason=groups["reason"].first()).reset_index()
    merged = merged[merged["rule"].ne("kept") | merged[SUMS].ne(0).any(axis=1)]
    merged = (
        merged.sort_values("source", kind="stable")
        .astype({"rows": "int64", "month": "datetime64[ns]"})
        .reset_index(drop=True)
    )
    if (gap := ledger_gap(merged))[SUMS].ne(0).any(axis=None):
        raise ValueError(f"the ledger does not close after an undo: {gap.to_dict('records')}")
    return merged[[*ledger]]


def _nothing(cleaned: Cleaned, rule: str) -> SalesForecastError:
    known = sorted({*cleaned.removed["rule"].astype(str), *cleaned.changes["rule"].astype(str)})
    if rule in known:
        return SalesForecastError.say(
            f"The rule '{rule}' did nothing to the lines in `only`",
            "Source and row",
            "Look at `removed`",
        )
    return SalesForecastError.unknown_key(rule, known, "what the rules of this month did")
