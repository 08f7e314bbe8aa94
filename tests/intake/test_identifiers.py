"""Claims about identifiers: damage is found and told, and no code is ever changed."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.parse.identifiers import find_lost_zeros, find_scientific, refuse_scientific
from salesfc_lib.intake.parse.mapped_columns import read_texts
from salesfc_lib.intake.sources.cell_text import cell_text


def column(*texts: str, repeated: bool = False) -> pa.ChunkedArray:
    whole = pa.chunked_array([pa.array(texts, pa.string())])
    return whole.dictionary_encode() if repeated else whole


@pytest.mark.parametrize(
    "text", ["6.9E+12", "6.90123E+12", "6.90123e+12", "6E+12", "6,90123E+12", "2.02E11"]
)
@pytest.mark.parametrize("repeated", [True, False])
def test_shortened_digits_are_found_in_any_column(text: str, repeated: bool) -> None:
    assert find_scientific(column("A-1", text, "B-2", text, repeated=repeated)).to_dict() == {
        1: text,
        3: text,
    }


@pytest.mark.parametrize(
    "texts",
    [("1E5", "2B7", "3E5"), ("1E5", "2E7"), ("E+12", "12E+1"), ("10045", "0E5"), ("A1E+05", "1")],
)
def test_codes_that_only_look_so_are_left_alone(texts: tuple[str, ...]) -> None:
    assert find_scientific(column(*texts)).empty


def test_a_likely_one_among_plain_digits_is_found() -> None:
    assert find_scientific(column("6901234567890", "7E12", "")).to_dict() == {1: "7E12"}


def test_an_export_with_shortened_identifiers_is_refused_with_rows_to_look_at() -> None:
    codes = column("1", *["6.9E+12"] * 5)
    with pytest.raises(
        SalesForecastError,
        match=r"'条码'.*'6\.9E\+12' stands in row 1.*and 2 more.*cannot be recovered.*as text",
    ):
        refuse_scientific("条码", codes, lambda row: f"row {row}")
    refuse_scientific("条码", column("1", "2"), str)


def test_a_code_whose_padded_spelling_occurs_is_proposed_with_the_evidence() -> None:
    found = find_lost_zeros(column("00731", "731", "00731", "731 ", "45", "10044", "A7"))
    assert found.values.tolist() == [["731", "00731", 2, "'00731' stands in 2 rows"]]


def test_a_master_list_is_evidence() -> None:
    found = find_lost_zeros(column("42", "7"), ["0042", "x"])
    assert found.values.tolist() == [["42", "0042", 1, "'0042' is in the master list"]]


def test_two_spellings_that_fit_are_both_proposed() -> None:
    assert find_lost_zeros(column("7", "07", "007"))[["code", "padded"]].values.tolist() == [
        ["07", "007"],
        ["7", "007"],
        ["7", "07"],
    ]


@given(st.lists(st.integers(0, 99999), max_size=20))
def test_codes_of_one_width_are_never_in_question(numbers: list[int]) -> None:
    assert find_lost_zeros(column(*[f"{number:05}" for number in numbers])).empty
    assert find_lost_zeros(column(*map(str, numbers))).empty


def test_an_identifier_that_a_spreadsheet_kept_as_a_number_too_long_for_it_is_refused() -> None:
    shown = column(*(cell_text(float(202401031234567000 + order)) for order in (1, 2)))
    with pytest.raises(SalesForecastError, match="'单号'.*scientific notation"):
        refuse_scientific("单号", shown, lambda row: f"row {row + 1} of 'o.xlsx'")


def test_spellings_of_nothing_are_blank_in_every_column_that_declares_them() -> None:
    rows = pa.table({"Region": ["NA", "x", "NA"], "Customer": ["q", "-", "NA"]})
    source = Source(
        kind="csv",
        path="x.csv",
        columns={"region": "Region", "customer": "Customer"},
        nulls={"region": ["NA"], "customer": ["-"]},
    )
    texts, issues = read_texts(rows, source.columns, source)
    assert texts["region"].notna().tolist() == [False, True, False]
    assert texts["customer"].notna().tolist() == [True, False, True]
    assert [(ours, one.row, one.rows) for ours, one in issues] == [
        ("region", 0, 2),
        ("customer", 1, 1),
    ]
