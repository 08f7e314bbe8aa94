"""Lines for an ERP system: the published forecast by its product numbers, plants and units.

A published month and the file that `products` names enter; lines leave, and problems, each with
the place where it is mended.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import UnitMonth, manifest, unit_folder
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Target, tables
from salesfc_lib.handover.erp.plan import Line, Problem

COLUMNS = ("product", "number", "unit")
FINAL = ("adjusted", "reconciled")  # the published stage is the first of these that there is


@dataclass(frozen=True)
class Product:
    """A row of the products' file."""

    number: str
    unit: str
    plant: str
    factor: str  # as written; how many of the ERP's unit one of ours is
    place: str  # file and line


def read_products(project: Path, target: Target) -> dict[str, Product]:
    """Rows of the products' file by `product`.

    Raises `SalesForecastError` where it is missing, is no UTF-8, lacks a column or repeats one.
    """
    path = project / target.products
    if not path.resolve().is_relative_to(project.resolve()):
        raise SalesForecastError.unreadable_file(path, "it lies outside the project", "Move it")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
            if lacking:
                raise SalesForecastError.missing_columns(lacking, rows.fieldnames or [], str(path))
            found = [
                (rows.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in rows
            ]
    except (OSError, UnicodeDecodeError) as error:
        do = "Write it as CSV in UTF-8 with the columns product, number, unit, plant, factor"
        raise SalesForecastError.unreadable_file(path, str(error), do) from None
    products = {}
    for number, row in found:
        if row["product"] in products:
            where = f"{target.products} line {number}"
            raise SalesForecastError.duplicate_keys(["product"], [row["product"]], 2, where)
        plant = row.get("plant") or target.plant
        place = f"{target.products} line {number}"
        products[row["product"]] = Product(
            row["number"], row["unit"], plant, row.get("factor", ""), place
        )
    return products


def read_lines(
    run: UnitMonth, target: Target, name: str, today: date
) -> tuple[list[Line], list[Problem]]:
    """Lines to send, in the order of their keys, and what is wrong before the system is asked."""
    place = f"handover.to.{name}"
    products = read_products(run.project, target)
    folder = unit_folder(run.reports, run.month, run.unit)
    forecast = _read_forecast(folder / "tables", target, set(products), run.parameters.bottom)
    problems = [*_judge_measure(folder), *_judge_months(forecast, target, place, today)]
    lines: dict[tuple[str, str, str], Line] = {}
    for label, rows in forecast.groupby("product", sort=True):
        product = products.get(str(label))
        if wrong := [*_judge_product(str(label), product, run, target)]:
            problems += wrong
            continue
        assert product is not None
        for row in rows.itertuples():
            if row.y_hat < 0:
                what = f"the forecast of '{label}' for {row.month} is {row.y_hat:g}, below zero"
                do = "Correct it by an override, and publish again"
                problems.append(Problem(what, f"overrides/{run.unit}.csv", do))
                continue
            exact = Decimal(repr(float(row.y_hat))) * Decimal(product.factor or "1")
            key = (product.number, product.plant, str(row.month))
            before = lines[key].quantity if key in lines else Decimal(0)
            lines[key] = Line(*key, before + exact, product.unit, product.place)
    return [_round(line, target.decimals) for _, line in sorted(lines.items())], problems


def _read_forecast(folder: Path, target: Target, known: set[str], bottom: str) -> pd.DataFrame:
    """Rows of the published months that are sent: product (as the file names it), month, y_hat."""
    series, forecast = tables.read(folder, "series"), tables.read(folder, "forecast")
    level = target.level or bottom
    if level not in set(series["level"]):
        raise SalesForecastError.unknown_key(level, set(series["level"]), "`level` of the target")
    stage = next((each for each in FINAL if (forecast["stage"] == each).any()), "")
    last = target.first + target.months - 1
    of_level = series[series["level"] == level]
    rows = forecast[(forecast["stage"] == stage) & forecast["h"].between(target.first, last)]
    rows = rows.merge(of_level, on="unique_id", suffixes=("", "_of_series"))
    member = rows[target.dimension] if target.dimension in rows else rows["unique_id"]
    label = rows["unique_id"].where(rows["unique_id"].isin(known), member)
    return pd.DataFrame(
        {"product": label, "month": rows["ds"].dt.strftime("%Y-%m"), "y_hat": rows["y_hat"]}
    )


def _judge_measure(folder: Path) -> Iterator[Problem]:
    if manifest.read(folder)["parameters"]["measure.value"]["value"] != "quantity":
        what = "the forecast is of amounts, and an ERP system plans quantities"
        yield Problem(what, "measure.value", "Forecast `measure: {value: quantity}`")


def _judge_months(
    forecast: pd.DataFrame, target: Target, place: str, today: date
) -> Iterator[Problem]:
    opens = target.open_from or today.strftime("%Y-%m")
    for month in sorted({month for month in forecast["month"] if month < opens}):
        what = f"{month} is closed: the first open month is {opens}"
        yield Problem(what, f"{place}.first", "Raise `first`, or correct `open_from`")


def _judge_product(
    label: str, product: Product | None, run: UnitMonth, target: Target
) -> Iterator[Problem]:
    if product is None:
        what = f"'{label}' has no row, and so no ERP number"
        yield Problem(what, target.products, f"Add the line `{label},NUMBER,UNIT`")
        return
    if not product.number:
        yield Problem(f"'{label}' has no ERP number", product.place, "Fill `number`")
    if not product.unit:
        yield Problem(f"'{label}' has no unit of measure", product.place, "Fill `unit`")
    ours = run.parameters.measure.unit_of_measure
    if ours and product.unit and ours != product.unit and not product.factor:
        what = f"'{label}' is forecast in '{ours}' and kept in '{product.unit}'"
        yield Problem(what, product.place, f"Fill `factor`: how many {product.unit} one {ours} is")
    if not _is_factor(product.factor):
        what = f"the factor of '{label}' is '{product.factor}'"
        yield Problem(what, product.place, "Write a number above zero, such as 0.5")
    if not product.plant and target.system in ("sap_s4", "kingdee_galaxy"):
        yield Problem(
            f"'{label}' has no plant", product.place, "Fill `plant`, there or in the unit"
        )


def _is_factor(text: str) -> bool:
    try:
        return not text or Decimal(text) > 0
    except InvalidOperation:
        return False


def _round(line: Line, decimals: int) -> Line:
    step = Decimal(1).scaleb(-decimals)
    quantity = line.quantity.quantize(step, ROUND_HALF_UP)
    return Line(line.product, line.plant, line.month, quantity, line.unit, line.place)
