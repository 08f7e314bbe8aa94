"""A published month as a workbook for each department, and each of its sheets as a CSV file.

Frames of `sheets` enter; files in each language of the unit leave. A sheet without rows is left
out.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import (
    Sheet,
    amounts,
    in_words,
    is_said,
    iso,
    label_name,
    language,
    name_in_file,
    name_of,
    tables,
    wording,
    write_book,
)
from salesfc_lib.handover.workbooks.sheets import DEPARTMENTS, Build, Month, by_month

MONTH, DAY, SHARE = "yyyy-mm", "yyyy-mm-dd", "0.0%"
SHARES = ("change", "risk", "runs_out", "over", "used", "known", "service", "cycle_service")
LOOKS = {"ds": MONTH, **dict.fromkeys(("release", "out_on", "early_on"), DAY)}
LOOKS |= dict.fromkeys((*SHARES, "fill_rate", "reached"), SHARE)
READINGS = {"days": "0.0", "times": "0.0", "amount": "#,##0"}  # of KPIs; others are shares
WIDTHS = {"label": 34, "reason": 40, "lacking": 50, "instead": 50, "kpi": 34}
NARROW, WIDE = 11, 16  # numbers, texts
IN_PIECES = ("urgent", "requirements", "stock_policy", "capacity_plan")
WITHOUT_UNIT = ("kpis", "asked")
BASIS = ("formula", "assumptions", "inputs")  # sentences beside each decision, in its CSV only
VALUES = {  # columns whose values the catalogue names, and how their keys begin
    "level": "level",
    "kpi": "kpi",
    "state": "state",
    **{name: f"workbook.{name}" for name in ("action", "item", "role", "kind", "basis", "valued")},
}


def write_workbooks(run: UnitMonth, out: Path | None = None) -> list[Path]:
    """Workbooks of a published month, in each language of the unit, and CSV files beside them.

    Below `reports/handover/<month>/<unit>` unless `out` is named. A file is written beside its
    place and renamed in. Raises `RequestError` where the month is not published.
    """
    if not archive.is_published(run.reports, run.month, run.unit):
        raise RequestError.of(
            f"{run.month} of '{run.unit}' is not published",
            "A published month",
            f"Run `salesfc run --unit {run.unit} --month {run.month}`, or name another",
        )
    place = out or run.reports / "handover" / run.month / run.unit
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".next-", dir=place) as beside:
        for department, sheets in DEPARTMENTS.items():
            _write(run, Month(run), department, sheets, Path(beside))
        written = sorted(path.name for path in Path(beside).iterdir())
        for name in written:
            os.replace(Path(beside, name), place / name)
    return [place / name for name in written if name.endswith(".xlsx")]


def _write(
    run: UnitMonth, month: Month, department: str, sheets: Mapping[str, Build], folder: Path
) -> None:
    """The workbook of a department and a CSV file for each sheet, in each language."""
    found = {name: frame for name, build in sheets.items() if not (frame := build(month)).empty}
    spoken = run.parameters.report.spoken
    for name, frame in found.items():
        path = folder / f"{department}_{name}.csv"
        language.write_each(partial(_write_csv, frame), path, spoken)
    if department == "sales":  # what their columns are of differs by level
        found |= {
            f"level.{level}": by_month(month, level) for level in month.series["level"].unique()
        }
    write = partial(_write_book, run, department, found)
    language.write_each(write, folder / f"{department}.xlsx", spoken)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Rows as they are; heads and the names of values in the current language, English as coded."""
    shown = _in_language(frame, name_in_file)
    for name in shown.select_dtypes("datetime").columns:
        shown[name] = shown[name].dt.strftime("%Y-%m" if LOOKS.get(name) == MONTH else "%Y-%m-%d")
    shown = shown.round(4)
    shown.columns = [_name_column(name, name_in_file) for name in shown]
    shown.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _write_book(
    run: UnitMonth, department: str, found: Mapping[str, pd.DataFrame], path: Path
) -> None:
    """The workbook in the current language."""
    title = f"{run.title} · {iso(run.month)} · {name_of('workbook.department', department)}"
    write_book([_make_sheet(run, name, frame) for name, frame in found.items()], path, title)


def _make_sheet(run: UnitMonth, name: str, frame: pd.DataFrame) -> Sheet:
    """A frame with its heads and how its numbers look; its title says their unit."""
    kept = frame.drop(columns=[*BASIS, "unit"], errors="ignore")
    kind, _, level = name.partition(".")
    title = name_of("level", level) if level else name_of("workbook.sheet", kind)
    unit = "" if name in WITHOUT_UNIT else _name_unit(run, name in IN_PIECES)
    return Sheet(
        title=wording.first_upper(f"{title} ({unit})" if unit else title),
        rows=_in_language(kept, name_of),
        heads=[wording.first_upper(_name_column(column)) for column in kept],
        formats=[_find_look(column, frame) for column in kept],
        widths=[WIDTHS.get(column, WIDE if _is_text(kept[column]) else NARROW) for column in kept],
    )


def _name_unit(run: UnitMonth, in_pieces: bool) -> str:
    """The unit's currency, or its unit of measure where quantities are forecast or planned."""
    pieces = in_pieces or run.parameters.measure.value == "quantity"
    named = amounts.AmountFormat("", run.parameters.unit.quantity_unit)
    return named.unit_name if pieces else run.parameters.unit.currency


def _in_language(frame: pd.DataFrame, name: Callable[[str, str], str]) -> pd.DataFrame:
    """The frame with what the workbench itself says in the current language, and no formula."""
    shown = frame.copy()
    for column in frame.columns[[_is_text(frame[each]) for each in frame]]:
        say = label_name if column == "label" else partial(_say, name, VALUES.get(column, ""))
        texts = frame[column].map(say, na_action="ignore")
        shown[column] = texts.map(tables.guard_text)
    return shown


def _say(name: Callable[[str, str], str], kind: str, value: Any) -> Any:
    """What the workbench says in words; what the sources say stays as it is."""
    if isinstance(value, bool):
        return name("workbook.flag", "yes" if value else "no")
    if f"{kind}.{value}" in language.sentences():
        return name(kind, value)
    return in_words(value) if is_said(value) else value


def _is_text(column: pd.Series) -> bool:
    return column.dtype == object or pd.api.types.is_bool_dtype(column)


def _name_column(column: str, name: Callable[[str, str], str] = name_of) -> str:
    """Head of a column: a month as it is, a dimension as its level, others by the catalogue."""
    if re.match(r"\d{4}-\d\d$", column):
        return column
    return name("workbook" if f"workbook.{column}" in language.sentences() else "level", column)


def _find_look(column: str, frame: pd.DataFrame) -> str | list[str] | None:
    """Number format of a column; None for text."""
    if column in ("value", "before") and "unit" in frame:
        return [
            READINGS.get(unit, "#,##0" if unit == "amount" else SHARE) for unit in frame["unit"]
        ]
    if _is_text(frame[column]):
        return None
    if column in LOOKS or pd.api.types.is_integer_dtype(frame[column]):
        return LOOKS.get(column, "0")
    return "0.0" if frame[column].abs().max() < 100 else "#,##0"
