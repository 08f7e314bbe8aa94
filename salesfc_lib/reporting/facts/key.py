"""One key series in a month: its forecast, drivers, weights, past errors and changes by people.

Errors are those of what was published, where the archive has them; only a unit's first months are
judged by the backtest. A change concerns a series where it was made for the series itself or for
one that is all within it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from salesfc_lib.forecasting import pool, score
from salesfc_lib.panel import DESCRIBING
from salesfc_lib.reporting.facts.shared import months_silent
from salesfc_lib.retrospective import of_stage, published

# tables of which the key series' rows are enough
BY_SERIES = ("panel", "forecast", "backtest", "weights", "coefficient", "driver_effect")
KEY_TABLES = ("series", "key_series", "effect", "effect_applied", "adjustment", *BY_SERIES)
OWN = ("published", "weights", "coefficient", "archived", "backtest")  # as `KeyMonth` names them
METRICS = ("wape", "bias", "coverage-80")


@dataclass(frozen=True)
class KeyMonth:
    """One key series in a month. Tables are the rows of it alone.

    history: y_raw by ds; published: the forecast that goes out; weights, coefficient, ahead
    (driver_effect): as their contracts. archived: what earlier months published for months that are
    over, with `actual`; backtest: likewise the combination's at earlier cutoffs. effects: id,
    reason, author and worth (after - before over the horizon) of declared effects; changes:
    people's changes within it, with `label`; moved: published - reconciled, by ds.
    """

    unique_id: str
    label: str
    level: str
    page: str
    sales: float
    share: float
    history: pd.Series
    published: pd.DataFrame
    weights: pd.DataFrame
    coefficient: pd.DataFrame
    ahead: pd.DataFrame
    archived: pd.DataFrame
    backtest: pd.DataFrame
    effects: pd.DataFrame
    changes: pd.DataFrame
    moved: pd.Series

    @property
    def judged(self) -> str:
        """What its errors are of: archive, backtest, or nothing."""
        return "archive" if len(self.archived) else "backtest" if len(self.backtest) else "nothing"

    @property
    def next(self) -> pd.Series:
        """The published row one month ahead."""
        return self.published.iloc[0]

    @property
    def ended(self) -> bool:
        """Whether no candidate carries it, because it came to an end."""
        return not bool((self.weights["weight"] > 0).any())

    @property
    def silent(self) -> int:
        """Months since the last sale."""
        return months_silent(self.history)

    def errors(self) -> pd.DataFrame:
        """WAPE, bias, actuals `inside` of `bounded` by an 80 % interval, and months.

        By `h` of the archive's rows, by `cutoff` of the backtest's.
        """
        by, rows = ("h", self.archived) if self.judged == "archive" else ("cutoff", self.backtest)
        actual = rows.rename(columns={"actual": "y_raw"}).drop_duplicates(["unique_id", "ds"])
        scores = pool(score(rows.drop(columns="actual"), actual, METRICS), [by])
        pooled = scores.pivot(index=by, columns="metric")
        found = {
            "wape": pooled["value"]["wape"],
            "bias": pooled["value"]["bias"],
            "inside": pooled["numerator"].get("coverage-80"),
            "bounded": pooled["n"].get("coverage-80"),
            "months": pooled["n"]["wape"],
        }
        return pd.DataFrame(found).reset_index()

    def backtest_wape(self) -> float:
        """Pooled WAPE of the backtest's rows, all distances; NaN where nothing was sold."""
        rows, size = self.backtest, self.backtest["actual"].abs().sum()
        error = (rows["y_hat"] - rows["actual"]).abs().sum()
        return float(error / size) if size else float("nan")

    def last_published(self) -> float | None:
        """What was published a month ago for the last month."""
        archived, last = self.archived, self.history.index[-1]
        rows = archived[(archived["h"] == 1) & (archived["ds"] == last)]
        return float(rows["y_hat"].iloc[0]) if len(rows) else None


def list_key_months(found: Mapping[str, pd.DataFrame], vintages: pd.DataFrame) -> list[KeyMonth]:
    """A `KeyMonth` for each key series, in the order of table key_series.

    `found`: the month's tables by name (`KEY_TABLES`), of which those by series may hold the key
    series alone; `vintages`: what earlier months published.
    """
    sold, series = found["panel"][["unique_id", "ds", "y_raw"]], found["series"]
    by_series = {
        "sold": sold.sort_values("ds"),
        "published": published(found["forecast"]).sort_values("ds"),
        "reconciled": of_stage(found["forecast"], "reconciled"),
        "archived": _with_actuals(published(vintages), sold),
        "backtest": _with_actuals(found["backtest"].dropna(subset=["lo-80"]), sold),
        **{name: found[name] for name in ("weights", "coefficient", "driver_effect")},
    }
    labels = series.set_index("unique_id")[["label", "level"]]
    months = []
    for key in found["key_series"].to_dict("records"):
        unique_id, within = key["unique_id"], list_within(series, key["unique_id"])
        own = {
            name: frame[frame["unique_id"] == unique_id].reset_index(drop=True)
            for name, frame in by_series.items()
        }
        after, before = (own[name].set_index("ds")["y_hat"] for name in ("published", "reconciled"))
        month = KeyMonth(
            **{name: key[name] for name in ("unique_id", "page", "sales", "share")},
            **labels.loc[unique_id],
            history=own["sold"].set_index("ds")["y_raw"],
            ahead=own["driver_effect"],
            moved=after - before,
            effects=_effects(found["effect_applied"], found["effect"], within),
            changes=_changes(found["adjustment"], series, within),
            **{name: own[name] for name in OWN},
        )
        months.append(month)
    return months


def list_within(series: pd.DataFrame, unique_id: str) -> list[str]:
    """Ids of a series and of those within it: with the same member in each of its dimensions."""
    dimensions = [name for name in series.columns if name not in DESCRIBING]
    own = series.set_index("unique_id").loc[unique_id, dimensions].dropna()
    same = pd.Series(True, index=series.index)
    for name, member in own.items():
        same &= series[str(name)].eq(member)
    return list(series.loc[same, "unique_id"])


def _with_actuals(forecast: pd.DataFrame, sold: pd.DataFrame) -> pd.DataFrame:
    """Forecast rows of months that are over, with what was sold as `actual`."""
    actual = sold.dropna(subset=["y_raw"]).rename(columns={"y_raw": "actual"})
    return forecast.merge(actual, on=["unique_id", "ds"]).sort_values(
        ["unique_id", "cutoff", "h"], ignore_index=True
    )


def _effects(applied: pd.DataFrame, effect: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    rows = applied[applied["unique_id"].isin(within)]
    worth = (rows["after"] - rows["before"]).groupby(rows["id"]).sum().rename("worth").reset_index()
    return worth.merge(effect[["id", "author", "reason", "start", "until"]], on="id")


def _changes(adjustment: pd.DataFrame, series: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    rows = adjustment[adjustment["unique_id"].isin(within)]
    return rows.merge(series[["unique_id", "label"]], on="unique_id").sort_values(
        ["ds", "unique_id", "sequence"], ignore_index=True
    )
