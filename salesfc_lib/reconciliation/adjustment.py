"""Application of people's overrides to the reconciled forecasts.

The override table, the reconciled forecasts and the series table enter; adjusted forecasts of all
series and an account of every override leave. A changed aggregate is spread over its bottoms in
proportion to their forecasts and everything is summed again. An override without author or reason
is refused and recorded; one for a series or month that does not exist is an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import INTERVALS, say, tables
from salesfc_lib.panel import Summing, list_levels, summing_matrix
from salesfc_lib.reconciliation.overrides import select_overrides

MOVED = 1e-9  # relative difference from which a value counts as moved
ACCOUNT = ["old", "asked", "state", "remark"]


def adjust(
    reconciled: pd.DataFrame,
    overrides: pd.DataFrame,
    series: pd.DataFrame,
    *,
    made_in: str,
    source: str,
    authors: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of stage `adjusted` (model `people`) for all series, and the table `adjustment`.

    Overrides made in `made_in` are applied by `sequence`. `new` is the series' new forecast,
    `percent` the change in percent of its forecast at that moment; `old` is that forecast, `asked`
    what was asked for, `final` what the series has after all overrides. An aggregate's change is
    spread over its bottoms in proportion to their forecasts, equally where all are zero. Refused,
    with why in `remark` (`say`): no author, no reason, an author who is none of `authors` (None:
    all are), a result below zero. Where none is applied the first frame is empty: the stage is not
    there.

    Raises `SalesForecastError` naming `source` and the override whose series or month does not
    exist.
    """
    summing = summing_matrix(series, list_levels(series))
    wide = reconciled.pivot(index="unique_id", columns="ds", values="y_hat").reindex(summing.ids)
    if len(lacking := wide.index[wide.isna().any(axis=1)]):
        raise SalesForecastError.of(
            f"Reconciled forecast lacks {shorten(lacking)}",
            "Every series in every month of the horizon",
            "Run the reconciliation again",
        )
    made = select_overrides(overrides, made_in)
    made = made.sort_values("sequence", kind="stable", ignore_index=True)
    _check_targets(made, series, wide.columns, source)
    bottoms, accounts = wide.to_numpy()[summing.bottom], []
    for override in made.itertuples(index=False):
        barred = _bar(override, authors)
        bottoms, account = _apply(override, bottoms, summing, wide.columns, barred)
        accounts.append(account)
    final = pd.DataFrame(summing.matrix @ bottoms, index=wide.index, columns=wide.columns)
    made = made.assign(**pd.DataFrame(accounts, columns=ACCOUNT, index=made.index))
    made["final"] = [final.at[row.unique_id, row.ds] for row in made.itertuples()]
    labels = series.set_index("unique_id")["label"]
    made["remark"] = [
        row.remark or _moved_by(row, made, summing, labels) for row in made.itertuples()
    ]
    rows = _adjusted_rows(reconciled, final) if made["state"].eq("applied").any() else []
    return tables.build(rows, "forecast"), tables.build(made, "adjustment")


def _check_targets(
    overrides: pd.DataFrame, series: pd.DataFrame, horizon: pd.Index, source: str
) -> None:
    """Every override names a series that exists and a month that is forecast."""
    ids = pd.Index(series["unique_id"])
    by_name = dict(zip(ids, ids, strict=True)) | dict(zip(series["label"], ids, strict=True))
    for override in overrides.itertuples(index=False):
        which = (
            f"{source}: the override by '{override.author}' made in {override.made_in:%Y-%m}, "
            f"sequence {override.sequence},"
        )
        if override.unique_id not in ids:
            alike = difflib.get_close_matches(override.unique_id, by_name, n=6, cutoff=0.0)
            nearest = list(dict.fromkeys(by_name[name] for name in alike))[:3]
            raise SalesForecastError.of(
                f"{which} is for the series '{override.unique_id}', which does not exist",
                f"A series of the unit; the nearest are {shorten(nearest)}",
                "Correct its `unique_id`",
            )
        if override.ds not in horizon:
            raise SalesForecastError.of(
                f"{which} is for '{override.unique_id}' in {override.ds:%Y-%m}, which is not "
                "forecast",
                f"A month from {horizon.min():%Y-%m} to {horizon.max():%Y-%m}",
                "Correct its `ds` or its `made_in`",
            )


def _bar(override: Any, authors: Collection[str] | None) -> str:
    """Why its author may not change forecasts; empty where they may, and where there is none."""
    if authors is None or pd.isna(override.author) or override.author in authors:
        return ""
    return say("adjustment.no_role", author=override.author)


def _apply(
    override: Any, bottoms: np.ndarray, summing: Summing, months: pd.Index, barred: str
) -> tuple[np.ndarray, tuple[float, float, str, str]]:
    """Bottoms (n_bottom, n_months) after the override; old, asked, state and remark."""
    row, column = summing.ids.get_loc(override.unique_id), months.get_loc(override.ds)
    below = summing.matrix[row].indices
    old = float(bottoms[below, column].sum())
    asked = override.new if pd.notna(override.new) else old * (1.0 + override.percent / 100.0)
    refusal = _refuse(override, asked) or barred
    if refusal:
        return bottoms, (old, asked, "refused", refusal)
    changed = bottoms.copy()
    changed[below, column] = spread(bottoms[below, column], asked)
    return changed, (old, asked, "applied", "")


def _refuse(override: Any, asked: float) -> str:
    """Why the override is not applied; empty where it is."""
    given = {"author": override.author, "reason": override.reason}
    missing = [name for name, text in given.items() if pd.isna(text) or not text]
    if missing:
        return say(f"adjustment.no_{'_'.join(missing)}")
    return say("adjustment.negative", asked=asked) if asked < 0 else ""


def spread(bottoms: np.ndarray, total: float) -> np.ndarray:
    """Bottoms scaled to sum to `total`; equal shares where all are zero.

    >>> spread(np.array([1.0, 3.0]), 8.0)
    array([2., 6.])
    >>> spread(np.array([0.0, 0.0]), 8.0)
    array([4., 4.])
    """
    largest = np.abs(bottoms).max()
    size = np.abs(bottoms) / largest if largest > 0 else np.ones(len(bottoms))
    share = size / size.sum()
    return total * share if (bottoms >= 0).all() else bottoms + (total - bottoms.sum()) * share


def _moved_by(row: Any, frame: pd.DataFrame, summing: Summing, labels: pd.Series) -> str:
    """Remark on later overrides that moved this one's value; empty where none did."""
    if abs(row.final - row.asked) <= MOVED * max(abs(row.asked), abs(row.final), 1e-300):
        return ""
    later = (frame.index > row.Index) & frame["ds"].eq(row.ds) & frame["state"].eq("applied")
    names = frame.loc[later, "unique_id"].unique()
    own, others = (
        summing.matrix[summing.ids.get_indexer(each)] for each in ([row.unique_id], names)
    )
    shared = names[(others @ own.T).toarray().ravel() > 0]
    return say("adjustment.moved", asked=row.asked, final=row.final, series=list(labels[shared]))


def _adjusted_rows(reconciled: pd.DataFrame, final: pd.DataFrame) -> pd.DataFrame:
    """Forecast rows of stage `adjusted` in the reconciled rows' order; intervals null."""
    row = final.index.get_indexer(reconciled["unique_id"])
    column = final.columns.get_indexer(reconciled["ds"])
    changed = {"stage": "adjusted", "model": "people", "y_hat": final.to_numpy()[row, column]}
    return reconciled.assign(**changed, **dict.fromkeys(INTERVALS, np.nan))
