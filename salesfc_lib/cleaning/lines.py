"""From a source's rows to lines with this project's column names, dates and exact decimals.

An extract enters; lines leave, one per row of the export, none left out. The decision made here: a cell that cannot be
read never stops the mapping. Its line keeps a `problem`, its amount counts as zero, and the rules decide.

A line has `source` (the label in tables), `name` (the source's name in the parameters), `row`, `mark`, `kind`, `date`,
`month` (first day of the date's month; NaT where unknown), `known` (the day on which the line was known), `quantity` and
`amount` (Decimal), `discount` where one is to be treated, the mapped columns as text (None where blank), `problem` and
`problem_rule`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from salesfc_lib.cleaning.ledger import ZERO
from salesfc_lib.cleaning.parse import Parsed, parse_dates, parse_decimals
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Parameters, Source
from salesfc_lib.sources import Extract, label_files
from salesfc_lib.sources.layout import FILE, MARK, ROW, exported

TEXT = ("order_id", "customer", "product", "salesperson")  # text columns that every line has
READ = {"date", "kind", "quantity", "amount", "discount"}  # columns that are parsed, not carried as text
KINDS = {kind: kind for kind in ("sale", "return", "adjustment")}


def is_notice(source: Source) -> bool:
    """Whether a returns source only names orders, without amounts of its own."""
    return source.role == "returns" and not {"amount", "quantity"} & set(source.columns)


def map_lines(name: str, source: Source, extract: Extract, parameters: Parameters) -> pd.DataFrame:
    """Lines of a source: its rows, and those that could not be laid out."""
    require_columns(name, source, parameters)
    rows = extract.rows
    texts = {ours: rows[exported(header)] for ours, header in list_mapped(source).items()}
    kinds = _read_kinds(texts.get("kind"), source, rows.index)
    dates = parse_dates(texts["date"], source.date_format) if "date" in texts else _absent(rows.index, pd.NaT)
    numbers = {ours: _read_numbers(texts.get(ours), source, rows.index) for ours in ("quantity", "amount")}
    if needs_discount(source, parameters):
        numbers["discount"] = _read_numbers(texts["discount"].where(texts["discount"].str.strip().ne(""), "0"), source, rows.index)
    problems = _collect({"kind": kinds, "date": dates, **numbers}, texts)
    columns = {ours: blank_to_none(text) for ours, text in texts.items() if ours not in READ}
    labels = rows[FILE].map(label_files(name, [file["path"] for file in extract.files]))
    lines = pd.DataFrame(
        {
            "source": labels.astype(object),
            "name": name,
            "row": rows[ROW].astype("int64"),
            MARK: rows[MARK],
            **{ours: None for ours in TEXT if ours not in columns},
            **columns,
            "kind": _as_return(kinds.values, numbers["quantity"].values),
            "date": dates.values,
            "known": dates.values,
            **{ours: parsed.values for ours, parsed in numbers.items()},
            "problem": problems.where(rows[MARK].eq(""), None),
            "problem_rule": "unreadable",
        },
        index=rows.index,
    )
    return with_month(pd.concat([lines, _map_rejected(name, extract)], ignore_index=True) if len(extract.rejected) else lines)


def list_mapped(source: Source) -> dict[str, str]:
    """This project's name of each column that is carried, and the export's header; a key may be named by its header."""
    own_keys = {key: key for key in source.key if key not in source.columns and key not in source.columns.values()}
    return {**own_keys, **(source.join if source.role == "returns" else {}), **source.columns}


def with_month(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines with the first day of the month of their date."""
    return lines.assign(month=lines["date"].to_numpy().astype("datetime64[M]").astype("datetime64[ns]"))


def needs_discount(source: Source, parameters: Parameters) -> bool:
    """Whether the unit's measure treats discounts otherwise than this source's amounts do."""
    return (
        not is_notice(source)
        and "amount" in source.columns
        and source.discounts != parameters.measure.discounts
        and (source.role == "orders" or "discount" in source.columns)
    )


def require_columns(name: str, source: Source, parameters: Parameters) -> None:
    """Raise `SalesForecastError` if `columns` lacks what a source of transactions must have."""
    needed = {"date", parameters.measure.value} if source.role == "orders" else set()
    if source.role == "returns" and is_notice(source) and not source.join:
        needed = {parameters.measure.value}
    if needs_discount(source, parameters):
        needed |= {"discount"}
    if missing := sorted(needed - set(source.columns)):
        raise SalesForecastError.missing_columns(missing, source.columns, f"`sources.{name}.columns`")


