"""The cleaning step: sources to transactions, a ledger that closes, and the panel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import UnitMonth, manifest, unit_folder
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, in_words, language, name_in_file, resolve, tables
from salesfc_lib.reporting import Check, CleanedBefore, CleanedMonth, Restated, ledger_totals
from salesfc_lib.steps.checks import COHERENT

CLEANED = (  # tables of `CleanedTables` that are written as they are
    "transactions",
    "ledger",
    "quarantine",
    "problems",
    "removed",
    "changes",
    "promotion",
    "inventory",
    "delivery",
    "target",
    "driver",
    "control",
)


def latest_closed(project: Path, unit: str) -> str:
    """Latest month that is closed in the unit's data, as 'YYYY-MM'."""
    declared = resolve(project, unit).parameters.calendar.closed_through
    return declared or find_closed(project, unit)[0]


def find_closed(project: Path, unit: str, sets: Sequence[str] = ()) -> tuple[str, str]:
    """Latest month that is closed in the unit's data, and what is left out because it is later.

    Data that cannot be read stop a unit here only where they have to say which month is closed.
    """
    from salesfc_lib import cleaning

    parameters = resolve(project, unit, None, sets).parameters
    declared = parameters.calendar.closed_through
    try:
        found = cleaning.standardise(parameters, cleaning.read_all(parameters, project))
    except (SalesForecastError, OSError):
        if declared is None:
            raise
        return declared, ""
    waiting = cleaning.describe_waiting(found, parameters, unit, project)
    return cleaning.closed_through(parameters, found.covered), waiting


def clean(run: UnitMonth) -> CleanedMonth:
    """Clean the unit's sources and build its panel; what the step wrote comes back."""
    from salesfc_lib import cleaning
    from salesfc_lib.panel import build_tables, list_lifecycles, take_known

    parameters = run.parameters
    rows = cleaning.read_all(parameters, run.project, keep=run.keeps_sources)
    found = cleaning.clean(parameters, run.project, run.month, rows)
    kept = {name: getattr(found, name) for name in CLEANED}
    kept["event"] = take_known(found.event, run.publication_day)
    built = build_tables(
        kept, parameters, run.month, unit=run.unit, known_before=run.publication_day
    )
    declared = cleaning.list_declared(found.transactions, parameters)
    panel, series, rule = built["panel"], built["series"], parameters.lifecycle
    run.write(
        **kept,
        **found.supply,
        **built,
        files=pd.DataFrame(found.files),
        declared=declared,
        lifecycle=list_lifecycles(panel, series, run.cutoff, declared, rule=rule),
    )
    if len(found.quarantine):
        write_csv = partial(write_quarantine_csv, found.quarantine)
        language.write_each(write_csv, run.folder / "quarantine.csv", parameters.report.spoken)
    possible = (*parameters.dimensions, "customer", "salesperson")
    named = [name for name in possible if found.transactions[name].notna().any()]
    proposed = cleaning.propose_renames(found.transactions, named, parameters.measure.value)
    run.write(**_restate(run), rename_proposals=proposed)
    return read_cleaned(run)


