"""What comes with the orders: promotions, inventory, targets, and lookups of further columns.

Extracts of those roles enter; their tables leave, or orders with further columns. The decision made here: these are short
tables that people keep, so one wrong row stops the unit instead of going to quarantine.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from salesfc_lib import tables
from salesfc_lib.cleaning.ledger import Account
from salesfc_lib.cleaning.lines import blank_to_none, fill_missing, flag, key_tuples
from salesfc_lib.cleaning.parse import Parsed, parse_dates, parse_decimals, parse_months
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Parameters, Source
from salesfc_lib.sources import Extract
from salesfc_lib.sources.layout import FILE, ROW, exported

TABLE = {"promotions": "promotion", "inventory": "inventory", "targets": "target"}  # role -> table
OPTIONAL = {"stockout_days": "0"}  # columns of a table that an export may lack, and what stands for them


def read_companion(role: str, parameters: Parameters, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table of a role, from all sources that have it; the dimensions it holds for are None where it holds for all members.

    Raises `SalesForecastError` for a missing column, a value that cannot be read and a repeated key, naming the file.
    """
    name = TABLE[role]
    sources = {key: source for key, source in parameters.sources.items() if source.role == role}
    frames = [_read_table(name, source, extracts[key]) for key, source in sources.items()]
    if not frames:
        return tables.empty(name)
    frame = pd.concat(frames, ignore_index=True)
    dimensions = [column for column in (*parameters.dimensions, "key_account") if column in frame]
    for column in dimensions:
        frame[column] = fill_missing(frame[column].replace(dict(parameters.renames.get(column, {}))), frame[column])
    key = ["name", "start"] if name == "promotion" else ["ds", *dimensions]
    _refuse_repeated(frame, key, name)
    if name == "promotion" and (backwards := frame["end"].lt(frame["start"])).any():
        first = frame[backwards].iloc[0]
        raise _unreadable(first[FILE], first[ROW], f"'{first['name']}' ends {first['end']:%Y-%m-%d}, before it starts")
    return tables.check(frame.drop(columns=[ROW, FILE]), name)


def add_lookups(account: Account, parameters: Parameters, extracts: Mapping[str, Extract]) -> Account:
    """Account whose lines have the columns of every lookup source, by its `join`; a value already there stays."""
    lines = account.lines
    for name, source in parameters.sources.items():
        if source.role != "lookup":
            continue
        known = _read_lookup(name, source, extracts[name], parameters.renames)
        if missing := [ours for ours in source.join if ours not in lines]:
            raise SalesForecastError.missing_columns(missing, lines.columns, f"`sources.{name}.join`: the orders")
        keys = key_tuples(lines, source.join)
        for column in source.columns:
            found = keys.map(dict(zip(known["key"], known[column], strict=True))).astype(object)
            lines = lines.assign(**{column: fill_missing(lines.get(column, found), found)})
    return account.relabel(lines)


def _read_lookup(name: str, source: Source, extract: Extract, renames: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    columns = {**source.join, **source.columns}
    texts = {ours: blank_to_none(extract.rows[exported(header)]) for ours, header in columns.items()}
    known = pd.DataFrame({ours: text.replace(dict(renames.get(ours, {}))) for ours, text in texts.items()}).drop_duplicates()
    known = known.assign(key=key_tuples(known, source.join)).dropna(subset="key")
    if (repeated := known["key"].duplicated(keep=False)).any():
        examples = [" / ".join(key) for key in known.loc[repeated, "key"].dropna().unique()]
        file = extract.files[0]["path"] if extract.files else name
        raise SalesForecastError.duplicate_keys(source.join.values(), examples, int(repeated.sum()), f"'{file}'")
    return known


def _read_table(name: str, source: Source, extract: Extract) -> pd.DataFrame:
    contract = tables.CONTRACTS[name].columns
    where = ", ".join(str(file["path"]) for file in extract.files)
    if missing := [column for column in contract if column not in source.columns and column not in OPTIONAL]:
        raise SalesForecastError.missing_columns(missing, source.columns, f"`columns` of the source that reads '{where}'")
    rows = extract.rows[extract.rows["mark"].eq("")].reset_index(drop=True)
    if len(extract.rejected):
        first = extract.rejected.iloc[0]
        raise _unreadable(where, first["row"], first["reason"])
    columns: dict[str, pd.Series] = {}
    for ours in dict.fromkeys([*contract, *source.columns]):
        texts = rows[exported(source.columns[ours])] if ours in source.columns else pd.Series(OPTIONAL[ours], index=rows.index)
        parsed = _parse(ours, texts, source)
        if (wrong := parsed.problems.notna()).any():
            first = rows[wrong].iloc[0]
            raise _unreadable(str(first[FILE]), int(first[ROW]), f"`{ours}` {parsed.problems[wrong].iloc[0]}")
        columns[ours] = parsed.values
    frame = pd.DataFrame(columns)
    return frame.assign(**{ROW: rows[ROW], FILE: rows[FILE]})


def _parse(column: str, texts: pd.Series, source: Source) -> Parsed:
    if column == "ds":
        return parse_months(texts, source.date_format)
    if column in ("start", "end"):
        return parse_dates(texts, source.date_format)
    if column not in ("stock", "stockout_days", "target"):
        values = blank_to_none(texts)
        return Parsed(values, flag(values.isna() & (column == "name"), "is blank"))
    parsed = parse_decimals(texts, source.decimal)
    return Parsed(parsed.values.astype("float64"), parsed.problems)


def _refuse_repeated(frame: pd.DataFrame, key: list[str], name: str) -> None:
    repeated = frame.duplicated(key, keep=False)
    if repeated.any():
        rows = frame[repeated].head(3)
        examples = rows[key].fillna("").astype(str).agg(" / ".join, axis=1)
        where = f"'{rows[FILE].iloc[0]}' (table '{name}', rows {', '.join(map(str, rows[ROW]))})"
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), where)


def _unreadable(file: str, row: int, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Row {row} of '{file}': {why}", "A value that can be read", "Correct that row, or the source's `columns`"
    )
