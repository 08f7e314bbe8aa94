"""From a source's rows to lines with this project's column names, dates and exact whole numbers.

A line has `source` (the label in tables), `name` (the source's name in the parameters), `row`,
`mark`, `kind`, `date`, `month` (first day of the date's month; NaT where unknown), `known` (the day
on which the line was known), `quantity`, `amount` and the other mapped measures (whole numbers of
10**-scale, the scale in `Batch.scales`), the mapped columns as categories (missing where blank),
`problem` and `problem_rule` (missing where there is none). A cell that cannot be read never stops
the mapping: its line gets a `problem`, its amount counts as zero, and the rules decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.declared import (
    DOCUMENTED,
    list_mapped,
    list_parts,
    require_columns,
    takes_share,
)
from salesfc_lib.cleaning.batch.frames import concat_lines, fit_int64, with_month
from salesfc_lib.cleaning.batch.made_amounts import make_amounts
from salesfc_lib.foundation import Parameters, Source, say, say_all
from salesfc_lib.intake import (
    Extract,
    Issue,
    evidence,
    join_columns,
    label_files,
    layout,
    mapped_columns,
    refuse_stated_unit,
    text_columns,
)

TEXT = ("order_id", "customer", "product", "salesperson")  # text columns that every line has
PARTS = ("discount", "freight", "price", "tax_amount")  # measures beside quantity and amount
NUMBERS = ("quantity", "amount", *PARTS)  # columns that are parsed where they are mapped
ORIGINALS = ("quantity_original", "amount_original")  # measures before they were converted
READ = {
    "date",
    "year",
    "month",
    "week",
    "kind",
    *NUMBERS,
}  # columns that are parsed, not carried as text
KINDS = {kind: kind for kind in ("sale", "return", "adjustment")}
KIND = pd.CategoricalDtype(pd.Index([*KINDS], dtype=object))
PERIODS = {"week", "month"}  # rules by which days are read that stand for more
NET = say("reason.net_of_period")
SALE, RETURN, ADJUSTMENT = range(3)  # codes of KIND


class CellProblems(NamedTuple):
    """What is wrong with the cells of one column: text and rule by row position."""

    problems: pd.Series
    rules: pd.Series


def map_lines(name: str, source: Source, extract: Extract, parameters: Parameters) -> Batch:
    """Batch of a source's lines: its rows, and those that could not be laid out."""
    require_columns(name, source, parameters)
    refuse_stated_unit(name, source, extract)
    rows, mapped, count = extract.rows, list_mapped(source), extract.rows.num_rows
    carried = {ours: header for ours, header in mapped.items() if ours not in READ}
    plain = layout.is_plain(rows)
    label = label_files(name, [file["path"] for file in extract.files])
    lost_zeros = mapped_columns.check_identifiers(rows, mapped, source)
    measures = {ours: mapped[ours] for ours in NUMBERS if ours in mapped}
    numbers = mapped_columns.read_measures(rows, measures, source, plain)
    units = {
        ours: fit_int64(item.values, f"Column '{measures[ours]}' of source '{name}'", item.scale)
        for ours, item in numbers.items()
    }
    scales = {"quantity": 0, "amount": 0} | {ours: item.scale for ours, item in numbers.items()}
    rounded: list[tuple[str, Issue]] = []
    if source.amount:
        made = make_amounts(name, units, scales, less=takes_share(source))
        units["amount"], scales["amount"], rounded = made
    dates = _read_dates(rows, mapped, source, extract, plain=plain, zone=parameters.calendar.zone)
    kinds, strange = _read_kinds(rows, mapped, source)
    quantity = units.get("quantity", np.zeros(count, dtype=np.int64))
    came_back = kinds == RETURN
    columns, nulls = mapped_columns.read_texts(rows, carried, source)
    nets = (kinds == SALE) & (quantity < 0) & _find_nets(source, dates, columns, units, plain)
    kinds = np.where((kinds == SALE) & (quantity < 0) & ~nets, RETURN, kinds)
    errors = {
        ours: CellProblems(*found)
        for ours, found in mapped_columns.find_error_cells(rows, carried).items()
    }
    cells: dict[str, Any] = {"kind": strange, "date": dates, **numbers, **errors}
    problems, rules = _collect(cells, kinds, plain, list_parts(source, parameters))
    codes, files = text_columns.encode(rows[layout.FILE])
    if "reference" in columns:  # goods that came back cancel nothing
        columns["cancels"] = columns["reference"].mask(came_back)
    texts = {
        ours: text_columns.missing_category(count) for ours in TEXT if ours not in columns
    } | columns
    lines = pd.DataFrame(
        {
            "source": text_columns.category_of(codes, [label[file] for file in files]),
            "name": text_columns.category_of(np.zeros(count, dtype=np.int8), [name]),
            "row": rows[layout.ROW].to_numpy(),
            layout.MARK: text_columns.category_of(*text_columns.encode(rows[layout.MARK])),
            **texts,
            "kind": pd.Series(pd.Categorical.from_codes(kinds.astype(np.int8), dtype=KIND)),
            "date": dates.values,
            "known": dates.values,
            "quantity": quantity,
            "amount": np.zeros(count, dtype=np.int64),
            **units,
            "problem": _spread(problems, count),
            "problem_rule": _spread(rules, count),
        },
        copy=False,
    )
    lines = concat_lines([lines, _map_rejected(name, extract)])
    calendar = parameters.calendar
    batch = Batch(with_month(lines, calendar), scales, calendar=calendar)
    parsed = [(ours, issue) for ours, item in numbers.items() for issue in item.issues]
    parsed += [("date", issue) for issue in dates.issues] + rounded
    if count := int(nets.sum()):
        first = int(np.flatnonzero(nets)[0])
        parsed.append(("quantity", Issue("net_of_period", NET, first, count, "read")))
    return _report(batch, extract, [*parsed, *nulls, *lost_zeros])


