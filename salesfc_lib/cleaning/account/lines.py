"""From a source's rows to lines with this project's column names, dates and exact whole numbers.

An extract enters; an account leaves with one line per row of the export, none left out. The decision made here: a cell that
cannot be read never stops the mapping. Its line keeps a `problem`, its amount counts as zero, and the rules decide.

A line has `source` (the label in tables), `name` (the source's name in the parameters), `row`, `mark`, `kind`, `date`,
`month` (first day of the date's month; NaT where unknown), `known` (the day on which the line was known), `quantity`, `amount`
and the other mapped measures (whole numbers of 10**-scale, the scale in `Account.scales`), the mapped columns as
categories (missing where blank), `problem` and `problem_rule` (missing where there is none).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.cleaning.account.frames import concat_lines, with_month
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import (
    BLANK,
    FILE,
    MARK,
    ROW,
    Dates,
    Extract,
    Numbers,
    Reading,
    category_of,
    check_identifiers,
    encode,
    exported,
    find_error_cells,
    is_plain,
    label_files,
    missing_category,
    one_category,
    read_days,
    read_measures,
    read_texts,
    refuse_stated_unit,
    rescale,
)

TEXT = ("order_id", "customer", "product", "salesperson")  # text columns that every line has
NUMBERS = (
    "quantity",
    "amount",
    "discount",
    "freight",
    "price",
    "tax_amount",
)  # columns that are parsed where they are mapped
ORIGINALS = ("quantity_original", "amount_original")  # measures before they were converted
READ = {"date", "kind", *NUMBERS}  # columns that are parsed, not carried as text
KINDS = {kind: kind for kind in ("sale", "return", "adjustment")}
KIND = pd.CategoricalDtype(pd.Index([*KINDS], dtype=object))
NOTED = {"lost_zeros"}  # rules that change nothing


class Problem(NamedTuple):
    """What is wrong with one column: text and rule by row position."""

    texts: pd.Series
    rules: pd.Series


def is_notice(source: Source) -> bool:
    """Whether a returns source only names orders, without amounts of its own."""
    return source.role == "returns" and not {"amount", "quantity"} & set(source.columns)


def map_lines(name: str, source: Source, extract: Extract, parameters: Parameters) -> Account:
    """Account of a source's lines: its rows, and those that could not be laid out."""
    require_columns(name, source, parameters)
    rows, mapped = extract.rows, list_mapped(source)
    carried = {ours: header for ours, header in mapped.items() if ours not in READ}
    plain = is_plain(rows)
    label = label_files(name, [file["path"] for file in extract.files])
    readings: list[tuple[str, Reading]] = []
    refuse_stated_unit(name, source, extract)
    proposals = check_identifiers(rows, mapped, source)
    numbers = read_measures(
        rows, {ours: mapped[ours] for ours in NUMBERS if ours in mapped}, source, plain
    )
    dates = _read_dates(extract, mapped, source, plain, parameters)
    readings += [(ours, reading) for ours, column in numbers.items() for reading in column.readings]
    readings += [("date", reading) for reading in dates.readings]
    kinds, strange = _read_kinds(rows, mapped, source)
    quantity = (
        numbers["quantity"].units
        if "quantity" in numbers
        else np.zeros(rows.num_rows, dtype=np.int64)
    )
    came_back = kinds == 1
    kinds = np.where(
        (kinds == 0) & (quantity < 0), 1, kinds
    )  # a sale of less than nothing is a return
    errors = {ours: Problem(*found) for ours, found in find_error_cells(rows, carried).items()}
    texts, rules = _collect(
        {"kind": strange, "date": dates, **numbers, **errors},
        kinds,
        plain,
        list_parts(source, parameters),
    )
    codes, files = encode(rows[FILE])
    columns, nothing = read_texts(rows, carried, source)
    if "reference" in columns:
        columns["cancels"] = columns["reference"].mask(
            came_back
        )  # goods that came back cancel nothing
    lines = pd.DataFrame(
        {
            "source": category_of(codes, [label[file] for file in files]),
            "name": category_of(np.zeros(rows.num_rows, dtype=np.int8), [name]),
            "row": rows[ROW].to_numpy(),
            MARK: category_of(*encode(rows[MARK])),
            **{ours: missing_category(rows.num_rows) for ours in TEXT if ours not in columns},
            **columns,
            "kind": pd.Series(pd.Categorical.from_codes(kinds.astype(np.int8), dtype=KIND)),
            "date": dates.days,
            "known": dates.days,
            "quantity": quantity,
            "amount": np.zeros(rows.num_rows, dtype=np.int64),
            **{ours: column.units for ours, column in numbers.items()},
            "problem": _spread(texts, rows.num_rows),
            "problem_rule": _spread(rules, rows.num_rows),
        },
        copy=False,
    )
    scales = dict.fromkeys(("quantity", "amount"), 0) | {
        ours: column.scale for ours, column in numbers.items()
    }
    account = Account(
        with_month(concat_lines([lines, _map_rejected(name, extract)]), parameters.calendar),
        scales,
        calendar=parameters.calendar,
    )
    return _tell(account, extract, [*readings, *nothing, *proposals], rows)


