"""A column of text parsed to whole numbers of the column's smallest unit, exactly.

What is not certain is a problem of its row; where the whole column is uncertain (which mark is the
decimal one, which currency is meant), it is not read at all. Cells written alike are read together
(`number_shapes`), the others one by one, each distinct text once (`number_spellings`); both give
the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.evidence import (
    BLANK,
    Unreadable,
    list_cells,
    place_problems,
    report_rule,
)
from salesfc_lib.intake.parse.fixed_point import multiply, multiply_one, rescale, to_unit, whole
from salesfc_lib.intake.parse.nulls import require_value
from salesfc_lib.intake.parse.number_shapes import Part, find_families, read_family
from salesfc_lib.intake.parse.number_spellings import Credit, Written, dissect
from salesfc_lib.intake.parse.separators import MARKS, Separators, decide_separators

SAMPLE = 1000  # cells, spread over the column, that tell how most are written

REASONS = {
    "null_spelling": "stands for a blank cell",
    "trailing_minus": "the minus after the digits makes the number negative",
    "parentheses": "brackets make the number negative",
    "currency_sign": "the sign or code of the currency is no part of the number",
    "full_width": "digits or signs of another script are read as the common ones",
    "chinese_unit": "the word after the digits multiplies: 千 1,000, 万 10,000, 亿 100,000,000",
    "percent": "the percent sign divides by 100",
}


@dataclass(frozen=True)
class Convention:
    """How the numbers of a column are written."""

    decimal: str | None = None  # '.' or ','; None: found per column
    unit: Decimal = Decimal(1)  # of the whole column: 10000 for 万元, 0.01 for percent
    credit: Credit = "negative"  # sign of amounts marked CR or 贷; DR and 借 have the other


class Numbers(NamedTuple):
    """A column's values, `units` * 10**-`scale`, exactly; zero where there is a problem."""

    units: np.ndarray  # (n_rows,) int64, or object of Python ints where int64 does not suffice
    scale: int
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    issues: list[Issue]  # rules that read cells; `row` is the first position
    written: str | None = None  # the decimal mark, where it was declared or the column proves it


class Rest(NamedTuple):
    """Cells that were not read together."""

    cells: np.ndarray  # numbers, ascending
    codes: np.ndarray  # which of the distinct texts each is
    texts: list[str]
    written: list[Written | Unreadable]


def read_numbers(column: pa.ChunkedArray, convention: Convention | None = None) -> Numbers:
    """Numbers of a column of text, dictionary-encoded or not, without nulls.

    A word of its own (万, %) in a cell goes before the declared unit of the column.

    Raises
    ------
    SalesForecastError
        Nothing, or contrary cells, prove which mark is the decimal one, or the column holds several
        currencies.

    >>> column = pa.chunked_array([["1.234,50", "2,5-", "n/a", "12"]])
    >>> numbers = read_numbers(column)
    >>> numbers.units, numbers.scale, dict(numbers.problems)
    (array([123450,   -250,      0,   1200]), 2, {2: 'is blank'})
    >>> [issue.rule for issue in numbers.issues]
    ['null_spelling', 'separators', 'trailing_minus']
    """
    convention = convention or Convention()
    texts, places = list_cells(column)
    spread = np.linspace(0, max(len(texts) - 1, 0), min(SAMPLE, len(texts)), dtype=np.int64)
    sample = texts.take(pa.array(spread)).to_pylist()
    if any(text != text.strip() for text in sample):
        texts = pc.utf8_trim_whitespace(texts)
    parts, rest, separators = _read_cells(texts, sample, convention)
    _require_one_currency(texts, parts, rest)
    units, scale, unread = _join(len(texts), parts, rest, separators, convention)
    problems, rules = place_problems(places, rest.cells, rest.codes, rest.texts, unread)
    reasons = {
        **REASONS,
        "separators": separators.reason,
        "debit_credit": f"CR and 贷 are {convention.credit}, DR and 借 the opposite",
        "stated_unit": f"the column is declared to be in units of {convention.unit}",
    }
    used = _merge(_list_used(parts, rest, separators, convention, unread))
    issues = [
        report_rule(places, texts, cells, rule, reasons[rule]) for rule, cells in used.items()
    ]
    decimal = separators.decimal if separators.proof or convention.decimal else None
    return Numbers(places.spread(units), scale, problems, rules, issues, decimal)


