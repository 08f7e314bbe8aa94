"""What comes with the orders: promotions, events, inventory, targets, drivers, and lookups of further columns.

Extracts of those roles enter; their tables leave, or orders with further columns. The decision made here: these are short
tables that people keep, so one wrong row stops the unit instead of going to quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.cleaning.account.lines import key_codes, key_tuples
from salesfc_lib.cleaning.basic_rules import Context, fill_category
from salesfc_lib.cleaning.side_tables.mapping import Mappings, read_mappings
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source, tables
from salesfc_lib.intake import (
    BLANK,
    FILE,
    ROW,
    Convention,
    Extract,
    as_category,
    category_of,
    constant,
    encode,
    exported,
    is_plain,
    name_place,
    read_dates,
    read_months,
    read_numbers,
    refuse_stated_unit,
    to_decimals,
)

TABLE = {  # role -> table
    "promotions": "promotion", "inventory": "inventory", "targets": "target", "events": "event", "opportunities": "opportunity",
    "rates": "rate", "conversions": "conversion", "control_totals": "control_total",
}  # fmt: skip
KEYS = {  # columns that no two rows share, beside the dimensions
    "promotion": ["name", "start"], "event": ["name", "start"], "inventory": ["ds"], "target": ["ds"], "rate": ["currency", "date"],
    "conversion": ["unit"],
}  # fmt: skip
WHOLE_KEYS = {"promotion", "rate"}  # tables whose key is that without a dimension
DAYS = ("start", "end", "date", "expected", "announced")
FLOATS = ("stock", "stockout_days", "target", "probability")
EXACT = ("rate", "factor", "amount", "quantity")
NAMED = ("name", "currency", "unit")  # texts that may not be blank
OPEN = ("amount", "quantity", "probability", "announced")  # numbers and days that may be blank
OPTIONAL = {
    "stockout_days": "0"
} | dict.fromkeys(  # columns of a table that an export may lack, and what stands for them
    (
        "amount",
        "quantity",
        "account",
        "probability",
        "stage",
        "kind",
        "effect",
        "comment",
        "announced",
    ),
    "",
)
Parsed = tuple[pd.Series, pd.Series]  # values, and what is wrong with them by position


def read_companion(
    role: str, parameters: Parameters, extracts: Mapping[str, Extract]
) -> pd.DataFrame:
    """Table of a role, from all sources that have it; the dimensions it holds for are None where it holds for all members.

    A product that a conversion holds for is a dimension too.

    Raises `SalesForecastError` for a missing column, a value that cannot be read and a repeated key, naming the file.
    """
    name = TABLE[role]
    sources = {key: source for key, source in parameters.sources.items() if source.role == role}
    for label, source in sources.items():
        refuse_stated_unit(label, source, extracts[label])
    frames = [_read_table(name, source, extracts[label]) for label, source in sources.items()]
    if not frames:
        return tables.empty(name)
    frame = pd.concat(frames, ignore_index=True)
    known = dict.fromkeys(
        [*parameters.dimensions, "key_account", *(["product"] if name == "conversion" else [])]
    )
    dimensions = [column for column in known if column in frame]
    for column in dimensions:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
    key = [*KEYS.get(name, []), *(dimensions if name not in WHOLE_KEYS else [])]
    if name in KEYS:
        _refuse_repeated(frame, key, name)
    frame = rename_members(frame, dimensions, parameters, extracts)
    if name in ("inventory", "target"):
        frame = _merge(frame, key)
    if "end" in frame and (backwards := frame["end"].lt(frame["start"])).any():
        first = frame[backwards].iloc[0]
        raise _unreadable(
            first[FILE],
            first[ROW],
            f"'{first['name']}' ends {first['end']:%Y-%m-%d}, before it starts",
        )
    return tables.check(frame.drop(columns=[ROW, FILE]), name)


def add_lookups(account: Account, context: Context) -> Account:
    """Account whose lines have the columns of every lookup source, by its `join`; a value already there stays."""
    lines = account.lines
    mappings = read_mappings(context.parameters, context.extracts)
    for name, source in context.sources.items():
        if source.role != "lookup":
            continue
        known = _read_lookup(name, source, context.extracts[name], mappings)
        if missing := [ours for ours in source.join if ours not in lines]:
            raise SalesForecastError.missing_columns(
                missing, lines.columns, f"`sources.{name}.join`: the orders"
            )
        keys = key_codes(lines, source.join)
        firsts = pd.Series(np.arange(len(lines))).groupby(keys).first()
        places = dict(zip(known["key"], range(len(known)), strict=True))
        found = pd.Series(
            [
                places.get(key, -1)
                for key in key_tuples(lines[[*source.join]].iloc[firsts], source.join)
            ],
            index=firsts.index,
        )
        at = found.reindex(keys, fill_value=-1).where(keys >= 0, -1).to_numpy()
        for column in source.columns:
            looked_up = category_of(
                at, [*known[column].astype(object).where(known[column].notna(), None), None]
            )
            lines = lines.assign(
                **{
                    column: fill_category(lines[column], looked_up)
                    if column in lines
                    else looked_up
                }
            )
    return account.relabel(lines)


def read_columns(
    names: Iterable[str],
    source: Source,
    extract: Extract,
    parse: Callable[[str, pa.ChunkedArray, Source], Parsed],
) -> pd.DataFrame:
    """Columns of a source by this project's names, parsed, and the place of each row; a name that is not mapped is as if blank.

    Raises `SalesForecastError` for a row that could not be laid out and a value that cannot be read.
    """
    where = ", ".join(str(file["path"]) for file in extract.files)
    mapped = {**source.join, **source.columns}
    if len(extract.rejected):
        first = extract.rejected.iloc[0]
        raise _unreadable(where, first["row"], first["reason"])
    rows = extract.rows.filter(pa.array(is_plain(extract.rows)))
    numbers, (codes, files) = rows[ROW].to_numpy(), encode(rows[FILE])
    columns: dict[str, pd.Series] = {}
    for ours in names:
        texts = (
            rows[exported(mapped[ours])]
            if ours in mapped
            else constant(OPTIONAL[ours], rows.num_rows)
        )
        try:
            values, problems = parse(ours, texts, source)
        except SalesForecastError as error:
            raise name_place(
                error, f"Column '{mapped[ours]}' ({ours}) of '{where}'", texts, numbers
            ) from error
        if len(problems):
            place = int(problems.index[0])
            raise _unreadable(
                files[codes[place]], int(numbers[place]), f"`{ours}` {problems.iloc[0]}"
            )
        columns[ours] = values
    frame = pd.DataFrame(columns)
    return frame.assign(
        **{ROW: numbers, FILE: np.array(files, dtype=object)[codes] if files else []}
    )


def parse_days(column: str, texts: pa.ChunkedArray, source: Source) -> Parsed:
    """Days, or first days of months where the column is `ds`; one that may be blank is NaT there."""
    read = (
        read_months(texts, source.date_format)
        if column == "ds"
        else read_dates(texts, source.date_format)
    )
    problems = read.problems
    return pd.Series(read.days), problems[problems.ne(BLANK)] if column in OPEN else problems


def parse_texts(column: str, texts: pa.ChunkedArray, source: Source) -> Parsed:
    """Texts, None where blank."""
    values = as_category(texts).astype(object)
    values = values.where(values.notna(), None)
    return values, pd.Series(
        "is blank", index=np.flatnonzero(values.isna() & (column in NAMED)), dtype=object
    )


def parse_numbers(
    column: str, texts: pa.ChunkedArray, source: Source, *, may_be_blank: bool = False
) -> Parsed:
    """Decimals, None where blank is allowed."""
    numbers = read_numbers(
        texts, Convention(decimal=source.decimal, unit=source.units.get(column, Decimal(1)))
    )
    values = pd.Series(to_decimals(numbers.units, numbers.scale).to_pylist(), dtype=object)
    problems = numbers.problems
    if may_be_blank:
        blank = problems.index[problems.eq(BLANK)]
        values, problems = values.mask(values.index.isin(blank), None), problems.drop(blank)
    return values, problems


def rename_members(
    frame: pd.DataFrame,
    dimensions: list[str],
    parameters: Parameters,
    extracts: Mapping[str, Extract],
) -> pd.DataFrame:
    """Frame with members under the names that the orders of its days have, in the view that the levels use."""
    mappings = read_mappings(parameters, extracts)
    dated = [name for name in ("start", "ds", "expected", "date") if name in frame]
    if not dated:
        return frame
    days = frame[dated[0]].to_numpy()
    renamed = {column: mappings.rename(column, frame[column], days) for column in dimensions}
    for column, names in mappings.reorganised.items():
        item = parameters.reorganised[column]
        if item.view == "restated" and column in renamed and item.by in ("", column):
            renamed[column] = names.rename(renamed[column], days)
    return frame.assign(**renamed)


def _merge(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Frame in which what now has one key is added up; a stock-out of merged members is the longest of theirs."""
    if not frame.duplicated(key).any():
        return frame
    how = {
        name: "max" if name == "stockout_days" else "sum"
        for name in ("stock", "stockout_days", "target")
        if name in frame
    }
    firsts = {name: "first" for name in frame if name not in {*key, *how}}
    return (
        frame.groupby(key, dropna=False, sort=False).agg({**how, **firsts}).reset_index()[[*frame]]
    )


