"""The four steps of a unit's month.

A unit's month enters; tables on disk leave, and what a notebook shows of them. The decision made here: steps hand over
files, never Python state. What a step returns is read back from what it wrote, so that a notebook, a backfill, the
month's page and an analyst at the keyboard all see the same.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth, manifest, open_month
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, resolve, tables
from salesfc_lib.panel import (
    aggregate,
    aggregate_future,
    build_series,
    choose_key_series,
    coherence_gap,
)
from salesfc_lib.reporting import (
    EXPLAINED,
    RETROSPECTIVE_TABLES,
    Check,
    CleanedBefore,
    CleanedMonth,
    ModeledBefore,
    ModeledMonth,
    ReconciledMonth,
    Restated,
    ReviewedMonth,
    final_stage,
    last_modeled,
    ledger_totals,
    mean_weights,
)

if TYPE_CHECKING:
    from salesfc_lib.forecasting import History
    from salesfc_lib.reporting import KeyPage

__all__ = [
    "clean", "latest_closed", "model", "open_month", "read_cleaned", "read_history", "read_modeled", "read_reconciled", "read_restated", "read_reviewed", "reconcile", "retrospect", "summarise", "tell_keys",
]  # fmt: skip

MODELED = ("baseline", "statistical", "combined", "assumed")  # stages that the modeling step leaves
COHERENT = 1e-6  # relative gap between a total and the sum of its parts that still counts as none


def latest_closed(project: Path, unit: str) -> str:
    """The latest month that is closed in the unit's data."""
    from salesfc_lib import cleaning

    parameters = resolve(project, unit).parameters
    if parameters.calendar.closed_through is not None:
        return parameters.calendar.closed_through
    found = cleaning.standardise(parameters, cleaning.read_all(parameters, project))
    return cleaning.closed_through(parameters, found.latest)


def clean(run: UnitMonth) -> CleanedMonth:
    """Sources to transactions, with a ledger that closes, and to the panel of all levels."""
    from salesfc_lib import cleaning
    from salesfc_lib.cleaning import (
        apply_outliers,
        apply_stock_outs,
        find_stock_outs,
        judge_months,
        list_declared,
        propose_renames,
    )
    from salesfc_lib.panel import build_panel, check_panel, fill_gaps, list_lifecycles, take_known

    parameters, settings = run.parameters, run.parameters.cleaning.outliers
    found = cleaning.clean(
        parameters,
        run.project,
        run.month,
        cleaning.read_all(parameters, run.project, keep=run.keeps_sources),
    )
    event = take_known(found.event, run.publication_day)
    bottom = build_panel(
        found.transactions, parameters, run.month, found.promotion, event=event, driver=found.driver
    )
    short = find_stock_outs(found.inventory, bottom.series, bottom.panel)
    outliers, censored = judge_months(bottom.panel, settings=settings, censored=short)
    trained = apply_stock_outs(
        apply_outliers(bottom.panel, outliers, settings.treatment),
        censored,
        parameters.cleaning.stock_outs,
    )
    ready = check_panel(fill_gaps(trained), run.unit)
    series = build_series(bottom.series, parameters.levels)
    declared = list_declared(found.transactions, parameters)
    panel = aggregate(ready, series, parameters.levels, lag=parameters.horizon)
    run.write(
        transactions=found.transactions, ledger=found.ledger, quarantine=found.quarantine, problems=found.problems, removed=found.removed,
        changes=found.changes, promotion=found.promotion, inventory=found.inventory,
        target=found.target, event=event, driver=found.driver, opportunity=found.opportunity, control=found.control, files=pd.DataFrame(found.files),
        series=series, panel=panel, declared=declared, lifecycle=list_lifecycles(panel, series, run.cutoff, declared),
        future=aggregate_future(bottom.future, bottom.panel, series, parameters.levels, lag=parameters.horizon), outliers=outliers, censored=censored,
    )  # fmt: skip
    if len(found.quarantine):
        write_quarantine_csv(found.quarantine, run.folder / "quarantine.csv")
    named = [
        name
        for name in (*parameters.dimensions, "customer", "salesperson")
        if found.transactions[name].notna().any()
    ]
    run.write(
        **_restate(run),
        rename_proposals=propose_renames(found.transactions, named, parameters.measure.value),
    )
    return read_cleaned(run)