def take_apart(text: str, convention: Convention) -> Written | Unreadable:
    """A cell's number as it is written, or why it is none."""
    try:
        require_value(text)
        return dissect(text, convention.credit)
    except Unreadable as problem:
        return problem


def read_one(
    written: Written | Unreadable, separators: Separators, convention: Convention
) -> tuple[int, int] | Unreadable:
    """Units and scale of a number that was taken apart."""
    if isinstance(written, Unreadable):
        return written
    plain = separators.read(written.digits)
    if plain is None:
        is_other = any(Separators(mark).read(written.digits) for mark in MARKS)
        mark = f"where '{separators.decimal}' is the decimal mark"
        why = f"is written otherwise than its column, {mark}" if is_other else "is no number"
        return Unreadable(why)
    places = len(plain.partition(".")[2])
    return multiply_one(to_unit(plain, places), places, *_factor(written, convention))


def _read_cells(
    texts: pa.Array, sample: Sequence[str], convention: Convention
) -> tuple[list[Part], Rest, Separators]:
    """Cells read together, the others taken apart, and the separators that the whole column
    proves.
    """
    presumed = _presume(sample, convention)
    separators = presumed or Separators(convention.decimal or ".")
    families = find_families((text.strip() for text in sample), convention.credit)
    while True:
        parts, left = [], np.arange(len(texts))
        for family in families:
            found, left = read_family(texts, left, family, separators)
            parts += found
        rest = _take_apart(texts, left, convention)
        odd = _list_digits(rest.written, texts.type)
        settled = presumed is not None or not (
            any(part.scale or part.grouped for part in parts)
            or pc.any(pc.match_substring_regex(odd, "[.,]")).as_py()
        )
        fits = pc.all(pc.match_substring_regex(odd, f"^{separators.pattern}$")).as_py() is not False
        if settled and fits:
            return parts, rest, separators
        digits = pa.concat_arrays([*(part.digits for part in parts), odd])
        decided = decide_separators(digits, convention.decimal)
        if decided[:2] == separators[:2]:
            return parts, rest, decided
        presumed = separators = decided


def _presume(sample: Sequence[str], convention: Convention) -> Separators | None:
    """Separators that a sample proves; None where it does not."""
    digits = _list_digits((take_apart(text, convention) for text in set(sample)), pa.string())
    try:
        separators = decide_separators(digits, convention.decimal)
    except SalesForecastError:
        return None
    return separators if separators.proof or convention.decimal else None


def _list_digits(written: Iterable[Written | Unreadable], kind: pa.DataType) -> pa.Array:
    return pa.array([each.digits for each in written if isinstance(each, Written)], kind)


def _take_apart(texts: pa.Array, cells: np.ndarray, convention: Convention) -> Rest:
    encoded = texts.take(pa.array(cells)).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    written = [take_apart(text, convention) for text in distinct]
    return Rest(cells, encoded.indices.to_numpy(), distinct, written)


def find_two_currencies(signs: Iterable[tuple[frozenset[str], str]]) -> tuple[str, str] | None:
    """Two texts whose currency signs cannot stand for one currency, given what each sign may
    mean.
    """
    common, first = None, ""
    for currency, text in signs:
        if currency and common is not None and not common & currency:
            return first, text
        if currency:
            common, first = (currency if common is None else common & currency), first or text
    return None


def _require_one_currency(texts: pa.Array, parts: Sequence[Part], rest: Rest) -> None:
    """Raise `SalesForecastError` where a column's cells are in several currencies."""
    signs = [(part.written.currency, texts[int(part.cells[0])].as_py()) for part in parts]
    single = zip(rest.written, rest.texts, strict=True)
    signs += [(each.currency, text) for each, text in single if isinstance(each, Written)]
    if found := find_two_currencies(signs):
        raise SalesForecastError.say(
            f"'{found[0]}' and '{found[1]}' stand in one column, in different currencies",
            "Amounts of one currency, or the currency in a column of its own",
            "Split the column in the export, or map its currency as the column `currency`",
        )


