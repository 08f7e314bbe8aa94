"""Tables of the modeling step, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesfc_lib.forecasting import BASELINE, BOOSTING, pool
from salesfc_lib.reporting.blocks import Check

COMBINED = "combined"
AGREED = (0.77, 0.83)  # share of actuals that an 80 % interval should hold
EXPLAINED = (
    "key_series",
    "coefficient",
    "pooled_driver",
    "driver_effect",
    "backtest_coverage",
    "break",
)  # tables that explain a forecast


@dataclass(frozen=True)
class ModeledBefore:
    """The month before, as it was published: its forecast for this run's first month, and its mean weights."""

    month: str
    next_total: float | None
    weights: pd.Series


@dataclass(frozen=True)
class ModeledMonth:
    """Tables of the modeling step."""

    series: pd.DataFrame
    panel: pd.DataFrame
    candidate_forecast: pd.DataFrame
    failures: pd.DataFrame
    weights: pd.DataFrame
    forecast: pd.DataFrame
    score: pd.DataFrame
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
    def fits(self) -> int:
        """Fits that were asked for: those that gave a forecast and those that failed."""
        return len(
            self.candidate_forecast[["unique_id", "model", "cutoff"]].drop_duplicates()
        ) + len(self.failures)

    def members(self, level: str) -> pd.Series:
        """Ids of a level's series."""
        return self.series.loc[self.series["level"] == level, "unique_id"]

    def next_month(self) -> pd.Series:
        """The top series' combined forecast one month ahead, as a row of the forecast table."""
        rows = self.forecast[(self.forecast["stage"] == COMBINED) & (self.forecast["h"] == 1)]
        return rows[rows["unique_id"] == self.series["unique_id"].iloc[0]].iloc[0]

    def assumed(self) -> dict[str, Any]:
        """How the declared effects stand: all, applied, removed, refused (counts), worth over the horizon and its share.

        Both over the bottom series: after - before of what was applied, and that as a share of what was combined.
        """
        state, ids = self.effect["state"], self.members(self.bottom)
        combined = self.forecast[
            (self.forecast["stage"] == COMBINED) & self.forecast["unique_id"].isin(ids)
        ]["y_hat"].sum()
        worth = float((self.effect["after"] - self.effect["before"]).sum())
        return {
            "all": len(state), **{name: int(state.eq(name).sum()) for name in ("applied", "removed", "refused")},
            "worth": worth, "share": worth / combined if combined else 0.0,
        }  # fmt: skip

    def _scored(self, by: list[str], rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """Pooled WAPE of the bottom series by model (`combined` among them) and further columns."""
        wape = self.score[self.score["metric"] == "wape"] if rows is None else rows
        named = wape.assign(model=wape["model"].where(wape["stage"] == "candidate", COMBINED))
        return pool(named, ["model", *by])

    def errors(self) -> pd.DataFrame:
        """WAPE by model and distance over the backtest, bottom level: model, h, value."""
        rows = self.score[
            (self.score["metric"] == "wape")
            & self.score["unique_id"].isin(self.members(self.bottom))
        ]
        return self._scored(["h"], rows)

    def standing(self) -> dict[str, Any]:
        """How the combination stands one month ahead: verdict (best, not_best, none), its WAPE, the best model's, the naive's."""
        errors = self.errors()
        first = errors[errors["h"] == 1].set_index("model")["value"].dropna()
        if COMBINED not in first or BASELINE not in first:
            return {"verdict": "none", "best": "", "combined": None, "single": None, "naive": None}
        single = first.drop(COMBINED)
        best = str(single.idxmin())
        verdict = "best" if first[COMBINED] <= single[best] else "not_best"
        return {
            "verdict": verdict,
            "best": best,
            "combined": first[COMBINED],
            "single": single[best],
            "naive": first[BASELINE],
        }

    def mean_weights(self) -> pd.Series:
        """Mean weight of each model over the bottom series."""
        return mean_weights(self.weights, self.members(self.bottom))

    def weight_table(self) -> pd.DataFrame:
        """One row per model, heaviest first: weight, wape (one month ahead), used and best (bottom series), series."""
        bottom = self.weights[self.weights["unique_id"].isin(self.members(self.bottom))]
        errors = self.errors()
        first = errors[errors["h"] == 1].set_index("model")["value"]
        best = (
            bottom.dropna(subset=["backtest_error"])
            .sort_values("backtest_error", kind="stable")
            .drop_duplicates("unique_id")["model"]
            .value_counts()
        )
        table = self.mean_weights().rename("weight").reset_index()
        used = bottom[bottom["weight"] > 0].groupby("model").size()
        table = table.assign(
            wape=table["model"].map(first),
            used=table["model"].map(used).fillna(0).astype(int),
            best=table["model"].map(best).fillna(0).astype(int),
            series=bottom["unique_id"].nunique(),
        )
        return table.sort_values(["weight", "model"], ascending=[False, True], ignore_index=True)

    def held(self) -> pd.DataFrame:
        """Share of what came inside the intervals of the backtest, all series: interval (percent), h, inside, n, share."""
        pooled = (
            self.explained["backtest_coverage"]
            .groupby(["interval", "h"])[["inside", "n"]]
            .sum()
            .reset_index()
        )
        return pooled.assign(share=pooled["inside"] / pooled["n"])

    def trust(self) -> dict[str, Any]:
        """How the 80 % interval held: verdict (none, holds, mostly, narrow, wide), share over all, and its ends by distance.

        `floor` and `ceiling` are what is agreed; inside of all distances lie within them; low and high with low_h and high_h (months
        ahead); `far` is the farthest distance and `rest` the cutoffs that it rests on.
        """
        held = self.held()
        own = held[held["interval"] == 80]  # percent
        if own.empty:
            return {"verdict": "none"}
        share, within = float(own["inside"].sum() / own["n"].sum()), own["share"].between(*AGREED)
        verdict = (
            "narrow"
            if share < AGREED[0]
            else "wide"
            if share > AGREED[1]
            else "holds"
            if within.all()
            else "mostly"
        )
        low, high, far = (
            own.loc[place]
            for place in (own["share"].idxmin(), own["share"].idxmax(), own["h"].idxmax())
        )
        return {
            "verdict": verdict, "share": share, "floor": AGREED[0], "ceiling": AGREED[1], "inside": int(within.sum()), "all": len(own),
            "low": low["share"], "low_h": int(low["h"]), "high": high["share"], "high_h": int(high["h"]), "n": int(own["n"].sum()),
            "series": len(self.series), "cutoffs": len(self.cutoffs), "far": int(far["h"]),
            "rest": round(float(far["n"]) / float(own["n"].max()) * len(self.cutoffs)),
        }  # fmt: skip

    def largest(self, most: int) -> pd.Series:
        """Which rows of `series` are among the `most` largest by sales of the last twelve months."""
        recent = self.panel[self.panel["ds"] > self.cutoff - pd.DateOffset(months=12)]
        sales = self.series["unique_id"].map(recent.groupby("unique_id")["y_raw"].sum()).fillna(0.0)
        return sales.rank(method="first", ascending=False) <= most

    def page_of(self, unique_id: str) -> str:
        """Link of a key series' page; empty where it has none."""
        pages = self.explained["key_series"].set_index("unique_id")["page"]
        return f"key/{pages[unique_id]}" if unique_id in pages.index else ""

    def corrected(self) -> pd.Series:
        """Share of the corrected candidates in each series' forecast, by unique_id; series without are absent."""
        rows = self.weights[(self.weights["model"] == BOOSTING) & (self.weights["weight"] > 0)]
        return rows.set_index("unique_id")["weight"]

    def choice_table(self) -> pd.DataFrame:
        """One row per series: label, level, weights (candidate, weight; heaviest first), single, error and naive (WAPE), reason.

        The correction is no candidate: its share is told by `corrected`.
        """
        wape = self.score[self.score["metric"] == "wape"]
        errors = self._scored(["unique_id"], wape).pivot(
            index="unique_id", columns="model", values="value"
        )
        single = (
            self.forecast[self.forecast["stage"] == "statistical"]
            .drop_duplicates("unique_id")
            .set_index("unique_id")["model"]
        )
        candidates = self.weights[self.weights["model"] != BOOSTING]
        heaviest = candidates.sort_values(["weight", "model"], ascending=[False, True])
        carried = (
            heaviest[heaviest["weight"] > 0]
            .groupby("unique_id")
            .apply(
                lambda rows: list(zip(rows["model"], rows["weight"], strict=True)),
                include_groups=False,
            )
        )
        reason = heaviest.drop_duplicates("unique_id").set_index("unique_id")["reason"]
        table = self.series[["unique_id", "label", "level"]]
        return table.assign(
            weights=table["unique_id"].map(carried),
            single=table["unique_id"].map(single).fillna(""),
            reason=table["unique_id"].map(reason),
            error=table["unique_id"].map(errors.get(COMBINED, {})),
            naive=table["unique_id"].map(errors.get(BASELINE, {})),
        )

    def key_account_table(self) -> pd.DataFrame:
        """One row per key account, largest first: unique_id, label, now, next, year_before, ds, share, silent (months), history, ahead, lo, hi."""
        named = self.series[self.series["level"] == "key_account"]
        rows = [self._account(row) for _, row in named.iterrows() if row["key_account"] != "other"]
        table = pd.DataFrame(
            rows,
            columns=[
                "unique_id",
                "label",
                "now",
                "next",
                "year_before",
                "ds",
                "share",
                "silent",
                "history",
                "ahead",
                "lo",
                "hi",
            ],
        )
        return table.sort_values("share", ascending=False, ignore_index=True)

    def _account(self, row: pd.Series) -> dict[str, Any]:
        sold = (
            self.panel[self.panel["unique_id"] == row["unique_id"]]
            .set_index("ds")["y_raw"]
            .sort_index()
        )
        total = (
            self.panel[self.panel["unique_id"] == self.series["unique_id"].iloc[0]]
            .sort_values("ds")["y_raw"]
            .tail(12)
            .sum()
        )
        ahead = (
            self.forecast[
                (self.forecast["stage"] == COMBINED)
                & (self.forecast["unique_id"] == row["unique_id"])
            ]
            .sort_values("h")
            .head(3)
        )
        zeros = sold.iloc[::-1].fillna(0).le(0)
        silent = int(zeros.cumprod().sum())
        ds = ahead["ds"].iloc[0]
        return {
            "unique_id": row["unique_id"],
            "label": row["label"],
            "now": sold.iloc[-1],
            "next": ahead["y_hat"].iloc[0],
            "year_before": sold.get(ds - pd.DateOffset(years=1)),
            "ds": ds,
            "share": sold.tail(12).sum() / total if total else 0.0,
            "silent": silent,
            "history": list(sold.tail(12)),
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
    """Mean weight of each model over the series in `members`; a series that a model was not asked for counts as zero."""
    rows = weights[weights["unique_id"].isin(members)]
    return rows.groupby("model")["weight"].sum() / max(rows["unique_id"].nunique(), 1)
