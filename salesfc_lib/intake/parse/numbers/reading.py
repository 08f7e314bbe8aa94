"""A column of text parsed to whole numbers of the column's smallest unit, exactly.

What is not certain is a problem of its row; where the whole column is uncertain (which mark is the
decimal one, which currency is meant), it is not read at all. What stands around the digits is
dissected once for all cells that have it, and the digits of all cells are converted together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import (
    ParsedColumn,
    Unreadable,
    find_used,
    list_cells,
    place_problems,
    report_rules,
    scatter,
)
from salesfc_lib.intake.parse.nulls import read_cell
from salesfc_lib.intake.parse.numbers.fixed_point import multiply, rescale, whole
from salesfc_lib.intake.parse.numbers.separators import (
    DECIMAL_MARKS,
    GAPS,
    Separators,
    decide_separators,
    hold_bytes,
)
from salesfc_lib.intake.parse.numbers.spellings import BARE, Credit, NumberSpelling, dissect

SAMPLE = 1000  # cells, spread over the column, that tell how most are written
LONGEST = 24  # bytes of digits and marks that are converted without a look at the single cell
FAST_DIGITS = 18  # of a decimal that int64 holds

SIGNS = {
    "negative": "CR and 贷 are negative, DR and 借 positive",
    "positive": "CR and 贷 are positive, DR and 借 negative",
}
_DIGITS = f"[0-9](?:[0-9.,{GAPS}]*[0-9])?"
_BARE = rf"-?(?:{_DIGITS}[.,]?|[.,][0-9]+)"
_AFFIXED = f"^(?P<before>[^0-9]*)(?P<digits>{_DIGITS})(?P<after>[^0-9]*)$"

REASONS = {
    "null_spelling": "stands for a blank cell",
    "trailing_minus": "the minus after the digits makes the number negative",
    "parentheses": "brackets make the number negative",
    "currency_sign": "the sign or code of the currency is no part of the number",
    "scientific_notation": "scientific notation that has all its digits",
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


class Cells(NamedTuple):
    """Cells of a column before it is known which mark is the decimal one."""

    digits: pa.Array  # (n_cells,) with their marks; null where a cell is no number
    codes: np.ndarray  # (n_cells,) places in `spellings`; 0: digits alone
    spellings: list[NumberSpelling | Unreadable]  # what stands around the digits


def read_numbers(column: pa.ChunkedArray, convention: Convention | None = None) -> ParsedColumn:
    """Numbers of a column of text, dictionary-encoded or not, without nulls.

    A word of its own (万, %) in a cell goes before the declared unit of the column.

    Raises
    ------
    SalesForecastError
        Nothing, or contrary cells, prove which mark is the decimal one, or the column holds several
        currencies.

    >>> column = pa.chunked_array([["1.234,50", "2,5-", "n/a", "12"]])
    >>> numbers = read_numbers(column)
    >>> numbers.values, numbers.scale, dict(numbers.problems)
    (array([123450,   -250,      0,   1200]), 2, {2: 'is blank'})
    >>> [issue.rule for issue in numbers.issues]
    ['null_spelling', 'separators', 'trailing_minus']
    """
    convention = convention or Convention()
    texts, places = list_cells(column)
    spread = np.linspace(0, max(len(texts) - 1, 0), min(SAMPLE, len(texts)), dtype=np.int64)
    sample = texts.take(pa.array(spread))
    if any(text != text.strip() for text in sample.to_pylist()):
        texts = pc.utf8_trim_whitespace(texts)
    presumed = _presume(sample, convention)
    cells = _dissect(texts, convention.credit, presumed.pattern if presumed else _BARE)
    separators, is_number = _find_separators(cells, presumed, convention.decimal)
    _require_one_currency(texts, cells)
    digits = pc.if_else(pa.array(is_number), cells.digits, pa.scalar("0", texts.type))
    plain = separators.normalise(digits)
    is_marked = np.zeros(len(texts), dtype=bool)
    if plain is not digits:
        marks = "[^-0-9.]" if separators.decimal == "." else "[^-0-9]"
        is_marked = _to_mask(pc.match_substring_regex(digits, marks))
    units, scale = _to_units(plain, is_number, cells, convention)

    def explain(cell: int) -> Unreadable:
        spelling = cells.spellings[cells.codes[cell]]
        if isinstance(spelling, Unreadable):
            return spelling
        shown = cells.digits[cell].as_py().lstrip("-")
        if not any(Separators(mark).matches(shown) for mark in DECIMAL_MARKS):
            return Unreadable("is no number")
        mark = f"where '{separators.decimal}' is the decimal mark"
        return Unreadable(f"is written otherwise than its column, {mark}")

    used = find_used([each.rules for each in cells.spellings], cells.codes)
    used = {
        rule: mask if rule == "null_spelling" else mask & is_number for rule, mask in used.items()
    }
    no_word = [isinstance(each, NumberSpelling) and each.power is None for each in cells.spellings]
    used["separators"] = is_marked
    used["stated_unit"] = is_number & np.array(no_word)[cells.codes] & (convention.unit != 1)
    reasons = {
        **REASONS,
        "separators": separators.reason,
        "debit_credit": SIGNS[convention.credit],
        "stated_unit": f"the column is declared to be in units of {convention.unit}",
    }
    return ParsedColumn(
        places.spread(units),
        *place_problems(places, texts, np.flatnonzero(~is_number), explain),
        report_rules(places, texts, used, reasons),
        separators.decimal if separators.proof or convention.decimal else None,
        scale,
    )


def _presume(sample: pa.Array, convention: Convention) -> Separators | None:
    """Separators that a sample proves, or of which it needs no proof; None where they are open."""
    digits = _dissect(sample.unique(), convention.credit, _BARE).digits.drop_null()
    try:
        return decide_separators(digits, convention.decimal)
    except SalesForecastError:
        return None


def _dissect(texts: pa.Array, credit: Credit, bare: str) -> Cells:
    """Digits of the cells and what stands around them; `bare` is the pattern of digits alone.

    A spelling is dissected once, with 1 as its digits, for all cells that have it; what is no plain
    number then (digits of other scripts, a mark at an end) is dissected text by text.
    """
    spellings: list[NumberSpelling | Unreadable] = [BARE]
    read = partial(dissect, credit=credit)
    codes = np.zeros(len(texts), dtype=np.int64)
    is_bare = _to_mask(pc.match_substring_regex(texts, f"^{bare}$")) & _is_short(texts)
    if is_bare.all():
        return Cells(texts, codes, spellings)
    others = texts.filter(pa.array(~is_bare))
    parts = pc.extract_regex(others, _AFFIXED)
    before, digits, after = (pc.struct_field(parts, name) for name in ("before", "digits", "after"))
    one, nothing = pa.scalar("1", texts.type), pa.scalar("", texts.type)
    shapes = pc.binary_join_element_wise(before, one, after, nothing).dictionary_encode()
    around = [read_cell(shape, read) for shape in shapes.dictionary.to_pylist()]
    is_plain = [isinstance(each, NumberSpelling) and each.digits == "1" for each in around]
    code = shapes.indices.fill_null(len(around)).to_numpy(zero_copy_only=False)
    is_known = np.array([*is_plain, False])[code] & _is_short(digits)
    single = others.filter(pa.array(~is_known)).dictionary_encode()
    alone = [read_cell(text, read) for text in single.dictionary.to_pylist()]
    shown = pa.array([getattr(each, "digits", None) for each in alone], texts.type)
    digits = pc.replace_with_mask(digits, pa.array(~is_known), shown.take(single.indices))
    code = code.astype(np.int64) + 1
    code[~is_known] = 1 + len(around) + single.indices.to_numpy()
    codes[~is_bare] = code
    return Cells(
        pc.replace_with_mask(texts, pa.array(~is_bare), digits),
        codes,
        [*spellings, *around, *alone],
    )


def _to_mask(found: pa.Array) -> np.ndarray:
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def _is_short(texts: pa.Array) -> np.ndarray:
    return _to_mask(pc.less_equal(pc.binary_length(texts), LONGEST))


def _find_separators(
    cells: Cells, presumed: Separators | None, declared: str | None
) -> tuple[Separators, np.ndarray]:
    """Separators of a column, and which of its cells are numbers written so."""
    has_digits = cells.digits.is_valid().to_numpy(zero_copy_only=False)
    if presumed:
        fits = has_digits.copy()
        around = np.flatnonzero(cells.codes)
        fits[around] = _to_mask(presumed.match(cells.digits.take(pa.array(around))))
        is_proved = presumed.proof or declared
        if (fits == has_digits).all() and (is_proved or not _has_marks(cells.digits)):
            return presumed, fits
    separators = decide_separators(cells.digits.drop_null(), declared)
    return separators, _to_mask(separators.match(cells.digits))


def _has_marks(digits: pa.Array) -> bool:
    shown = hold_bytes(digits)
    return b"." in shown or b"," in shown


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


def _require_one_currency(texts: pa.Array, cells: Cells) -> None:
    """Raise `SalesForecastError` where a column's cells are in several currencies."""
    written = [BARE if isinstance(each, Unreadable) else each for each in cells.spellings]
    if not any(each.currency for each in written):
        return
    codes, first = np.unique(cells.codes, return_index=True)
    shown = (texts[int(cell)].as_py() for cell in first)
    signs = (written[code].currency for code in codes)
    if found := find_two_currencies(zip(signs, shown, strict=True)):
        raise SalesForecastError.of(
            f"'{found[0]}' and '{found[1]}' stand in one column, in different currencies",
            "Amounts of one currency, or the currency in a column of its own",
            "Split the column in the export, or map its currency as the column `currency`",
        )