def _join(
    count: int, parts: Sequence[Part], rest: Rest, separators: Separators, convention: Convention
) -> tuple[np.ndarray, int, list[Unreadable | None]]:
    """Units of all cells, their scale, and what is wrong with each of the rest's texts."""
    read = [read_one(each, separators, convention) for each in rest.written]
    unread = [value if isinstance(value, Unreadable) else None for value in read]
    values = [(0, 0) if isinstance(value, Unreadable) else value for value in read]
    most = max((scale for _, scale in values), default=0)
    single = whole([unit * 10 ** (most - scale) for unit, scale in values])
    found = [
        (part.cells, *multiply(part.units, part.scale, *_factor(part.written, convention)))
        for part in parts
    ]
    found += [(rest.cells, single[rest.codes] if len(rest.cells) else single, most)]
    scale = max(places for _, _, places in found)
    scaled = [(cells, rescale(units, places, scale)) for cells, units, places in found]
    if len(scaled[0][0]) == count:
        return scaled[0][1], scale, unread
    is_large = any(units.dtype == object for _, units in scaled)
    units = np.zeros(count, dtype=object if is_large else np.int64)
    for cells, part in scaled:
        units[cells] = part
    return units, scale, unread


def _factor(written: Written, convention: Convention) -> tuple[int, int]:
    """Sign and unit of a number, as a whole number and a power of ten."""
    named = written.power
    factor, power = (1, named) if named is not None else _split_unit(convention.unit)
    return -factor if written.negative else factor, power


@lru_cache
def _split_unit(unit: Decimal) -> tuple[int, int]:
    """A unit as whole number times power of ten."""
    _, digits, power = unit.as_tuple()
    text = "".join(map(str, digits))
    return int(text.rstrip("0")), int(power) + len(text) - len(text.rstrip("0"))


def _merge(used: Iterable[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Numbers of the cells, ascending, that each rule was used for."""
    found: dict[str, list[np.ndarray]] = {}
    for rule, cells in used:
        found.setdefault(rule, []).extend([cells] if len(cells) else [])
    return {
        rule: cells[0] if len(cells) == 1 else np.sort(np.concatenate(cells))
        for rule, cells in sorted(found.items())
        if cells
    }


def _list_used(
    parts: Sequence[Part],
    rest: Rest,
    separators: Separators,
    convention: Convention,
    unread: Sequence[Unreadable | None],
) -> Iterator[tuple[str, np.ndarray]]:
    """Rules and the cells that each was used for."""
    stated = convention.unit != 1
    for part in parts:
        yield from ((rule, part.cells) for rule in part.written.rules)
        if stated and part.written.power is None:
            yield "stated_unit", part.cells
        if part.grouped:
            yield "separators", part.cells
        elif separators.decimal == ",":
            marked = pc.match_substring(part.digits, ",").to_numpy(zero_copy_only=False)
            yield "separators", part.cells[marked]
    rules: dict[str, list[int]] = {}
    for place, (text, each) in enumerate(zip(rest.texts, rest.written, strict=True)):
        if unread[place] is None or isinstance(each, Unreadable):
            for rule in _list_rules(text, each, separators, stated=stated):
                rules.setdefault(rule, []).append(place)
    for rule, distinct in rules.items():
        yield rule, rest.cells[np.isin(rest.codes, distinct)]


def _list_rules(
    text: str, written: Written | Unreadable, separators: Separators, *, stated: bool
) -> list[str]:
    """Rules that were used for a text by itself."""
    if isinstance(written, Unreadable):
        return ["null_spelling"] if str(written) == BLANK and text.strip() else []
    marks = set(written.digits) - {*"0123456789."}
    marked = bool(marks) or (separators.decimal == "," and "." in written.digits)
    used = {"separators": marked, "stated_unit": stated and written.power is None}
    return [*written.rules, *(rule for rule, is_used in used.items() if is_used)]
