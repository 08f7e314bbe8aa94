"""Cleaning: from raw exports to transactions, with an account of every row and every cent.

Parameters and the project's exports enter; transactions through one month, the ledger, the quarantine and the companion
tables leave. The decision made here: the order of the rules, and that everything but the month gate is independent of
the month, so that a backfill does it once (`standardise`) and closes each month from it (`close_month`).
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

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.cleaning.account.exceptions import list_unused
from salesfc_lib.cleaning.account.frames import sort_lines, units_as_decimals
from salesfc_lib.cleaning.account.ledger import (
    close_ledger,
    ledger_gap,
    list_changes,
    list_problems,
    list_removed,
    open_ledger,
    total_gap,
)
from salesfc_lib.cleaning.account.lines import ORIGINALS, TEXT, combine, is_notice, map_lines
from salesfc_lib.cleaning.account.loss_budget import check_loss, weigh
from salesfc_lib.cleaning.basic_rules import Context, drop_structure, quarantine_unreadable
from salesfc_lib.cleaning.closed_months import (
    check_closed,
    closed_through,
    find_latest,
    note_missing_months,
    take_later,
)
from salesfc_lib.cleaning.rules.cancellations import PAIR, drop_cancelled
from salesfc_lib.cleaning.rules.pipeline import settle
from salesfc_lib.cleaning.rules.returns import drop_elsewhere, expand_notices, take_apart
from salesfc_lib.cleaning.rules.subtotals import check_subtotals
from salesfc_lib.cleaning.rules.trailers import check_trailers
from salesfc_lib.cleaning.side_tables.control_totals import compare_control, note_missing
from salesfc_lib.cleaning.side_tables.drivers import close_drivers, note_drivers, read_drivers
from salesfc_lib.cleaning.side_tables.opportunities import join_members
from salesfc_lib.cleaning.side_tables.promotion_flags import note_flags
from salesfc_lib.cleaning.side_tables.reading import read_companion
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.intake import FILE, MARK, ROW, Extract, encode, label_files, read_source

__all__ = [
    "Cleaned",
    "Standardised",
    "check_closed",
    "clean",
    "close_month",
    "closed_through",
    "ledger_gap",
    "read_all",
    "standardise",
    "total_gap",
]


COMPANIONS = (
    "promotions",
    "inventory",
    "targets",
    "events",
    "opportunities",
    "control_totals",
)  # roles with a table


@dataclass(frozen=True)
class Standardised:
    """Everything of a unit's cleaning that no month decides: the account before the month gate, and the companions."""

    account: Account
    quarantine: pd.DataFrame
    apart: pd.DataFrame
    promotion: pd.DataFrame
    inventory: pd.DataFrame
    target: pd.DataFrame
    event: pd.DataFrame
    opportunity: pd.DataFrame
    control_total: pd.DataFrame
    driver: pd.DataFrame
    files: list[dict[str, Any]]
    latest: pd.Timestamp


@dataclass(frozen=True)
class Cleaned:
    """A unit's month after cleaning: tables as in `tables.CONTRACTS`.

    `transactions` and `apart` (returns that the unit counts apart) hold rows dated through the month; `inventory` likewise.
    `promotion`, `target`, `event` and `opportunity` are plans and hold later months too, `driver` those of what is known ahead. `control` is the unit beside the general ledger. `problems` is what the scan saw; `removed` and `changes` are what
    the rules took and changed. `files` has one entry per file read: source, path, sha256,
    bytes, rows, encoding. `latest` is the latest day found before the month gate, and `closed` the latest closed month.
    """

    transactions: pd.DataFrame
    ledger: pd.DataFrame
    quarantine: pd.DataFrame
    apart: pd.DataFrame
    promotion: pd.DataFrame
    inventory: pd.DataFrame
    target: pd.DataFrame
    event: pd.DataFrame
    opportunity: pd.DataFrame
    driver: pd.DataFrame
    control: pd.DataFrame
    problems: pd.DataFrame
    removed: pd.DataFrame
    changes: pd.DataFrame
    files: list[dict[str, Any]]
    latest: pd.Timestamp
    closed: str


def read_all(parameters: Parameters, project: Path, *, keep: bool = False) -> dict[str, Extract]:
    """Extract of every source, by its name; with `keep`, what was read goes to the project's archive."""
    return {
        name: read_source(name, source, project, keep=keep)
        for name, source in parameters.sources.items()
    }