def _restate(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """What became of months already published; empty where the archive lacks the month before."""
    from salesfc_lib.cleaning import find_redefined, key_columns, read_view, restate

    earlier = unit_folder(run.reports, run.month_before, run.unit)
    views = [place / "tables" / "transactions.parquet" for place in (earlier, run.folder)]
    nothing = {name: tables.empty(name) for name in ("restatement", "restatement_months")}
    if not views[0].is_file():
        return nothing
    try:
        record = manifest.read(earlier).get("parameters", {})
    except SalesForecastError:  # damaged: the index and `verify` say so
        return nothing
    then = {key: entry["value"] for key, entry in record.items()}
    return restate(
        *(read_view(path) for path in views),
        last=run.cutoff - pd.DateOffset(months=1),
        dimensions=run.parameters.levels[run.parameters.bottom],
        keys={name: key_columns(source) for name, source in run.parameters.sources.items()},
        redefined=find_redefined(then, flatten(run.parameters.model_dump(mode="json"))),
    )


def write_quarantine_csv(quarantine: pd.DataFrame, path: Path) -> Path:
    """Write the rows to send back, with the export's own columns where a row could be laid out.

    Heads, rules and reasons are in the current language; in English heads and rules never change,
    because machines read them. Text that a spreadsheet would take for a formula gets an apostrophe.
    """
    contents, whole = map(json.loads, quarantine["content"]), language.translate("as read")
    cells = [content if isinstance(content, dict) else {whole: content} for content in contents]
    before = name_in_file("csv", "export") + language.by_language((": ", "："))
    export = pd.DataFrame(cells, index=quarantine.index).add_prefix(before)
    said = quarantine.drop(columns="content").assign(
        rule=[name_in_file("rule", rule) for rule in quarantine["rule"]],
        reason=quarantine["reason"].map(in_words),
    )
    said.columns = [name_in_file("csv", name) for name in said]
    wide = pd.concat([said, export], axis=1)
    wide.map(tables.guard_text).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def read_restated(run: UnitMonth) -> Restated:
    """What the cleaning step found of history that was published before."""
    parameters = run.parameters
    return Restated(
        run.read("restatement"),
        run.read("restatement_months"),
        parameters.levels[parameters.bottom],
        parameters.measure.value,
    )


def read_cleaned(run: UnitMonth) -> CleanedMonth:
    """What the cleaning step left."""
    ledger, panel, series = run.read("ledger"), run.read("panel"), run.read("series")
    top = panel[panel["unique_id"] == series["unique_id"].iloc[0]]
    same = ("quarantine", "problems", "outliers", "censored", "control")
    return CleanedMonth(
        **{name: run.read(name) for name in same},
        ledger=ledger,
        proposals=run.read("rename_proposals"),
        restated=read_restated(run),
        series=series,
        panel=panel,
        missing=top.loc[top["y_raw"].isna(), ["ds"]],
        files=run.read("files").to_dict("records"),
        checks=_check_cleaning(run, ledger, top),
        bottom=run.parameters.bottom,
        before=_cleaned_before(run, top),
    )


def _check_cleaning(run: UnitMonth, ledger: pd.DataFrame, top: pd.DataFrame) -> tuple[Check, ...]:
    from salesfc_lib.cleaning import total_gap

    kept = ledger_totals(ledger).set_index("rule").loc["kept", run.parameters.measure.value]
    total, months = float(top["y_raw"].sum()), top["ds"]
    closes = not any(total_gap(ledger).values())
    same = abs(total - float(kept)) <= COHERENT * max(abs(float(kept)), 1.0)
    unbroken = len(months) == len(pd.period_range(months.min(), months.max(), freq="M"))
    equation = "Opening = kept + every rule, in rows, quantity and amount"
    return (
        Check(equation, closes, f"entries: {len(ledger)}"),
        Check(
            "The panel holds exactly what the ledger kept",
            same,
            f"ledger {kept}, panel {total:.2f}",
        ),
        Check("The monthly grid is unbroken", unbroken, f"months: {len(months)}"),
        Check("The panel ends with the month", months.max() == run.cutoff, run.month),
    )


def _cleaned_before(run: UnitMonth, top: pd.DataFrame) -> CleanedBefore | None:
    names = ("ledger", "panel", "quarantine")
    ledger, before, quarantine = (run.read_before(name) for name in names)
    if ledger is None or before is None or quarantine is None:
        return None
    then = before[before["unique_id"].isin(top["unique_id"])].set_index("ds")["y_raw"]
    now = top.set_index("ds")["y_raw"]
    restated = round(float((now.reindex(then.index) - then).fillna(0.0).sum()), 2)
    kept = int(ledger_totals(ledger).set_index("rule").loc["kept", "rows"])
    return CleanedBefore(run.month_before, kept, len(quarantine), restated)
