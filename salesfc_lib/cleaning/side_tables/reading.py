"""What comes with the orders: promotions, events, inventory, rates, lookups.

These are short tables that people keep, so one wrong row stops the unit instead of going to
quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fill_category, key_codes, key_tuples
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.mappings import Mappings
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source, tables
from salesfc_lib.intake import (
    Convention,
    Extract,
    evidence,
    fixed_point,
    layout,
    read_dates,
    read_months,
    read_numbers,
    refuse_stated_unit,
    text_columns,
)

TABLE = {  # role -> table
    "promotions": "promotion",
    "inventory": "inventory",
    "events": "event",
    "rates": "rate",
    "conversions": "conversion",
    "control_totals": "control_total",
}
KEYS = {  # columns that no two rows share, beside the dimensions
    "promotion": ["name", "start"],
    "event": ["name", "start"],
    "inventory": ["ds"],
    "rate": ["currency", "date"],
    "conversion": ["unit"],
}
WHOLE_KEYS = {"promotion", "rate"}  # tables whose key is that without a dimension
DAYS = ("start", "end", "date", "announced")
FLOATS = ("stock", "stockout_days")
EXACT = ("rate", "factor", "amount", "quantity")
NAMED = ("name", "currency", "unit")  # texts that may not be blank
OPEN = ("amount", "quantity", "announced")  # numbers and days that may be blank
BLANKS = ("amount", "quantity", "account", "kind", "effect", "comment", "announced")
# columns of a table that an export may lack, and what stands for them
OPTIONAL = {"stockout_days": "0", **dict.fromkeys(BLANKS, "")}
Parsed = tuple[pd.Series, pd.Series]  # values, and what is wrong with them by position


def read_side_table(role: str, context: Context) -> pd.DataFrame:
    """Table of a role, from all its sources; a dimension is None where a row holds for all members.

    A product that a conversion holds for is a dimension too.

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
    known = dict.fromkeys([*parameters.dimensions, "key_account", *more])
    dimensions = [column for column in known if column in frame]
    for column in dimensions:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
    key = [*KEYS.get(name, []), *(dimensions if name not in WHOLE_KEYS else [])]
    if name in KEYS:
        _refuse_repeated(frame, key, name)
    frame = rename_members(frame, dimensions, context)
    if name == "inventory":
        frame = _merge(frame, key)
    if "end" in frame and (backwards := frame["end"].lt(frame["start"])).any():
        first = frame[backwards].iloc[0]
        why = f"'{first['name']}' ends {first['end']:%Y-%m-%d}, before it starts"
        raise _unreadable(first[layout.FILE], first[layout.ROW], why)
    return tables.check(frame.drop(columns=[layout.ROW, layout.FILE]), name)


def add_lookups(batch: Batch, context: Context) -> Batch:
    """Batch whose lines have the columns of every lookup, by its `join`; values there stay."""
    for name, source in context.with_role("lookup").items():
        lines = batch.lines
        known = _read_lookup(name, source, context.extracts[name], context.mappings)
        if missing := [ours for ours in source.join if ours not in lines]:
            raise SalesForecastError.missing_columns(
                missing, lines.columns, f"`sources.{name}.join`: the orders"
            )
        keys = key_codes(lines, source.join)
        firsts = pd.Series(np.arange(len(lines))).groupby(keys).first()
        places = dict(zip(known["key"], range(len(known)), strict=True))
        wanted = key_tuples(lines[[*source.join]].iloc[firsts], source.join)
        found = pd.Series([places.get(key, -1) for key in wanted], index=firsts.index)
        at = found.reindex(keys, fill_value=-1).where(keys >= 0, -1).to_numpy()
        for column in source.columns:
            texts = known[column].astype(object).where(known[column].notna(), None)
            values = text_columns.category_of(at, [*texts, None])
            values = fill_category(batch.lines[column], values) if column in lines else values
            batch = batch.with_columns(**{column: values})
    return batch