def _to_units(
    digits: pa.Array, is_number: np.ndarray, cells: Cells, convention: Convention
) -> tuple[np.ndarray, int]:
    """Units of all cells (0 where there is none) and the column's scale, given plain digits."""
    place, length = pc.find_substring(digits, ".").to_numpy(), pc.binary_length(digits).to_numpy()
    decimals = np.where(place >= 0, length - place - 1, 0)
    most = int(decimals.max(initial=0))
    if int(np.where(place >= 0, place, length).max(initial=0)) + most <= FAST_DIGITS:
        exact = pc.cast(digits, pa.decimal64(FAST_DIGITS, most))
        first = exact.offset
        units = np.frombuffer(exact.buffers()[1], dtype="<i8")[first : first + len(exact)].copy()
    else:  # the cast may wrap in silence (pyarrow 26)
        split = (text.partition(".") for text in digits.to_pylist())
        units = whole([int(ahead + behind.ljust(most, "0")) for ahead, _, behind in split])
    factors = [_find_factor(each, convention) for each in cells.spellings]
    masks: dict[tuple[int, int], np.ndarray] = {}
    for pair in set(factors):
        same = [code for code, each in enumerate(factors) if each == pair]
        mask = is_number if len(same) == len(factors) else is_number & np.isin(cells.codes, same)
        masks |= {pair: mask} if mask.any() else {}
    scale = max((int(decimals[at].max()) - power for (_, power), at in masks.items()), default=0)
    scale = max(scale, 0)
    parts = [
        (at, rescale(multiply(units[at], factor), most - power, scale))
        for (factor, power), at in masks.items()
    ]
    return scatter(parts or [(~is_number, units)], len(units)), scale


def _find_factor(spelling: NumberSpelling | Unreadable, convention: Convention) -> tuple[int, int]:
    """Sign and unit of a number, as a whole number and a power of ten."""
    if isinstance(spelling, Unreadable):
        spelling = BARE
    if spelling.power is not None:
        factor, power = 1, spelling.power
    else:
        _, digits, exponent = convention.unit.normalize().as_tuple()
        factor, power = int("".join(map(str, digits))), int(exponent)
    return -factor if spelling.negative else factor, power
