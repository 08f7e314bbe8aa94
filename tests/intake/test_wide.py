"""Claims about sheets with months, weeks or days side by side as columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection.writing.unit_file import write_unit_file
from salesfc_lib.intake import read_source
from salesfc_lib.intake.sources.extract import Extract
from salesfc_lib.intake.sources.layout import exported

COLUMNS = {"region": "Region", "product": "Item"}
MONTHS = "Region,Item,Jan 2025,Feb 2025,Mar 2025"

Row = tuple[str, ...]


def read(folder: Path, text: str, wide: Any = "amount", **more: Any) -> Extract:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    declared = {"kind": "csv", "path": "a.csv", "columns": COLUMNS, "wide": wide, **more}
    return read_source("orders", Source.model_validate(declared), folder)


def rows(extract: Extract, *names: str) -> list[Row]:
    names = names or ("Region", "Item", "date", "amount")
    return [tuple(row.values()) for row in extract.rows.select([*names]).to_pylist()]


def said(extract: Extract, rule: str) -> str:
    issues = extract.issues
    return " ".join(issues.loc[issues["rule"].eq(rule), "reason"])


def start(folder: Path, file: str) -> tuple[Source, list[Row]]:
    """The source that `init` writes for a file of the folder, and the rows that it gives."""
    write_unit_file([folder / file], folder, "u")
    parameters = resolve(folder, "u").parameters
    source = parameters.sources["orders"]
    extract = read_source("orders", source, folder)
    measures = [name for name in ("quantity", "amount") if name in source.wide]
    return source, rows(
        extract, *(source.columns[name] for name in parameters.dimensions), "date", *measures
    )


def test_a_zero_is_a_row_and_a_blank_cell_is_none(tmp_path: Path) -> None:
    extract = read(tmp_path, f"{MONTHS}\nN,A,1,0,\nS,A, ,-,6\n")
    assert rows(extract) == [
        ("N", "A", "2025-01", "1"),
        ("N", "A", "2025-02", "0"),
        ("S", "A", "2025-03", "6"),
    ]
    assert said(extract, "wide_unproved")


def test_a_rows_number_tells_its_row_and_column(tmp_path: Path) -> None:
    extract = read(tmp_path, f"{MONTHS}\nN,A,1,2,x\n")
    assert rows(extract, "row", "column") == [
        (203, "Jan 2025"),
        (204, "Feb 2025"),
        (205, "Mar 2025"),
    ]
    assert "its row in the file times 100 plus its column" in said(extract, "wide")


def test_sums_of_rows_and_periods_are_proved_and_left_out(tmp_path: Path) -> None:
    text = """Region,Item,Nov 2024,Dec 2024,2024 Total,Jan 2025,Q1 2025,Total