def clean(
    parameters: Parameters, project: Path, month: str, extracts: Mapping[str, Extract] | None = None
) -> Cleaned:
    """The unit's tables for `month`, read anew unless `extracts` hold what `read_all` gave.

    Raises `SalesForecastError` for a month that is not closed, a unit without rows, a missing column, a subtotal that does
    not equal its parts, and losses above the budget.
    """
    return close_month(
        standardise(parameters, read_all(parameters, project) if extracts is None else extracts),
        parameters,
        month,
    )


@pd.option_context(
    "mode.copy_on_write", True
)  # a frame with another column shares the rest with the one before
def standardise(parameters: Parameters, extracts: Mapping[str, Extract]) -> Standardised:
    """Lines of all months under the unit's definitions, with every rule's entries but that of the month gate."""
    context = Context(parameters, extracts)
    account, notices = _open(context)
    account = replace(account, keep=tuple(parameters.cleaning.keep))
    weights = [weigh(part) for part in (account, *notices.values())]
    account = settle(account, context)
    for name, notice in notices.items():
        ready = quarantine_unreadable(drop_structure(notice, context), context)
        account, done = expand_notices(account, ready, parameters.sources[name], parameters)
        account = account.absorb(done)
    account, apart = take_apart(account, context)
    quarantine = _attach_content(account, extracts)
    check_loss(weights, account, parameters.cleaning.loss_budget)
    companions = {role: read_companion(role, parameters, extracts) for role in COMPANIONS}
    files = [
        {"source": name, **file} for name, extract in extracts.items() for file in extract.files
    ]
    return Standardised(
        account,
        quarantine,
        apart,
        companions["promotions"],
        companions["inventory"],
        companions["targets"],
        companions["events"],
        join_members(companions["opportunities"], account.lines, parameters),
        companions["control_totals"],
        read_drivers(parameters, extracts),
        files,
        find_latest(account.lines["date"], parameters.calendar),
    )


@pd.option_context("mode.copy_on_write", True)
def close_month(standardised: Standardised, parameters: Parameters, month: str) -> Cleaned:
    """The unit's tables for `month`, with what came later taken out and the ledger closed."""
    if standardised.latest is pd.NaT:
        raise _no_rows(parameters, "no row that can be used")
    closed = closed_through(parameters, standardised.latest)
    check_closed(month, closed)
    whole = drop_cancelled(standardised.account, month)
    for unused in list_unused(whole.keep, whole.problems):
        whole = whole.see(unused)
    account = take_later(note_missing_months(whole, parameters, month), month)
    if account.lines.empty:
        raise _no_rows(
            parameters,
            f"no row through {month}; the first is of {standardised.account.lines['date'].min():%Y-%m-%d}",
        )
    ledger, control = close_ledger(account), tables.empty("control")
    if any(source.role == "control_totals" for source in parameters.sources.values()):
        control = compare_control(account, ledger, standardised.control_total, parameters, month)
        account = note_missing(account, control, parameters)
    driver = close_drivers(standardised.driver, parameters, month)
    account = note_flags(note_drivers(account, driver, parameters, month), parameters)
    first, inventory, apart = (
        pd.Timestamp(f"{month}-01"),
        standardised.inventory,
        standardised.apart,
    )
    return Cleaned(
        transactions=_to_transactions(account.lines, account.scales, parameters),
        ledger=ledger,
        quarantine=standardised.quarantine,
        apart=_to_transactions(apart[apart["month"].le(first)], account.scales, parameters),
        promotion=standardised.promotion,
        inventory=inventory[inventory["ds"].le(first)].reset_index(drop=True),
        target=standardised.target,
        event=standardised.event,
        opportunity=standardised.opportunity,
        driver=driver,
        control=control,
        problems=list_problems(account),
        removed=list_removed(whole),
        changes=list_changes(whole),
        files=standardised.files,
        latest=standardised.latest,
        closed=closed,
    )


