"""Declared effects as people wrote them: `effects/<unit>.csv` read and checked.

A file that a spreadsheet saved enters; rows of table `effect` leave. Each dimension has a column,
blank meaning all members. An unknown header is an error, because leaving it out would widen the
effect. All wrong lines are named at once, and then no effect is used.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.intake import strip_header
from salesfc_lib.panel import DESCRIBING
from salesfc_lib.reconciliation.hand_written import (
    Line,
    cell_error,
    read_date,
    read_lines,
    read_month,
    read_number,
)

DECLARED_END = "declared-end"  # how ids of effects begin that a master file declares
MAX_ERRORS = 12  # errors listed of one file
KINDS = {
    "percent": ("percent", "percentage", "pct", "%", "百分比", "比例", "百分数"),
    "amount": ("amount", "value", "quantity", "金额", "数量", "数值", "量"),
}
# spellings of the first line, but for case, spaces and punctuation
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("effect", "effect id", "no", "编号", "序号", "假设编号"),
    "from": tuple(
        [
            "start",
            "begin",
            "first month",
            "从",
            "自",
            "起",
            "开始",
            "开始月",
            "开始月份",
            "起始月",
            "起始月份",
        ]
    ),
    "until": tuple(
        [
            "to",
            "end",
            "last month",
            "到",
            "至",
            "止",
            "结束",
            "结束月",
            "结束月份",
            "截止",
            "截止月份",
        ]
    ),
    "kind": ("type", "类型", "方式"),
    "change": ("by", "value", "变化", "变动", "变化值", "变动值", "幅度", "数值", "影响"),
    "carried_by": ("carried by", "within", "归入", "并入", "承担", "归入序列"),
    "author": ("who", "declared by", "作者", "提出人", "填写人", "责任人", "声明人"),
    "reason": ("why", "原因", "理由", "事由", "说明"),
    "declared_at": ("declared", "declared on", "声明日期", "提出日期", "填写日期", "日期"),
    "removed_at": ("removed", "removed on", "撤销日期", "移除日期", "取消日期", "撤回日期"),
    "note": ("comment", "remark", "备注"),
}
NEEDED = ("id", "from", "kind", "change", "author", "reason")  # columns that a file must have


def list_heads(series: pd.DataFrame, parameters: Parameters) -> dict[str, list[str]]:
    """Headers of each dimension of the series table: its name, and those of the sources."""
    dimensions = [name for name in series.columns if name not in DESCRIBING]
    known: dict[str, list[str]] = {name: [name] for name in dimensions}
    for source in parameters.sources.values():
        for name in known.keys() & source.columns.keys():
            known[name] += [source.columns[name], *source.aliases.get(name, [])]
    return {name: list(dict.fromkeys(heads)) for name, heads in known.items()}


def read_effects(project: Path, unit: str, heads: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rows of table `effect` out of `effects/<unit>.csv`; none without such a file.

    `heads` lists the headers of each dimension (`list_heads`); headers in any spelling of
    `COLUMNS`.

    Raises `SalesForecastError` naming every line that cannot be used: a header that is unknown, a
    month, number or date that cannot be read, a change below -100 %, no author, no reason, a
    repeated id, a removal before the declaration.
    """
    name = f"effects/{unit}.csv"
    if not (project / name).is_file():
        return tables.empty("effect")
    name_columns = partial(_name_columns, dimensions=heads, name=name)
    lines = list(read_lines(project / name, name, name_columns))
    errors: list[SalesForecastError] = []
    rows = [_read_effect(line, list(heads), errors) for line in lines]
    errors += _find_repeated(rows, lines)
    raise_all(errors, name)
    return as_effects(rows)


