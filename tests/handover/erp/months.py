"""A published month of quantities, made up, with its products' file and one ERP target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from fake_erp import Fake
from salesfc_lib import steps
from salesfc_lib.archive import UnitMonth, manifest
from tests import archives

UNIT, MONTH, NAME = "north", "2026-06", "erp"
SETTLED = {"open_from": "2026-07"}  # so that the day of the test decides nothing


def make_month(
    project: Path, fake: Fake, system: str, *, products: int = 5, **settings: Any
) -> UnitMonth:
    """The published month, opened: quantities 1, 2, 3 … of each product, three months."""
    connection = {**fake.connection, **settings}
    target = {"system": system, "url": fake.url, "products": "products.csv", **SETTLED}
    write_unit(project, {**target, **connection})
    rows = [f"item {n},P{n},PC" for n in range(products)]
    (project / "products.csv").write_text("\n".join(["product,number,unit", *rows, ""]))
    publish(project, products)
    return steps.open_month(project, UNIT, MONTH)


def write_unit(project: Path, target: dict[str, Any]) -> None:
    """The unit's parameter file with the target."""
    unit = {
        "dimensions": ["product"],
        "levels": {"total": [], "bottom": ["product"]},
        "measure": {"value": "quantity"},
        "handover": {"to": {NAME: target}},
    }
    path = project / "parameters" / "units" / f"{UNIT}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(unit, allow_unicode=True, sort_keys=False), encoding="utf-8")


def publish(project: Path, products: int = 5, *, add: float = 0.0) -> Path:
    """Folder of the month; a product's quantity is its number + months ahead + `add`."""
    names = [f"item {n}" for n in range(products)]
    series = pd.DataFrame(
        [("total", "total", "All", None), *((n, "bottom", n, n) for n in names)],
        columns=["unique_id", "level", "label", "product"],
    )
    made = archives.forecast(MONTH, list(series["unique_id"]), ("reconciled",), horizon=3)
    number = made["unique_id"].str.extract(r"(\d+)")[0].astype(float)
    values = np.where(number.isna(), 0.0, number + made["h"] + add)
    made["y_hat"] = values
    totals = made[made["unique_id"] != "total"].groupby("ds")["y_hat"].sum()
    is_total = made["unique_id"] == "total"
    made.loc[is_total, "y_hat"] = made.loc[is_total, "ds"].map(totals)
    folder = archives.publish(project / "reports", UNIT, MONTH, series=series, made=made)
    say_measure(folder, "quantity")
    return folder


def say_measure(folder: Path, measure: str) -> None:
    """Write the manifest anew, as of a forecast of quantities or amounts."""
    facts = manifest.read(folder)
    facts.pop("outputs")
    facts["parameters"]["measure.value"]["value"] = measure
    manifest.write(folder, facts)


def wanted(products: int = 5, add: float = 0.0) -> dict[tuple[str, str], float]:
    """Quantities by product number and month, as `publish` made them."""
    return {
        (f"P{n}", f"2026-{6 + h:02d}"): n + h + add for n in range(products) for h in range(1, 4)
    }


def found(fake: Fake) -> dict[tuple[str, str], float]:
    """Quantities above zero that stand in the fake; raises where a key stands twice."""
    contents = fake.contents()
    assert all(len(values) == 1 for values in contents.values()), contents
    flat = {(key[0], key[2]): float(values[0]) for key, values in contents.items()}
    return {key: value for key, value in flat.items() if value}