def _read_lookup(name: str, source: Source, extract: Extract, mappings: Mappings) -> pd.DataFrame:
    columns = {**source.join, **source.columns}
    texts = {
        ours: as_category(extract.rows[exported(header)]).astype(object)
        for ours, header in columns.items()
    }
    known = pd.DataFrame(
        {ours: mappings.rename(ours, text) for ours, text in texts.items()}
    ).drop_duplicates()
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
    if missing := [
        column for column in contract if column not in mapped and column not in OPTIONAL
    ]:
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
    if column == "probability":
        above = values.index[values.map(lambda share: share is not None and not 0 <= share <= 1)]
        said = "is no share from 0 to 1; declare `units: {probability: percent}` where it is in percent"
        problems = pd.concat([problems, pd.Series(said, index=above, dtype=object)])
    return values.astype("float64") if column in FLOATS else values, problems


def _refuse_repeated(frame: pd.DataFrame, key: list[str], name: str) -> None:
    repeated = frame.duplicated(key, keep=False)
    if repeated.any():
        rows = frame[repeated].head(3)
        examples = rows[key].fillna("").astype(str).agg(" / ".join, axis=1)
        where = f"'{rows[FILE].iloc[0]}' (table '{name}', rows {', '.join(map(str, rows[ROW]))})"
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), where)


def _unreadable(file: str, row: int, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Row {row} of '{file}': {why}",
        "A value that can be read",
        "Correct that row, or the source's `columns`",
    )