def combine(accounts: Sequence[Account]) -> Account:
    """One account of several sources, each measure at the finest scale that one of them uses."""
    names = dict.fromkeys(name for account in accounts for name in account.scales)
    scales = {name: max(account.scales.get(name, 0) for account in accounts) for name in names}
    frames = [
        account.lines.assign(
            **{
                name: rescale(account.lines[name].to_numpy(), account.scales[name], scales[name])
                for name in account.scales
            }
        )
        for account in accounts
    ]
    problems = tuple(problem for account in accounts for problem in account.problems)
    return Account(concat_lines(frames), scales, problems=problems, calendar=accounts[0].calendar)


def list_mapped(source: Source) -> dict[str, str]:
    """This project's name of each column that is carried, and the export's header; a key may be named by its header."""
    named = [*source.key, *filter(None, [source.extract_header])]
    own_keys = {
        key: key
        for key in named
        if key not in source.columns and key not in source.columns.values()
    }
    return {**own_keys, **(source.join if source.role == "returns" else {}), **source.columns}


def needs_discount(source: Source, parameters: Parameters) -> bool:
    """Whether the unit's measure treats discounts otherwise than this source's amounts do."""
    return (
        not is_notice(source)
        and "amount" in source.columns
        and source.discounts != parameters.measure.discounts
        and (source.role == "orders" or "discount" in source.columns)
    )


def needs_freight(source: Source, parameters: Parameters) -> bool:
    """Whether the unit's measure treats freight otherwise than this source's amounts do."""
    return (
        not is_notice(source)
        and "amount" in source.columns
        and source.freight != parameters.measure.freight
        and (source.role == "orders" or "freight" in source.columns)
    )


def list_parts(source: Source, parameters: Parameters) -> set[str]:
    """Columns beside the amount that the unit's definition needs of this source."""
    needed = {
        "discount": needs_discount(source, parameters),
        "freight": needs_freight(source, parameters),
        "tax_amount": source.tax != parameters.measure.tax and "tax_amount" in source.columns,
    }
    return {name for name, asked in needed.items() if asked}


def require_columns(name: str, source: Source, parameters: Parameters) -> None:
    """Raise `SalesForecastError` if `columns` lacks what a source of transactions must have."""
    needed = {"date", parameters.measure.value} if source.role == "orders" else set()
    if source.role == "returns" and is_notice(source) and not source.join:
        needed = {parameters.measure.value}
    needed |= list_parts(source, parameters)
    if missing := sorted(needed - set(source.columns)):
        raise SalesForecastError.missing_columns(
            missing, source.columns, f"`sources.{name}.columns`"
        )


def _read_dates(
    extract: Extract,
    mapped: Mapping[str, str],
    source: Source,
    plain: np.ndarray,
    parameters: Parameters,
) -> Dates:
    none = pd.Series([], dtype=object, index=np.array([], dtype=np.int64))
    if "date" not in mapped:
        return Dates(np.full(extract.rows.num_rows, np.datetime64("NaT", "ns")), none, none, [])
    late = [str(file["path"]) for file in extract.files if file.get("date_system") == "1904"]
    return read_days(
        extract.rows, mapped["date"], source, plain, zone=parameters.calendar.zone, from_1904=late
    )


def _read_kinds(
    rows: pa.Table, mapped: Mapping[str, str], source: Source
) -> tuple[np.ndarray, Problem]:
    """Code of each row's kind, and what is wrong with those that are none."""
    default = 1 if source.role == "returns" else 0
    none = pd.Series([], dtype=object, index=np.array([], dtype=np.int64))
    if "kind" not in mapped:
        return np.full(rows.num_rows, default), Problem(none, none)
    known: Mapping[str, str] = source.kinds or KINDS
    codes, distinct = encode(rows[exported(mapped["kind"])])
    found = [known.get(text.strip()) for text in distinct]
    kinds = np.array(
        [default if kind is None else [*KINDS].index(kind) for kind in found] or [default]
    )[codes]
    wrong = np.flatnonzero(np.array([kind is None for kind in found] or [False])[codes])
    listed = ", ".join(f"'{kind}'" for kind in known)
    texts = [f"'{distinct[codes[place]]}' is not among {listed}" for place in wrong]
    return kinds, Problem(
        pd.Series(texts, index=wrong, dtype=object),
        pd.Series("unreadable", index=wrong, dtype=object),
    )


