"""A column of text to whole numbers of the column's smallest unit, exactly.

A column of text enters; integers, their scale, the problems of single rows and the readings of rules leave. The decision
made here: what is not certain is a problem of its row; where the whole column is uncertain (which mark is the decimal one,
which currency is meant), the column is not read at all. Cells written alike are read together (`families`), the others one
by one, each distinct text once (`notation`); both give the same.
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
from salesfc_lib.intake.parse.evidence import (
    BLANK,
    Reading,
    Unreadable,
    list_cells,
    place_problems,
    tell_reading,
)
from salesfc_lib.intake.parse.fixed_point import (
    multiply,
    multiply_one,
    rescale,
    round_half_even,
    to_decimals,
    to_unit,
    total,
    whole,
)
from salesfc_lib.intake.parse.nulls import NULL_SPELLINGS, require_value
from salesfc_lib.intake.parse.number_shapes import Part, find_families, read_family
from salesfc_lib.intake.parse.number_spellings import Credit, Written, dissect
from salesfc_lib.intake.parse.separators import MARKS, Separators, decide_separators

__all__ = [
    "Convention",
    "Numbers",
    "Reading",
    "read_numbers",
    "rescale",
    "round_half_even",
    "to_decimals",
    "total",
]

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
    unit: Decimal = Decimal(
        1
    )  # of the whole column: 10000 for 万元, 1000 for thousands, 0.01 for percent
    nulls: frozenset[str] = NULL_SPELLINGS  # casefolded
    credit: Credit = (
        "negative"  # sign of amounts marked CR or 贷; those marked DR or 借 have the other
    )


class Numbers(NamedTuple):
    """A column's values, `units` * 10**-`scale`, exactly; zero where there is a problem."""

    units: np.ndarray  # (n_rows,) int64, or object of Python ints where int64 does not suffice
    scale: int
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    readings: list[Reading]
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
        Nothing, or contrary cells, prove which mark is the decimal one, or the column holds several currencies.

    >>> column = pa.chunked_array([["1.234,50", "2,5-", "n/a", "12"]])
    >>> numbers = read_numbers(column)
    >>> numbers.units, numbers.scale, dict(numbers.problems), [reading.rule for reading in numbers.readings]
    (array([123450,   -250,      0,   1200]), 2, {2: 'is blank'}, ['null_spelling', 'separators', 'trailing_minus'])
    """
    convention = convention or Convention()
    texts, places = list_cells(column)
    sample = texts.take(
        pa.array(np.linspace(0, max(len(texts) - 1, 0), min(SAMPLE, len(texts)), dtype=np.int64))
    ).to_pylist()
    if any(text != text.strip() for text in sample):
        texts = pc.utf8_trim_whitespace(texts)
    parts, rest, separators = _read_cells(texts, sample, convention)
    _require_one_currency(texts, parts, rest)
    units, scale, unread = _join(len(texts), parts, rest, separators, convention)
    said, rules = place_problems(places, rest.cells, rest.codes, rest.texts, unread)
    reasons = _list_reasons(separators, convention)
    found = _merge(_list_read(parts, rest, separators, convention, unread))
    readings = [
        tell_reading(places, texts, cells, rule, reasons[rule]) for rule, cells in found.items()
    ]
    return Numbers(
        places.spread(units),
        scale,
        said,
        rules,
        readings,
        separators.decimal if separators.proof or convention.decimal else None,
    )


def _read_cells(
    texts: pa.Array, sample: Sequence[str], convention: Convention
) -> tuple[list[Part], Rest, Separators]:
    """Cells read together, the others taken apart, and the separators that the whole column proves."""
    presumed = _presume(sample, convention)
    separators = presumed or Separators(convention.decimal or ".")
    families = find_families((text.strip() for text in sample), convention.credit)
    while True:
        parts, left = [], np.arange(len(texts))
        for family in families:
            found, left = read_family(texts, left, family, separators)
            parts += found
        rest = _take_apart(texts, left, convention)
        odd = pa.array(
            [written.digits for written in rest.written if isinstance(written, Written)], texts.type
        )
        settled = presumed is not None or not (
            any(part.scale or part.grouped for part in parts) or _has_marks(odd)
        )
        if (
            settled
            and pc.all(pc.match_substring_regex(odd, f"^{separators.pattern}$")).as_py()
            is not False
        ):
            return parts, rest, separators
        decided = decide_separators(
            pa.concat_arrays([*(part.digits for part in parts), odd]), convention.decimal
        )
        if decided[:2] == separators[:2]:
            return parts, rest, decided
        presumed = separators = decided


def _presume(sample: Sequence[str], convention: Convention) -> Separators | None:
    """Separators that a sample proves; None where it does not."""
    written = [
        found for text in set(sample) if isinstance(found := _try(text, convention), Written)
    ]
    try:
        separators = decide_separators(
            pa.array([each.digits for each in written], pa.string()), convention.decimal
        )
    except SalesForecastError:
        return None
    return separators if separators.proof or convention.decimal else None


def _has_marks(digits: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring_regex(digits, "[.,]")).as_py())


def _take_apart(texts: pa.Array, cells: np.ndarray, convention: Convention) -> Rest:
    encoded = texts.take(pa.array(cells)).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    return Rest(
        cells, encoded.indices.to_numpy(), distinct, [_try(text, convention) for text in distinct]
    )


def _try(text: str, convention: Convention) -> Written | Unreadable:
    try:
        require_value(text, convention.nulls)
        return dissect(text, convention.credit)
    except Unreadable as problem:
        return problem


def _require_one_currency(texts: pa.Array, parts: Sequence[Part], rest: Rest) -> None:
    """Raise `SalesForecastError` where the signs in a column's cells cannot all stand for one currency."""
    signs = [(part.written.currency, texts[int(part.cells[0])].as_py()) for part in parts]
    signs += [
        (each.currency, text)
        for each, text in zip(rest.written, rest.texts, strict=True)
        if isinstance(each, Written)
    ]
    common, first = None, ""
    for currency, text in signs:
        if currency and common is not None and not common & currency:
            raise SalesForecastError.say(
                f"'{first}' and '{text}' stand in one column, in different currencies",
                "Amounts of one currency, or the currency in a column of its own",
                "Split the column in the export, or map its currency as the column `currency`",
            )
        if currency:
            common, first = (currency if common is None else common & currency), first or text


