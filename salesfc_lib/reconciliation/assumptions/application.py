"""Declared effects applied to the combined forecast.

- Effects act at the bottom, percentages first, in the order in which they were declared, then
  amounts. An amount is spread over the bottoms that it holds for in proportion to their forecasts,
  equally where all are zero, and never over one that has ended.
- A series above is not yet the sum of its bottoms. Percentages scale it by the ratio of the sums of
  its bottoms with and without them; an amount is added as it is, whatever the level.
- An interval is moved with its forecast: a percentage scales it, an amount shifts it, and what
  ended has none.
- An amount cannot take a forecast below zero that was not: what is left of it is not applied, and
  its remark says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.foundation import ASSUMED, ENDED, INTERVALS, say, tables
from salesfc_lib.panel import Summing, list_levels, summing_matrix
from salesfc_lib.reconciliation.adjustment import spread
from salesfc_lib.reconciliation.assumptions.scopes import find_scopes

# the bound whose distance from its forecast says by how much an interval was scaled
WIDTH = "hi-95"
ALL = -100.0  # percent


class Bottoms(NamedTuple):
    """Bottom forecasts (n_bottom, n_months) at three moments, and the percentages' factors.

    start: as combined; scaled: after percentages; end: after amounts.
    """

    start: np.ndarray
    scaled: np.ndarray
    end: np.ndarray
    factor: np.ndarray


def apply_effects(
    combined: pd.DataFrame, effects: pd.DataFrame, series: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of stage `assumed` for all series, and the tables `effect` and `effect_applied`.

    combined: rows of table `forecast` of one cutoff, every series of every level; effects:
    `select_effects`, of which those in state `applied` are applied. A row's model is kept where no
    effect touched it, else `assumption`, or `ended` where all of it was taken away. Where nothing
    is applied the first frame is empty: the stage is not there.

    Raises `SalesForecastError` naming every effect whose member, combination of members or carrier
    does not exist.
    """
    selected = effects[effects["state"].eq("applied")]
    if selected.empty:
        forecast, applied = map(tables.empty, ("forecast", "effect_applied"))
        return forecast, tables.build(effects, "effect"), applied
    summing = summing_matrix(series, list_levels(series))
    scopes, refusals = find_scopes(selected, series, summing)
    wide = combined.pivot(index="unique_id", columns="ds", values="y_hat").reindex(summing.ids)
    used = selected[selected["id"].isin(list(scopes))]
    bottoms, accounts = _apply_all(used, scopes, wide, summing)
    table = effects.set_index("id", drop=False)
    for name, refusal in refusals.items():
        table.loc[name, ["state", "remark"]] = "refused", refusal
    for effect in used.itertuples():
        account = accounts[effect.id]
        remark = _describe(effect, account, combined["cutoff"].max())
        sums = account["before"].sum(), account["after"].sum()
        table.loc[effect.id, ["remark", "before", "after"]] = remark, *sums
    rows = _assumed_rows(combined, bottoms, wide, summing) if scopes else []
    parts = list(accounts.values()) or [tables.empty("effect_applied")]
    return (
        tables.build(rows, "forecast"),
        tables.build(table, "effect"),
        pd.concat(parts, ignore_index=True),
    )


def sum_gap(forecast: pd.DataFrame, applied: pd.DataFrame) -> float:
    """Largest difference between the effects and stage `assumed` less `combined`, at the bottom.

    Relative to the largest forecast among those rows; forecast: rows of the two stages; applied:
    table `effect_applied`.
    """
    wide = forecast.pivot(index=["unique_id", "ds"], columns="stage", values="y_hat")
    change = applied["after"] - applied["before"]
    did = change.groupby([applied["unique_id"], applied["ds"]]).sum()
    rows = wide.loc[did.index]
    if rows.empty:
        return 0.0
    gap = (rows["assumed"] - rows["combined"] - did).abs().max()
    return float(gap / max(rows[["assumed", "combined"]].abs().max(axis=None), 1e-300))