def as_effects(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of table `effect` in state `applied`, with no remark and no sums."""
    columns = tables.empty("effect")
    untouched = {"state": "applied", "remark": "", "before": np.nan, "after": np.nan}
    frame = pd.DataFrame([{**row, **untouched} for row in rows], columns=list(columns.columns))
    return frame.astype(columns.dtypes.to_dict())


def raise_all(errors: Sequence[SalesForecastError], name: str) -> None:
    """Raise what is wrong with a file as one error; return where nothing is."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        more = f" And {len(errors) - MAX_ERRORS} more." if len(errors) > MAX_ERRORS else ""
        listed = " ".join(str(error) for error in errors[:MAX_ERRORS])
        raise SalesForecastError(
            f"{name} has {len(errors)} problems, and none of its effects is used. {listed}{more}"
        )


def _name_columns(
    found: list[str], *, dimensions: Mapping[str, Sequence[str]], name: str
) -> list[str]:
    """Names of the columns by their headers; a blank header keeps its place as its name."""
    known = _spellings(dimensions)
    names = [
        known.get(strip_header(head) or head, "") if head else f"column {place}"
        for place, head in enumerate(found, 1)
    ]
    unknown = [head for head, column in zip(found, names, strict=True) if not column]
    if unknown:
        options = [*dimensions, *COLUMNS]
        nearest = difflib.get_close_matches(unknown[0], options, n=3, cutoff=0.0)
        raise SalesForecastError.say(
            f"{name} line 1: {shorten(unknown)} is no column of this file and no dimension of "
            "the unit",
            f"Dimensions: {shorten(dimensions, 8)}; columns: {', '.join(COLUMNS)}",
            f"Did you mean {shorten(nearest, 3)}?",
        )
    repeated = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    missing = [column for column in NEEDED if column not in names]
    wrong = f"lacks the column {shorten(missing, 6)}" if missing else ""
    wrong = f"has several columns for {shorten(repeated)}" if repeated else wrong
    if wrong:
        raise SalesForecastError.say(
            f"{name} line 1 {wrong}", f"Each of {', '.join(NEEDED)} once", "Correct the first line"
        )
    return names


def _spellings(dimensions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Column by plain spelling; names before other spellings, a dimension's headers last."""
    pairs = [
        *((name, name) for name in COLUMNS),
        *((name, name) for name in dimensions),
        *((word, name) for name, words in COLUMNS.items() for word in words),
        *((head, name) for name, heads in dimensions.items() for head in heads),
    ]
    known: dict[str, str] = {}
    for head, name in pairs:
        known.setdefault(strip_header(head) or head, name)
    return known


def _read_effect(
    line: Line, dimensions: Sequence[str], errors: list[SalesForecastError]
) -> dict[str, object]:
    """Row of table `effect`; what cannot be read is added to `errors`."""

    def attempt(read: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except SalesForecastError as error:
            errors.append(error)
            return None

    scope = {name: line.cells[name] for name in dimensions if line.cells.get(name)}
    kind = attempt(_read_kind, line)
    row = {
        "id": attempt(_read_id, line),
        "scope": json.dumps(scope, ensure_ascii=False),
        "kind": kind,
        "change": attempt(_read_change, line, kind),
        "start": attempt(read_month, line, "from"),
        "until": attempt(read_month, line, "until") if line.cells.get("until") else pd.NaT,
        "carried_by": line.cells.get("carried_by") or None,
        "author": attempt(_read_text, line, "author"),
        "reason": attempt(_read_text, line, "reason"),
        "declared_at": attempt(read_date, line, "declared_at"),
        "removed_at": attempt(read_date, line, "removed_at"),
        "source": line.where,
    }
    errors += _find_contradictions(line, row)
    return row


def _read_id(line: Line) -> str:
    text = _read_text(line, "id")
    if text.casefold().startswith(DECLARED_END):
        begin = f"does not begin with '{DECLARED_END}', which stands for master files"
        raise cell_error(line, "id", f"A name that {begin}", "Choose another")
    return text


def _read_text(line: Line, column: str) -> str:
    if not line.cells[column]:
        expected = "Every effect has an id, an author and a reason"
        raise cell_error(line, column, expected, f"Write the {column} on that line")
    return line.cells[column]


def _read_kind(line: Line) -> str:
    text = strip_header(line.cells["kind"]) or line.cells["kind"]
    for kind, words in KINDS.items():
        if text in {strip_header(word) or word for word in words}:
            return kind
    do = "Write percent for a change in percent, amount for one in the measure a month"
    raise cell_error(line, "kind", "'percent' or 'amount'", do)


def _read_change(line: Line, kind: str | None) -> float:
    number = read_number(line, "change", percent=kind != "amount")
    if pd.isna(number):
        do = "Write by how much the forecast changes"
        raise cell_error(line, "change", "A number, such as 5 or -100", do)
    if kind == "percent" and number < -100:
        expected = "At least -100: nothing can fall by more than all of it"
        raise cell_error(line, "change", expected, "Write -100 for what ends")
    return number


def _find_contradictions(line: Line, row: Mapping[str, Any]) -> list[SalesForecastError]:
    """Contradictions between readable cells, and cells that belong to no column."""
    do, found = "Write what the column is into the first line", []
    for column, text in line.cells.items():
        if column.startswith("column ") and text:
            found.append(cell_error(line, column, "Nothing below a blank header", do))
    one = "Correct one of the two"
    if row["start"] is not None and pd.notna(row["until"]) and row["until"] < row["start"]:
        expected = f"A month from {row['start']:%Y-%m} on, in which it begins"
        found.append(cell_error(line, "until", expected, one))
    declared, removed = row["declared_at"], row["removed_at"]
    if pd.notna(declared) and pd.notna(removed) and removed < declared:
        expected = f"A day from {declared:%Y-%m-%d} on"
        found.append(cell_error(line, "removed_at", expected, one))
    if row["carried_by"] and row["kind"] == "percent":
        expected = "Nothing: a percentage of what has no series is nothing"
        do = "Leave it blank, or declare an amount"
        found.append(cell_error(line, "carried_by", expected, do))
    return found


def _find_repeated(
    rows: Sequence[Mapping[str, Any]], lines: Sequence[Line]
) -> list[SalesForecastError]:
    seen: dict[str, str] = {}
    found = []
    for row, line in zip(rows, lines, strict=True):
        key = str(row["id"] or "").casefold()
        if key and key in seen:
            expected = f"An id of its own; {seen[key]} has the same"
            found.append(cell_error(line, "id", expected, "Number one of the two anew"))
        seen.setdefault(key, line.where)
    return found
