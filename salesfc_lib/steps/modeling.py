"""The modeling step: candidates at every cutoff, their weights, and the forecasts before they
are reconciled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import people, wording
from salesfc_lib.panel import choose_key_series, list_backs
from salesfc_lib.reporting import EXPLAINED, Check, ModeledBefore, ModeledMonth, mean_weights
from salesfc_lib.steps.checks import (
    COHERENT,
    check_complete,
    check_sign,
    read_if_any,
    read_modeled_stages,
)

if TYPE_CHECKING:
    from salesfc_lib.forecasting import History


def model(run: UnitMonth) -> ModeledMonth:
    """Forecast the panel: stages baseline, statistical, combined, and assumed where declared."""
    from salesfc_lib import forecasting

    panel, series, history = run.read("panel"), run.read("series"), read_history(run)
    modeled = forecasting.model_history(
        history,
        run.parameters,
        horizon=run.parameters.horizon,
        levels=list(run.parameters.levels),
        cache=forecasting.ForecastCache(run.reports / ".cache" / run.unit),
        extra=forecasting.load_own(run.parameters, run.project),
    )
    forecast = _assume(run, forecasting.list_forecasts(modeled), series)
    backtest = forecasting.list_backtest(modeled)
    key = choose_key_series(series, panel, run.parameters.key)
    explained = [series["unique_id"].iloc[0], *key["unique_id"]]
    run.write(
        **{"break": forecasting.list_level_shifts(history, run.parameters.breaks)},
        candidate_forecast=forecasting.list_candidates(modeled),
        failures=forecasting.list_failures(modeled),
        weights=forecasting.list_weights(modeled),
        forecast=forecast,
        backtest=backtest,
        score=forecasting.score_modeled(modeled, panel),
        backtest_coverage=forecasting.count_inside(backtest, panel, series),
        key_series=key,
        **forecasting.explain_drivers(modeled.candidates.seen_at(0), explained, run.parameters),
    )
    return read_modeled(run)


def read_history(run: UnitMonth) -> History:
    """The cleaned panel as models see it: through the month, with what is known of later ones."""
    from salesfc_lib.forecasting import align_levels

    tables = {name: run.read(name) for name in ("series", "panel", "future")}
    tables["recalled"] = read_if_any(run, "recalled")
    history = align_levels(tables, run.parameters, end=run.cutoff)
    _check_recalled(run, history.y.shape[1])
    return history


def _check_recalled(run: UnitMonth, width: int) -> None:
    """Raise where the backtest asks for cutoffs at which plans were not recalled."""
    plan, asked = read_if_any(run, "plan"), list_backs(width, run.parameters.backtest)
    for name, backs in plan.loc[plan["dated"] > 0, ["name", "backs"]].to_numpy():
        missing = {str(back) for back in sum(asked, ())} - {*backs.split()}
        if missing:
            months = wording.listing(sorted(missing, key=int))
            raise SalesForecastError.of(
                f"The backtest of '{run.unit}' has cutoffs {months} months back, and what was "
                f"known of '{name}' then was not kept",
                f"The cutoffs that the month was cleaned with: {backs or 'none'} months back",
                "Clean it with the new `backtest` first: `steps.clean(run)`",
            )


def _assume(run: UnitMonth, forecast: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Forecasts, with stage `assumed` where declared effects change what was combined.

    Writes what became of each effect.
    """
    from salesfc_lib.reconciliation import (
        apply_effects,
        list_ends,
        list_heads,
        read_effects,
        select_effects,
    )

    combined, agreed = forecast[forecast["stage"] == "combined"], run.parameters.effects
    effects = read_effects(run.project, run.unit, list_heads(series, run.parameters))
    ends = list_ends(read_if_any(run, "declared"), series, run.parameters)
    if len(ends):
        effects = pd.concat([each for each in (effects, ends) if len(each)], ignore_index=True)
    months = pd.DatetimeIndex(combined["ds"].unique())
    without = agreed.without if agreed.enabled else list(effects["id"])
    authors = people.list_authors(run.project, run.parameters.roles)
    selected = select_effects(
        effects, months, before=run.publication_day, without=without, authors=authors
    )
    assumed, effect, applied = apply_effects(combined, selected, series)
    run.write(effect=effect, effect_applied=applied)
    return pd.concat([forecast, assumed], ignore_index=True) if len(assumed) else forecast


def read_modeled(run: UnitMonth) -> ModeledMonth:
    """What the modeling step left."""
    series, panel = run.read("series"), run.read("panel")
    effect, applied = (read_if_any(run, name) for name in ("effect", "effect_applied"))
    forecast = read_modeled_stages(run)
    checks = _check_modeling(run, forecast, panel), _check_effects(run, forecast, panel, applied)
    return ModeledMonth(
        **{name: run.read(name) for name in ("candidate_forecast", "failures", "weights")},
        scores=run.read("score"),
        backtest=read_if_any(run, "backtest", like="forecast"),
        series=series,
        panel=panel,
        forecast=forecast,
        effect=effect,
        explained={name: read_if_any(run, name) for name in EXPLAINED},
        checks=(*checks[0], *checks[1]),
        bottom=run.parameters.bottom,
        cutoff=run.cutoff,
        before=_modeled_before(run, series),
    )


def _check_modeling(
    run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame
) -> tuple[Check, ...]:
    combined = forecast[forecast["stage"] == "combined"]
    bounds = combined.dropna(subset=["lo-80"])[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]]
    ordered = bool(bounds.diff(axis=1).iloc[:, 1:].ge(0).all(axis=None))
    nested = "Intervals hold their forecast and grow with their level"
    later = bool((forecast["ds"] > run.cutoff).all())
    return (
        check_complete(run, combined, panel),
        check_sign(combined, panel),
        Check(nested, ordered, f"intervals: {len(bounds)}"),
        Check("Forecasts begin after the month", later, run.month),
    )


def _check_effects(
    run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame, applied: pd.DataFrame
) -> tuple[Check, ...]:
    """Checks of the stage `assumed`; none where the business assumes nothing."""
    from salesfc_lib.reconciliation import sum_gap

    assumed = forecast[forecast["stage"] == "assumed"]
    if assumed.empty:
        return ()
    gap = sum_gap(forecast[forecast["stage"].isin(["combined", "assumed"])], applied)
    name = "What the effects changed is what the forecast with them differs by"
    same = (check_complete(run, assumed, panel), check_sign(assumed, panel))
    return (
        Check(name, gap <= COHERENT, f"largest relative gap {gap:.1e}"),
        *(replace(check, name=f"{check.name}, as assumed") for check in same),
    )


def _modeled_before(run: UnitMonth, series: pd.DataFrame) -> ModeledBefore | None:
    names = ("weights", "forecast", "series")
    weights, forecast, earlier = (run.read_before(name) for name in names)
    if weights is None or forecast is None or earlier is None:
        return None
    whole = forecast["unique_id"] == series["unique_id"].iloc[0]
    top = forecast[whole & (forecast["stage"] == "combined")].set_index("ds")["y_hat"]
    following = top.get(run.cutoff + pd.DateOffset(months=1))
    members = earlier.loc[earlier["level"] == run.parameters.bottom, "unique_id"]
    expected = None if following is None else float(following)
    return ModeledBefore(run.month_before, expected, mean_weights(weights, members))
