"""What a better forecast is worth in a warehouse: real held-out sales, the same rules for all.

    python benchmarks/impact.py --out impact.json [--only iowa,pasta] [--leads 1,2]

A simulated warehouse for each bottom series of the panels of `held_out.py`: at the start of each
month stock on hand and on order is raised to what the forecast says demand over lead time and
review (a month) will be at the service level; orders arrive `lead` months later; what is not there
is not sold. Twelve held-back months count, after as many to settle as lead time and review take.
All start from the same stock and know the months before only:

    last_year   same month of the year before, times the growth of the last twelve months over the
                twelve before them; safety stock k times the root mean squared error of that
                forecast of the same sum over the last 24 months
    moving      mean of the last three months; safety stock likewise
    workbench   the service level's quantile of the sample paths of that month's publication, made
                anew each month with the defaults (prices, discounts and promotions known ahead
                where the panel has them, which the two above cannot use)
    perfect     what will be sold, no safety stock

Writes a list of rows, one a panel, lead, service level and method: stockouts (share of series and
months in which something was not there), fill_rate (sold to asked for), turnover (sold in twelve
months to mean stock), capital (mean stock in the panel's pieces) and months (capital in months of
mean sales), each with a 95 % interval over series (bootstrap, `lo_`, `hi_`), and capital_ratio to
last_year at the same service level; `level_ratio`: capital at the fill rate that last_year reached
at 95 %, to last_year's (between the service levels, null where it is outside of them).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

import held_out
from accuracy import plain
from panels import find_data
from salesfc_lib.handover.decisions import draw_paths
from salesfc_lib.handover.decisions.service import stock_for_cycle_service

COUNTED, YEAR, PAST = 12, 12, 24
SERVICE = (0.80, 0.90, 0.95, 0.98, 0.99)
METHODS = ("last_year", "moving", "workbench", "perfect")
DRAWS, SEED = 1000, 7

Row = dict[str, Any]


def simulate(targets: np.ndarray, demand: np.ndarray, lead: int, stock: np.ndarray) -> np.ndarray:
    """Sold and mean stock by month and series, (2, n_months, n_series).

    targets: what stock on hand and on order is raised to at the start of a month, (n_months,
    n_series); demand alike; stock: on hand at the start, (n_series,).
    """
    nothing = np.zeros_like(stock, dtype=float)
    held, coming = stock.astype(float), [nothing] * (lead - 1)
    sold, mean = np.zeros_like(demand), np.zeros_like(demand)
    for month, wanted in enumerate(demand):
        order = np.ceil(np.maximum(targets[month] - held - sum(coming), 0.0) - 1e-9)
        coming = [*coming, order]
        sold[month] = np.minimum(held, wanted)
        mean[month] = held - sold[month] / 2
        held = held - sold[month] + coming.pop(0)
    return np.stack([sold, mean])


def set_targets(
    y: np.ndarray, first: int, lead: int, quantiles: Mapping[float, np.ndarray]
) -> dict[tuple[str, float], np.ndarray]:
    """Order-up-to levels (n_months, n_series) by method and service level, from month `first` on.

    y: (n_all_months, n_series). A target at the start of month t covers t through t + lead: an
    order is there at the end of month t + lead - 1.
    """
    months = range(first, len(y))
    cover = lead + 1
    coming = np.array([y[t : t + cover].sum(axis=0) for t in range(len(y))])
    last_year = np.array([_last_year(y, t, cover) for t in range(2 * YEAR, len(y))])
    moving = np.array([cover * y[t - 3 : t].mean(axis=0) for t in range(2 * YEAR, len(y))])
    found = {}
    for service in SERVICE:
        k = norm.ppf(service)
        for name, forecast in (("last_year", last_year), ("moving", moving)):
            rows = []
            for t in months:
                known = range(max(2 * YEAR, t - PAST), t - cover + 1)  # sums that are over by t
                gaps = [coming[u] - forecast[u - 2 * YEAR] for u in known]
                error = np.sqrt(np.mean(np.square(gaps), axis=0))
                rows.append(forecast[t - 2 * YEAR] + k * error)
            found[name, service] = np.maximum(rows, 0.0)
        found["workbench", service] = quantiles[service]
        found["perfect", service] = coming[first:]
    return found


def _last_year(y: np.ndarray, t: int, cover: int) -> np.ndarray:
    """Sales of the same months a year before, times growth, half to double."""
    now, before = y[t - YEAR : t].sum(axis=0), y[t - 2 * YEAR : t - YEAR].sum(axis=0)
    growth = np.where(before > 0, now / np.where(before > 0, before, 1.0), 1.0).clip(0.5, 2.0)
    return y[t - YEAR : t - YEAR + cover].sum(axis=0) * growth


def read_panel(
    name: str, leads: tuple[int, ...]
) -> tuple[np.ndarray, int, dict[int, dict[float, np.ndarray]]]:
    """Sales (n_months, n_series), the first month simulated, and by lead time and service level the
    quantiles of the paths (n_months, n_series) published before each simulated month.
    """
    rows = held_out.read_rows(name, find_data())
    settle = COUNTED + max(leads) + 1
    found: dict[int, dict[float, list[np.ndarray]]] = {
        lead: {service: [] for service in SERVICE} for lead in leads
    }
    for earlier in range(settle, 0, -1):
        ahead = min(held_out.HORIZON, earlier)  # what comes later than the end no order reaches
        month = held_out.publish(rows, name, earlier, ahead)
        paths = draw_paths(
            month.published, month.backtest, month.known, month.series, bottom="bottom"
        )
        bottom = sorted(paths.ids)
        drawn = paths.of(bottom).values
        for lead in leads:
            sums = drawn[:, :, : lead + 1].sum(axis=2)
            for service in SERVICE:
                found[lead][service].append(stock_for_cycle_service(sums, service))
        print(f"{name}: {month.origin:%Y-%m}", flush=True)
    known = pd.concat([month.known, month.actual])
    wide = known.pivot(index="ds", columns="unique_id", values="y")[bottom]
    quantiles = {lead: {s: np.array(q) for s, q in each.items()} for lead, each in found.items()}
    return wide.to_numpy(dtype=float), len(wide) - settle, quantiles


def compare(name: str, leads: tuple[int, ...]) -> list[Row]:
    """Rows of one panel."""
    y, first, quantiles = read_panel(name, leads)
    whole = np.isfinite(y).all(axis=0)
    y, rows = y[:, whole], []
    for lead in leads:
        own = {service: each[:, whole] for service, each in quantiles[lead].items()}
        targets = set_targets(y, first, lead, own)
        start = (lead + 1) * y[first - YEAR : first].mean(axis=0)
        outcome = {
            key: simulate(target, y[first:], lead, start)[:, -COUNTED:]
            for key, target in targets.items()
        }
        rows += judge(name, lead, y[-COUNTED:], outcome)
    return rows


def judge(
    name: str, lead: int, demand: np.ndarray, outcome: Mapping[tuple[str, float], np.ndarray]
) -> list[Row]:
    """Rows of one panel and lead time, with intervals over series."""
    dice = np.random.default_rng(SEED)
    count = demand.shape[1]
    drawn = dice.multinomial(count, np.full(count, 1 / count), DRAWS) / 1.0
    weights = np.vstack([np.ones(count), drawn])  # first as they are, then drawn again
    asked = demand.sum(axis=0)
    known = {key: _numbers(weights, demand, asked, each) for key, each in outcome.items()}
    rows = []
    for (method, service), numbers in known.items():
        base = known["last_year", service]["capital"]
        told = numbers | {"capital_ratio": numbers["capital"] / base}
        if service == 0.95:
            told["level_ratio"] = _at_level(known, method)
        row: Row = {"panel": name, "lead": lead, "service": service, "method": method}
        for key, values in told.items():
            row |= {key: float(values[0])} | _interval(key, values[1:])
        rows.append(row | {"series": count})
    return rows


def _interval(key: str, drawn: np.ndarray) -> dict[str, float]:
    """A 95 % interval of a number over the draws of series in which it is known."""
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return {f"lo_{key}": float(low), f"hi_{key}": float(high)}


def _numbers(
    weights: np.ndarray, demand: np.ndarray, asked: np.ndarray, outcome: np.ndarray
) -> dict[str, np.ndarray]:
    """The numbers of one method for each set of weights of series, (n_sets,)."""
    sold, stock = outcome
    short = (sold < demand - 1e-6).mean(axis=0)
    capital = weights @ stock.mean(axis=0)
    return {
        "stockouts": weights @ short / weights.sum(axis=1),
        "fill_rate": weights @ sold.sum(axis=0) / (weights @ asked),
        "turnover": weights @ sold.sum(axis=0) / capital,
        "capital": capital,
        "months": capital / (weights @ asked / COUNTED),
    }


def _at_level(known: Mapping[tuple[str, float], dict[str, np.ndarray]], method: str) -> np.ndarray:
    """Capital of a method at the fill rate of last_year at 95 %, to last_year's."""
    wanted = known["last_year", 0.95]
    fill = np.array([known[method, service]["fill_rate"] for service in SERVICE])
    capital = np.array([known[method, service]["capital"] for service in SERVICE])
    found = [
        np.interp(want, f, c, left=np.nan, right=np.nan)
        for want, f, c in zip(wanted["fill_rate"], fill.T, capital.T, strict=True)
    ]
    return np.array(found) / wanted["capital"]


def main() -> None:
    """Simulate, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default=",".join(held_out.DIMENSIONS), help="panels, by comma")
    parser.add_argument("--leads", default="1,2", help="lead times in months, by comma")
    wanted = parser.parse_args()
    leads = tuple(int(each) for each in wanted.leads.split(","))
    rows: list[Row] = []
    for name in wanted.only.split(","):
        rows += compare(name, leads)
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps(plain(rows), indent=1) + "\n", encoding="utf-8")
    shown = ["stockouts", "fill_rate", "turnover", "months", "capital_ratio", "level_ratio"]
    table = pd.DataFrame(rows).set_index(["panel", "lead", "service", "method"])[shown]
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
