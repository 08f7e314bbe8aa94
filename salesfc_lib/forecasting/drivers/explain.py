"""Tables coefficient, pooled_driver and driver_effect of a `History`.

The effects are those that the forecast applies. Only the unit's total and the key series are
explained, since more is not read. What a coming month brings is told against a month without it (a
share) or against what is usual (a level, a count).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.drivers.factors import Applied, apply_effects
from salesfc_lib.forecasting.drivers.regression import list_terms
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE
from salesfc_lib.foundation import Parameters, tables


def explain_drivers(
    history: History, explained: Collection[str], parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """The three tables by name; coefficient and driver_effect of the `explained` series.

    `history` holds rows of one cutoff as the candidates see them.
    """
    block = parameters.candidates.get("regression")  # whose level, trend and months are listed
    settings = {} if block is None else block.settings
    rows, free = np.flatnonzero(np.isin(history.ids, list(explained))), history
    pooled, driven, ahead = tables.empty("pooled_driver"), [], []
    for _, applied in apply_effects(history, parameters.driver_effects.half_life):
        factor = applied.factor(parameters.horizon)
        free = replace(history, y=history.y / factor[:, : history.y.shape[1]])
        pooled = pool_effects(applied)
        for row in rows[applied.follows[rows]]:
            driven.append(list_effects(applied, row))
            ahead.append(list_ahead(applied, row, factor[row, -parameters.horizon :]))
    half_life = float(settings.get("half_life", HALF_LIFE))
    own = list_terms(free.take(rows), half_life=half_life).assign(kind=None)
    return {
        "coefficient": tables.build(pd.concat([own, *driven]), "coefficient"),
        "pooled_driver": pooled,
        "driver_effect": tables.build(
            pd.concat(ahead) if ahead else tables.empty("driver_effect"), "driver_effect"
        ),
    }


def pool_effects(applied: Applied) -> pd.DataFrame:
    """Table pooled_driver: effects on all bottom series, weighted by sales."""
    size = design.series_scale(applied.bottoms.y)
    found = _list_moving(applied, size / size.sum())
    return tables.build(found, "pooled_driver")


def list_effects(applied: Applied, row: int) -> pd.DataFrame:
    """Rows of table coefficient: the drivers of one series, in its unit."""
    found = _list_moving(applied, applied.weight[[row]].toarray()[0])
    size = float(design.series_scale(applied.history.y[[row]])[0])
    found[["estimate", "low", "high"]] *= size
    return found.assign(unique_id=applied.history.ids[row])


def _list_moving(applied: Applied, weight: np.ndarray) -> pd.DataFrame:
    """Effects, by weights (m,) of the bottom series, of the drivers that move in one of these:
    term, estimate, low, high, kind, and the number of series in which it moves.
    """
    estimate, low, high = (each[0] for each in applied.effects.aggregate(weight[None]))
    kinds = applied.history.kinds
    names = list(applied.history.regressors)
    series = (applied.effects.moved & (weight > 0)[:, None]).sum(axis=0)
    columns = {
        "term": names,
        "estimate": estimate,
        "low": low,
        "high": high,
        "kind": [kinds[name] for name in names],
        "series": series,
    }
    return pd.DataFrame(columns)[series > 0]


def list_ahead(applied: Applied, row: int, factor: np.ndarray) -> pd.DataFrame:
    """Table driver_effect of one series, whose coming months the drivers make `factor` (horizon,)
    times usual ones. Months of which nothing is known have no row.
    """
    history, horizon, parts = applied.history, len(factor), []
    width, weight = history.y.shape[1], applied.weight[[row]].toarray()[0]
    size = float(design.series_scale(history.y[[row]])[0])
    moved = design.list_moves(applied.bottoms, horizon)
    live = (applied.effects.moved & (weight > 0)[:, None]).any(axis=0)
    for place, name in enumerate(history.regressors):
        months = slice(width, width + horizon)
        usual = moved[place][:, months]
        known = np.nan_to_num(applied.bottoms.regressors[name][:, months])
        against = known if history.kinds[name] == "share" else usual
        found = applied.effects.aggregate(weight * against.T)
        effect, low, high = (size * each[:, place] for each in found)
        value = history.regressors[name][row, months]
        columns = {
            "unique_id": history.ids[row],
            "term": name,
            "ds": (history.last[row] + np.arange(1, horizon + 1)).astype("datetime64[ns]"),
            "value": value,
            "effect": effect,
            "low": low,
            "high": high,
            "share": (weight * applied.effects.applied[:, place]) @ usual / factor,
        }
        parts.append(pd.DataFrame(columns)[np.isfinite(value) & live[place]])
    return pd.concat(parts, ignore_index=True)
