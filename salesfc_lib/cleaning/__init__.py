"""Cleaning: from raw exports to transactions, with an account of every row and every cent.

Parameters and the project's exports enter; transactions through one month, the ledger, the quarantine and the companion
tables leave. The decision made here: the order of the rules, and that everything but the month gate is independent of
the month, so that a backfill does it once (`standardise`) and closes each month from it (`close_month`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import tables
from salesfc_lib.cleaning.companions import add_lookups, read_companion
from salesfc_lib.cleaning.gate import check_closed, closed_through, find_latest, take_later
from salesfc_lib.cleaning.ledger import Account, close_ledger, ledger_gap, sum_lines, total_gap
from salesfc_lib.cleaning.lines import TEXT, is_notice, map_lines
from salesfc_lib.cleaning.loss import check_loss
from salesfc_lib.cleaning.returns import date_returns, drop_elsewhere, expand_notices, fill_from_sales, take_apart
from salesfc_lib.cleaning.rules import (
    drop_duplicates,
    drop_structure,
    name_key_accounts,
    name_unknown,
    quarantine_unreadable,
    rename_members,
    settle_discounts,
    settle_tax,
    sign_returns,
)
from salesfc_lib.cleaning.subtotals import check_subtotals
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Parameters, Source
from salesfc_lib.sources import Extract, label_files, read_source
from salesfc_lib.sources.layout import FILE, MARK, ROW

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


@dataclass(frozen=True)
class Standardised:
    """Everything of a unit's cleaning that no month decides: the account before the month gate, and the companions."""

    account: Account
    opening: pd.DataFrame
    quarantine: pd.DataFrame
    apart: pd.DataFrame
    promotion: pd.DataFrame
    inventory: pd.DataFrame
    target: pd.DataFrame
    files: list[dict[str, Any]]
    latest: pd.Timestamp


@dataclass(frozen=True)
class Cleaned:
    """A unit's month after cleaning: tables as in `tables.CONTRACTS`.

    `transactions` and `apart` (returns that the unit counts apart) hold rows dated through the month; `inventory` likewise.
    `promotion` and `target` are plans and hold later months too. `files` has one entry per file read: source, path, sha256,
    bytes, rows, encoding. `latest` is the latest day found before the month gate, and `closed` the latest closed month.
    """

    transactions: pd.DataFrame
    ledger: pd.DataFrame
    quarantine: pd.DataFrame
    apart: pd.DataFrame
    promotion: pd.DataFrame
    inventory: pd.DataFrame
    target: pd.DataFrame
    files: list[dict[str, Any]]
    latest: pd.Timestamp
    closed: str


def read_all(parameters: Parameters, project: Path) -> dict[str, Extract]:
    """Extract of every source, by its name; a file that several sources share is read once for each."""
    return {name: read_source(name, source, project) for name, source in parameters.sources.items()}


def clean(parameters: Parameters, project: Path, month: str, extracts: Mapping[str, Extract] | None = None) -> Cleaned:
    """The unit's tables for `month`, read anew unless `extracts` hold what `read_all` gave.

    Raises `SalesForecastError` for a month that is not closed, a unit without rows, a missing column, a subtotal that does
    not equal its parts, and losses above the budget.
    """
    return close_month(standardise(parameters, read_all(parameters, project) if extracts is None else extracts), parameters, month)


def standardise(parameters: Parameters, extracts: Mapping[str, Extract]) -> Standardised:
    """Lines of all months under the unit's definitions, with every rule's entries but that of the month gate."""
    account, notices = _open(parameters, extracts)
    opening = pd.concat([sum_lines(part.lines) for part in (account, *notices.values())], ignore_index=True)
    read = pd.concat([part.lines for part in (account, *notices.values())], ignore_index=True)
    account = _settle(account, parameters, extracts)
    for name, notice in notices.items():
        source = parameters.sources[name]
        account, done = expand_notices(account, quarantine_unreadable(drop_structure(notice)), source, parameters)
        account = account.absorb(done)
    account, apart = take_apart(account, parameters)
    quarantine = _attach_content(account, extracts)
    check_loss(read, account, parameters.cleaning.loss_budget)
    companions = {role: read_companion(role, parameters, extracts) for role in ("promotions", "inventory", "targets")}
    files = [{"source": name, **file} for name, extract in extracts.items() for file in extract.files]
    return Standardised(
        account,
        opening,
        quarantine,
        apart,
        companions["promotions"],
        companions["inventory"],
        companions["targets"],
        files,
        find_latest(account.lines["date"]),
    )


def close_month(standardised: Standardised, parameters: Parameters, month: str) -> Cleaned:
    """The unit's tables for `month`, with what came later taken out and the ledger closed."""
    if standardised.latest is pd.NaT:
        raise _no_rows(parameters, "no row that can be used")
    closed = closed_through(parameters, standardised.latest)
    check_closed(month, closed)
    account = take_later(standardised.account, month)
    if account.lines.empty:
        raise _no_rows(parameters, f"no row through {month}; the first is of {standardised.account.lines['date'].min():%Y-%m-%d}")
    first, inventory, apart = pd.Timestamp(f"{month}-01"), standardised.inventory, standardised.apart
    return Cleaned(
        transactions=_to_transactions(account.lines, parameters),
        ledger=close_ledger(standardised.opening, account),
        quarantine=standardised.quarantine,
        apart=_to_transactions(apart[apart["month"].le(first)], parameters),
        promotion=standardised.promotion,
        inventory=inventory[inventory["ds"].le(first)].reset_index(drop=True),
        target=standardised.target,
        files=standardised.files,
        latest=standardised.latest,
        closed=closed,
    )


