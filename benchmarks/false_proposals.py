"""How often well-behaved companies are told to change something, and whether faults are found.

    python benchmarks/false_proposals.py --companies N --seed S --out FILE.json

A company sells twelve series over five years, with a season, a wandering level, promotions and two
planners whose small changes are right as often as wrong; its archive holds a year of forecasts.
Nothing about it calls for a change. The same companies with a fault planted show what is found:
`holiday`: sales move with Chinese New Year, which the calendar lacks; `author`: one planner lowers
every forecast by 15 %. Writes a row for each fault (and none): companies, those with any proposal
with a claimed gain, how many had which, and how many had evidence of which before its gain was
measured.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib import forecasting
from salesfc_lib.forecasting.backtest.backtest import run_candidates
from salesfc_lib.forecasting.combination.weights import (
    backtest_errors,
    best_single,
    combination_weights,
)
from salesfc_lib.forecasting.forecast import combine_candidates
from salesfc_lib.foundation import Parameters, defaults, holidays, tables
from salesfc_lib.panel import build_tables
from salesfc_lib.reconciliation import reconcile_backtest
from salesfc_lib.retrospective.proposals import Observed, Rerun, propose

FAULTS = ("none", "holiday", "author")
MONTHS = np.datetime64("2025-12", "M") + np.arange(-59, 1)
NOW = pd.Timestamp("2025-12-01")
LINES, REGIONS = ("a", "b", "c", "d"), ("x", "y", "z")
ORDERS = 12  # of a series in a month
YEAR = 12
METHOD = "wls_struct"
LEVELS = {"total": [], "line": ["line"], "bottom": ["line", "region"]}


@dataclass(frozen=True)
class Company:
    """Its tables by name, as a unit's month hands them to the retrospective."""

    parameters: Parameters
    tables: dict[str, pd.DataFrame]
    reports: Path = Path(tempfile.gettempdir())
    project: Path = Path()
    unit: str = "company"
    month: str = f"{NOW:%Y-%m}"
    cutoff: pd.Timestamp = NOW
    publication_day: None = None

    def read(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def found_in(seed: int, fault: str) -> pd.DataFrame:
    """Table `proposals` of a company."""
    dice = np.random.default_rng(seed)
    parameters = _parameters(fault)
    sold, promotion = _sell(dice, fault)
    side = {name: tables.empty(name) for name in ("event", "driver", "inventory")}
    cleaned = {"transactions": sold, "promotion": promotion, **side}
    built = build_tables(cleaned, parameters, f"{NOW:%Y-%m}", unit="company")
    history = forecasting.align_levels(built, parameters, end=NOW)
    modeled = forecasting.model_history(history, parameters, horizon=YEAR, levels=[*LEVELS])
    backtest = forecasting.list_backtest(modeled)
    methods = pd.DataFrame({"method": [METHOD], "chosen": [True]})
    company = Company(
        parameters, {**cleaned, **built, "backtest": backtest, "reconciliation": methods}
    )
    vintages, weights, candidates = _archive(history, parameters, built)
    adjustments, adjusted = _change(dice, vintages, built["series"], fault)
    recent = sold[sold["date"] > NOW - pd.DateOffset(months=YEAR)]
    observed = Observed(
        pd.concat([vintages, adjusted]),
        built["panel"],
        built["series"],
        parameters=parameters,
        month=NOW,
        adjustments=adjustments,
        weights=weights,
        candidates=candidates,
        outliers=built["outliers"],
        transactions=recent,
        promotion=promotion,
    )
    return propose(observed, unit="company", rerun=Rerun(company))  # type: ignore[arg-type]


def _parameters(fault: str) -> Parameters:
    usual = defaults()
    quick = {
        name: block
        for name, block in usual.candidates.items()
        if name in forecasting.QUICK and name != forecasting.BOOSTING
    }
    changed: dict[str, Any] = {"levels": LEVELS, "dimensions": ["line", "region"]}
    changed["candidates"] = quick
    return usual.model_copy(update=changed)


def _sell(dice: np.random.Generator, fault: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transactions and promotions."""
    count, series = len(MONTHS), [*product(LINES, REGIONS)]
    season = dice.normal(0, 0.15, 12)
    level = dice.normal(8, 0.7, (len(series), 1))
    level = level + np.cumsum(dice.normal(0, 0.02, (len(series), count)), axis=1)
    noise = dice.normal(0, 0.03, count) + dice.normal(0, 0.12, (len(series), count))
    logs = level + season[MONTHS.astype(int) % 12] + noise
    if fault == "holiday":
        bounds = MONTHS.astype("datetime64[D]"), (MONTHS + 1).astype("datetime64[D]")
        logs = logs - 0.5 * holidays.share_of_festival("chinese_new_year", *bounds)
    starts = MONTHS[:, None].astype("datetime64[D]") + dice.integers(4, 20, (count, 1))
    promoted = dice.random(count) < 0.6
    rows = []
    for (line, region), values in zip(series, np.exp(logs), strict=True):
        for at, value in enumerate(values):
            first = MONTHS[at].astype("datetime64[D]")
            days = first + dice.integers(0, 28, ORDERS)
            parts = dice.gamma(4.0, 1.0, ORDERS)
            during = promoted[at] & (days >= starts[at, 0]) & (days < starts[at, 0] + 6)
            parts = np.where(during & (line == LINES[at % 4]), 1.5, 1.0) * parts / parts.sum()
            cents = [Decimal(int(100 * value * part)) / 100 for part in parts]
            rows += [(day, line, region, cent) for day, cent in zip(days, cents, strict=True)]
    sold = pd.DataFrame(rows, columns=["date", "line", "region", "amount"])
    sold = sold.assign(date=sold["date"].astype("datetime64[ns]"), kind="sale")
    begin = starts[promoted, 0].astype("datetime64[ns]")
    lines = [LINES[at % 4] for at in np.flatnonzero(promoted)]
    promotion = pd.DataFrame({"name": "sale", "start": begin, "line": lines})
    end = promotion["start"] + pd.Timedelta(days=5)
    return sold, promotion.assign(end=end, announced=pd.NaT)


def _archive(
    history: forecasting.History, parameters: Parameters, built: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Forecasts one month ahead of the last year, weights and candidates, as published then."""
    monthly = parameters.backtest.model_copy(update={"cutoffs": YEAR, "step": 1})
    parameters = parameters.model_copy(update={"backtest": monthly})
    ran = run_candidates(history, parameters, horizon=1, levels=[*LEVELS])
    modeled = combine_candidates(ran, parameters)
    combined = forecasting.list_past(modeled).assign(stage="combined")
    combined = combined[combined["ds"] > NOW - pd.DateOffset(months=YEAR)]
    panel, series = built["panel"], built["series"]
    coherent = reconcile_backtest(METHOD, combined, panel, series, parameters=parameters)
    weights, singles = [], []
    for back in range(1, YEAR + 1):
        known, forecast = backtest_errors(ran, back, parameters.combine), ran.at(back)
        share = combination_weights(known, forecast, parameters.combine, ran.names)
        at = {"made_in": NOW - pd.DateOffset(months=back)}
        share = np.where(np.isfinite(forecast[:, :, 0]), share, np.nan)  # not asked: no row
        wide = pd.DataFrame(share.T, history.ids, ran.names).rename_axis("unique_id")
        weights.append(wide.stack().rename_axis(["unique_id", "model"]).rename("weight"))
        weights[-1] = weights[-1].reset_index().assign(**at)
        best = forecast[best_single(ran, known, forecast), np.arange(len(history)), 0]
        singles.append(
            pd.DataFrame({"unique_id": history.ids, "y_hat": best, "cutoff": at["made_in"]})
        )
    single = pd.concat(singles).assign(stage="statistical", model="best", h=1)
    single = single.assign(ds=single["cutoff"] + pd.DateOffset(months=1))
    vintages = pd.concat([combined, single, coherent], ignore_index=True)
    vintages = vintages.assign(**{name: np.nan for name in ("lo-80", "hi-80", "lo-95", "hi-95")})
    return vintages, pd.concat(weights), forecasting.list_candidates(modeled)


def _change(
    dice: np.random.Generator, vintages: pd.DataFrame, series: pd.DataFrame, fault: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Changes of two planners, a product line each, and the forecasts with them."""
    whose = {"a": "Li", "b": "Wang"}
    bottom = series[series["level"] == "bottom"].set_index("unique_id")["line"].map(whose).dropna()
    rows = vintages[(vintages["stage"] == "reconciled") & vintages["unique_id"].isin(bottom.index)]
    authors = rows["unique_id"].map(bottom)
    percent = dice.uniform(-0.04, 0.04, len(rows))  # too little to do harm
    if fault == "author":
        percent = np.where(authors == "Li", -0.15, percent)
    adjusted = rows.assign(stage="adjusted", y_hat=rows["y_hat"] * (1 + percent))
    changes = {"made_in": rows["cutoff"], "old": rows["y_hat"], "author": authors, "sequence": 1}
    asked = adjusted["y_hat"]
    made = rows[["unique_id", "ds"]].assign(**changes, asked=asked, final=asked, state="applied")
    return made.assign(reason="", remark=""), adjusted


def count(fault: str, companies: int, seed: int) -> dict[str, Any]:
    """How many companies were proposed anything with a claimed gain, and which."""
    claimed, asked = Counter[str](), Counter[str]()
    any_claim = 0
    for number in range(companies):
        table = found_in(seed + number, fault)
        made = table[table["decision"] == "open"]
        any_claim += bool(made["gain"].notna().any())
        claimed.update(made.loc[made["gain"].notna(), "evidence"])
        asked.update(table["evidence"])
    row = {"fault": fault, "companies": companies, "claimed": any_claim}
    return row | {"by_evidence": dict(claimed), "examined": dict(asked)}


def main() -> None:
    """Count, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--companies", type=int, default=40)
    parser.add_argument("--faults", nargs="*", default=FAULTS, choices=FAULTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    rows = []
    for fault in told.faults:
        rows.append(count(fault, told.companies, told.seed))
        print(json.dumps(rows[-1]), flush=True)
    told.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