def _collect(
    parsed: Mapping[str, Numbers | Dates | Problem],
    kinds: np.ndarray,
    plain: np.ndarray,
    needed: Iterable[str],
) -> tuple[dict[int, str], dict[int, str]]:
    """What is wrong with each line, and by which rule, by row position.

    A return without a date, an adjustment without a quantity and a line without a discount are no problems yet, nor is
    what stands in a column that the definition does not need.
    """
    excused = {"date": kinds == 1, "quantity": kinds == 2}
    texts: dict[int, str] = {}
    rules: dict[int, str] = {}
    for ours, column in parsed.items():
        found, why = (
            (column.texts, column.rules)
            if isinstance(column, Problem)
            else (column.problems, column.rules)
        )
        optional = ours in NUMBERS[2:]
        for place, text in found.items():
            at = int(place)
            blank = text == BLANK
            if (
                not plain[at]
                or (blank and (optional or (ours in excused and excused[ours][at])))
                or (optional and ours not in needed)
            ):
                continue
            texts[at] = f"{texts[at]}; {ours} {text}" if at in texts else f"{ours} {text}"
            rules.setdefault(at, str(why[place]))
    return texts, rules


def _spread(texts: Mapping[int, str], rows: int) -> pd.Series:
    """A category that is missing but in a few rows."""
    codes = np.full(rows, -1, dtype=np.int32)
    members = {text: place for place, text in enumerate(dict.fromkeys(texts.values()))}
    if texts:
        codes[list(texts)] = [members[text] for text in texts.values()]
    return pd.Series(
        pd.Categorical.from_codes(
            codes, dtype=pd.CategoricalDtype(pd.Index(list(members), dtype=object))
        )
    )


def _map_rejected(name: str, extract: Extract) -> pd.DataFrame:
    """Lines for rows that could not be laid out: nothing is known of them but their place."""
    rejected = extract.rejected
    count = len(rejected)
    return pd.DataFrame(
        {
            "source": one_category(rejected["source"].to_numpy()),
            "name": one_category([name] * count),
            "row": rejected["row"].to_numpy(dtype=np.int64),
            MARK: one_category([""] * count),
            "kind": pd.Series(
                pd.Categorical.from_codes(np.zeros(count, dtype=np.int8), dtype=KIND)
            ),
            "date": np.full(count, np.datetime64("NaT", "ns")),
            "known": np.full(count, np.datetime64("NaT", "ns")),
            "quantity": np.zeros(count, dtype=np.int64),
            "amount": np.zeros(count, dtype=np.int64),
            "problem": one_category(rejected["reason"].to_numpy()),
            "problem_rule": one_category(rejected["rule"].to_numpy()),
        }
    )


def _tell(
    account: Account, extract: Extract, readings: Iterable[tuple[str, Reading]], rows: pa.Table
) -> Account:
    """Account with what the readers and the parsers saw and dealt with."""
    numbers = rows[ROW].to_numpy()
    for ours, reading in readings:
        account = account.see(
            {
                "source": account.lines["source"].iloc[reading.first],
                "rule": reading.rule,
                "column": ours,
                "action": "noted" if reading.rule in NOTED else "read",
                "rows": reading.rows,
                "first_row": int(numbers[reading.first]),
                "example": reading.example,
                "reason": reading.reason,
            }
        )
    for seen in extract.issues.itertuples():
        account = account.see(
            {
                "source": seen.source,
                "rule": seen.rule,
                "column": "",
                "action": seen.action,
                "rows": seen.rows,
                "first_row": seen.row,
                "example": "",
                "reason": seen.reason,
            }
        )
    return account


def key_codes(lines: pd.DataFrame, columns: Iterable[str]) -> np.ndarray:
    """A whole number from 0 for each distinct key (n_lines,); -1 where a part is missing."""
    combined = np.zeros(len(lines), dtype=np.int64)
    missing = np.zeros(len(lines), dtype=bool)
    for column in columns:
        values = lines[column]
        codes = (
            values.cat.codes.to_numpy()
            if isinstance(values.dtype, pd.CategoricalDtype)
            else pd.factorize(values)[0]
        )
        missing |= codes < 0
        combined = combined * (int(codes.max(initial=0)) + 2) + codes.astype(np.int64)
        if combined.max(initial=0) > 2**31:
            combined = pd.factorize(combined)[0].astype(np.int64)
    return np.where(missing, -1, combined)


def key_tuples(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """The frame's keys as tuples; None where a part is missing."""
    parts = frame[list(columns)].astype(object)
    keys = pd.Series(
        list(parts.itertuples(index=False, name=None)), index=frame.index, dtype=object
    )
    return keys.where(parts.notna().all(axis=1), None)