def blank_to_none(texts: pd.Series) -> pd.Series:
    """Text without surrounding spaces, None where nothing is left."""
    stripped = texts.map({text: text.strip() for text in texts.unique()})
    return stripped.astype(object).where(stripped.ne(""), None)


def _read_kinds(texts: pd.Series | None, source: Source, index: pd.Index) -> Parsed:
    default = "return" if source.role == "returns" else "sale"
    none = pd.Series(None, index=index, dtype=object)
    if texts is None:
        return Parsed(pd.Series(default, index=index, dtype=object), none)
    known: Mapping[str, str] = source.kinds or KINDS
    found = texts.map({text: known.get(text.strip()) for text in texts.unique()}).astype(object)
    problems = ("'" + texts + "' is not among " + ", ".join(f"'{kind}'" for kind in known)).where(found.isna(), None)
    return Parsed(found.where(found.notna(), default), problems)


def _read_numbers(texts: pd.Series | None, source: Source, index: pd.Index) -> Parsed:
    return _absent(index, ZERO) if texts is None else parse_decimals(texts, source.decimal)


def _absent(index: pd.Index, value: object) -> Parsed:
    dtype = "datetime64[ns]" if value is pd.NaT else object
    return Parsed(pd.Series(value, index=index, dtype=dtype), pd.Series(None, index=index, dtype=object))


def _as_return(kinds: pd.Series, quantities: pd.Series) -> pd.Series:
    """Kind of each line: a sale of less than nothing is a return."""
    return kinds.mask(kinds.eq("sale") & quantities.map(lambda quantity: quantity < 0), "return")


def _collect(parsed: Mapping[str, Parsed], texts: Mapping[str, pd.Series]) -> pd.Series:
    """What is wrong with each line, None where nothing is.

    A return without a date and an adjustment without a quantity are no problems yet.
    """
    kinds = _as_return(parsed["kind"].values, parsed["quantity"].values)
    excused = {"date": kinds.eq("return"), "quantity": kinds.eq("adjustment")}
    problems = pd.DataFrame({ours: column.problems for ours, column in parsed.items() if ours in texts})
    for ours, excuse in excused.items():
        if ours in problems:
            problems[ours] = problems[ours].where(~(excuse & texts[ours].str.strip().eq("")), None)
    reasons = pd.Series(None, index=problems.index, dtype=object)
    for place, line in problems[problems.notna().any(axis=1)].iterrows():
        reasons[place] = "; ".join(f"{ours} {why}" for ours, why in line.dropna().items())
    return reasons


def _map_rejected(name: str, extract: Extract) -> pd.DataFrame:
    """Lines for rows that could not be laid out: nothing is known of them but their place."""
    rejected = extract.rejected
    return pd.DataFrame(
        {
            "source": rejected["source"],
            "name": name,
            "row": rejected["row"],
            MARK: "",
            "kind": "sale",
            "date": pd.Series(pd.NaT, index=rejected.index, dtype="datetime64[ns]"),
            "known": pd.Series(pd.NaT, index=rejected.index, dtype="datetime64[ns]"),
            "quantity": ZERO,
            "amount": ZERO,
            "discount": ZERO,
            "problem": rejected["reason"],
            "problem_rule": rejected["rule"],
        }
    )


def flag(mask: pd.Series, problem: str) -> pd.Series:
    """The problem where the mask is set, None elsewhere."""
    return pd.Series(problem, index=mask.index, dtype=object).where(mask, None)


def fill_missing(texts: pd.Series, found: pd.Series) -> pd.Series:
    """Texts, those that are missing as found (None where neither is known)."""
    filled = texts.astype(object).where(texts.notna(), found.reindex(texts.index))
    return filled.where(filled.notna(), None)


def key_tuples(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """The frame's keys as tuples; None where a part is missing."""
    parts = frame[list(columns)]
    keys = pd.Series(list(parts.itertuples(index=False, name=None)), index=frame.index, dtype=object)
    return keys.where(parts.notna().all(axis=1), None)