N,A,1,2,3,4,4,7
N,B,0,,0,5,5,5
N Total,,1,2,3,9,9,12
S,A,4,5,9,6,6,15
S Total,,4,5,9,6,6,15
Grand Total,,5,7,12,15,15,27
"""
    extract = read(tmp_path, text)
    assert [row[3] for row in rows(extract)] == ["1", "2", "4", "0", "5", "4", "5", "6"]
    assert "3 rows and 3 columns that add up others equal" in said(extract, "subtotal")


@pytest.mark.parametrize(
    ("text", "place", "numbers"),
    [
        ("N,A,1,2,3\nS,A,4,5,6\nTotal,,5,8,9\n", "row 4, column 'Feb 2025'", ("8", "7")),
        ("N,A,1,2,3\nN Total,,1,2,4\nS,A,4,5,6\n", "row 3, column 'Mar 2025'", ("4", "3")),
    ],
)
def test_a_row_of_sums_that_is_wrong_stops_with_its_cell(
    tmp_path: Path, text: str, place: str, numbers: tuple[str, str]
) -> None:
    with pytest.raises(SalesForecastError) as stopped:
        read(tmp_path, f"{MONTHS}\n{text}")
    assert f"{place} of" in str(stopped.value)
    assert "says {}; its parts make {}".format(*numbers) in str(stopped.value)


def test_a_column_of_sums_that_is_wrong_stops_with_its_cell(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="row 3, column 'Total' of .* says 16; its parts"):
        read(tmp_path, f"{MONTHS},Total\nN,A,1,2,3,6\nS,A,4,5,6,16\n")


def test_a_column_of_sums_adds_up_the_periods_since_the_one_before_it(tmp_path: Path) -> None:
    text = f"{MONTHS},Q1 2025,Apr 2025,Q2 2025\nN,A,1,2,3,6,4,4\n"
    assert [row[3] for row in rows(read(tmp_path, text))] == ["1", "2", "3", "4"]


def test_sums_stand_above_their_parts_too(tmp_path: Path) -> None:
    extract = read(tmp_path, f"{MONTHS}\nTotal,,5,7,9\nN,A,1,2,3\nS,A,4,5,6\n")
    assert len(rows(extract)) == 6


def test_a_sum_without_a_word_in_the_last_row_is_left_out(tmp_path: Path) -> None:
    same = "N,A,1,2,3\nS,A,4,5,6\nE,B,1,1,1\n"
    assert len(rows(read(tmp_path, f"{MONTHS}\n{same},,6,8,10\n"))) == 9
    assert len(rows(read(tmp_path, f"{MONTHS}\n{same},C,6,8,11\n"))) == 12


def test_the_last_of_three_rows_may_be_a_sum_without_a_word_and_of_two_is_business(
    tmp_path: Path,
) -> None:
    assert len(rows(read(tmp_path, f"{MONTHS}\nN,A,1,2,3\nS,A,4,5,6\n,,5,7,9\n"))) == 6
    assert len(rows(read(tmp_path, f"{MONTHS}\nN,A,1,2,3\n,,1,2,3\n"))) == 6


def test_averages_and_repeated_headers_are_no_rows(tmp_path: Path) -> None:
    text = f"{MONTHS}\nN,A,1,2,3\n{MONTHS}\nS,A,3,4,5\nAverage,,2,3,4\nTotal,,4,6,8\n"
    extract = read(tmp_path, text)
    assert len(rows(extract)) == 6
    assert "2 rows of averages, or that repeat the header" in said(extract, "left_out")


def test_a_column_of_sums_stands_before_its_periods_too(tmp_path: Path) -> None:
    text = "Region,Item,Total,Jan 2025,Feb 2025\nN,A,3,1,2\n"
    assert len(rows(read(tmp_path, text))) == 2
    with pytest.raises(SalesForecastError, match="column 'Total' of .* says 4"):
        read(tmp_path, text.replace("N,A,3", "N,A,4"))


def test_a_figure_that_was_never_calculated_is_no_blank_cell(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (
        ["Region", "Item", "Jan 2025", "Feb 2025"],
        ["N", "A", "=1+1", 2],
        ["S", "A", 3, 4],
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    source = Source(kind="excel", path="a.xlsx", columns=COLUMNS, wide={"amount": ""})
    extract = read_source("orders", source, tmp_path)
    assert [row[3] for row in rows(extract)] == ["3", "4"]
    assert "(cell C2 of sheet 'Sheet': =1+1)" in extract.rejected["reason"][0]


def test_sums_that_were_never_calculated_cost_no_row(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    months = [datetime(2025, month, 1) for month in (1, 2, 3)]
    workbook.active.append(["Region", "Item", *months, "Total"])
    for at, region in enumerate("NS", 2):
        workbook.active.append([region, "A", at, 2 * at, 3 * at, f"=SUM(C{at}:E{at})"])
    workbook.save(tmp_path / "a.xlsx")
    source, found = start(tmp_path, "a.xlsx")
    assert source.wide == {"amount": ""}
    assert [row[-1] for row in found] == ["2", "4", "6", "3", "6", "9"]


def test_a_sheet_of_which_every_row_is_set_aside_says_why(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (["Region", "Item", "Jan 2025", "Feb 2025"], ["N", "A", "=1+1", 2]):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    source = Source(kind="excel", path="a.xlsx", columns=COLUMNS, wide={"amount": ""})
    with pytest.raises(SalesForecastError, match=r"No row .* never calculated"):
        read_source("orders", source, tmp_path)


def test_a_row_of_a_pivot_that_is_set_aside_still_names_the_rows_below_it(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (
        ["Region", "Item", "Jan 2025", "Feb 2025"],
        ["N", "A", 1, 2],
        ["S", "A", "=1+1", 2],
        [None, "B", 3, 4],
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    declared = {"columns": COLUMNS, "wide": {"amount": ""}, "fill_down": ["region"]}
    source = Source.model_validate({"kind": "excel", "path": "a.xlsx", **declared})
    assert [row[0] for row in rows(read_source("orders", source, tmp_path))] == ["N", "N", "S", "S"]


def test_a_merged_cell_of_a_wide_sheet_fills_only_what_it_covers(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (
        ["Total", "Region", "Item", "Jan 2025", "Feb 2025"],
        *([3, "N", "A", 1, 2], [7, None, "B", 3, 4], [5, None, "C", 5, None]),
    ):
        workbook.active.append(row)
    workbook.active.merge_cells("B2:B3")
    workbook.save(tmp_path / "a.xlsx")
    declared = {"columns": COLUMNS, "wide": {"amount": ""}, "fill_down": ["region"]}
    source = Source.model_validate({"kind": "excel", "path": "a.xlsx", **declared})
    found = rows(read_source("orders", source, tmp_path), "Region", "Item")
    assert [*dict.fromkeys(found)] == [("N", "A"), ("N", "B"), ("", "C")]


def test_init_asks_about_measures_in_rows(tmp_path: Path) -> None:
    text = "Region,Values,Jan 2025,Feb 2025\nN,Quantity,1,2\nN,Amount,10.5,20\n"
    (tmp_path / "a.csv").write_text(text)
    _, proposals = write_unit_file([tmp_path / "a.csv"], tmp_path, "u")
    assert any("'Values' says which measure" in text for text in proposals["orders"].questions)


def test_measures_in_rows_stop_until_one_is_chosen(tmp_path: Path) -> None:
    text = "Region,Values,Jan 2025,Feb 2025\nN,Sum of Qty,1,2\nN,Sum of Amount,10.5,20\n"
    columns = {"region": "Region"}
    with pytest.raises(SalesForecastError, match=r"'Values' .* \('Sum of Qty', 'Sum of Amount'\)"):
        read(tmp_path, text, columns=columns)
    chosen = read(tmp_path, text, columns=columns, where={"Values": "Sum of Amount"})
    assert rows(chosen, "Region", "amount") == [("N", "10.5"), ("N", "20")]
    with pytest.raises(SalesForecastError, match="'Net Amount', 'Sum of Amount'"):
        read(tmp_path, text.replace("Sum of Qty", "Net Amount"), columns=columns)
    one = text.replace("Sum of Qty", "Sum of Amount")
    assert len(rows(read(tmp_path, one, columns=columns), "amount")) == 4


def test_a_name_that_begins_like_a_sum_is_business(tmp_path: Path) -> None:
    extract = read(tmp_path, f"{MONTHS}\nN,Total Care,1,2,3\nN,B,4,5,6\n")
    assert len(rows(extract)) == 6


def test_cents_of_a_sum_beyond_its_parts_are_binary_noise(tmp_path: Path) -> None:
    text = f"{MONTHS}\nN,A,0.1,0.2,0.3\nS,A,0.2,0.1,0.3\nTotal,,0.30000000000000004,0.3,0.6\n"
    assert len(rows(read(tmp_path, text))) == 6


HEADS = [
    ("Jan 2025,Feb 2025", "2025-01 2025-02"),
    ("2025年1月,2025年2月", "2025-01 2025-02"),
    ("Januar 2025,Februar 2025", "2025-01 2025-02"),
    ("202501,202502", "2025-01 2025-02"),
    ("01/2025,02/2025", "2025-01 2025-02"),
    ("2025-01-01,2025-02-01", "2025-01 2025-02"),
    ("31.01.2025,28.02.2025", "2025-01 2025-02"),
    ("2025-W05,2025-W06", "2025-W05 2025-W06"),
    ("KW 5 2025,KW 6 2025", "2025-W05 2025-W06"),
    ("2025-01-06,2025-01-13", "2025-01-06 2025-01-13"),
    ("01/02/2025,13/02/2025", "2025-02-01 2025-02-13"),
    ("sales_2025_01,sales_2025_02", "2025-01 2025-02"),
]


@pytest.mark.parametrize(("head", "dates"), HEADS)
def test_periods_are_read_in_every_spelling(tmp_path: Path, head: str, dates: str) -> None:
    extract = read(tmp_path, f"Region,Item,{head}\nN,A,1,2\n")
    assert [row[2] for row in rows(extract)] == dates.split()


@pytest.mark.parametrize(
    "head",
    [
        ",,2024,,2025\nRegion,Item,Nov,Dec,Jan\n",
        ",,2024年,,2025年\nRegion,Item,11月,12月,1月\n",
        "Sales\n,,2024,2024,2025\nRegion,Item,11,12,01\n",
        ",,2024,,2025\n,,Net,Net,Net\n,,EUR,EUR,EUR\nRegion,Item,Nov,Dec,Jan\n",
    ],
)
def test_a_year_stands_above_its_months(tmp_path: Path, head: str) -> None:
    extract = read(tmp_path, f"{head}N,A,1,2,3\n")
    assert [row[2] for row in rows(extract)] == ["2024-11", "2024-12", "2025-01"]


@pytest.mark.parametrize("year", [1980, 1999, 2000, 2099])
def test_a_year_above_its_months_is_one_from_1980_to_2099(tmp_path: Path, year: int) -> None:
    extract = read(tmp_path, f",,{year},\nRegion,Item,Nov,Dec\nN,A,1,2\n")
    assert [row[2] for row in rows(extract)] == [f"{year}-11", f"{year}-12"]


def test_a_year_in_the_title_is_that_of_its_months(tmp_path: Path) -> None:
    extract = read(tmp_path, "Sales 2024\nRegion,Item,Nov,Dec\nN,A,1,2\n")
    assert [row[2] for row in rows(extract)] == ["2024-11", "2024-12"]


@pytest.mark.parametrize(
    "head",
    [
        "Region,Item,Jan 2025,,Feb 2025,,Total,\n,,Qty,Net,Qty,Net,Qty,Net\n",
        ",,Jan 2025,,Feb 2025,,Total,\nRegion,Item,Qty,Net,Qty,Net,Qty,Net\n",
        "Region,Item,Qty Jan 2025,Net Jan 2025,Qty Feb 2025,Net Feb 2025,Total Qty,Total Net\n",
    ],
)
def test_several_measures_stand_under_each_period(tmp_path: Path, head: str) -> None:
    text = f'{head}N,A,1,"1,000.50",2,20.25,3,"1,020.75"\nS,A,,,3,30,3,30\n'
    text += "Total,,1,1000.50,5,50.25,6,1050.75\n"
    extract = read(tmp_path, text, {"quantity": "Qty", "amount": "Net"})
    assert rows(extract, "Region", "date", "quantity", "amount") == [
        ("N", "2025-01", "1", "1,000.50"),
        ("N", "2025-02", "2", "20.25"),
        ("S", "2025-02", "3", "30"),
    ]
    wrong = text.replace("1050.75", "1050.70")
    with pytest.raises(SalesForecastError, match=r"says 1050\.70; its parts make 1050\.75"):
        read(tmp_path, wrong, {"quantity": "Qty", "amount": "Net"})


def test_columns_that_are_not_named_are_left_and_told(tmp_path: Path) -> None:
    text = "Region,Item,Jan 2025,,Feb 2025,\n,,Actual,Plan,Actual,Plan\nN,A,1,9,2,9\n"
    extract = read(tmp_path, text, {"amount": "Actual"})
    assert [row[3] for row in rows(extract)] == ["1", "2"]
    assert "'Plan' of the periods are not read" in said(extract, "left_out")
    with pytest.raises(SalesForecastError, match="has a column 'Net'. One of 'Actual', 'Plan'"):
        read(tmp_path, text, {"amount": "Net"})


def test_a_sheet_without_periods_side_by_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="has no months, weeks or days side by side"):
        read(tmp_path, "Region,Item,net\nN,A,1\n")


def test_wide_is_for_files() -> None:
    with pytest.raises(ValueError, match="`wide` is for a file with periods as columns"):
        Source(kind="sql", path="a.db", table="t", wide={"amount": ""})


@given(st.lists(st.lists(st.none() | st.integers(-999, 999), min_size=3, max_size=3), min_size=2))
@settings(max_examples=40)
def test_figures_come_back_from_a_sheet_with_all_its_sums(
    tmp_path_factory: pytest.TempPathFactory, figures: list[list[int | None]]
) -> None:
    lines = [f"{MONTHS},Total"]
    for at, row in enumerate(figures):
        cells = ["" if figure is None else str(figure) for figure in row]
        lines.append(",".join([f"R{at}", "A", *cells, str(sum(filter(None, row)))]))
    sums = [sum(filter(None, column)) for column in zip(*figures, strict=True)]
    lines.append(",".join(["Total", "", *map(str, sums), str(sum(sums))]))
    extract = read(tmp_path_factory.mktemp("wide"), "\n".join(lines))
    months = ("2025-01", "2025-02", "2025-03")
    assert rows(extract) == [
        (f"R{at}", "A", month, str(figure))
        for at, row in enumerate(figures)
        for month, figure in zip(months, row, strict=True)
        if figure is not None
    ]


def test_init_proposes_what_a_pivot_of_a_workbook_needs(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in [
        ["Sum of Amount", None, "Column Labels"],
        [None, None, "2024", None, "2024 Total", "2025", "2025 Total", "Grand Total"],
        ["Region", "Category", "Nov", "Dec", None, "Jan", None, None],
        ["East", "Pans", 10, 20, 30, 5, 5, 35],
        [None, "Knives", 1.5, 2, 3.5, 0, 0, 3.5],
        ["East Total", None, 11.5, 22, 33.5, 5, 5, 38.5],
        ["West", "Pans", 1, None, 1, 1, 1, 2],
        ["West Total", None, 1, None, 1, 1, 1, 2],
        ["Grand Total", None, 12.5, 22, 34.5, 6, 6, 40.5],
    ]:
        workbook.active.append(row)
    workbook.save(tmp_path / "pivot.xlsx")
    source, found = start(tmp_path, "pivot.xlsx")
    assert (source.wide, source.fill_down) == ({"amount": ""}, ["region"])
    assert found == [
        *(
            ("Pans", "East", month, text)
            for month, text in zip(MONTH3, ("10", "20", "5"), strict=True)
        ),
        *(
            ("Knives", "East", month, text)
            for month, text in zip(MONTH3, ("1.5", "2", "0"), strict=True)
        ),
        ("Pans", "West", "2024-11", "1"),
        ("Pans", "West", "2025-01", "1"),
    ]


MONTH3 = ("2024-11", "2024-12", "2025-01")


def test_a_header_that_names_no_known_column_is_found_by_its_periods(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in [
        ["Sum of Qty", "Column Labels"],
        ["Row Labels", "Jan 2025", "Feb 2025", "Grand Total"],
        ["East", 3, 4, 7],
        ["West", 1, 1, 2],
        ["Grand Total", 4, 5, 9],
    ]:
        workbook.active.append(row)
    workbook.save(tmp_path / "pivot.xlsx")
    assert [row[1] for row in start(tmp_path, "pivot.xlsx")[1]] == ["3", "4", "1", "1"]


def test_a_printed_date_above_the_header_is_no_period(tmp_path: Path) -> None:
    text = "as of,2025-04-01\nRegion,Item,2025-01-31,2025-02-28,YTD\nN,A,1.25,2,3.25\n"
    (tmp_path / "a.csv").write_text(text)
    source, found = start(tmp_path, "a.csv")
    assert source.subtotals == ["YTD"]
    assert found == [("N", "2025-01", "1.25"), ("N", "2025-02", "2")]


def test_labels_of_groups_in_rows_of_their_own_are_filled_down(tmp_path: Path) -> None:
    text = "Region,Item,Jan 2025,Feb 2025\nNorth,,,\n,A,1,2\n,B,3,4\nNorth Total,,4,6\n"
    text += "South,,,\n,A,1,1\nSouth Total,,1,1\nGrand Total,,5,7\n"
    (tmp_path / "a.csv").write_text(text)
    source, _ = start(tmp_path, "a.csv")
    assert source.fill_down == ["region"]
    extract = read_source("orders", source, tmp_path)
    regions = [row[0] for row in rows(extract)]
    assert "of 'Region' were filled with the text above" in said(extract, "filled_down")
    assert regions == ["North"] * 4 + ["South"] * 2


def test_init_proposes_the_words_of_sums_behind_a_year(tmp_path: Path) -> None:
    text = ",,2025,,,\nRegion,Item,Jan,Feb,Total Units,Summe\nN,A,1,2,3,3\n"
    (tmp_path / "a.csv").write_text(text)
    source, found = start(tmp_path, "a.csv")
    assert (source.subtotals, len(found)) == (["Total", "Summe"], 2)


def test_init_names_measures_by_their_headers_and_the_words_of_sums(tmp_path: Path) -> None:
    text = ",,Januar 2025,,Februar 2025,\nKunde,Region,Menge,Umsatz,Menge,Umsatz\n"
    text += 'X,N,1,"1.000,50",2,"20,00"\nY,S,3,"30,25",,\nSumme,,4,"1.030,75",2,"20,00"\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    source, found = start(tmp_path, "a.csv")
    assert source.wide == {"quantity": "Menge", "amount": "Umsatz"}
    assert (source.subtotals, source.decimal) == (["Summe"], ",")
    assert found == [
        ("N", "2025-01", "1", "1.000,50"),
        ("N", "2025-02", "2", "20,00"),
        ("S", "2025-01", "3", "30,25"),
    ]


@pytest.mark.parametrize(
    ("name", "title", "wide"),
    [
        ("a.csv", "", "amount"),
        ("units_by_month.csv", "", "quantity"),
        ("a.csv", "Quantity by month\n", "quantity"),
    ],
)
def test_init_takes_the_measure_from_titles_or_asks(
    tmp_path: Path, name: str, title: str, wide: str
) -> None:
    (tmp_path / name).write_text(f"{title}{MONTHS}\nN,A,1,2,3\nS,A,4,5,6\n", encoding="utf-8")
    _, proposals = write_unit_file([tmp_path / name], tmp_path, "u")
    assert [*proposals["orders"].sample.wide] == [wide]
    asked = any("amounts or quantities?" in text for text in proposals["orders"].questions)
    assert asked == (wide == "amount")


def test_init_shows_a_sum_that_is_wrong_and_writes_the_unit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{MONTHS}\nN,A,1,2,3\nS,A,4,5,6\nTotal,,5,8,9\n")
    _, proposals = write_unit_file([tmp_path / "a.csv"], tmp_path, "u")
    assert any("row 4, column 'Feb 2025'" in text for text in proposals["orders"].questions)


def test_init_proposes_weeks_for_columns_seven_days_apart(tmp_path: Path) -> None:
    text = "Region,Item,2025-01-06,2025-01-13,2025-01-20\nN,A,7,14,7\nS,B,0,1,\n"
    (tmp_path / "a.csv").write_text(text)
    source, found = start(tmp_path, "a.csv")
    assert (source.period, len(found)) == ("week", 5)


def test_init_leaves_an_export_with_two_dates_in_each_row_as_it_is(tmp_path: Path) -> None:
    text = "Order Date,Ship Date,Product,Amount\n2025-01-01,2025-01-03,A,5.5\n"
    (tmp_path / "a.csv").write_text(text)
    _, proposals = write_unit_file([tmp_path / "a.csv"], tmp_path, "u")
    assert not proposals["orders"].sample.wide


@pytest.mark.parametrize(
    ("name", "title"), [("targets_2025.csv", ""), ("stock.csv", ""), ("a.csv", "Budget 2025\n")]
)
def test_init_takes_no_targets_or_stock_by_month_for_sales(
    tmp_path: Path, name: str, title: str
) -> None:
    (tmp_path / name).write_text(f"{title}{MONTHS}\nN,A,1,2,3\n")
    _, proposals = write_unit_file([tmp_path / name], tmp_path, "u")
    (found,) = proposals.values()
    assert not found.sample.wide
    assert any("months stand side by side" in text for text in found.questions)


@pytest.mark.parametrize("year", ["{}", "{}年", "FY {}"])
def test_a_column_says_the_year_of_each_rows_months(tmp_path: Path, year: str) -> None:
    one, two = map(year.format, (2024, 2025))
    lines = ["Year,Region,Item,Jan,Feb,Total", f"{one},N,A,1,2,3", f"{one},S,A,,4,4"]
    lines += [f"{one} Total,,,1,6,7", f"{two},N,A,5,,5", "Grand Total,,,6,6,12"]
    (tmp_path / "sales.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    _, found = start(tmp_path, "sales.csv")
    assert [row[-2:] for row in found] == [
        ("2024-01", "1"),
        ("2024-02", "2"),
        ("2024-02", "4"),
        ("2025-01", "5"),
    ]


def test_the_file_or_the_sheet_says_the_year_of_months_without_one(tmp_path: Path) -> None:
    (tmp_path / "sales_2024.csv").write_text("Region,Item,1月,2月\nN,A,1,2\n", encoding="utf-8")
    assert [row[-2] for row in start(tmp_path, "sales_2024.csv")[1]] == ["2024-01", "2024-02"]


def test_a_sum_of_a_year_adds_up_its_quarters_months(tmp_path: Path) -> None:
    head = "Region,Item,Oct-23,Nov-23,Dec-23,Q4-23,FY23,Jan-24,Q1-24"
    assert len(rows(read(tmp_path, f"{head}\nN,A,1,2,3,6,6,4,4\n"))) == 4
    head = "Region,Item,Jul-23,Q3-23,Oct-23,Q4-23,FY23"
    assert len(rows(read(tmp_path, f"{head}\nN,A,1,1,2,2,3\n"))) == 2
    with pytest.raises(SalesForecastError, match="FY23"):
        read(tmp_path, f"{head}\nN,A,1,1,2,2,4\n")


def test_the_name_of_a_table_tells_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "销量汇总.csv"
    path.write_text("大区,品类,2024年1月,2024年2月\n东,A,1,2\n", encoding="utf-8")
    assert [*start(tmp_path, path.name)[0].wide] == ["quantity"]


def test_init_asks_for_the_year_of_months_without_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Region,Product,Jan,Feb,Mar\nN,A,1,2,3\nS,B,4,0,6\n")
    _, proposals = write_unit_file([tmp_path / "a.csv"], tmp_path, "u")
    asked = [text for found in proposals.values() for text in found.questions]
    assert any("months stand side by side" in text for text in asked)


PERIODS = ["2025-01", "2025-02", "2025-03"]
TEA, RICE, BOTH = [11, 12, 13], [15, 16, 17], [26, 28, 30]


def write_pivot(folder: Path, first: list[str], rows: list[list[object]]) -> None:
    total: list[object] = ["Grand Total", *[""] * (len(first) - 1), 52, 56, 60]
    lines = [",".join(map(str, row)) for row in ([*first, *PERIODS], *rows, total)]
    (folder / "pivot.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")


def read_pivot(folder: Path, **columns: str) -> list[Any]:
    source = Source.model_validate(
        {"kind": "csv", "path": "pivot.csv", "wide": "amount", "columns": columns}
        | {"fill_down": [name for name in columns if name == "region"]}
    )
    return read_source("orders", source, folder).rows[exported("amount")].to_pylist()


def test_a_pivot_in_compact_form_is_named_and_is_read_in_the_form_that_its_message_says(
    tmp_path: Path,
) -> None:
    compact = [["East", *BOTH], ["  Tea", *TEA], ["  Rice", *RICE]]
    write_pivot(tmp_path, ["Row Labels"], [*compact, *[["West", *BOTH], *compact[1:]]])
    with pytest.raises(SalesForecastError, match=r"2 times as much.*compact.*tabular form"):
        read_pivot(tmp_path)
    tabular = [
        row
        for region in ("East", "West")
        for row in ([region, "Tea", *TEA], ["", "Rice", *RICE], [f"{region} Total", "", *BOTH])
    ]
    write_pivot(tmp_path, ["Region", "Product"], tabular)
    found = read_pivot(tmp_path, region="Region", product="Product")
    assert sorted(map(int, found)) == sorted([*TEA, *RICE] * 2)
