"""What comes with the orders: promotions, events, inventory, targets, rates, lookups."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fill_category, group_numbers, key_tuples
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.mappings import Mappings
from salesfc_lib.cleaning.strict_columns import read_columns, unreadable_row
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source, tables
from salesfc_lib.intake import (
    Extract,
    evidence,
    layout,
    read_dates,
    refuse_stated_unit,
    text_columns,
)

TABLE = {  # role -> table
    "promotions": "promotion",
    "inventory": "inventory",
    "events": "event",
    "targets": "target",
    "rates": "rate",
    "conversions": "conversion",
    "control_totals": "control_total",
}
KEYS = {  # columns that no two rows share, beside the dimensions
    "promotion": ["name", "start"],
    "event": ["name", "start"],
    "inventory": ["ds"],
    "target": ["ds"],
    "rate": ["currency", "date"],
    "conversion": ["unit"],
}
DECLARED = ("launched", "discontinued")  # days that a lookup by one dimension may declare
WHOLE_KEYS = {"promotion", "rate"}  # tables whose key is that without a dimension
ADDED = ("inventory", "target")  # tables whose rows of members that are one now are added up
# columns whose kind the contract's types do not tell
KINDS = {"ds": "month", **dict.fromkeys(("rate", "factor", "amount", "quantity"), "decimal")}


def read_side_table(role: str, context: Context) -> pd.DataFrame:
    """Table of a role, from all its sources; a dimension is None where a row holds for all members.

    A product that a conversion holds for is a dimension too, and so is whatever targets are set by.

    Raises `SalesForecastError` for a missing column, a value that cannot be read and a repeated
    key, naming the file.
    """
    name, parameters, extracts = TABLE[role], context.parameters, context.extracts
    sources = context.with_role(role)
    for label, source in sources.items():
        refuse_stated_unit(label, source, extracts[label])
    frames = [_read_table(name, source, extracts[label]) for label, source in sources.items()]
    if not frames:
        return tables.empty(name)
    frame = pd.concat(frames, ignore_index=True)
    more = ["product"] if name == "conversion" else []
    if name == "target":
        more = [*frame.columns.drop([*tables.CONTRACTS[name].columns, layout.ROW, layout.FILE])]
    known = dict.fromkeys([*parameters.dimensions, "key_account", *more])
    dimensions = [column for column in known if column in frame]
    for column in dimensions:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
    key = [*KEYS.get(name, []), *(dimensions if name not in WHOLE_KEYS else [])]
    if name in KEYS and (repeated := frame.duplicated(key, keep=False)).any():
        rows = frame[repeated].head(3)
        examples = rows[key].fillna("").astype(str).agg(" / ".join, axis=1)
        places = f"table '{name}', rows {', '.join(map(str, rows[layout.ROW]))}"
        where = f"'{rows[layout.FILE].iloc[0]}' ({places})"
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), where)
    frame = rename_members(frame, dimensions, context)
    if name in ADDED:
        frame = _merge(frame, key)
    if "end" in frame and (backwards := frame["end"].lt(frame["start"])).any():
        first = frame[backwards].iloc[0]
        why = f"'{first['name']}' ends {first['end']:%Y-%m-%d}, before it starts"
        raise unreadable_row(first[layout.FILE], first[layout.ROW], why)
    return tables.check(frame.drop(columns=[layout.ROW, layout.FILE]), name)


def add_lookups(batch: Batch, context: Context) -> Batch:
    """Batch whose lines have the columns of every lookup, by its `join`; values there stay.

    A lookup may be joined by a column that another one brings.
    """
    waiting = context.with_role("lookup")
    while waiting:
        ready = (name for name, one in waiting.items() if {*one.join} <= {*batch.lines})
        name = next(ready, next(iter(waiting)))
        source, lines = waiting.pop(name), batch.lines
        known = _read_lookup(name, source, context.extracts[name], context.mappings)
        if missing := [ours for ours in source.join if ours not in lines]:
            raise SalesForecastError.missing_columns(
                missing, lines.columns, f"`sources.{name}.join`: the orders"
            )
        group, firsts = group_numbers(lines, [*source.join])
        places = dict(zip(known["key"], range(len(known)), strict=True))
        wanted = key_tuples(lines[[*source.join]].iloc[firsts], source.join)
        at = np.array([places.get(key, -1) for key in wanted], dtype=np.int64)[group]
        for column in source.columns:
            texts = known[column].astype(object).where(known[column].notna(), None)
            values = text_columns.category_of(at, [*texts, None])
            values = fill_category(batch.lines[column], values) if column in lines else values
            batch = batch.with_columns(**{column: values})
    return batch


def list_declared(transactions: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """One row per dimension and member with a declared day: launched, discontinued (or NaT).

    Raises `SalesForecastError` for a day that cannot be read and for two days of one member.
    """
    found = [pd.DataFrame(columns=["dimension", "member", *DECLARED], dtype=object)]
    for name, source in parameters.sources.items():
        columns = [column for column in DECLARED if column in source.columns]
        if source.role != "lookup" or len(source.join) != 1 or not columns:
            continue
        (dimension,) = source.join
        pairs = transactions[[dimension, *columns]].drop_duplicates()
        pairs = pairs.dropna(subset=dimension).astype(object)
        why = ""
        if (repeated := pairs[dimension].duplicated()).any():
            member = pairs.loc[repeated, dimension].iloc[0]
            why = f"{dimension} '{member}' has several declared days"
        for column in columns:
            texts = pairs[column].fillna("").to_numpy()
            cells = pa.chunked_array([pa.array(texts, pa.string())])
            try:
                read = read_dates(
                    cells,
                    source.date_format,
                    order=source.date_order,
                    exchanged=source.dates_exchanged,
                )
            except SalesForecastError as error:
                text = f"Column `{column}` of source '{name}': {error}"
                raise evidence.reword(error, text) from error
            wrong = [f"`{column}` {text}" for at, text in read.problems.items() if texts[int(at)]]
            why, pairs[column] = why or next(iter(wrong), ""), read.values
        if why:
            raise SalesForecastError.of(
                f"Source '{name}': {why}",
                "One day for each member, such as 2024-03-01",
                "Correct the master file",
            )
        pairs = pairs.rename(columns={dimension: "member"}).assign(dimension=dimension)
        found.append(pairs.astype(object))
    table = pd.concat(found, ignore_index=True).reindex(columns=["dimension", "member", *DECLARED])
    table = table.astype(dict.fromkeys(DECLARED, "datetime64[ns]"))
    return table.dropna(subset=[*DECLARED], how="all").reset_index(drop=True)


def rename_members(frame: pd.DataFrame, dimensions: list[str], context: Context) -> pd.DataFrame:
    """Frame with members under the names of its days, in the view that the levels use."""
    dated = [name for name in ("start", "ds", "date") if name in frame]
    if not dated:
        return frame
    days, mappings = frame[dated[0]].to_numpy(), context.mappings
    renamed = {column: mappings.rename(column, frame[column], days) for column in dimensions}
    for column, names in mappings.reorganised.items():
        item = context.parameters.reorganised[column]
        if item.view == "restated" and column in renamed and item.by in ("", column):
            renamed[column] = names.rename(renamed[column], days)
    return frame.assign(**renamed)


def _merge(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Frame with rows of one key added up; a stock-out of merged members is the longest."""
    if not frame.duplicated(key).any():
        return frame
    how: dict[str, Any] = dict.fromkeys(
        ("stock", "target", "value"), partial(pd.Series.sum, min_count=1)
    )
    how |= {"stockout_days": "max"}
    how = {name: how.get(name, "first") for name in frame if name not in key}
    return frame.groupby(key, dropna=False, sort=False).agg(how).reset_index()[[*frame]]