def intervals_with_effects(
    rows: pd.DataFrame, modeled: pd.DataFrame, add: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Rows of a later stage with intervals by `add`, scaled as effects scaled the combined ones.

    `add` knows only what was missed before any effect: it gives intervals around each
    forecast without its percentages, and they are multiplied by what the percentages came to. Rows
    that no effect touched, and all rows where `modeled` (combined and assumed) has no stage
    `assumed`, are as `add` gives them.
    """
    factor = _width_factors(rows, modeled)
    if factor is None:
        return add(rows)
    ended = factor <= 0
    found = add(rows.assign(y_hat=rows["y_hat"] / np.where(ended, 1.0, factor)))
    bounds = {
        name: np.where(ended, rows["y_hat"], found[name] * factor)
        for name in INTERVALS
        if name in found
    }
    return found.assign(y_hat=rows["y_hat"], **bounds)


def _width_factors(rows: pd.DataFrame, modeled: pd.DataFrame) -> np.ndarray | None:
    """Factor of percentages on each row's interval (n_rows,); None without stage `assumed`."""
    assumed, combined = (
        modeled[modeled["stage"].eq(stage)].set_index(["unique_id", "ds"])
        for stage in ("assumed", "combined")
    )
    if assumed.empty:
        return None
    combined = combined.reindex(assumed.index)
    before, after = (frame[WIDTH] - frame["y_hat"] for frame in (combined, assumed))
    factor = (after / before).where(before.gt(0), 1.0).mask(assumed["model"].eq(ENDED), 0.0)
    factor = factor.where(assumed["model"].isin([ASSUMED, ENDED]), 1.0)
    return (
        factor.reindex(pd.MultiIndex.from_frame(rows[["unique_id", "ds"]])).fillna(1.0).to_numpy()
    )


def _apply_all(
    effects: pd.DataFrame, scopes: Mapping[str, np.ndarray], wide: pd.DataFrame, summing: Summing
) -> tuple[Bottoms, dict[str, pd.DataFrame]]:
    """Bottoms after all effects, and rows of `effect_applied` by id in the order of application."""
    start = wide.to_numpy(dtype=float)[summing.bottom]
    now, factor = start.copy(), np.ones_like(start)
    order = effects.sort_values("declared_at", kind="stable", na_position="last")
    accounts: dict[str, pd.DataFrame] = {}
    moments = []
    for kind in ("percent", "amount"):
        for effect in order[order["kind"].eq(kind)].itertuples():
            cell = _cell(effect, scopes[effect.id], wide.columns)
            before, times = now[cell], 1.0 + effect.change / 100.0
            percent = kind == "percent"
            after = before * times if percent else _add(before, factor[cell], effect.change)
            ids, months = summing.bottom_ids[cell[0].ravel()], wide.columns[cell[1].ravel()]
            accounts[effect.id] = _account(effect, before, after, ids, months)
            now[cell] = after
            factor[cell] *= times if percent else 1.0
        moments.append(now.copy())
    scaled, end = moments
    return Bottoms(start, scaled, end, factor), accounts


def _cell(effect: Any, places: np.ndarray, months: pd.Index) -> tuple[np.ndarray, ...]:
    """Places of the bottoms (n, 1) and of the months (1, n_months) that an effect holds for."""
    until = months.max() if pd.isna(effect.until) else effect.until
    return np.ix_(places, np.flatnonzero((months >= effect.start) & (months <= until)))


def _add(before: np.ndarray, left: np.ndarray, change: float) -> np.ndarray:
    """Bottoms (n, n_months), `change` added to each month's sum where `left` > 0."""
    after = before.copy()
    for month in range(before.shape[1]):
        free = left[:, month] > 0
        if not free.any():
            continue
        total = before[free, month].sum() + change
        held = total if (before[free, month] < 0).any() else max(total, 0.0)
        after[free, month] = spread(before[free, month], held)
    return after


def _account(
    effect: Any, before: np.ndarray, after: np.ndarray, ids: pd.Index, months: pd.Index
) -> pd.DataFrame:
    """Rows of `effect_applied`; remark on months in which less was placed than declared."""
    short = np.full(len(months), "", dtype=object)
    if effect.kind == "amount":
        missing = effect.change - (after - before).sum(axis=0)
        size = 1e-9 * max(abs(effect.change), float(np.abs(before).sum(axis=0).max(initial=0.0)))
        why = say("effect.held" if effect.change < 0 else "effect.ended")
        short[np.abs(missing) > size] = why
    columns = {
        "id": effect.id,
        "unique_id": np.repeat(ids.to_numpy(dtype=object), len(months)),
        "ds": np.tile(months.to_numpy(), len(ids)),
        "before": before.ravel(),
        "after": after.ravel(),
        "remark": np.tile(short, len(ids)),
    }
    return pd.DataFrame(columns)


def _describe(effect: Any, account: pd.DataFrame, cutoff: pd.Timestamp) -> str:
    """Who carries it, what found no place, and what the data hold of it already."""
    parts, short = [], account[account["remark"].ne("")]
    if effect.carried_by:
        parts.append(say("effect.carried", carrier=effect.carried_by))
    if len(short):
        counts = {"short": short["ds"].nunique(), "months": account["ds"].nunique()}
        parts.append(say("effect.short", why=short["remark"].iat[0], **counts))
    if effect.start <= cutoff and effect.change != ALL:
        parts.append(say("effect.known", start=f"{effect.start:%Y-%m}"))
    return say("remarks", remarks=parts) if len(parts) > 1 else "".join(parts)


def _assumed_rows(
    combined: pd.DataFrame, bottoms: Bottoms, wide: pd.DataFrame, summing: Summing
) -> pd.DataFrame:
    """Forecast rows of stage `assumed` in the combined rows' order."""
    matrix, before = summing.matrix, wide.to_numpy(dtype=float)
    factor, shift = _carry_up(bottoms, summing)
    floored = (before >= 0) & (matrix @ np.minimum(bottoms.end, 0.0) >= 0)
    moved = np.maximum(before * factor + shift, np.where(floored, 0.0, -np.inf))
    moved[summing.bottom] = bottoms.end
    changed = (bottoms.factor != 1.0) | (bottoms.end != bottoms.scaled)
    touched = matrix @ changed.astype(float) > 0
    ended = matrix @ (bottoms.factor > 0).astype(float) == 0
    cell = (wide.index.get_indexer(combined["unique_id"]), wide.columns.get_indexer(combined["ds"]))
    y_hat, scale, add = moved[cell], factor[cell], shift[cell]
    model = np.where(touched[cell], ASSUMED, combined["model"].to_numpy(dtype=object))
    model = np.where(ended[cell], ENDED, model)
    bounds = {
        name: _move_bound(combined, name, scale=scale, add=add, y_hat=y_hat) for name in INTERVALS
    }
    return combined.assign(stage="assumed", model=model, y_hat=y_hat, **bounds)


def _carry_up(bottoms: Bottoms, summing: Summing) -> tuple[np.ndarray, np.ndarray]:
    """Factor and shift of every series' forecast, (n_series, n_months): forecast * factor + shift.

    Where some bottoms are below zero a ratio of sums says nothing: what percentages changed is
    added there.
    """
    matrix = summing.matrix
    before, scaled, end = (matrix @ part for part in (bottoms.start, bottoms.scaled, bottoms.end))
    mean = (matrix @ bottoms.factor) / np.asarray(matrix.sum(axis=1))
    ratio = np.where(before > 0, scaled / np.where(before > 0, before, 1.0), mean)
    signed = (matrix @ (bottoms.start < 0).astype(float)) > 0
    signed[summing.bottom] = False
    factor = np.where(signed, 1.0, ratio)
    factor[summing.bottom] = bottoms.factor
    return factor, np.where(signed, end - before, end - scaled)


def _move_bound(
    combined: pd.DataFrame, name: str, *, scale: np.ndarray, add: np.ndarray, y_hat: np.ndarray
) -> np.ndarray:
    """A bound moved as the forecast was, on its side of it, not below zero where it was not."""
    bound = combined[name].to_numpy(dtype=float)
    moved, limit = bound * scale + add, np.where(np.isnan(bound), np.nan, y_hat)
    if name.startswith("hi"):
        return np.maximum(moved, limit)
    return np.minimum(np.where(bound >= 0, np.maximum(moved, 0.0), moved), limit)