def _open(parameters: Parameters, extracts: Mapping[str, Extract]) -> tuple[Account, dict[str, Account]]:
    """Account of all lines with amounts, and one of each returns source that only names orders."""
    orders = {name: (source, extracts[name]) for name, source in parameters.sources.items() if source.role == "orders"}
    if not any(len(extract.rows) for _, extract in orders.values()):
        raise _no_rows(parameters, "no row")
    returns = {name: source for name, source in parameters.sources.items() if source.role == "returns"}
    own = {name: extract for name, (_, extract) in orders.items()}
    own |= {name: drop_elsewhere(extracts[name], source, orders) for name, source in returns.items()}
    for name, extract in own.items():
        check_subtotals(parameters.sources[name], extract)
    lines = {name: map_lines(name, parameters.sources[name], extract, parameters) for name, extract in own.items()}
    notices = {name: Account(frame) for name, frame in lines.items() if is_notice(parameters.sources[name])}
    return Account(pd.concat([frame for name, frame in lines.items() if name not in notices], ignore_index=True)), notices


def _settle(account: Account, parameters: Parameters, extracts: Mapping[str, Extract]) -> Account:
    """The rules in their order: what is a row, what it belongs to, what it is worth, when it counts."""
    sources: dict[str, Source] = parameters.sources
    account = quarantine_unreadable(drop_structure(account))
    for name in account.lines["name"].unique():
        account = drop_duplicates(account, name, sources[name])
    account = fill_from_sales(account, sources, parameters)
    account = rename_members(account, parameters.renames)
    account = add_lookups(account, parameters, extracts)
    _require_dimensions(account, parameters)
    account = name_unknown(account, parameters.dimensions)
    account = account.relabel(name_key_accounts(account.lines, parameters))
    account = sign_returns(account, sources)
    account = settle_discounts(account, sources, parameters)
    account = settle_tax(account, sources, parameters)
    return date_returns(account, sources, parameters)


def _require_dimensions(account: Account, parameters: Parameters) -> None:
    if missing := [name for name in parameters.dimensions if name not in account.lines]:
        raise SalesForecastError.missing_columns(missing, account.lines.columns, "`dimensions`: the orders with their lookups")


def _to_transactions(lines: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Table transactions, sorted by source and row."""
    first = ["source", "row", "date", *TEXT[:3], *parameters.dimensions, "salesperson", "key_account", "kind", "quantity", "amount"]
    own = {"name", MARK, "known", "month", "problem", "problem_rule", "discount"}
    columns = dict.fromkeys([*first, *(name for name in lines if name not in own)])
    frame = lines[[*columns]].sort_values(["source", "row", "kind"], kind="stable").reset_index(drop=True)
    return tables.check(frame.astype({"row": "int64"}), "transactions")


def _attach_content(account: Account, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table quarantine: every row that was not used, with its text as read."""
    if not account.quarantined:
        return tables.empty("quarantine")
    rows = pd.concat(account.quarantined, ignore_index=True)
    keys = list(zip(rows["source"], rows["row"], strict=True))
    content: dict[tuple[str, int], str] = {}
    for name, extract in extracts.items():
        content |= _read_content(name, extract, set(keys))
    frame = rows.assign(content=[content[key] for key in keys], reason=rows["reason"].astype(object))
    frame = frame[[*tables.CONTRACTS["quarantine"].columns]].sort_values(["source", "row"])
    return tables.check(frame.reset_index(drop=True), "quarantine")


def _read_content(name: str, extract: Extract, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """JSON of the export's own columns, of the wanted rows of one source."""
    rows = extract.rows
    labels = rows[FILE].map(label_files(name, [file["path"] for file in extract.files]))
    keys = pd.Series(list(zip(labels, rows[ROW], strict=True)), index=rows.index, dtype=object)
    chosen = rows[keys.isin(wanted)].drop(columns=[ROW, FILE, MARK])
    texts = [json.dumps(row, ensure_ascii=False) for row in chosen.to_dict("records")]
    laid_out = dict(zip(keys[chosen.index], texts, strict=True))
    return laid_out | {(item.source, item.row): item.content for item in extract.rejected.itertuples()}


def _no_rows(parameters: Parameters, what: str) -> SalesForecastError:
    orders = {name: source for name, source in parameters.sources.items() if source.role == "orders"}
    chosen = ", ".join(f"{header} = '{value}'" for source in orders.values() for header, value in source.where.items())
    files = ", ".join(f"'{source.path}'" for source in orders.values()) or "any source with the role `orders`"
    return SalesForecastError.say(
        f"There is {what} of this unit in {files}" + (f" where {chosen}" if chosen else ""),
        "At least one order line",
        "Check the export, and `where` and `path` of its source",
    )
