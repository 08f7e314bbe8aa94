"""Claims about numbers: every way of writing them is read exactly, the whole column decides the
marks, and nobody guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import ParsedColumn, Unreadable
from salesfc_lib.intake.parse.nulls import is_null_spelling
from salesfc_lib.intake.parse.numbers.fixed_point import (
    multiply,
    rescale,
    round_half_even,
    to_decimals,
    whole,
)
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.parse.numbers.separators import decide_separators
from salesfc_lib.intake.parse.numbers.spellings import dissect

UNITS = st.integers(-(2**63), 2**63 - 1) | st.integers(-1000, 1000) | st.integers(-(10**30), 10**30)


def read(*texts: str, convention: Convention | None = None) -> ParsedColumn:
    return read_numbers(pa.chunked_array([pa.array(texts, pa.string())]), convention)


def list_values(numbers: ParsedColumn) -> list[Fraction]:
    return [Fraction(int(unit), 10**numbers.scale) for unit in numbers.values]


def list_rules(numbers: ParsedColumn) -> dict[str, int]:
    return {issue.rule: issue.rows for issue in numbers.issues}


def fractions(*values: str) -> list[Fraction]:
    return [Fraction(value) for value in values]


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("155.22-", "-155.22", "trailing_minus"),
        ("(5.25)", "-5.25", "parentheses"),
        ("5.25 CR", "-5.25", "debit_credit"),
        ("5.25 Cr.", "-5.25", "debit_credit"),
        ("DR 5.25", "5.25", "debit_credit"),
        ("贷5.25", "-5.25", "debit_credit"),
        ("5.25 贷方", "-5.25", "debit_credit"),
        ("¥5.25", "5.25", "currency_sign"),
        ("-$5.25", "-5.25", "currency_sign"),
        ("$ -5.25", "-5.25", "currency_sign"),
        ("5.25 EUR", "5.25", "currency_sign"),
        ("Rs.5.25", "5.25", "currency_sign"),
        ("５．２５", "5.25", "full_width"),
        ("−5.25", "-5.25", "full_width"),
        ("٥٫٢٥", "5.25", "full_width"),
        ("1.25万", "12500", "chinese_unit"),
        ("1.25亿", "125000000", "chinese_unit"),
        ("12.5%", "0.125", "percent"),
    ],
)
def test_a_number_is_read_by_a_named_rule(text: str, value: str, rule: str) -> None:
    numbers = read(text, "1.5")
    assert list_values(numbers) == fractions(value, "1.5")
    assert list_rules(numbers)[rule] == 1
    assert numbers.problems.empty


def test_what_a_rule_read_is_told_with_its_row_and_an_example() -> None:
    (issue,) = read("1.5", "2.5-", "3.5-").issues
    assert (issue.rule, issue.rows, issue.row, issue.example) == ("trailing_minus", 2, 1, "2.5-")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("1.234,56", "1.234"), ("1234.56", "1234")),
        (("12,5", "1.234"), ("12.5", "1234")),
        (("1,234.50", "1,234"), ("1234.5", "1234")),
        (("0.125", "1.234"), ("0.125", "1.234")),
        (("1234.567", "1.234"), ("1234.567", "1.234")),
        (("1.234.567", "1.234"), ("1234567", "1234")),
        (("1 234,5", "1\u00a0234,5", "1\u202f234"), ("1234.5", "1234.5", "1234")),
        (("1'234.50", "1’234"), ("1234.5", "1234")),
        (("1 234", "5"), ("1234", "5")),
        (("12,34,567.50", "1,234"), ("1234567.5", "1234")),
        (("1,2345.67", "1,2345"), ("12345.67", "12345")),
        (("1,2345", "12"), ("1.2345", "12")),
    ],
)
def test_a_cell_that_can_be_read_in_one_way_decides_for_its_column(
    texts: Sequence[str], values: Sequence[str]
) -> None:
    numbers = read(*texts)
    assert list_values(numbers) == fractions(*values)
    assert numbers.problems.empty


@pytest.mark.parametrize(
    "texts", [("1.234",), ("1,234", "5"), ("¥1.234", "999"), ("1.234", "n/a", "x")]
)
def test_a_column_that_proves_no_mark_blocks_until_it_is_declared(texts: Sequence[str]) -> None:
    with pytest.raises(
        SalesForecastError, match="no cell of the column proves which.*Declare `decimal`"
    ):
        read(*texts)
    assert list_values(read("1.234", convention=Convention(decimal="."))) == fractions("1.234")
    assert list_values(read("1.234", convention=Convention(decimal=","))) == fractions("1234")


def test_a_column_that_proves_both_marks_blocks_and_names_one_cell_of_each() -> None:
    with pytest.raises(
        SalesForecastError, match=r"'12\.5' proves a decimal point, '7,25' a decimal comma"
    ):
        read("12.5", "3", "7,25")
    declared = read("12.5", "7,25", convention=Convention(decimal="."))
    assert declared.problems.to_dict() == {
        1: "'7,25' is written otherwise than its column, where '.' is the decimal mark"
    }


def test_groups_that_contradict_the_column_are_no_number() -> None:
    numbers = read("1,23,456.50", "123,456.50")
    assert numbers.problems.index.tolist() == [0]


def test_several_currencies_in_a_column_block() -> None:
    with pytest.raises(
        SalesForecastError, match="'€5' and '\\$6' stand in one column, in different currencies"
    ):
        read("€5", "$6")
    assert list_values(read("¥5", "6元", "RMB 7", "8")) == fractions("5", "6", "7", "8")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.23E+05", "scientific notation"),
        ("NaN", "is no number"),
        ("inf", "is no number"),
        ("5²", "is no number"),
        ("12 34", "is no number"),
        ("1_000", "is no number"),
        ("--5", "two signs"),
        ("(-5)", "two signs"),
        ("-5 CR", "two signs"),
        ("5.-", "may be a minus or stand for no cents"),
        ("USD.50", "is no number"),
        ("١2", "several scripts"),
        ("9" * 39, "more than 38 digits"),
        ("", "is blank"),
        ("N/A", "is blank"),
        ("无", "is blank"),
    ],
)
def test_what_is_no_number_is_a_problem_of_its_row(text: str, why: str) -> None:
    numbers = read("1.5", text, "2")
    assert numbers.problems.index.tolist() == [1]
    assert why in numbers.problems[1]
    assert numbers.rules.to_dict() == {1: "unreadable"}
    assert list_values(numbers) == fractions("1.5", "0", "2")


def test_an_error_of_a_spreadsheet_has_its_own_rule() -> None:
    assert read("1.5", "#REF!", "#N/A").rules.to_dict() == {1: "error_cell", 2: "error_cell"}


def test_a_declared_unit_multiplies_what_names_no_unit_itself() -> None:
    numbers = read("1.2", "30万", "5%", convention=Convention(unit=Decimal(1000)))
    assert list_values(numbers) == fractions("1200", "300000", "0.05")
    assert list_rules(numbers)["stated_unit"] == 1
    assert list_values(read("12.5", convention=Convention(unit=Decimal("0.01")))) == fractions(
        "0.125"
    )


def test_credit_is_positive_where_it_is_declared() -> None:
    assert list_values(read("5 CR", "6 DR", convention=Convention(credit="positive"))) == fractions(
        "5", "-6"
    )


def test_spellings_of_null_are_blank_among_numbers_only() -> None:
    assert list_rules(read("1", "NA", "--")) == {"null_spelling": 2}
    assert is_null_spelling("NA")


def test_dictionaries_with_texts_that_no_row_uses_prove_nothing() -> None:
    column = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(pa.array([0, 2, 0]), pa.array(["12.5", "7,25", "x"]))]
    )
    numbers = read_numbers(column)
    assert numbers.values.tolist() == [125, 0, 125]
    assert numbers.problems.to_dict() == {1: "'x' is no number"}


def test_a_large_value_turns_the_column_into_python_ints() -> None:
    numbers = read("99999999999999999999", "0.5")
    assert numbers.values.tolist() == [999999999999999999990, 5]


def test_digits_that_pyarrow_would_wrap_are_read_exactly() -> None:
    assert list_values(read("9300000000.0000000000", "5")) == fractions("9300000000", "5")
    assert list_values(read("1234567890123456789", "-0.5")) == fractions(
        "1234567890123456789", "-0.5"
    )


AFFIXES = st.sampled_from(
    ["", "", "", "-", "+", "¥", "-¥", "¥-", "(", " ", "DR ", "x", "贷", "1", "."]
)
TAILS = st.sampled_from(["", "", "", "-", ")", "元", " CR", "%", "万", " ", "E5", "x", ",", "."])
BODIES = st.from_regex(r"\A[0-9]{0,4}([.,' \u202f][0-9]{1,4}){0,3}\Z") | st.from_regex(
    r"\A[0-9]{1,25}(\.[0-9]{0,20})?\Z"
)
CELLS = st.builds("{}{}{}".format, AFFIXES, BODIES, TAILS) | st.sampled_from(
    ["", "N/A", "１２", "−5", "٥٫٢٥"]
)


@settings(max_examples=400)
@given(st.lists(CELLS, min_size=1, max_size=8), st.sampled_from([None, ".", ","]), st.booleans())
def test_cells_read_together_say_what_each_says_when_it_is_read_alone(
    texts: list[str], decimal: str | None, repeated: bool
) -> None:
    """Compared with a loop over texts that knows neither families nor samples."""
    written = {}
    for text in texts:
        try:
            written[text] = dissect(text) if text.strip() and not is_null_spelling(text) else None
        except Unreadable:
            written[text] = None
    digits = pa.array([each.digits for each in map(written.get, texts) if each], pa.string())
    column = pa.chunked_array([pa.array(texts, pa.string())])
    try:
        separators = decide_separators(digits, decimal)
    except SalesForecastError:
        with pytest.raises(SalesForecastError):
            read_numbers(column, Convention(decimal=decimal))
        return
    numbers = read_numbers(
        column.dictionary_encode() if repeated else column, Convention(decimal=decimal)
    )
    expected: list[Fraction | None] = []
    for text in texts:
        each = written[text]
        value = separators.read(each) if each else None
        expected.append(None if value is None else Fraction(value))
    assert list_values(numbers) == [value or 0 for value in expected]
    assert numbers.problems.index.tolist() == [
        place for place, value in enumerate(expected) if value is None
    ]


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_is_a_number_or_a_problem(texts: list[str]) -> None:
    try:
        numbers = read(*texts)
    except SalesForecastError:
        assume(False)
    for place, text in enumerate(texts):
        assert place in numbers.problems.index or any(sign.isdecimal() for sign in text)


@settings(max_examples=100)
@given(
    st.lists(st.decimals(-(10**12), 10**12, places=2), min_size=1, max_size=20),
    st.sampled_from([",.", ".,", "\u202f,", "'.", " ."]),
    st.sampled_from(["{}", "¥{}", "{} EUR", "{}-", "({})", "{}贷"]),
)
def test_amounts_survive_being_written_in_any_usual_way(
    amounts: list[Decimal], marks: str, form: str
) -> None:
    group, point = marks
    signed = form in ("{}", "¥{}", "{} EUR")
    texts = [
        f"{amount if signed else abs(amount):,.2f}".translate({44: group, 46: point})
        for amount in amounts
    ]
    expected = [Fraction(amount) if signed else -abs(Fraction(amount)) for amount in amounts]
    assert list_values(read(*[form.format(text) for text in texts])) == expected


@settings(max_examples=100)
@given(st.lists(CELLS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(texts: list[str], random: object) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    try:
        first = read(*texts)
    except SalesForecastError:
        assume(False)
    second = read(*[texts[place] for place in order])
    assert second.scale == first.scale
    assert second.values.tolist() == first.values[order].tolist()
    assert list_rules(second) == list_rules(first)


def test_a_mark_proved_by_one_row_of_many_decides_for_all() -> None:
    texts = ["1.234"] * 5000 + ["2,5"] + ["7"] * 5000
    assert read(*texts).values[[0, 5000, -1]].tolist() == [12340, 25, 70]
    unique = [f"{number}.{number % 900 + 100}" for number in range(100, 900)] * 5
    assert read(*unique, "0.5").scale == 3


@given(st.lists(UNITS, min_size=1, max_size=5), st.integers(0, 6), st.integers(0, 6))
def test_rescaled_units_have_the_same_value(units: list[int], scale: int, more: int) -> None:
    larger = rescale(whole(units), scale, scale + more)
    assert larger.tolist() == [unit * 10**more for unit in units]
    assert rescale(larger, scale + more, scale).tolist() == units


def test_a_smaller_scale_that_would_lose_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="lose digits"):
        rescale(np.array([125]), 2, 1)


@given(
    st.lists(UNITS, min_size=1, max_size=5), st.integers(-(10**12), 10**12), st.integers(1, 10**12)
)
def test_rounding_is_half_to_even_and_exact(
    units: list[int], numerator: int, denominator: int
) -> None:
    expected = [round(Fraction(unit * numerator, denominator)) for unit in units]
    assert round_half_even(whole(units), numerator, denominator).tolist() == expected
    assert round_half_even(whole(units), -numerator, -denominator).tolist() == expected


@given(st.lists(UNITS, max_size=5), st.integers(0, 8))
def test_units_become_arrow_decimals_of_the_same_value(units: list[int], scale: int) -> None:
    decimals = to_decimals(whole(units), scale).to_pylist()
    assert [Fraction(value) for value in decimals] == [Fraction(unit, 10**scale) for unit in units]


@given(st.lists(UNITS, min_size=1, max_size=5), st.integers(-(10**12), 10**12))
def test_a_product_is_exact(units: list[int], factor: int) -> None:
    assert multiply(whole(units), factor).tolist() == [unit * factor for unit in units]
