"""Cleaning: from raw exports to transactions, with an account of every row and every cent.

Everything but the closing of a month is independent of the month, so that a backfill does it once
(`standardise`) and closes each month from it (`close_month`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning import closed_months
from salesfc_lib.cleaning.batch import ledger
from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.declared import is_notice
from salesfc_lib.cleaning.batch.exceptions import list_unused
from salesfc_lib.cleaning.batch.frames import sort_lines, units_as_decimals
from salesfc_lib.cleaning.batch.lines import ORIGINALS, TEXT, combine, map_lines
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.rules.basic import drop_structure, quarantine_unreadable
from salesfc_lib.cleaning.rules.cancellations import PAIR, drop_cancelled
from salesfc_lib.cleaning.rules.pipeline import settle
from salesfc_lib.cleaning.rules.returns import drop_elsewhere, drop_returns, expand_notices
from salesfc_lib.cleaning.rules.stated_sums import check_subtotals, check_trailers
from salesfc_lib.cleaning.rules.weeks import DAYS, is_weekly
from salesfc_lib.cleaning.side_tables import drivers, operations
from salesfc_lib.cleaning.side_tables.control_totals import compare_control, note_missing
from salesfc_lib.cleaning.side_tables.reading import TABLE, read_side_table
from salesfc_lib.cleaning.supply import close_supply, read_supply
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, in_english, tables, wording
from salesfc_lib.intake import Extract, label_files, layout, read_source, text_columns

SIDE_TABLES = ("promotions", "inventory", "events", "targets", "control_totals")  # roles


@dataclass(frozen=True)
class Standardised:
    """What of a unit's cleaning no month decides: the batch, and the side tables by name."""

    batch: Batch
    quarantine: pd.DataFrame
    side_tables: Mapping[str, pd.DataFrame]
    supply: Mapping[str, pd.DataFrame]
    files: list[dict[str, Any]]
    latest: pd.Timestamp  # day of a line
    covered: pd.Timestamp  # the last day that the lines are complete for


@dataclass(frozen=True)
class Cleaned:
    """A unit's month after cleaning: tables as in `tables.CONTRACTS`.

    `transactions`, `inventory` and `delivery` hold rows dated through the month; `promotion`,
    `event` and `target` are plans and hold later months too, `driver` those of what is known ahead.
    `control` is the unit beside the general ledger, `supply` holds tables that supply is planned
    with, of the roles that the unit has sources for. `problems` is what was found in the exports;
    `removed` and `changes` are what the rules took and changed. `files` has one entry per file
    read: source, path, sha256, bytes, rows, encoding. `latest` is the latest day found before the
    month was closed, and `closed` the latest closed month.
    """

    transactions: pd.DataFrame
    ledger: pd.DataFrame
    quarantine: pd.DataFrame
    promotion: pd.DataFrame
    inventory: pd.DataFrame
    delivery: pd.DataFrame
    event: pd.DataFrame
    target: pd.DataFrame
    driver: pd.DataFrame
    control: pd.DataFrame
    supply: Mapping[str, pd.DataFrame]
    problems: pd.DataFrame
    removed: pd.DataFrame
    changes: pd.DataFrame
    files: list[dict[str, Any]]
    latest: pd.Timestamp
    closed: str


def read_all(parameters: Parameters, project: Path, *, keep: bool = False) -> dict[str, Extract]:
    """Extract of every source, by name; with `keep`, it goes to the project's archive."""
    return {
        name: read_source(name, source, project, keep=keep)
        for name, source in parameters.sources.items()
    }


def clean(
    parameters: Parameters, project: Path, month: str, extracts: Mapping[str, Extract] | None = None
) -> Cleaned:
    """The unit's tables for `month`, read anew unless `extracts` hold what `read_all` gave.

    Raises `SalesForecastError` for a month that is not closed, a unit without rows, a missing
    column, a subtotal that does not equal its parts, and losses above the budget.
    """
    read = read_all(parameters, project) if extracts is None else extracts
    return close_month(standardise(parameters, read), parameters, month)


