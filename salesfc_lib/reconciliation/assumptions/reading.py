"""Declared effects as people wrote them: `effects/<unit>.csv` read and checked.

A file that a spreadsheet saved enters; rows of table `effect` leave. Each dimension has a column,
blank meaning all members. An unknown header is an error, because leaving it out would widen the
effect.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.intake import evidence, strip_header
from salesfc_lib.panel import DESCRIBING
from salesfc_lib.reconciliation.hand_written import (
    DATE,
    MONTH,
    NUMBER,
    PERCENT,
    CellKind,
    Line,
    add_lines,
    raise_all,
    read_lines,
)

DECLARED_END = "declared-end"  # how ids of effects begin that a master file declares
KINDS = {
    "percent": "percent,percentage,pct,%,百分比,比例,百分数",
    "amount": "amount,value,quantity,金额,数量,数值,量",
}
# spellings of the first line, but for case, spaces and punctuation
COLUMNS = {
    "id": "effect,effect id,no,编号,序号,假设编号",
    "from": "start,begin,first month,从,自,起,开始,开始月,开始月份,起始月,起始月份",
    "until": "to,end,last month,到,至,止,结束,结束月,结束月份,截止,截止月份",
    "kind": "type,类型,方式",
    "change": "by,value,变化,变动,变化值,变动值,幅度,数值,影响",
    "carried_by": "carried by,within,归入,并入,承担,归入序列",
    "author": "who,declared by,作者,提出人,填写人,责任人,声明人",
    "reason": "why,原因,理由,事由,说明",
    "declared_at": "declared,declared on,声明日期,提出日期,填写日期,日期",
    "removed_at": "removed,removed on,撤销日期,移除日期,取消日期,撤回日期",
    "note": "comment,remark,备注",
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

    `heads` lists the headers of each dimension (`list_heads`); other headers in any spelling of
    `COLUMNS`.

    Raises `SalesForecastError` naming every line that cannot be used: a header that is unknown, a
    month, number or date that cannot be read, a change below -100 %, no author, no reason, a
    repeated id, a removal before the declaration.
    """
    name = f"effects/{unit}.csv"
    rows, errors = [], []
    first: dict[str, str] = {}  # line of each id
    for line in read_lines(project, name, lambda found: _name_columns(found, heads, name)):
        rows.append(_read_effect(line, heads))
        key = line.cells["id"].casefold()
        if key and (earlier := first.setdefault(key, line.where)) != line.where:
            expected = f"An id of its own; {earlier} has the same"
            line.refuse("id", expected, "Number one of the two anew")
        errors += line.errors
    raise_all(errors, name, "effects")
    return as_effects(rows)


def add_effects(
    project: Path, unit: str, heads: Mapping[str, Sequence[str]], rows: Sequence[Mapping[str, str]]
) -> bytes:
    """Content of `effects/<unit>.csv` with further lines, which can be read; nothing is written.

    rows: texts by column. Raises `SalesForecastError` as `read_effects` does.
    """
    name = f"effects/{unit}.csv"
    content = add_lines(project, name, rows, lambda found: _name_columns(found, heads, name))
    with TemporaryDirectory() as folder:
        tried = Path(folder, name)
        tried.parent.mkdir()
        tried.write_bytes(content)
        read_effects(Path(folder), unit, heads)
    return content


