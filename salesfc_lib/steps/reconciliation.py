"""The reconciliation step: coherent forecasts, people's changes, and the published numbers."""

from __future__ import annotations

from functools import partial

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import language, people, tables
from salesfc_lib.panel import coherence_gap
from salesfc_lib.reporting import (
    Check,
    ReconciledMonth,
    final_stage,
    last_modeled,
    write_forecast_csv,
    write_forecast_workbook,
)
from salesfc_lib.steps.checks import COHERENT, check_complete, check_sign, read_modeled_stages


def reconcile(run: UnitMonth) -> ReconciledMonth:
    """Reconcile the month's forecasts and apply overrides; what the step wrote comes back."""
    from salesfc_lib import reconciliation
    from salesfc_lib.forecasting import add_intervals

    panel, series, backtest = run.read("panel"), run.read("series"), run.read("backtest")
    modeled, judged_before = read_modeled_stages(run), run.read_before("reconciliation")
    before = None if judged_before is None else judged_before.query("chosen")["method"].iloc[0]
    coherent, methods = reconciliation.reconcile(
        modeled, backtest, panel, series, parameters=run.parameters, month=run.month, before=before
    )
    overrides = tables.empty("override")
    if run.parameters.adjust.enabled:
        overrides = reconciliation.read_overrides(run.project, run.unit)
    known = reconciliation.select_overrides(overrides, run.month, before=run.publication_day)
    adjusted, adjustment = reconciliation.adjust(
        coherent,
        known,
        series,
        made_in=run.month,
        source=f"overrides/{run.unit}.csv",
        authors=people.list_authors(run.project, run.parameters.roles),
    )

    method = str(coherent["model"].iloc[0])
    reconciled = reconciliation.reconcile_backtest(
        method, backtest, panel, series, parameters=run.parameters
    )
    past = reconciled if len(reconciled) else backtest

    def widen(forecast: pd.DataFrame) -> pd.DataFrame:
        return add_intervals(forecast, past, panel, series, rule=run.parameters.lifecycle)

    final = [
        reconciliation.intervals_with_effects(rows, modeled, widen)
        for rows in (coherent, adjusted)
        if len(rows)
    ]
    forecast = pd.concat([modeled, *final], ignore_index=True)
    run.write(forecast=forecast, reconciliation=methods, adjustment=adjustment, override=overrides)
    published = final_stage(forecast)
    spoken = run.parameters.report.spoken
    write_csv = partial(write_forecast_csv, published, series)
    language.write_each(write_csv, run.folder / "forecast.csv", spoken)
    with language.speaking(spoken[0]):
        write_forecast_workbook(published, series, panel, run.folder / "forecast.xlsx")
    return read_reconciled(run)


def read_reconciled(run: UnitMonth) -> ReconciledMonth:
    """What the reconciliation step left."""
    series, panel, forecast = (run.read(name) for name in ("series", "panel", "forecast"))
    final, levels = final_stage(forecast), run.parameters.levels
    before = forecast[forecast["stage"] == last_modeled(forecast)]
    gap = coherence_gap(final, series, levels)
    earlier = run.read_before("forecast")
    earlier = tables.empty("forecast") if earlier is None else earlier
    shown = f"largest relative gap {gap:.1e}"
    return ReconciledMonth(
        series=series,
        panel=panel,
        forecast=forecast,
        reconciliation=run.read("reconciliation"),
        adjustment=run.read("adjustment"),
        gap_before=coherence_gap(before, series, levels),
        gap=gap,
        checks=(
            Check("Every total is the sum of its parts", gap <= COHERENT, shown),
            check_complete(run, final, panel),
            check_sign(final, panel),
        ),
        bottom=run.parameters.bottom,
        earlier=earlier[earlier["stage"].isin(["reconciled", "adjusted"])],
    )
