"""A department's forecast read from a CSV or XLSX file, whole or not at all.

Long: a series id or columns of members, a month and a value; wide: months side by side. What a line
leaves blank of the members means all. Every problem is said with its line, and then no cell counts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.entering import list_months
from salesfc_lib.coordination.views.levels import price_series
from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.intake import cell_text, evidence, parse_month
from salesfc_lib.panel import list_levels
from salesfc_lib.reconciliation import list_heads
from salesfc_lib.reconciliation.hand_written import MONTH, NUMBER, Line, raise_all, read_lines
from salesfc_lib.retrospective import published
from salesfc_lib.retrospective.loop import read_published

MEASURES = ("amount", "quantity", "percent")  # percent: of the same month's sales a year before
MISTAKEN = 20.0  # times the statistical forecast, at half the cells: another unit was meant
NAMES = {
    "unique_id": ("unique_id", "series", "id", "序列"),
    "ds": ("ds", "month", "月份", "月"),
    "value": ("value", "forecast", "amount", "quantity", "percent", "预测", "数值", "金额", "数量"),
}


def read_view(run: UnitMonth, path: Path, measure: str) -> pd.DataFrame:
    """Forecast in the unit's measure by series and month: unique_id, ds, y_hat.

    Raises `SalesForecastError`, with every line that cannot be used: a series, member or month that
    is not forecast, a cell that is no number or below zero, a cell twice; and where the values are
    of another size than the statistical forecast, or have no price to become the unit's measure.
    """
    if measure not in MEASURES:
        raise RequestError.unknown_key(measure, MEASURES, "what a forecast can be written in")
    series = read_published(run, "series")
    lines = list(_read_lines(path, list_heads(series, run.parameters)))
    cells = [cell for line in lines for cell in _read_cells(line, series, run)]
    raise_all(
        [error for line in lines for error in line.errors] + _find_repeated(cells),
        path.name,
        "forecasts",
    )
    if not cells:
        raise SalesForecastError.of(
            f"'{path.name}' has no forecast",
            "A series or members, a month and a value on each line, or months side by side",
            "Fill it in",
        )
    frame = pd.DataFrame(cells)[["unique_id", "ds", "y_hat"]]
    found = _convert(frame, run, measure)
    _refuse_other_size(found, run, path.name, measure)
    return found.sort_values(["unique_id", "ds"], ignore_index=True)


def _read_lines(path: Path, heads: Mapping[str, Any]) -> Iterator[Line]:
    """Lines with the names that are known here; a head that is a month stays as it is."""
    if not path.is_file():
        raise RequestError.of(f"'{path}' is no file", "A CSV or XLSX file", "Correct the path")
    names = {head: name for name, known in {**heads, **NAMES}.items() for head in known}
    if path.suffix.lower() == ".csv":
        return read_lines(path.parent, path.name, lambda found: _name(found, names, path.name))
    return _read_workbook(path, names)


def _read_workbook(path: Path, names: Mapping[str, str]) -> Iterator[Line]:
    from python_calamine import CalamineError, load_workbook

    try:
        rows = load_workbook(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise SalesForecastError.unreadable_file(path, why, "Save it as XLSX or CSV") from error
    texts = [[cell_text(cell).strip() for cell in row] for row in rows]
    columns = _name(texts[0] if texts else [], names, path.name)
    for number, row in enumerate(texts[1:], start=2):
        if any(row):
            yield Line(f"{path.name} line {number}", dict(zip(columns, row, strict=False)))


def _name(found: list[str], names: Mapping[str, str], file: str) -> list[str]:
    columns = [names.get(head.strip().casefold(), names.get(head.strip(), head)) for head in found]
    months = [head for head in columns if _month_of(head)]
    known = {*names.values(), *months, ""}
    wrong = [head for head in columns if head not in known or (head and columns.count(head) > 1)]
    if wrong or not (months or {"ds", "value"} <= {*columns}):
        what = f"'{file}' has the columns {shorten(found, 8)}"
        raise SalesForecastError.of(
            f"{what}; {shorten(wrong)} cannot be used" if wrong else f"{what}, and no forecast",
            "`unique_id` or dimensions of the unit, each once, and `month` and `value`, or months "
            "side by side",
            "Correct the first line",
        )
    return columns


def _month_of(head: str) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(parse_month(head))
    except evidence.Unreadable:
        return None


def _read_cells(line: Line, series: pd.DataFrame, run: UnitMonth) -> Iterator[dict[str, Any]]:
    """Cells of a line that have a value; what cannot be used is added to its errors."""
    unique_id, months = _find_series(line, series, run), list_months(run)
    wide = {head: month for head in line.cells if (month := _month_of(head)) is not None}
    if not wide:
        month = line.read("ds", MONTH)
        wide = {} if month is None else {"value": month}
    for column, month in wide.items():
        if not line.cells.get(column):
            continue
        value = line.read(column, NUMBER)
        if value is not None and not 0 <= value < float("inf"):
            line.refuse(column, "A forecast from 0 on", "Correct it")
        if f"{month:%Y-%m}" not in months:
            shown = column if column in line.cells and column != "value" else "ds"
            line.refuse(shown, f"A month from {months[0]} to {months[-1]}", "Leave it out")
        if value is not None and unique_id is not None:
            yield {"unique_id": unique_id, "ds": month, "y_hat": value, "where": line.where}


def _find_series(line: Line, series: pd.DataFrame, run: UnitMonth) -> str | None:
    """Id of the series that a line is for; None, with an error, where there is none."""
    if said := line.cells.get("unique_id"):
        if said in set(series["unique_id"]):
            return said
        nearest = difflib.get_close_matches(said, list(series["unique_id"]), n=3, cutoff=0.0)
        line.refuse("unique_id", f"A series of the unit, such as {shorten(nearest)}", "Correct it")
        return None
    dimensions = [name for name in line.cells if name in series and name not in ("unique_id",)]
    members = {name: line.cells[name] for name in dimensions if line.cells[name]}
    for level, crossed in list_levels(series).items():
        if {*crossed} == {*members}:
            rows = series[series["level"].eq(level)]
            for name, member in members.items():
                rows = rows[rows[name].astype(str).eq(member)]
            if len(rows):
                return str(rows["unique_id"].iloc[0])
    first = next(iter(members), "unique_id")
    known = series[first].dropna().astype(str).unique() if first in series else []
    line.refuse(
        first, f"Members that are forecast together, such as {shorten(known)}", "Correct it"
    )
    return None


def _find_repeated(cells: list[dict[str, Any]]) -> list[SalesForecastError]:
    first: dict[tuple[str, pd.Timestamp], str] = {}
    errors = []
    for cell in cells:
        key = cell["unique_id"], cell["ds"]
        if (earlier := first.setdefault(key, cell["where"])) is not cell["where"]:
            wrong = f"{cell['where']} repeats '{key[0]}' in {key[1]:%Y-%m} of {earlier}"
            errors.append(SalesForecastError.of(wrong, "Each cell once", "Remove one of them"))
    return errors


def _convert(frame: pd.DataFrame, run: UnitMonth, measure: str) -> pd.DataFrame:
    """The values in the unit's measure."""
    if measure == "percent":
        panel = read_published(run, "panel")[["unique_id", "ds", "y_raw"]]
        before = panel.assign(ds=panel["ds"] + pd.DateOffset(years=1))
        base = frame.merge(before, on=["unique_id", "ds"], how="left")["y_raw"] / 100
    elif measure == run.parameters.measure.value:
        return frame
    else:
        price = frame["unique_id"].map(price_series(run))
        base = price if measure == "quantity" else 1 / price
    if (unknown := frame.loc[base.isna().to_numpy(), "unique_id"].unique()).size:
        wrong = f"No price is known of {shorten(unknown)}"
        if measure == "percent":
            wrong = f"No sale a year before is known of {shorten(unknown)}"
        raise SalesForecastError.of(
            wrong,
            f"A forecast in {run.parameters.measure.value}",
            "Write these series in the unit's measure",
        )
    return frame.assign(y_hat=frame["y_hat"].to_numpy() * base.to_numpy())


def _refuse_other_size(found: pd.DataFrame, run: UnitMonth, file: str, measure: str) -> None:
    """Refuse values that are mostly of another size: percent for shares, pieces for money."""
    own = published(read_published(run, "forecast"))[["unique_id", "ds", "y_hat"]]
    both = found.merge(own, on=["unique_id", "ds"], suffixes=("", "_own"))
    both = both[(both["y_hat"] > 0) & (both["y_hat_own"] > 0)]
    ratio = float(np.exp(np.log(both["y_hat"] / both["y_hat_own"]).median())) if len(both) else 1.0
    if not 1 / MISTAKEN < ratio < MISTAKEN:
        raise SalesForecastError.of(
            f"The values of '{file}' as {measure} are {ratio:.3g} times the statistical forecast",
            f"Less than {MISTAKEN:g} times it, and more than a {MISTAKEN:g}th",
            "Say what they are in: --in amount, quantity or percent (105 is 5 % more than a year "
            "before)",
        )