# a frame with another column shares the rest with the one before
@pd.option_context("mode.copy_on_write", True)
def standardise(parameters: Parameters, extracts: Mapping[str, Extract]) -> Standardised:
    """Lines of all months under the unit's definitions, before a month is closed."""
    context = Context(parameters, extracts)
    batch, notices = _open(context)
    batch = replace(batch, exceptions=tuple(parameters.cleaning.keep))
    weights = [ledger.weigh(part) for part in (batch, *notices.values())]
    batch = settle(batch, context)
    for name, notice in notices.items():
        ready = quarantine_unreadable(drop_structure(notice, context), context)
        batch = expand_notices(batch, ready, parameters.sources[name], parameters)
    batch = drop_returns(batch, context)
    quarantine = _attach_content(batch, extracts)
    ledger.check_loss(weights, batch, parameters.cleaning.loss_budget)
    side_tables = {TABLE[role]: read_side_table(role, context) for role in SIDE_TABLES}
    side_tables["driver"] = drivers.read_drivers(context)
    side_tables["delivery"] = operations.read_deliveries(context)
    files = [
        {"source": name, **file} for name, extract in extracts.items() for file in extract.files
    ]
    latest = closed_months.find_latest(batch.lines["date"], parameters.calendar)
    covered = closed_months.find_covered(batch.lines["date"], latest, parameters.calendar)
    if latest is not pd.NaT and is_weekly(batch, context):
        covered = max(covered, latest + pd.Timedelta(days=DAYS - 1))
    supply = read_supply(context)
    return Standardised(batch, quarantine, side_tables, supply, files, latest, covered)


@pd.option_context("mode.copy_on_write", True)
def close_month(standardised: Standardised, parameters: Parameters, month: str) -> Cleaned:
    """The unit's tables for `month`, with what came later taken out and the ledger closed."""
    if standardised.latest is pd.NaT:
        unused = standardised.quarantine
        raise _no_rows(parameters, "no row that can be used", unused)
    closed = closed_months.closed_through(parameters, standardised.covered)
    closed_months.check_closed(month, closed)
    whole = drop_cancelled(standardised.batch, month)
    whole = whole.report(*list_unused(whole.exceptions, whole.issues))
    batch = closed_months.note_missing_months(whole, parameters, month)
    batch = closed_months.take_later(batch, month, closed)
    if batch.lines.empty:
        first = standardised.batch.lines["date"].min()
        raise _no_rows(parameters, f"no row through {month}; the first is of {first:%Y-%m-%d}")
    side, control = standardised.side_tables, tables.empty("control")
    entries = ledger.close_ledger(batch)
    if any(source.role == "control_totals" for source in parameters.sources.values()):
        control = compare_control(batch, entries, side["control_total"], parameters, month)
        batch = note_missing(batch, control, parameters)
    driver = drivers.close_drivers(side["driver"], parameters, month)
    batch = drivers.note_flags(drivers.note_drivers(batch, driver, parameters, month), parameters)
    inventory, delivery = (
        side[name][side[name]["ds"].le(f"{month}-01")].reset_index(drop=True)
        for name in ("inventory", "delivery")
    )
    batch = operations.note_operations(batch, inventory, delivery, parameters)
    transactions = _to_transactions(batch, parameters)
    supply, issues = close_supply(standardised.supply, transactions, parameters, month)
    batch = batch.report(*issues)
    return Cleaned(
        transactions=transactions,
        ledger=entries,
        quarantine=standardised.quarantine,
        promotion=side["promotion"],
        inventory=inventory.assign(**inventory[["stock", "value"]].clip(lower=0)),
        delivery=delivery,
        event=side["event"],
        target=side["target"],
        driver=driver,
        control=control,
        supply=supply,
        problems=ledger.list_problems(batch),
        removed=ledger.list_removed(whole),
        changes=ledger.list_changes(whole),
        files=standardised.files,
        latest=standardised.latest,
        closed=closed,
    )


