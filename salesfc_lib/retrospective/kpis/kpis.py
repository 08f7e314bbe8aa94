"""How the process does over 3, 6 and 12 months: forecasts, stock, delivery and sales by one rule.

What the month's tables hold enters; table `kpis` leaves. A KPI is a ratio of sums: one function
gives its numerator and denominator for each month that it knows, and its line in `KPIS` says how
the ratio reads and what it needs. Only months of the window that are known count, and the table
says how many they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pandas as pd

from salesfc_lib.forecasting import pool
from salesfc_lib.foundation import SEASON, STAGES, say, tables
from salesfc_lib.retrospective.accuracy import score_intervals
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.kpis.known import ARCHIVED, YEARS, Known, sum_by_month

WINDOWS = (3, 6, 12)  # months
PARTS = ["numerator", "denominator"]

Needs = Mapping[str, tuple[str, ...]]  # role of a source: its columns


@dataclass(frozen=True)
class Kpi:
    """A KPI: what it sums by month, how it reads, which way is better, and what it needs.

    `is_detail`: a part of the one above it. `whole`: null unless every month of the window is
    known. Its value is the ratio less `less`, at least `least`; what should be `near` has an
    `aim`.
    """

    sums: Callable[[Known], pd.DataFrame]
    unit: Literal["percent", "signed_percent", "points", "amount", "days", "times"]
    better: Literal["high", "low", "near"]
    needs: Needs
    is_detail: bool = False
    whole: bool = False
    less: float = 0.0
    least: float = float("-inf")
    aim: float = 0.0


def list_kpis(known: Known) -> pd.DataFrame:
    """Table kpis: every KPI of `KPIS` over each of `WINDOWS`, and what it was a year before."""
    rows: list[dict[str, Any]] = []
    year_before = known.month - pd.DateOffset(months=SEASON)
    for name, kpi in KPIS.items():
        source = _say_source(known, kpi)
        names = ", ".join(known.name_source(role, columns) for role, columns in kpi.needs.items())
        sums = tables.empty("kpis")[PARTS] if source else kpi.sums(known)[PARTS].dropna()
        sums = sums.rename_axis("ds").reset_index().astype({"ds": "datetime64[ns]"})
        for months in WINDOWS:
            about = {"kpi": name, "window": months, "source": names}
            now, then = (
                _over(kpi, window(sums, last, months), months)
                for last in (known.month, year_before)
            )
            same = then["months"] == now["months"]
            needs = "" if pd.notna(now["value"]) else source or _say_months(kpi, now, months)
            rows.append(about | now | {"before": then["value"] if same else None, "needs": needs})
    return tables.build(rows, "kpis")


def _over(kpi: Kpi, sums: pd.DataFrame, months: int) -> dict[str, Any]:
    """Value, parts and months of a KPI over the months of one window."""
    top, base = (sums[part].sum(min_count=1) for part in PARTS)
    complete = len(sums) == months or not kpi.whole
    value = top / base - kpi.less if complete and base > 0 else float("nan")
    found = {"value": max(value, kpi.least), "numerator": top, "denominator": base}
    return found | {"months": len(sums), "first": sums["ds"].min(), "last": sums["ds"].max()}


def _say_source(known: Known, kpi: Kpi) -> str:
    """The first source that a KPI needs and the unit lacks; '' where it has all."""
    for role, columns in kpi.needs.items():
        if not known.has(role, columns):
            key = f"kpi.needs.{role}" if role in ARCHIVED else "kpi.needs.source"
            return say(key, role=role, columns=[each.split("|")[0] for each in columns])
    return ""


def _say_months(kpi: Kpi, found: Mapping[str, Any], months: int) -> str:
    """Which months are missing, or that what it is divided by is not above zero."""
    if not found["months"]:
        return say("kpi.needs.months", months=months)
    if kpi.whole and found["months"] < months:
        return say("kpi.needs.whole", known=found["months"], months=months)
    return say("kpi.needs.above_zero")


def _scored(metric: str, stage: str, known: Known) -> pd.DataFrame:
    scores = known.scores[known.scores["metric"] == metric]
    return pool(scores[scores["stage"] == stage], ["ds"]).set_index("ds")


def _accuracy(known: Known) -> pd.DataFrame:
    wape = _scored("wape", "published", known)
    return wape.assign(numerator=wape["denominator"] - wape["numerator"])


def _above_naive(known: Known) -> pd.DataFrame:
    naive, shared = (_scored("wape", stage, known) for stage in ("naive", "shared"))
    return shared.assign(numerator=naive["numerator"] - shared["numerator"])


def _step(stage: str, known: Known) -> pd.DataFrame:
    rows = known.steps[known.steps["stage"] == stage]
    saved = rows["numerator_before"] - rows["numerator"]
    return sum_by_month(rows["ds"], numerator=saved, denominator=rows["denominator"])


def _coverage(known: Known) -> pd.DataFrame:
    scores = score_intervals(known.past, month=known.month, months=YEARS).query("h == 1")
    return pool(scores.merge(known.bottom, on="unique_id"), ["ds"]).set_index("ds")


def _stock_outs(known: Known) -> pd.DataFrame:
    months, days = known.inventory["ds"], known.days(known.inventory["ds"])
    out = known.inventory["stockout_days"].clip(lower=0, upper=days)
    return sum_by_month(months, numerator=out, denominator=days)


def _turnover(known: Known) -> pd.DataFrame:
    rows = known.stocked
    return sum_by_month(rows["ds"], numerator=SEASON * rows["sold"], denominator=rows["level"])


def _days_of_stock(known: Known) -> pd.DataFrame:
    rows = known.stocked
    held = rows["level"] * known.days(rows["ds"])
    return sum_by_month(rows["ds"], numerator=held, denominator=rows["sold"])


def _capital(known: Known) -> pd.DataFrame:
    tied = sum_by_month(known.inventory["ds"], numerator=known.inventory["value"])
    return tied.assign(denominator=1.0)


def _delivered(part: str, whole: str, known: Known) -> pd.DataFrame:
    table = known.delivery
    return sum_by_month(table["ds"], numerator=table[part], denominator=table[whole])


def _last_year(known: Known) -> pd.DataFrame:
    sold = known.sales.groupby("ds")["sold"].sum()
    return pd.DataFrame({"numerator": sold, "denominator": sold.shift(SEASON, freq="MS")})


def _target(known: Known) -> pd.DataFrame:
    """Sales of what targets are set for; of a month's targets, only those of its fewest parts."""
    target = known.target.dropna(subset="target")
    parts = target.drop(columns=["ds", "target"]).notna().sum(axis=1)
    target = target[parts.eq(parts.groupby(target["ds"]).transform("min"))].reset_index(drop=True)
    sums = sum_by_month(target["ds"], denominator=target["target"])
    sold = known.cover(target, known.sales).drop_duplicates(["unique_id", "ds"])
    return sums.assign(numerator=sold.groupby("ds")["sold"].sum())