def _join(
    count: int, parts: Sequence[Part], rest: Rest, separators: Separators, convention: Convention
) -> tuple[np.ndarray, int, list[Unreadable | None]]:
    """Units of all cells, their scale, and what is wrong with each of the rest's texts."""
    read = [_read_one(each, separators, convention) for each in rest.written]
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
    units = np.zeros(
        count, dtype=object if any(units.dtype == object for _, units in scaled) else np.int64
    )
    for cells, part in scaled:
        units[cells] = part
    return units, scale, unread


def _read_one(
    written: Written | Unreadable, separators: Separators, convention: Convention
) -> tuple[int, int] | Unreadable:
    """Units and scale of a number that was taken apart."""
    if isinstance(written, Unreadable):
        return written
    plain = separators.read(written.digits)
    if plain is None:
        return Unreadable(_misfit(written.digits, separators))
    places = len(plain.partition(".")[2])
    return multiply_one(to_unit(plain, places), places, *_factor(written, convention))


def _factor(written: Written, convention: Convention) -> tuple[int, int]:
    """Sign and unit of a number, as a whole number and a power of ten."""
    factor, power = (
        (1, written.power) if written.power is not None else _split_unit(convention.unit)
    )
    return -factor if written.negative else factor, power


@lru_cache
def _split_unit(unit: Decimal) -> tuple[int, int]:
    """A unit as whole number times power of ten."""
    _, digits, power = unit.as_tuple()
    text = "".join(map(str, digits))
    return int(text.rstrip("0")), int(power) + len(text) - len(text.rstrip("0"))


def _misfit(digits: str, separators: Separators) -> str:
    if any(Separators(mark).read(digits) for mark in MARKS):
        return f"is written otherwise than its column, where '{separators.decimal}' is the decimal mark"
    return "is no number"


def _list_reasons(separators: Separators, convention: Convention) -> dict[str, str]:
    return {
        **REASONS,
        "separators": separators.reason,
        "debit_credit": f"CR and 贷 are {convention.credit}, DR and 借 the opposite",
        "stated_unit": f"the column is declared to be in units of {convention.unit}",
    }


def _merge(read: Iterable[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Numbers of the cells, ascending, that each rule read."""
    found: dict[str, list[np.ndarray]] = {}
    for rule, cells in read:
        found.setdefault(rule, []).extend([cells] if len(cells) else [])
    return {
        rule: found[rule][0] if len(found[rule]) == 1 else np.sort(np.concatenate(found[rule]))
        for rule in sorted(found)
        if found[rule]
    }


def _list_read(
    parts: Sequence[Part],
    rest: Rest,
    separators: Separators,
    convention: Convention,
    unread: Sequence[Unreadable | None],
) -> Iterator[tuple[str, np.ndarray]]:
    """Rules and the cells that each read."""
    stated = convention.unit != 1
    for part in parts:
        yield from ((rule, part.cells) for rule in part.written.rules)
        if stated and part.written.power is None:
            yield "stated_unit", part.cells
        if part.grouped:
            yield "separators", part.cells
        elif separators.decimal == ",":
            yield (
                "separators",
                part.cells[pc.match_substring(part.digits, ",").to_numpy(zero_copy_only=False)],
            )
    rules: dict[str, list[int]] = {}
    for place, (text, each, problem) in enumerate(
        zip(rest.texts, rest.written, unread, strict=True)
    ):
        for rule in (
            _list_rules(text, each, separators, stated)
            if problem is None or isinstance(each, Unreadable)
            else ()
        ):
            rules.setdefault(rule, []).append(place)
    for rule, distinct in rules.items():
        yield rule, rest.cells[np.isin(rest.codes, distinct)]


def _list_rules(
    text: str, written: Written | Unreadable, separators: Separators, stated: bool
) -> list[str]:
    """Rules that read a text by itself."""
    if isinstance(written, Unreadable):
        return ["null_spelling"] if str(written) == BLANK and text.strip() else []
    marked = not set(written.digits) <= {*"0123456789."} or (
        separators.decimal == "," and "." in written.digits
    )
    return [
        *written.rules,
        *(["separators"] if marked else []),
        *(["stated_unit"] if stated and written.power is None else []),
    ]