def _read_dates(
    rows: pa.Table,
    mapped: Mapping[str, str],
    source: Source,
    extract: Extract,
    *,
    plain: np.ndarray,
    zone: str | None,
) -> evidence.ParsedColumn:
    """Days of the rows, by their column of dates or those of years and months; NaT without one."""
    header = mapped.get("date", "")
    if source.has_months:
        parts = [mapped[name] for name in source.date_parts]
        header = " + ".join(parts)
        is_week = source.date_parts[1] == "week"
        joined = join_columns(*(rows[layout.exported(part)] for part in parts), week=is_week)
        rows = rows.append_column(layout.exported(header), joined)
    if not header:
        none = pd.Series([], dtype=object, index=np.array([], dtype=np.int64))
        nat = np.full(rows.num_rows, np.datetime64("NaT", "ns"))
        return evidence.ParsedColumn(nat, none, none, [])
    late = [str(file["path"]) for file in extract.files if file.get("date_system") == "1904"]
    return mapped_columns.read_days(rows, header, source, plain, zone=zone, from_1904=late)


def combine(batches: Sequence[Batch]) -> Batch:
    """One batch of several sources, each measure at the finest scale that one of them uses."""
    names = dict.fromkeys(name for batch in batches for name in batch.scales)
    scales = {name: max(batch.scales.get(name, 0) for batch in batches) for name in names}
    frames = [
        batch.at_scales({name: scales[name] for name in batch.scales}).lines for batch in batches
    ]
    issues = tuple(issue for batch in batches for issue in batch.issues)
    return Batch(concat_lines(frames), scales, issues=issues, calendar=batches[0].calendar)


def _read_kinds(
    rows: pa.Table, mapped: Mapping[str, str], source: Source
) -> tuple[np.ndarray, CellProblems]:
    """Code of each row's kind, and what is wrong with those that are none."""
    default = RETURN if source.role == "returns" else SALE
    kinds, wrong, texts = np.full(rows.num_rows, default), np.empty(0, dtype=np.int64), []
    if "kind" in mapped and rows.num_rows:
        known: Mapping[str, str] = source.kinds or KINDS
        codes, distinct = text_columns.encode(rows[layout.exported(mapped["kind"])])
        names = [known.get(text.strip(), "") for text in distinct]
        kinds = np.array([[*KINDS, ""].index(name) for name in names])[codes]
        wrong = np.flatnonzero(kinds == len(KINDS))
        kinds[wrong] = default
        listed = [f"'{kind}'" for kind in known]
        texts = [say("reason.kind", text=distinct[codes[place]], known=listed) for place in wrong]
    return kinds, CellProblems(
        pd.Series(texts, index=wrong, dtype=object),
        pd.Series("unreadable", index=wrong, dtype=object),
    )