FORECASTS: Needs = {"archive": (), "orders": ()}
LEFT_BY: dict[str, Needs] = {"assumed": {"effects": ()}, "adjusted": {"overrides": ()}}
COUNTED: Needs = {"inventory": ("stock",), "orders": ("quantity",)}
SHIPPED: Needs = {"deliveries": ("delivered",)}
PROMISED: Needs = {"deliveries": ("promised|lines", "delivered_on|on_time")}

# a KPI a line; its name and its formula are `kpi.<name>` and `kpi.formula.<name>` in the catalogue
KPIS: dict[str, Kpi] = {
    "accuracy": Kpi(_accuracy, "percent", "high", FORECASTS, least=0.0),
    "bias": Kpi(partial(_scored, "bias", "published"), "signed_percent", "near", FORECASTS),
    "value_added": Kpi(_above_naive, "points", "high", FORECASTS),
    **{
        f"value_added_{stage}": Kpi(
            partial(_step, stage), "points", "high", {**FORECASTS, **LEFT_BY.get(stage, {})}, True
        )
        for stage in STAGES[1:]
    },
    "coverage": Kpi(_coverage, "percent", "near", FORECASTS, aim=0.8),
    "stock_out_rate": Kpi(_stock_outs, "percent", "low", {"inventory": ("stockout_days",)}),
    "fill_rate": Kpi(partial(_delivered, "delivered", "ordered"), "percent", "high", SHIPPED),
    "order_fulfilment": Kpi(partial(_delivered, "on_time", "lines"), "percent", "high", PROMISED),
    "inventory_turnover": Kpi(_turnover, "times", "high", COUNTED),
    "days_of_stock": Kpi(_days_of_stock, "days", "low", COUNTED),
    "capital_tied_up": Kpi(_capital, "amount", "low", {"inventory": ("value",)}),
    "sales_growth": Kpi(_last_year, "signed_percent", "high", {"orders": ()}, whole=True, less=1.0),
    "target_attainment": Kpi(_target, "percent", "high", {"targets": ("target",), "orders": ()}),
}