def read_columns(
    names: Iterable[str],
    source: Source,
    extract: Extract,
    parse: Callable[[str, pa.ChunkedArray, Source], Parsed],
) -> pd.DataFrame:
    """Columns of a source by this project's names, parsed (blank where not mapped), with places.

    Raises `SalesForecastError` for a row that could not be laid out and a value that cannot be
    read.
    """
    where = ", ".join(str(file["path"]) for file in extract.files)
    mapped = {**source.join, **source.columns}
    if len(extract.rejected):
        first = extract.rejected.iloc[0]
        raise _unreadable(where, first["row"], first["reason"])
    rows = extract.rows.filter(pa.array(layout.is_plain(extract.rows)))
    numbers, (codes, files) = rows[layout.ROW].to_numpy(), text_columns.encode(rows[layout.FILE])
    columns: dict[str, pd.Series] = {}
    for ours in names:
        if ours in mapped:
            texts = rows[layout.exported(mapped[ours])]
        else:
            texts = text_columns.constant(OPTIONAL[ours], rows.num_rows)
        try:
            values, problems = parse(ours, texts, source)
        except SalesForecastError as error:
            place = f"Column '{mapped[ours]}' ({ours}) of '{where}'"
            raise evidence.name_place(error, place, texts, numbers) from error
        if len(problems):
            at, why = int(problems.index[0]), problems.iloc[0]
            raise _unreadable(files[codes[at]], int(numbers[at]), f"`{ours}` {why}")
        columns[ours] = values
    paths = np.array(files, dtype=object)[codes] if files else []
    return pd.DataFrame(columns).assign(**{layout.ROW: numbers, layout.FILE: paths})


def parse_days(column: str, texts: pa.ChunkedArray, source: Source) -> Parsed:
    """Days, or first days of months where the column is `ds`; NaT where blank is allowed."""
    read = (read_months if column == "ds" else read_dates)(texts, source.date_format)
    problems = read.problems
    return pd.Series(read.values), problems[
        problems.ne(evidence.BLANK)
    ] if column in OPEN else problems


def parse_texts(column: str, texts: pa.ChunkedArray, source: Source) -> Parsed:
    """Texts, None where blank."""
    values = text_columns.as_category(texts).astype(object)
    values = values.where(values.notna(), None)
    blank = np.flatnonzero(values.isna() & (column in NAMED))
    return values, pd.Series("is blank", index=blank, dtype=object)


def parse_numbers(
    column: str, texts: pa.ChunkedArray, source: Source, *, may_be_blank: bool = False
) -> Parsed:
    """Decimals, None where blank is allowed."""
    unit = source.units.get(column, Decimal(1))
    numbers = read_numbers(texts, Convention(decimal=source.decimal, unit=unit))
    values = pd.Series(
        fixed_point.to_decimals(numbers.values, numbers.scale).to_pylist(), dtype=object
    )
    problems = numbers.problems
    if may_be_blank:
        blank = problems.index[problems.eq(evidence.BLANK)]
        values, problems = values.mask(values.index.isin(blank), None), problems.drop(blank)
    return values, problems


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
    how = {"stock": "sum", "stockout_days": "max"}
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
    where = ", ".join(str(file["path"]) for file in extract.files)
    mapped = {**source.join, **source.columns}
    if missing := [name for name in contract if name not in mapped and name not in OPTIONAL]:
        raise SalesForecastError.missing_columns(
            missing, mapped, f"`columns` of the source that reads '{where}'"
        )
    return read_columns(dict.fromkeys([*contract, *mapped]), source, extract, _parse)


def _parse(column: str, texts: pa.ChunkedArray, source: Source) -> Parsed:
    if column == "ds" or column in DAYS:
        return parse_days(column, texts, source)
    if column not in (*FLOATS, *EXACT):
        return parse_texts(column, texts, source)
    values, problems = parse_numbers(column, texts, source, may_be_blank=column in OPEN)
    return values.astype("float64") if column in FLOATS else values, problems


def _refuse_repeated(frame: pd.DataFrame, key: list[str], name: str) -> None:
    repeated = frame.duplicated(key, keep=False)
    if repeated.any():
        rows = frame[repeated].head(3)
        examples = rows[key].fillna("").astype(str).agg(" / ".join, axis=1)
        places = ", ".join(map(str, rows[layout.ROW]))
        where = f"'{rows[layout.FILE].iloc[0]}' (table '{name}', rows {places})"
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), where)


def _unreadable(file: str, row: int, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Row {row} of '{file}': {why}",
        "A value that can be read",
        "Correct that row, or the source's `columns`",
    )