def as_effects(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of table `effect` in state `applied`, with no remark and no sums."""
    untouched = {"state": "applied", "remark": "", "before": np.nan, "after": np.nan}
    return tables.build([{**row, **untouched} for row in rows], "effect")


def _name_columns(
    found: list[str], dimensions: Mapping[str, Sequence[str]], name: str
) -> list[str]:
    """Names of the columns by their headers; a blank header keeps its place as its name."""
    known = _list_spellings(dimensions)
    names = [
        known.get(_key(head), "") if head else f"column {place}"
        for place, head in enumerate(found, 1)
    ]
    unknown = [head for head, column in zip(found, names, strict=True) if not column]
    if unknown:
        nearest = difflib.get_close_matches(unknown[0], [*dimensions, *COLUMNS], n=3, cutoff=0.0)
        raise SalesForecastError.of(
            f"{name} line 1: {shorten(unknown)} is no column of this file and no dimension of "
            "the unit",
            f"Dimensions: {shorten(dimensions, 8)}; columns: {', '.join(COLUMNS)}",
            f"Did you mean {shorten(nearest, 3)}?",
        )
    repeated = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    missing = [column for column in NEEDED if column not in names]
    wrong = f"{name} line 1 lacks the column {shorten(missing, 6)}" if missing else ""
    wrong = f"{name} line 1 has several columns for {shorten(repeated)}" if repeated else wrong
    if wrong:
        raise SalesForecastError.of(
            wrong, f"Each of {', '.join(NEEDED)} once", "Correct the first line"
        )
    return names


def _list_spellings(dimensions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Column by the key of its spelling; where two share one, the first of these wins."""
    pairs = [
        *((name, name) for name in (*COLUMNS, *dimensions)),
        *((word, name) for name, words in COLUMNS.items() for word in words.split(",")),
        *((head, name) for name, heads in dimensions.items() for head in heads),
    ]
    return {_key(head): name for head, name in reversed(pairs)}


def _key(text: str) -> str:
    return strip_header(text) or text


def _parse_kind(text: str) -> str:
    for kind, words in KINDS.items():
        if _key(text) in map(_key, words.split(",")):
            return kind
    raise evidence.Unreadable("is no kind of effect")


KIND = CellKind(
    _parse_kind,
    "'percent' or 'amount'",
    "Write percent for a change in percent, amount for one in the measure a month",
)


def _read_effect(line: Line, dimensions: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Row of table `effect`; what cannot be used is added to the errors of the line."""
    cells = line.cells
    scope = {name: cells[name] for name in dimensions if cells.get(name)}
    kind = line.read("kind", KIND)
    row = {
        "id": cells["id"],
        "scope": json.dumps(scope, ensure_ascii=False),
        "kind": kind,
        "change": line.read("change", NUMBER if kind == "amount" else PERCENT),
        "start": line.read("from", MONTH),
        "until": line.read_if_any("until", MONTH, pd.NaT),
        "carried_by": cells.get("carried_by") or None,
        "author": cells["author"],
        "reason": cells["reason"],
        "declared_at": line.read_if_any("declared_at", DATE, pd.NaT),
        "removed_at": line.read_if_any("removed_at", DATE, pd.NaT),
        "source": line.where,
    }
    for column in ("id", "author", "reason"):
        if not cells[column]:
            expected = "Every effect has an id, an author and a reason"
            line.refuse(column, expected, f"Write the {column} on that line")
    if cells["id"].casefold().startswith(DECLARED_END):
        expected = (
            f"A name that does not begin with '{DECLARED_END}', which stands for master files"
        )
        line.refuse("id", expected, "Choose another")
    if kind == "percent" and row["change"] is not None and row["change"] < -100:
        expected = "At least -100: nothing can fall by more than all of it"
        line.refuse("change", expected, "Write -100 for what ends")
    _refuse_contradictions(line, row)
    return row


def _refuse_contradictions(line: Line, row: Mapping[str, Any]) -> None:
    """Add contradictions between readable cells, and cells that belong to no column."""
    for column, text in line.cells.items():
        if column.startswith("column ") and text:
            do = "Write what the column is into the first line"
            line.refuse(column, "Nothing below a blank header", do)
    for first, last in (("start", "until"), ("declared_at", "removed_at")):
        begin, end = row[first], row[last]
        if pd.notna(begin) and pd.notna(end) and end < begin:
            expected = f"A day from {begin:%Y-%m-%d} on"
            if first == "start":
                expected = f"A month from {begin:%Y-%m} on, in which it begins"
            line.refuse(last, expected, "Correct one of the two")
    if row["carried_by"] and row["kind"] == "percent":
        expected = "Nothing: a percentage of what has no series is nothing"
        line.refuse("carried_by", expected, "Leave it blank, or declare an amount")
