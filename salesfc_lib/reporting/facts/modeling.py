"""Tables of the modeling step, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import BASELINE, BOOSTING, pool
from salesfc_lib.foundation import SEASON, wording
from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.shared import NamedTables, months_silent, sales_of, year_change

COMBINED = "combined"
YEARS = 4  # that a season is shown over
AGREED = (0.77, 0.83)  # share of actuals that an 80 % interval should hold
EXPLAINED = (
    "key_series",
    "coefficient",
    "pooled_driver",
    "driver_effect",
    "backtest_coverage",
    "break",
    "plan",
)  # tables that explain a forecast


@dataclass(frozen=True)
class ModeledBefore:
    """The month before, as published: its forecast of this run's first month, its mean weights."""

    month: str
    next_total: float | None
    weights: pd.Series


@dataclass(frozen=True)
class ModeledMonth(NamedTables):
    """Tables of the modeling step."""

    NAMED: ClassVar[str] = "explained"

    series: pd.DataFrame
    panel: pd.DataFrame
    candidate_forecast: pd.DataFrame
    failures: pd.DataFrame
    weights: pd.DataFrame
    forecast: pd.DataFrame
    scores: pd.DataFrame
    backtest: pd.DataFrame  # the combination's forecasts at earlier cutoffs
    effect: pd.DataFrame
    explained: dict[str, pd.DataFrame]  # `EXPLAINED` by name
    checks: tuple[Check, ...]
    bottom: str
    cutoff: pd.Timestamp
    before: ModeledBefore | None

    @property
    def models(self) -> list[str]:
        """Names of the candidates, in the order in which they were run."""
        return list(self.candidate_forecast["model"].drop_duplicates())

    @property
    def cutoffs(self) -> list[pd.Timestamp]:
        """Cutoffs of the backtest, oldest first."""
        found = self.candidate_forecast["cutoff"].drop_duplicates().sort_values()
        return [cutoff for cutoff in found if cutoff < self.cutoff]

    @property
    def top(self) -> str:
        """Id of the series of the whole unit."""
        return str(self.series["unique_id"].iloc[0])

    @property
    def combined(self) -> pd.DataFrame:
        """The combination's forecast of every series."""
        return self.forecast[self.forecast["stage"] == COMBINED]

    @property
    def members(self) -> pd.Series:
        """Ids of the bottom series."""
        return self.series.loc[self.series["level"] == self.bottom, "unique_id"]

    def sold(self, unique_id: str) -> pd.Series:
        """Sales of a series by `ds`."""
        return sales_of(self.panel, unique_id)

    def next_month(self) -> pd.Series:
        """The top series' combined forecast one month ahead, as a row of the forecast table."""
        rows = self.combined[self.combined["h"] == 1]
        return rows[rows["unique_id"] == self.top].iloc[0]

    def assumed(self) -> dict[str, Any]:
        """Counts of declared effects (all, applied, removed, refused), their worth and its share.

        Over the bottom series and the horizon: after - before, and that as a share of what was
        combined.
        """
        state, bottom = self.effect["state"], self.members
        combined = self.combined.loc[self.combined["unique_id"].isin(bottom), "y_hat"].sum()
        worth = float((self.effect["after"] - self.effect["before"]).sum())
        counts = {name: int(state.eq(name).sum()) for name in ("applied", "removed", "refused")}
        share = worth / combined if combined else 0.0
        return {"all": len(state), **counts, "worth": worth, "share": share}

    def errors(self, by: str, *, bottom: bool = True) -> pd.DataFrame:
        """Pooled WAPE over the backtest by model (`combined` among them) and column `by`: `value`.

        Over the bottom series, or over all.
        """
        wape = self.scores[self.scores["metric"] == "wape"]
        wape = wape[wape["unique_id"].isin(self.members)] if bottom else wape
        model = wape["model"].where(wape["stage"] == "candidate", COMBINED)
        return pool(wape.assign(model=model), ["model", by])

    @property
    def largest_key(self) -> str:
        """Id of the key series that sold most in the last twelve months; without any, the top's."""
        keys = self.explained["key_series"].sort_values("sales")
        return str(keys["unique_id"].iloc[-1]) if len(keys) else self.top

    def season(self, unique_id: str) -> pd.DataFrame:
        """A series' last years and its forecast, as `plots.season` draws them.

        Columns group (a year that ends with the month of the cutoff: '2024/25'; '' for the
        forecast), ds, at (months after the cutoff's, 0 to 11), value, role, lo and hi (80 %
        interval of the forecast).
        """
        sold = self.sold(unique_id).tail(YEARS * SEASON).rename("value").reset_index()
        ahead = self.combined[self.combined["unique_id"] == unique_id].nsmallest(SEASON, "h")
        cut = self.cutoff.year * 12 + self.cutoff.month
        back = cut - (sold["ds"].dt.year * 12 + sold["ds"].dt.month)
        ends = self.cutoff.year - back // 12
        first = ends - (self.cutoff.month < 12)
        names = first.astype(str) + np.where(first < ends, "/" + ends.astype(str).str[-2:], "")
        role = np.where(ends == self.cutoff.year, "actual", "baseline")
        past = sold.assign(group=names, at=-(back + 1) % 12, role=role, lo=np.nan, hi=np.nan)
        bounds = {"value": ahead["y_hat"], "lo": ahead["lo-80"], "hi": ahead["hi-80"]}
        ahead = ahead.assign(**bounds, group="", at=ahead["h"] - 1, role="forecast")
        columns = ["group", "ds", "at", "value", "role", "lo", "hi"]
        return pd.concat([past[columns], ahead[columns]], ignore_index=True)

    def _first_errors(self) -> pd.Series:
        """WAPE one month ahead by model."""
        errors = self.errors("h")
        return errors[errors["h"] == 1].set_index("model")["value"].dropna()

    def standing(self) -> dict[str, Any]:
        """Verdict on the combination one month ahead: best, tie (as written), not_best or none.

        With the WAPE of the combination, of the `best` single model and of the seasonal naive.
        """
        first = self._first_errors()
        if COMBINED not in first or BASELINE not in first:
            return {"verdict": "none", "best": "", "combined": None, "single": None, "naive": None}
        combined, naive, single = first[COMBINED], first[BASELINE], first.drop(COMBINED)
        best = str(single.idxmin())
        same = wording.percent(combined) == wording.percent(single[best])
        verdict = "tie" if same else "best" if combined < single[best] else "not_best"
        found = {"verdict": verdict, "best": best, "combined": combined}
        return {**found, "single": single[best], "naive": naive}

    def mean_weights(self) -> pd.Series:
        """Mean weight of each model over the bottom series."""
        return mean_weights(self.weights, self.members)

    def weight_table(self) -> pd.DataFrame:
        """One row per model, heaviest first: weight, wape (h = 1), used, best, series (counts)."""
        bottom = self.weights[self.weights["unique_id"].isin(self.members)]
        judged = bottom.dropna(subset=["backtest_error"])
        ranked = judged.sort_values("backtest_error", kind="stable")
        counts = {
            "used": bottom.loc[bottom["weight"] > 0, "model"].value_counts(),
            "best": ranked.drop_duplicates("unique_id")["model"].value_counts(),
        }
        table = self.mean_weights().rename("weight").reset_index()
        for name, count in counts.items():
            table[name] = table["model"].map(count).fillna(0).astype(int)
        wape, series = table["model"].map(self._first_errors()), bottom["unique_id"].nunique()
        return table.assign(wape=wape, series=series).sort_values(
            ["weight", "model"], ascending=[False, True], ignore_index=True
        )

    def coverage(self) -> pd.DataFrame:
        """Coverage of the backtest's intervals: interval (percent), h, inside, n, share."""
        counted = self.explained["backtest_coverage"].groupby(["interval", "h"])
        pooled = counted[["inside", "n"]].sum().reset_index()
        return pooled.assign(share=pooled["inside"] / pooled["n"])

    def coverage_80(self) -> dict[str, Any]:
        """Coverage of the 80 % interval: verdict (none, holds, mostly, narrow, wide) and share.

        `floor` and `ceiling` are agreed; `inside` of `all` distances lie within them; the lowest
        share is `low` at `low_h` months ahead, the highest `high`; `far` is the farthest distance
        and `rest` the number of cutoffs that it rests on.
        """
        coverage = self.coverage()
        own = coverage[coverage["interval"] == 80]  # percent
        if own.empty:
            return {"verdict": "none"}
        (floor, ceiling), cutoffs, n = AGREED, len(self.cutoffs), int(own["n"].sum())
        share, within = float(own["inside"].sum()) / n, own["share"].between(floor, ceiling)
        whole = "holds" if within.all() else "mostly"
        verdict = "narrow" if share < floor else "wide" if share > ceiling else whole
        low, high = own.loc[own["share"].idxmin()], own.loc[own["share"].idxmax()]
        far = own.loc[own["h"].idxmax()]
        return {
            "verdict": verdict,
            "share": share,
            "floor": floor,
            "ceiling": ceiling,
            "inside": int(within.sum()),
            "all": len(own),
            "low": low["share"],
            "low_h": int(low["h"]),
            "high": high["share"],
            "high_h": int(high["h"]),
            "n": n,
            "series": len(self.series),
            "cutoffs": cutoffs,
            "far": int(far["h"]),
            "rest": round(float(far["n"]) / float(own["n"].max()) * cutoffs),
        }

    def page_of(self, unique_id: str) -> str:
        """Link of a key series' page; empty where it has none."""
        pages = self.explained["key_series"].set_index("unique_id")["page"]
        return f"key/{pages[unique_id]}" if unique_id in pages.index else ""

    def choice_table(self) -> pd.DataFrame:
        """One row per series: label, level, weights, single, error and naive (WAPE), reason.

        `weights` lists candidate and weight, heaviest first, without the global residual model.
        """
        wape = self.errors("unique_id", bottom=False)
        errors = wape.pivot(index="unique_id", columns="model", values="value")
        statistical = self.forecast[self.forecast["stage"] == "statistical"]
        candidates = self.weights[self.weights["model"] != BOOSTING]
        heaviest = candidates.sort_values(["weight", "model"], ascending=[False, True])
        carrying = heaviest[heaviest["weight"] > 0]
        pairs = pd.Series(list(zip(carrying["model"], carrying["weight"], strict=True)))
        found = {
            "weights": pairs.groupby(carrying["unique_id"].to_numpy()).agg(list),
            "single": statistical.drop_duplicates("unique_id").set_index("unique_id")["model"],
            "reason": heaviest.drop_duplicates("unique_id").set_index("unique_id")["reason"],
            "error": errors.get(COMBINED, {}),
            "naive": errors.get(BASELINE, {}),
        }
        table = self.series[["unique_id", "label", "level"]]
        return table.assign(
            **{name: table["unique_id"].map(values) for name, values in found.items()}
        )

    def key_account_table(self) -> pd.DataFrame:
        """One row per key account, largest first: see `_account`."""
        named = self.series[self.series["level"] == "key_account"]
        rows = [self._account(row) for _, row in named.iterrows() if row["key_account"] != "other"]
        table = pd.DataFrame(rows, columns=None if rows else ["share", "silent"])
        return table.sort_values("share", ascending=False, ignore_index=True)

    def _account(self, row: pd.Series) -> dict[str, Any]:
        sold, total = self.sold(row["unique_id"]), self.sold(self.top).tail(SEASON).sum()
        combined = self.combined[self.combined["unique_id"] == row["unique_id"]]
        ahead = combined.sort_values("h").head(3)
        ds, recent = ahead["ds"].iloc[0], sold.tail(SEASON)
        return {
            "label": row["label"],
            "now": sold.iloc[-1],
            "next": ahead["y_hat"].iloc[0],
            "change": year_change(sold, ds, ahead["y_hat"].iloc[0]),
            "ds": ds,
            "share": recent.sum() / total if total else 0.0,
            "silent": months_silent(sold),
            "page": self.page_of(row["unique_id"]),
            "history": list(recent),
            "ahead": list(ahead["y_hat"]),
            "lo": list(ahead["lo-80"]),
            "hi": list(ahead["hi-80"]),
        }

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        return {
            "series": len(self.series),
            "candidates": len(self.models),
            "cutoffs in the backtest": len(self.cutoffs),
            "months forecast": int(self.forecast["ds"].nunique()),
            "stages": int(self.forecast["stage"].nunique()),
        }


def mean_weights(weights: pd.DataFrame, members: pd.Series) -> pd.Series:
    """Mean weight of each model over `members`; 0 where a model did not forecast a series."""
    rows = weights[weights["unique_id"].isin(members)]
    return rows.groupby("model")["weight"].sum() / max(rows["unique_id"].nunique(), 1)