def _restate(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """What became of the months that the month before published; no rows where that month is not in the archive."""
    from salesfc_lib.cleaning import find_redefined, key_columns, read_view, restate

    earlier = archive.unit_folder(run.reports, run.month_before, run.unit)
    if not (earlier / "tables" / "transactions.parquet").is_file():
        return {name: tables.empty(name) for name in ("restatement", "restatement_months")}
    then = {
        key: entry["value"] for key, entry in manifest.read(earlier).get("parameters", {}).items()
    }
    return restate(
        *(
            read_view(folder / "tables" / "transactions.parquet")
            for folder in (earlier, run.folder)
        ),
        last=run.cutoff - pd.DateOffset(months=1),
        dimensions=run.parameters.levels[run.parameters.bottom],
        keys={name: key_columns(source) for name, source in run.parameters.sources.items()},
        redefined=find_redefined(then, flatten(run.parameters.model_dump(mode="json"))),
    )


def read_restated(run: UnitMonth) -> Restated:
    """What the cleaning step found of history that was published before."""
    bottom = run.parameters.levels[run.parameters.bottom]
    return Restated(
        run.read("restatement"),
        run.read("restatement_months"),
        bottom,
        run.parameters.measure.value,
    )


def read_cleaned(run: UnitMonth) -> CleanedMonth:
    """What the cleaning step left."""
    ledger, panel, series = run.read("ledger"), run.read("panel"), run.read("series")
    top = panel[panel["unique_id"] == series["unique_id"].iloc[0]]
    return CleanedMonth(
        ledger=ledger, quarantine=run.read("quarantine"), problems=run.read("problems"), outliers=run.read("outliers"), censored=run.read("censored"),
        control=run.read("control"), proposals=run.read("rename_proposals"), restated=read_restated(run), series=series, panel=panel,
        missing=top.loc[top["y_raw"].isna(), ["ds"]], files=run.read("files").to_dict("records"), checks=_check_cleaning(run, ledger, top),
        bottom=run.parameters.bottom, before=_cleaned_before(run, top),
    )  # fmt: skip


def _check_cleaning(run: UnitMonth, ledger: pd.DataFrame, top: pd.DataFrame) -> tuple[Check, ...]:
    from salesfc_lib.cleaning import total_gap

    kept = ledger_totals(ledger).set_index("rule").loc["kept", run.parameters.measure.value]
    total, months = float(top["y_raw"].sum()), top["ds"]
    return (
        Check(
            "Opening = kept + every rule, in rows, quantity and amount",
            not any(total_gap(ledger).values()),
            f"{len(ledger)} entries",
        ),
        Check(
            "The panel holds exactly what the ledger kept",
            abs(total - float(kept)) <= COHERENT * max(abs(float(kept)), 1.0),
            f"{kept} and {total:.2f}",
        ),
        Check(
            "The monthly grid is unbroken",
            len(months) == len(pd.period_range(months.min(), months.max(), freq="M")),
            f"{len(months)} months",
        ),
        Check("The panel ends with the month", months.max() == run.cutoff, run.month),
    )


def _cleaned_before(run: UnitMonth, top: pd.DataFrame) -> CleanedBefore | None:
    ledger, before, quarantine = (
        run.read_before(name) for name in ("ledger", "panel", "quarantine")
    )
    if ledger is None or before is None or quarantine is None:
        return None
    then = before[before["unique_id"].isin(top["unique_id"])].set_index("ds")["y_raw"]
    now = top.set_index("ds")["y_raw"]
    restated = round(float((now.reindex(then.index) - then).fillna(0.0).sum()), 2)
    kept = int(ledger_totals(ledger).set_index("rule").loc["kept", "rows"])
    return CleanedBefore(run.month_before, kept, len(quarantine), restated)


def model(run: UnitMonth) -> ModeledMonth:
    """Candidates at every cutoff, their weights, and the forecasts baseline, statistical and combined."""
    from salesfc_lib.forecasting import (
        ForecastCache,
        count_inside,
        explain_drivers,
        list_backtest,
        list_candidates,
        list_failures,
        list_forecasts,
        list_level_shifts,
        list_weights,
        load_own,
        model_history,
        score_modeled,
    )

    panel, series, history = run.read("panel"), run.read("series"), read_history(run)
    cache = ForecastCache(run.reports / ".cache" / run.unit)
    modeled = model_history(
        history,
        run.parameters,
        horizon=run.parameters.horizon,
        levels=list(run.parameters.levels),
        cache=cache,
        extra=load_own(run.parameters, run.project),
    )
    forecast, backtest = _assume(run, list_forecasts(modeled), series), list_backtest(modeled)
    key = choose_key_series(series, panel, run.parameters.key)
    run.write(**{"break": list_level_shifts(history)})
    run.write(
        candidate_forecast=list_candidates(modeled), failures=list_failures(modeled), weights=list_weights(modeled),
        forecast=forecast, backtest=backtest, score=score_modeled(modeled, panel), backtest_coverage=count_inside(backtest, panel, series),
        key_series=key, **explain_drivers(history, [series["unique_id"].iloc[0], *key["unique_id"]], run.parameters),
    )  # fmt: skip
    return read_modeled(run)


def read_history(run: UnitMonth) -> History:
    """The cleaned panel as models see it: through the month, with what is known of the coming ones; levels in the parameters' order."""
    from salesfc_lib.forecasting import align

    series, names = run.read("series"), list(run.parameters.levels)
    codes = {
        unique_id: names.index(level)
        for unique_id, level in zip(series["unique_id"], series["level"], strict=True)
    }
    return align(
        run.read("panel"),
        run.read("future"),
        horizon=run.parameters.horizon,
        end=run.cutoff,
        level=codes,
    )


def _assume(run: UnitMonth, forecast: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Forecasts with those of stage `assumed` where declared effects change what was combined; writes what became of each effect."""
    from salesfc_lib.reconciliation import (
        apply_effects,
        list_ends,
        list_heads,
        read_effects,
        select_effects,
    )

    combined, agreed = forecast[forecast["stage"] == "combined"], run.parameters.effects
    written = read_effects(run.project, run.unit, list_heads(series, run.parameters))
    ends = list_ends(_read_if_any(run, "declared"), series, run.parameters)
    effects = (
        pd.concat([table for table in (written, ends) if len(table)], ignore_index=True)
        if len(ends)
        else written
    )
    chosen = select_effects(
        effects,
        pd.DatetimeIndex(combined["ds"].unique()),
        before=run.publication_day,
        without=agreed.without if agreed.enabled else list(effects["id"]),
    )
    assumed, effect, applied = apply_effects(combined, chosen, series)
    run.write(effect=effect, effect_applied=applied)
    return pd.concat([forecast, assumed], ignore_index=True) if len(assumed) else forecast


def _read_if_any(run: UnitMonth, name: str) -> pd.DataFrame:
    """Table of an earlier step; without rows where the month was published before there were tables of that kind."""
    try:
        return run.read(name)
    except SalesForecastError:
        return tables.empty(name)


def read_modeled(run: UnitMonth) -> ModeledMonth:
    """What the modeling step left."""
    series, panel = run.read("series"), run.read("panel")
    effect, applied = (_read_if_any(run, name) for name in ("effect", "effect_applied"))
    explained = {name: _read_if_any(run, name) for name in EXPLAINED}
    forecast = run.read("forecast").query("stage in @MODELED")
    return ModeledMonth(
        series=series, panel=panel, candidate_forecast=run.read("candidate_forecast"), failures=run.read("failures"), weights=run.read("weights"), forecast=forecast,
        score=run.read("score"), effect=effect, explained=explained, checks=(*_check_modeling(run, forecast, panel), *_check_effects(run, forecast, panel, applied)), bottom=run.parameters.bottom, cutoff=run.cutoff, before=_modeled_before(run, series),
    )  # fmt: skip


def _check_modeling(
    run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame
) -> tuple[Check, ...]:
    combined = forecast[forecast["stage"] == "combined"]
    bounds = combined.dropna(subset=["lo-80"])
    ordered = (
        bounds[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]]
        .diff(axis=1)
        .iloc[:, 1:]
        .ge(0)
        .all(axis=None)
    )
    return (
        _check_complete(run, combined, panel),
        _check_sign(combined, panel),
        Check(
            "Intervals hold their forecast and grow with their level",
            bool(ordered),
            f"{len(bounds)} intervals",
        ),
        Check(
            "Forecasts begin after the month", bool((forecast["ds"] > run.cutoff).all()), run.month
        ),
    )


def _check_effects(
    run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame, applied: pd.DataFrame
) -> tuple[Check, ...]:
    """What must hold where the business assumes something; nothing where it does not."""
    from salesfc_lib.reconciliation import sum_gap

    assumed = forecast[forecast["stage"] == "assumed"]
    if assumed.empty:
        return ()
    gap = sum_gap(forecast[forecast["stage"].isin(["combined", "assumed"])], applied)
    return (
        Check(
            "What the effects changed is what the forecast with them differs by",
            gap <= COHERENT,
            f"largest relative gap {gap:.1e}",
        ),
        *(
            replace(check, name=f"{check.name}, as assumed")
            for check in (_check_complete(run, assumed, panel), _check_sign(assumed, panel))
        ),
    )


def _check_complete(run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame) -> Check:
    expected = panel["unique_id"].nunique() * run.parameters.horizon
    return Check(
        "Every series has a forecast for every month",
        len(forecast) == expected,
        f"{len(forecast)} of {expected}",
    )


def _check_sign(forecast: pd.DataFrame, panel: pd.DataFrame) -> Check:
    never = forecast["unique_id"].map(panel.groupby("unique_id")["y_raw"].min()).ge(0)
    below = int((forecast.loc[never, "y_hat"] < 0).sum())
    return Check(
        "No forecast is below zero where history is not", below == 0, f"{below} below zero"
    )


def _modeled_before(run: UnitMonth, series: pd.DataFrame) -> ModeledBefore | None:
    weights, forecast, earlier = (
        run.read_before(name) for name in ("weights", "forecast", "series")
    )
    if weights is None or forecast is None or earlier is None:
        return None
    top = forecast[
        (forecast["unique_id"] == series["unique_id"].iloc[0]) & (forecast["stage"] == "combined")
    ].set_index("ds")["y_hat"]
    members = earlier.loc[earlier["level"] == run.parameters.bottom, "unique_id"]
    following = top.get(run.cutoff + pd.DateOffset(months=1))
    return ModeledBefore(
        run.month_before,
        None if following is None else float(following),
        mean_weights(weights, members),
    )


def reconcile(run: UnitMonth) -> ReconciledMonth:
    """Coherent forecasts, people's changes, and the numbers that are published."""
    from salesfc_lib.forecasting import add_intervals
    from salesfc_lib.reconciliation import (
        adjust,
        intervals_with_effects,
        read_overrides,
        select_overrides,
    )
    from salesfc_lib.reconciliation import reconcile as make_coherent

    panel, series, backtest = run.read("panel"), run.read("series"), run.read("backtest")
    modeled = run.read("forecast").query("stage in @MODELED")
    coherent, methods = make_coherent(
        modeled, backtest, panel, series, parameters=run.parameters, month=run.month
    )
    overrides = (
        read_overrides(run.project, run.unit)
        if run.parameters.adjust.enabled
        else tables.empty("override")
    )
    known = select_overrides(overrides, run.month, before=run.publication_day)
    adjusted, adjustment = adjust(
        coherent, known, series, made_in=run.month, source=f"overrides/{run.unit}.csv"
    )
    final = [
        intervals_with_effects(
            rows, modeled, lambda found: add_intervals(found, backtest, panel, series)
        )
        for rows in (coherent, adjusted)
        if len(rows)
    ]
    forecast = pd.concat([modeled, *final], ignore_index=True)
    run.write(forecast=forecast, reconciliation=methods, adjustment=adjustment, override=overrides)
    write_forecast_csv(final_stage(forecast), series, run.folder / "forecast.csv")
    return read_reconciled(run)


def read_reconciled(run: UnitMonth) -> ReconciledMonth:
    """What the reconciliation step left."""
    series, panel, forecast, levels = (
        run.read("series"),
        run.read("panel"),
        run.read("forecast"),
        run.parameters.levels,
    )
    final, earlier = final_stage(forecast), run.read_before("forecast")
    gap, modeled = coherence_gap(final, series, levels), last_modeled(forecast)
    checks = (
        Check(
            "Every total is the sum of its parts",
            gap <= COHERENT,
            f"largest relative gap {gap:.1e}",
        ),
        _check_complete(run, final, panel),
        _check_sign(final, panel),
    )
    return ReconciledMonth(
        series=series, panel=panel, forecast=forecast, reconciliation=run.read("reconciliation"), adjustment=run.read("adjustment"),
        gap_before=coherence_gap(forecast[forecast["stage"] == modeled], series, levels), gap=gap, checks=checks, bottom=run.parameters.bottom,
        earlier=tables.empty("forecast") if earlier is None else earlier[earlier["stage"].isin(["reconciled", "adjusted"])],
    )  # fmt: skip


def write_quarantine_csv(quarantine: pd.DataFrame, path: Path) -> Path:
    """Path of the rows to send back, with the export's own columns where a row could be laid out; formulas are made text."""
    laid_out = [json.loads(text) for text in quarantine["content"]]
    cells = [content if isinstance(content, dict) else {"as read": content} for content in laid_out]
    wide = pd.concat(
        [
            quarantine.drop(columns="content"),
            pd.DataFrame(cells, index=quarantine.index).add_prefix("export: "),
        ],
        axis=1,
    )
    wide.map(tables.guard_text).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def write_forecast_csv(final: pd.DataFrame, series: pd.DataFrame, path: Path) -> Path:
    """Path of the final numbers for people; text that a spreadsheet would take for a formula gets an apostrophe."""
    names = [name for name in series.columns if name != "label"]
    wide = series[names].merge(
        final[["unique_id", "ds", "h", "y_hat", *tables.INTERVALS]], on="unique_id"
    )
    wide[names] = wide[names].apply(lambda column: column.map(tables.guard_text))
    wide = wide.assign(month=wide["ds"].dt.strftime("%Y-%m")).rename(
        columns={"y_hat": "forecast", "h": "months_ahead"}
    )
    wide[[*names, "month", "months_ahead", "forecast", *tables.INTERVALS]].round(4).to_csv(
        path, index=False, encoding="utf-8-sig", lineterminator="\n"
    )
    return path


def retrospect(run: UnitMonth) -> ReviewedMonth:
    """Archived forecasts against actuals: accuracy, value added, causes, what to change."""
    from salesfc_lib.retrospective import compare_with_archive

    run.write(**compare_with_archive(run))
    return read_reviewed(run)


def read_reviewed(run: UnitMonth) -> ReviewedMonth:
    """What the retrospective left."""
    found = {name: run.read(name) for name in RETROSPECTIVE_TABLES}
    missed, improvement = found["missed"], json.loads(found["improvement"]["facts"].iloc[0])
    earlier = [month for month in archive.list_months(run.reports, run.unit) if month < run.month]
    gap = found["difference"]["effect"].sum() - (missed["actual"] - missed["forecast"]).sum()
    checks = (
        Check(
            "Causes take the forecast to the actual exactly",
            bool(abs(gap) <= 1e-9 * max(missed["actual"].abs().sum(), 1.0)),
            f"{gap:.2e} left",
        ),
        Check(
            "Only what was published before this month is scored",
            bool((missed["cutoff"] < run.cutoff).all()),
            f"{len(earlier)} earlier months",
        ),
    )
    return ReviewedMonth(
        found,
        improvement,
        run.read("series"),
        len(earlier),
        run.cutoff,
        run.parameters.bottom,
        checks,
    )


def tell_keys(run: UnitMonth) -> list[KeyPage]:
    """The pages of key accounts and key products, from what the four steps left and what earlier months published."""
    from salesfc_lib.reporting import BY_SERIES, KEY_TABLES, list_key_months, tell_key

    chosen = set(_read_if_any(run, "key_series")["unique_id"])
    if not chosen:
        return []
    only: list[tuple[str, str, object]] = [("unique_id", "in", list(chosen))]
    found = {name: run.read(name, only if name in BY_SERIES else None) for name in KEY_TABLES}
    lags = sorted(run.parameters.retrospective.lags)[
        :2
    ]  # the nearest two; more make a table that no phone shows
    vintages = archive.vintages(run.reports, run.unit, run.month_before, lags=lags)
    return [
        tell_key(run, each)
        for each in list_key_months(found, vintages[vintages["unique_id"].isin(chosen)])
    ]


def summarise(run: UnitMonth) -> dict[str, Any]:
    """The `summary` block of the month's manifest, from what the four steps left."""
    from salesfc_lib.reporting import summary

    return summary(
        run, read_cleaned(run), read_modeled(run), read_reconciled(run), read_reviewed(run)
    ).to_json()
