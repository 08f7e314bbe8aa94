"""Application of people's overrides to the reconciled forecasts.

The override table, the reconciled forecasts and the series table enter; adjusted forecasts of all
series and an account of every override leave. A changed aggregate is spread over its bottoms in
proportion to their forecasts and everything is summed again. An override without author or reason
is refused and recorded; one for a series or month that does not exist is an error.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import INTERVALS, tables
from salesfc_lib.panel import Summing, list_levels, summing_matrix
from salesfc_lib.reconciliation.overrides import select_overrides

MOVED = 1e-9  # relative difference from which a value counts as moved


def adjust(
    reconciled: pd.DataFrame,
    overrides: pd.DataFrame,
    series: pd.DataFrame,
    *,
    made_in: str,
    source: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of stage `adjusted` (model `people`) for all series, and the table `adjustment`.

    Overrides made in `made_in` are applied by `sequence`. `new` is the series' new forecast,
    `percent` the change in percent of its forecast at that moment; `old` is that forecast, `asked`
    what was asked for, `final` what the series has after all overrides. An aggregate's change is
    spread over its bottoms in proportion to their forecasts, equally where all are zero. Refused,
    with why in `remark`: no author, no reason, a result below zero. Where none is applied the first
    frame is tables.empty: the stage is not there.

    Raises `SalesForecastError` naming `source` and the override whose series or month does not
    exist.
    """
    summing = summing_matrix(series, list_levels(series))
    wide = reconciled.pivot(index="unique_id", columns="ds", values="y_hat").reindex(summing.ids)
    _check_complete(wide)
    chosen = select_overrides(overrides, made_in)
    chosen = chosen.sort_values("sequence", kind="stable", ignore_index=True)
    _check_targets(chosen, series, wide.columns, source)
    bottoms, accounts = wide.to_numpy()[summing.bottom], []
    for override in chosen.itertuples(index=False):
        bottoms, account = _apply(override, bottoms, summing, wide.columns)
        accounts.append(account)
    final = pd.DataFrame(summing.matrix @ bottoms, index=wide.index, columns=wide.columns)
    account = _close_accounts(chosen, accounts, final, summing)
    if not account["state"].eq("applied").any():
        return tables.empty("forecast"), account
    return _adjusted_rows(reconciled, final), account


def _check_complete(wide: pd.DataFrame) -> None:
    if wide.isna().any(axis=None):
        lacking = wide.index[wide.isna().any(axis=1)]
        raise SalesForecastError.say(
            f"Reconciled forecast lacks {shorten(lacking)}",
            "Every series in every month of the horizon",
            "Run the reconciliation again",
        )


def _check_targets(
    overrides: pd.DataFrame, series: pd.DataFrame, horizon: pd.Index, source: str
) -> None:
    """Every override names a series that exists and a month that is forecast."""
    ids = set(series["unique_id"])
    for override in overrides.itertuples(index=False):
        which = (
            f"{source}: the override by '{override.author}' made in {override.made_in:%Y-%m}, "
            f"sequence {override.sequence},"
        )
        if override.unique_id not in ids:
            raise SalesForecastError.say(
                f"{which} is for the series '{override.unique_id}', which does not exist",
                "A series of the unit; the nearest are "
                f"{shorten(_nearest(override.unique_id, series))}",
                "Correct its `unique_id`",
            )
        if override.ds not in horizon:
            raise SalesForecastError.say(
                f"{which} is for '{override.unique_id}' in {override.ds:%Y-%m}, which is not "
                "forecast",
                f"A month from {horizon.min():%Y-%m} to {horizon.max():%Y-%m}",
                "Correct its `ds` or its `made_in`",
            )


def _nearest(name: str, series: pd.DataFrame) -> list[str]:
    """Ids that look most like `name`, a series' label counting as its id."""
    alike = difflib.get_close_matches(
        name, [*series["unique_id"], *series["label"]], n=6, cutoff=0.0
    )
    by_label = dict(zip(series["label"], series["unique_id"], strict=True))
    return list(dict.fromkeys(str(by_label.get(found, found)) for found in alike))[:3]


def _apply(
    override: Any, bottoms: np.ndarray, summing: Summing, months: pd.Index
) -> tuple[np.ndarray, tuple[float, float, str, str]]:
    """Bottoms (n_bottom, n_months) after the override; old, asked, state and remark."""
    row, column = summing.ids.get_loc(override.unique_id), months.get_loc(override.ds)
    below = summing.matrix[row].indices
    old = float(bottoms[below, column].sum())
    asked = override.new if pd.notna(override.new) else old * (1.0 + override.percent / 100.0)
    refusal = _refuse(override, asked)
    if refusal:
        return bottoms, (old, asked, "refused", refusal)
    changed = bottoms.copy()
    changed[below, column] = spread(bottoms[below, column], asked)
    return changed, (old, asked, "applied", "")


def _refuse(override: Any, asked: float) -> str:
    """Why the override is not applied; tables.empty where it is."""
    written = {"author": override.author, "reason": override.reason}
    missing = [name for name, text in written.items() if pd.isna(text) or not text]
    if missing:
        return f"No {' and no '.join(missing)} was given."
    return f"The result would be negative ({asked:g})." if asked < 0 else ""


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


def _close_accounts(
    overrides: pd.DataFrame,
    accounts: list[tuple[float, float, str, str]],
    final: pd.DataFrame,
    summing: Summing,
) -> pd.DataFrame:
    """Table `adjustment`: each override with its final value and the later one that moved it."""
    names, columns = ["old", "asked", "state", "remark"], tables.empty("adjustment")
    frame = overrides.assign(**pd.DataFrame(accounts, columns=names, index=overrides.index))
    frame["final"] = [final.at[row.unique_id, row.ds] for row in frame.itertuples()]
    frame["remark"] = [row.remark or _moved_by(row, frame, summing) for row in frame.itertuples()]
    return frame[list(columns.columns)].astype(columns.dtypes.to_dict())


def _moved_by(row: Any, frame: pd.DataFrame, summing: Summing) -> str:
    """Remark on later overrides that moved this one's value; tables.empty where none did."""
    if abs(row.final - row.asked) <= MOVED * max(abs(row.asked), abs(row.final), 1e-300):
        return ""
    later = (frame.index > row.Index) & frame["ds"].eq(row.ds) & frame["state"].eq("applied")
    mine, *others = (
        summing.matrix[summing.ids.get_loc(name)]
        for name in (row.unique_id, *frame.loc[later, "unique_id"])
    )
    pairs = zip(frame.loc[later, "unique_id"], others, strict=True)
    shared = dict.fromkeys(name for name, other in pairs if mine.multiply(other).nnz)
    return (
        f"Moved from {row.asked:,.0f} to {row.final:,.0f} by a later override of {shorten(shared)}."
    )


def _adjusted_rows(reconciled: pd.DataFrame, final: pd.DataFrame) -> pd.DataFrame:
    """Forecast rows of stage `adjusted` in the reconciled rows' order; intervals null."""
    row = final.index.get_indexer(reconciled["unique_id"])
    column = final.columns.get_indexer(reconciled["ds"])
    y_hat, nothing = final.to_numpy()[row, column], dict.fromkeys(INTERVALS, np.nan)
    frame = reconciled.reset_index(drop=True).assign(
        stage="adjusted", model="people", y_hat=y_hat, **nothing
    )
    return frame[list(tables.empty("forecast").columns)]
