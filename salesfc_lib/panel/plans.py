"""Plans: what promotions, events and drivers say of months ahead, now and as known at a cutoff.

Side tables enter, regressors by month leave. At a cutoff a row is unknown of the months after it
where it was announced on the day of publication or later; a row without a day of announcement
counts as known at any time. Months through the cutoff show what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Parameters, bound_months, label_months, schema, tables
from salesfc_lib.panel.aggregation import aggregate
from salesfc_lib.panel.cutoffs import find_publication_day
from salesfc_lib.panel.regressors import (
    PanelMonths,
    PlacedRows,
    SeriesSplit,
    share_flagged,
    share_of_spans,
    split_series,
    spread_driver,
)

PROMOTION, EVENT = "promotion", "event"
SAME = 1e-9  # of a regressor's value, that rounding leaves

Spread = Callable[[pd.DataFrame, SeriesSplit, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """Rows of one regressor, and how they make its values.

    first, last: (n_rows,) datetime64[M], the months that each row speaks of, from the panel's first
    to the one after all; announced: (n_rows,)
    datetime64[D], NaT where it is not recorded. spread: of rows, the series' split by month and
    these months, the values (n_series, n_months), NaN where nothing is known. ahead: whether a
    model may see months after the cutoff.
    """

    rows: pd.DataFrame
    first: np.ndarray
    last: np.ndarray
    split: SeriesSplit
    spread: Spread
    ahead: bool = True

    @property
    def announced(self) -> np.ndarray:
        if "announced" not in self.rows:
            return np.full(len(self.rows), "NaT", "M8[D]")
        return self.rows["announced"].to_numpy().astype("datetime64[D]")

    @property
    def is_dated(self) -> bool:
        """Whether a row that models may see ahead has a day of announcement."""
        return self.ahead and not np.isnat(self.announced).all()

    def values(
        self, months: np.ndarray, which: slice, late: np.ndarray | None = None
    ) -> np.ndarray:
        """Values of `which` of all months (n_series, n_months), without the rows that are late."""
        rows = self.rows if late is None else self.rows[~late]
        return self.spread(rows, self.split.take(which), months[which])

    def find_late(self, cutoff: np.datetime64, published: pd.Timestamp) -> np.ndarray:
        """Rows (n_rows,) of months after a cutoff that were announced on `published` or later."""
        day = published.to_datetime64().astype("datetime64[D]")
        return np.asarray((self.announced >= day) & (self.last > cutoff))


def list_plans(
    placed: PlacedRows,
    months: PanelMonths,
    parameters: Parameters,
    *,
    promotion: pd.DataFrame | None = None,
    event: pd.DataFrame | None = None,
    driver: pd.DataFrame | None = None,
) -> dict[str, Plan]:
    """Plans by regressor; models see events ahead where one is to come or has been announced."""
    plans, calendar = {}, parameters.calendar
    bounds = [
        each[at] for each, at in zip(bound_months(months.all, calendar), (0, -1), strict=True)
    ]
    windows = {PROMOTION: parameters.measure.promotion_window, EVENT: schema.PromotionWindow()}
    for name, rows in ((PROMOTION, promotion), (EVENT, event)):
        if rows is not None and len(rows):
            days = (rows[each].to_numpy().astype("datetime64[D]") for each in ("start", "end"))
            # a plan without an end lies beyond the business calendar
            first, last = (label_months(each.clip(*bounds), calendar) for each in days)
            split = split_series(rows, placed, months, parameters)
            spread = partial(share_of_spans, calendar=calendar, window=windows[name])
            plan = Plan(rows, first, last, split, spread)
            coming = bool((last > months.past[-1]).any())
            plans[name] = replace(plan, ahead=name == PROMOTION or coming or plan.is_dated)
    for name, declared in parameters.drivers.items():
        values = driver[driver["name"].eq(name)] if driver is not None else None
        if values is not None and len(values):
            own = values["ds"].to_numpy().astype("datetime64[M]")
            split = split_series(values, placed, months, parameters)
            spread = partial(spread_driver, declared=declared)
            plans[name] = Plan(values, own, own, split, spread, declared.known_ahead)
    return plans


def lay_out_plans(
    plans: Mapping[str, Plan],
    placed: PlacedRows,
    months: PanelMonths,
    parameters: Parameters,
    *,
    known_before: pd.Timestamp | None,
) -> dict[str, np.ndarray]:
    """Regressors of all months (n_series, n_months), of the past alone where none is known ahead.

    With `known_before`, months ahead are as they were known then. Where rows are flagged, the past
    is what they say.
    """
    from salesfc_lib.cleaning import has_flag

    columns, (every, ahead) = {}, (slice(None), slice(months.n_past, None))
    for name, plan in plans.items():
        values = plan.values(months.all, every)
        late = find_late_now(plan, months, known_before)
        if late.any():
            values[:, ahead] = plan.values(months.all, ahead, late)
        foreseen = plan.ahead and np.isfinite(values[:, ahead]).any()
        columns[name] = values if foreseen else values[:, : months.n_past]
    if has_flag(placed.rows, parameters):
        flagged = share_flagged(placed)
        if PROMOTION in columns:  # the plan, where the rows have no flag
            past = columns[PROMOTION][:, : months.n_past]
            np.copyto(past, flagged, where=np.isfinite(flagged))
        else:
            columns[PROMOTION] = flagged
    return columns


def recall_plans(
    plans: Mapping[str, Plan], months: PanelMonths, backs: Sequence[int], parameters: Parameters
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """By cutoff, `backs` months before now: places of the months ahead of it, and regressors as
    they were known then (n_series, horizon), of plans with days of announcement.
    """
    dated = {name: plan for name, plan in plans.items() if plan.is_dated}
    for back in backs if dated else ():
        place = months.n_past - back
        cutoff, ahead = months.all[place - 1], slice(place, place + parameters.horizon)
        published = find_publication_day(pd.Timestamp(cutoff), parameters)
        yield (
            ahead,
            {
                name: plan.values(months.all, ahead, plan.find_late(cutoff, published))
                for name, plan in dated.items()
            },
        )


def list_recalled(
    recalled: Mapping[pd.Timestamp, pd.DataFrame],
    now: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    lag: int,
    sold: pd.DataFrame,
) -> pd.DataFrame:
    """Table recalled: regressors of all levels at earlier cutoffs, where they differ from `now`.

    `recalled`: by cutoff, regressors of bottom series as known then; `now`: panel and future of all
    levels; `lag` and `sold` as `aggregate` takes them.
    """
    found = [tables.empty("recalled")]
    for cutoff, frame in recalled.items():
        then = aggregate(frame, series, levels, lag=lag, sold=sold)
        names = then.columns.drop(["unique_id", "ds"])
        both = then.merge(now, on=["unique_id", "ds"], suffixes=("", " now"))
        for name in names.intersection(now.columns):
            value, today = both[name].to_numpy(float), both[f"{name} now"].to_numpy(float)
            same = np.isclose(value, today, rtol=SAME, atol=SAME, equal_nan=True)
            rows = both.loc[~same, ["unique_id", "ds"]]
            found.append(rows.assign(cutoff=cutoff, name=name, value=value[~same]))
    return tables.build(pd.concat([each for each in found if len(each)] or found), "recalled")


def count_plans(
    plans: Mapping[str, Plan],
    months: PanelMonths,
    backs: tuple[Sequence[int], Sequence[int]],
    parameters: Parameters,
    *,
    known_before: pd.Timestamp | None,
) -> pd.DataFrame:
    """Table plan of what is known ahead.

    `backs` as `list_backs` gives them: only tested cutoffs count.
    """
    rows = []
    for name, plan in plans.items():
        late = np.zeros(len(plan.rows), dtype=bool)
        for back in backs[0]:
            cutoff = months.past[-1] - back
            published = find_publication_day(pd.Timestamp(cutoff), parameters)
            within = plan.first <= cutoff + parameters.horizon
            late |= plan.find_late(cutoff, published) & within
        late_now = find_late_now(plan, months, known_before)
        counts = {
            "rows": len(plan.rows),
            "dated": (~np.isnat(plan.announced)).sum(),
            "late": late.sum(),
            "left_out": (late_now & (plan.first <= months.all[-1])).sum(),
            "backs": " ".join(map(str, sum(map(list, backs), []))) if plan.is_dated else "",
        }
        rows.append({"name": name, **counts})
    return tables.build(rows, "plan") if rows else tables.empty("plan")


def find_late_now(plan: Plan, months: PanelMonths, known_before: pd.Timestamp | None) -> np.ndarray:
    """Rows (n_rows,) that the forecast of now may not know: none where all are known."""
    if known_before is None:
        return np.zeros(len(plan.rows), dtype=bool)
    return plan.find_late(months.past[-1], known_before)