def _read_lookup(name: str, source: Source, extract: Extract, mappings: Mappings) -> pd.DataFrame:
    texts = {
        ours: text_columns.as_category(extract.rows[layout.exported(header)]).astype(object)
        for ours, header in {**source.join, **source.columns}.items()
    }
    renamed = {ours: mappings.rename(ours, text) for ours, text in texts.items()}
    known = pd.DataFrame(renamed).drop_duplicates()
    known = known.assign(key=key_tuples(known, source.join)).dropna(subset="key")
    if (repeated := known["key"].duplicated(keep=False)).any():
        examples = [" / ".join(key) for key in known.loc[repeated, "key"].dropna().unique()]
        file = extract.files[0]["path"] if extract.files else name
        raise SalesForecastError.duplicate_keys(
            source.join.values(), examples, int(repeated.sum()), f"'{file}'"
        )
    return known.reset_index(drop=True)


def _read_table(name: str, source: Source, extract: Extract) -> pd.DataFrame:
    contract = tables.CONTRACTS[name].columns
    mapped = {**source.join, **source.columns}
    optional = {column for column, spec in contract.items() if spec.nullable}
    needed = [column for column in contract if column not in {*mapped, *optional, "stockout_days"}]
    if needed:
        where = ", ".join(str(file["path"]) for file in extract.files)
        raise SalesForecastError.missing_columns(
            needed, mapped, f"`columns` of the source that reads '{where}'"
        )
    kinds = dict.fromkeys([*contract, *mapped], "text")
    types = {"float64": "float", "datetime64[ns]": "day", "object": "text"}
    kinds |= {column: types[str(spec.dtype)] for column, spec in contract.items()}
    kinds |= {column: kind for column, kind in KINDS.items() if column in contract}
    nullable = optional | set(kinds) - set(contract)
    # no column of days without stock: none
    defaults = {"stockout_days": "0"}
    return read_columns(kinds, source, extract, nullable=nullable, defaults=defaults)