def _open(context: Context) -> tuple[Batch, dict[str, Batch]]:
    """Opened batch of all lines with amounts, and of each returns source that only names orders."""
    parameters, extracts = context.parameters, context.extracts
    orders = {
        name: (source, extracts[name]) for name, source in context.with_role("orders").items()
    }
    if not any(extract.rows.num_rows for _, extract in orders.values()):
        unread = [extract.rejected for _, extract in orders.values() if len(extract.rejected)]
        raise _no_rows(parameters, "no row", pd.concat(unread) if unread else None)
    own = {name: extract for name, (_, extract) in orders.items()}
    for name, source in context.with_role("returns").items():
        own[name] = drop_elsewhere(extracts[name], source, orders)
    batches, notices = [], {}
    for name, extract in own.items():
        check_trailers(name, parameters.sources[name], extracts[name])
        check_subtotals(parameters.sources[name], extract)
    for name, extract in own.items():
        source = parameters.sources[name]
        batch = map_lines(name, source, extract, parameters)
        if is_notice(source):
            notices[name] = ledger.open_ledger(batch)
        else:
            batches.append(batch)
    return ledger.open_ledger(combine(batches)), notices


def _to_transactions(batch: Batch, parameters: Parameters) -> pd.DataFrame:
    """Table transactions, by source and row: texts as categories, measures as decimals."""
    lines, scales = batch.lines, batch.scales
    first = ["source", "row", "date", "month", *TEXT[:3], *parameters.dimensions]
    first += ["salesperson", "key_account", "kind", "quantity", "amount"]
    first += [name for name in ORIGINALS if name in lines]
    own = {*ledger.INTERNAL, PAIR, "cancels", *(name for name in scales if name not in first)}
    columns = dict.fromkeys([*first, *(name for name in lines if name not in own)])
    frame = sort_lines(lines[[*columns]])
    measures = [name for name in ("quantity", "amount", *ORIGINALS) if name in lines]
    return frame.assign(
        **{name: units_as_decimals(frame[name].to_numpy(), scales[name]) for name in measures}
    )


def _attach_content(batch: Batch, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table quarantine: every row that was not used, with its text as read."""
    if not batch.quarantined:
        return tables.empty("quarantine")
    columns, types = ["source", "row", "rule", "reason"], {"source": object, "reason": object}
    frame = pd.concat([part[columns].astype(types) for part in batch.quarantined])
    content: dict[tuple[str, int], str] = {}
    for name, extract in extracts.items():
        content |= _read_content(name, extract, frame)
    keys = zip(frame["source"], frame["row"], strict=True)
    frame = frame.assign(content=[content[key] for key in keys])
    return tables.check(frame.sort_values(["source", "row"], ignore_index=True), "quarantine")


def _read_content(name: str, extract: Extract, wanted: pd.DataFrame) -> dict[tuple[str, int], str]:
    """JSON of the export's own columns, of the wanted rows of one source, by label and row."""
    labels = label_files(name, [file["path"] for file in extract.files])
    is_near = np.isin(extract.rows[layout.ROW].to_numpy(), wanted["row"].to_numpy())
    near = extract.rows.filter(pa.array(is_near))
    codes, files = text_columns.encode(near[layout.FILE])
    keys = zip([labels[files[code]] for code in codes], near[layout.ROW].to_pylist(), strict=True)
    rows = near.drop_columns([layout.ROW, layout.FILE, layout.MARK]).to_pylist()
    content = dict(zip(keys, [json.dumps(row, ensure_ascii=False) for row in rows], strict=True))
    rejected = extract.rejected.itertuples()
    return content | {(item.source, item.row): item.content for item in rejected}


def _no_rows(
    parameters: Parameters, what: str, unused: pd.DataFrame | None = None
) -> SalesForecastError:
    """Error for a unit without lines; `unused` are its rows in quarantine, which say why."""
    orders = [source for source in parameters.sources.values() if source.role == "orders"]
    conditions = [f"{key} = '{value}'" for source in orders for key, value in source.where.items()]
    files = ", ".join(f"'{source.path}'" for source in orders)
    files = files or "any source with the role `orders`"
    wrong = f"There is {what} of this unit in {files}"
    if conditions:
        wrong = f"There is {what} of this unit in {files} where {', '.join(conditions)}"
    if unused is not None and len(unused):
        first, count = unused.iloc[0], wording.plural(len(unused), "row")
        why = in_english(first["reason"])
        wrong = f"{wrong}: {count} cannot be read, the first, row {first['row']}, because {why}"
    return SalesForecastError.of(
        wrong, "At least one order line", "Check the export, and `where` and `path` of its source"
    )