def _find_nets(
    source: Source,
    dates: evidence.ParsedColumn,
    texts: Mapping[str, pd.Series],
    units: Mapping[str, np.ndarray],
    plain: np.ndarray,
) -> np.ndarray:
    """Rows that are the net of an item's sales and returns where it is below zero, not a return.

    All of a source that names no order and stands for weeks or months; where each day and its
    members stand once, those whose amount has the other sign.
    """
    none = np.zeros(len(plain), dtype=bool)
    if source.role != "orders" or DOCUMENTED & {*source.columns}:
        return none
    if source.period != "day" or any(issue.rule in PERIODS for issue in dates.issues):
        return ~none
    stands_once = not pd.DataFrame({**texts, "date": dates.values})[plain].duplicated().any()
    return units.get("amount", none) > 0 if stands_once else none


def _collect(
    cells: Mapping[str, evidence.ParsedColumn | CellProblems],
    kinds: np.ndarray,
    plain: np.ndarray,
    needed: Iterable[str],
) -> tuple[dict[int, str], dict[int, str]]:
    """What is wrong with each line, and by which rule, by row position.

    A return without a date, an adjustment without a quantity and a line without a discount are no
    problems yet, nor is what stands in a column that the definition does not need. Of an amount
    that is calculated, quantity and price are needed in every line.
    """
    excused = {"date": kinds == RETURN, "quantity": kinds == ADJUSTMENT}
    if "price" in needed:
        excused.pop("quantity")
    texts: dict[int, list[str]] = {}
    rules: dict[int, str] = {}
    for ours, column in cells.items():
        if ours in PARTS and ours not in needed:
            continue
        for place, text in column.problems.items():
            at = int(place)
            may_be_blank = ours in {*PARTS} - {"price"} or (ours in excused and excused[ours][at])
            if not plain[at] or (text == evidence.BLANK and may_be_blank):
                continue
            texts.setdefault(at, []).append(say("reason.cell", column=ours, problem=text))
            rules.setdefault(at, str(column.rules[place]))
    return {at: say_all(said) for at, said in texts.items()}, rules


def _spread(texts: Mapping[int, str], rows: int) -> pd.Series:
    """A category that is missing but in a few rows."""
    codes = np.zeros(rows, dtype=np.int32)
    codes[[*texts]] = np.arange(1, len(texts) + 1)
    return text_columns.category_of(codes, [None, *texts.values()])


def _map_rejected(name: str, extract: Extract) -> pd.DataFrame:
    """Lines for rows that could not be laid out: nothing is known of them but their place."""
    rejected, count = extract.rejected, len(extract.rejected)
    texts: dict[str, Any] = {
        "source": rejected["source"].to_numpy(),
        "name": [name] * count,
        layout.MARK: [""] * count,
        "problem": rejected["reason"].to_numpy(),
        "problem_rule": rejected["rule"].to_numpy(),
    }
    sales = pd.Categorical.from_codes(np.full(count, SALE, dtype=np.int8), dtype=KIND)
    unknown = np.full(count, np.datetime64("NaT", "ns"))
    lines = pd.DataFrame(
        {column: text_columns.one_category(values) for column, values in texts.items()}
    )
    places = rejected["row"].to_numpy(dtype=np.int64)
    return lines.assign(row=places, kind=sales, date=unknown, known=unknown)


def _report(batch: Batch, extract: Extract, parsed: Iterable[tuple[str, Issue]]) -> Batch:
    """Batch with what the readers and the parsers saw and dealt with."""
    numbers = extract.rows[layout.ROW].to_numpy()
    found = []
    for ours, issue in parsed:
        source, first = batch.lines["source"].iloc[issue.row], int(numbers[issue.row])
        found.append(replace(issue, row=first, source=source, column=ours))
    of_extract = extract.issues[["rule", "reason", "row", "rows", "action", "source"]]
    return batch.report(*found, *(Issue(**item) for item in of_extract.to_dict("records")))