def _open(context: Context) -> tuple[Account, dict[str, Account]]:
    """Account of all lines with amounts, and one of each returns source that only names orders; each with its opening."""
    parameters, extracts = context.parameters, context.extracts
    orders = {
        name: (source, extracts[name])
        for name, source in parameters.sources.items()
        if source.role == "orders"
    }
    if not any(extract.rows.num_rows for _, extract in orders.values()):
        raise _no_rows(parameters, "no row")
    returns = {
        name: source for name, source in parameters.sources.items() if source.role == "returns"
    }
    own = {name: extract for name, (_, extract) in orders.items()}
    own |= {
        name: drop_elsewhere(extracts[name], source, orders) for name, source in returns.items()
    }
    for name, extract in own.items():
        check_trailers(name, parameters.sources[name], extracts[name])
        check_subtotals(parameters.sources[name], extract)
    accounts = {
        name: map_lines(name, parameters.sources[name], extract, parameters)
        for name, extract in own.items()
    }
    notices = {
        name: open_ledger(account)
        for name, account in accounts.items()
        if is_notice(parameters.sources[name])
    }
    return open_ledger(
        combine([account for name, account in accounts.items() if name not in notices])
    ), notices


def _to_transactions(
    lines: pd.DataFrame, scales: Mapping[str, int], parameters: Parameters
) -> pd.DataFrame:
    """Table transactions, sorted by source and row: texts as categories, quantity and amount as exact decimals."""
    first = [
        "source",
        "row",
        "date",
        "month",
        *TEXT[:3],
        *parameters.dimensions,
        "salesperson",
        "key_account",
        "kind",
        "quantity",
        "amount",
    ]
    first += [name for name in ORIGINALS if name in lines]
    own = {
        "name",
        MARK,
        "known",
        "problem",
        "problem_rule",
        PAIR,
        "cancels",
        *(name for name in scales if name not in first),
    }
    columns = dict.fromkeys([*first, *(name for name in lines if name not in own)])
    frame = sort_lines(lines[[*columns]])
    measures = [name for name in ("quantity", "amount", *ORIGINALS) if name in lines]
    return frame.assign(
        **{name: units_as_decimals(frame[name].to_numpy(), scales[name]) for name in measures}
    )


def _attach_content(account: Account, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table quarantine: every row that was not used, with its text as read."""
    if not account.quarantined:
        return tables.empty("quarantine")
    parts = [
        part[["source", "row", "rule", "reason"]].astype({"source": object})
        for part in account.quarantined
    ]
    rows = pd.concat(parts, ignore_index=True)
    content: dict[tuple[str, int], str] = {}
    for name, extract in extracts.items():
        content |= _read_content(name, extract, rows)
    texts = [content[key] for key in zip(rows["source"], rows["row"], strict=True)]
    frame = rows.assign(content=texts, reason=rows["reason"].astype(object))
    frame = frame[[*tables.CONTRACTS["quarantine"].columns]].sort_values(["source", "row"])
    return tables.check(frame.reset_index(drop=True), "quarantine")


def _read_content(name: str, extract: Extract, wanted: pd.DataFrame) -> dict[tuple[str, int], str]:
    """JSON of the export's own columns, of the wanted rows of one source."""
    labels = label_files(name, [file["path"] for file in extract.files])
    near = extract.rows.filter(
        pa.array(np.isin(extract.rows[ROW].to_numpy(), wanted["row"].to_numpy()))
    )
    codes, files = encode(near[FILE])
    keys = zip([labels[files[code]] for code in codes], near[ROW].to_pylist(), strict=True)
    texts = [
        json.dumps(row, ensure_ascii=False)
        for row in near.drop_columns([ROW, FILE, MARK]).to_pylist()
    ]
    laid_out = dict(zip(keys, texts, strict=True))
    return laid_out | {
        (item.source, item.row): item.content for item in extract.rejected.itertuples()
    }


def _no_rows(parameters: Parameters, what: str) -> SalesForecastError:
    orders = {
        name: source for name, source in parameters.sources.items() if source.role == "orders"
    }
    chosen = ", ".join(
        f"{header} = '{value}'"
        for source in orders.values()
        for header, value in source.where.items()
    )
    files = (
        ", ".join(f"'{source.path}'" for source in orders.values())
        or "any source with the role `orders`"
    )
    return SalesForecastError.say(
        f"There is {what} of this unit in {files}" + (f" where {chosen}" if chosen else ""),
        "At least one order line",
        "Check the export, and `where` and `path` of its source",
    )
