"""Override files: what people write is read as it stands, and what is unclear is named with its
line.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.tables import CONTRACTS, check
from salesfc_lib.reconciliation.overrides import read_overrides, select_overrides

HEADER = "made_in,unique_id,ds,sequence,new,percent,author,reason,created_at"


def write(project: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    (project / "overrides").mkdir(exist_ok=True)
    (project / "overrides" / "north.csv").write_bytes(
        "\r\n".join([header, *lines]).encode(encoding)
    )
    return project


def test_a_file_is_read_as_people_wrote_it(tmp_path):
    lines = [
        '2026-06,line:厨具,2026-07,1,1250.5,,李雷,"促销, 提前",2026-07-03 09:30',
        "2026-06,total,2026/8,2,,-10%,Ann,holiday,",
    ]
    write(tmp_path, *lines, encoding="utf-8-sig")
    found = check(read_overrides(tmp_path, "north"), "override")
    first, second = found.to_dict("records")
    assert (first["unit"], first["made_in"], first["ds"]) == (
        "north",
        pd.Timestamp("2026-06-01"),
        pd.Timestamp("2026-07-01"),
    )
    assert (first["unique_id"], first["new"], first["author"], first["reason"]) == (
        "line:厨具",
        1250.5,
        "李雷",
        "促销, 提前",
    )
    assert first["created_at"] == pd.Timestamp("2026-07-03 09:30")
    assert (second["percent"], second["ds"], second["sequence"]) == (
        -10.0,
        pd.Timestamp("2026-08-01"),
        2,
    )
    assert pd.isna(second["new"]) and pd.isna(second["created_at"])


def test_no_file_or_one_without_lines_is_an_empty_table(tmp_path):
    assert len(check(read_overrides(tmp_path, "north"), "override")) == 0
    assert len(check(read_overrides(write(tmp_path, "", ",,,,,,,,"), "north"), "override")) == 0


def test_a_missing_author_or_reason_is_kept_for_the_run_to_refuse(tmp_path):
    found = read_overrides(write(tmp_path, "2026-06,total,2026-07,1,5,,,,"), "north")
    assert found[["author", "reason"]].isna().all(axis=None)


def test_sequence_and_unit_may_be_left_out(tmp_path):
    write(
        tmp_path, "2026-06,total,2026-07,5,Ann,why", header="made_in,unique_id,ds,new,author,reason"
    )
    found = read_overrides(tmp_path, "north")
    assert found[["unit", "sequence"]].to_dict("records") == [{"unit": "north", "sequence": 1}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2026-13,total,2026-07,1,5,,Ann,why,", "line 3: `made_in` is '2026-13'"),
        ("2026-06,total,July,1,5,,Ann,why,", "line 3: `ds` is 'July'. A month as YYYY-MM"),
        ("2026-06,total,2026-07-15,1,5,,Ann,why,", "line 3: `ds` is '2026-07-15'"),
        ("2026-06,total,2026-07,1,5,3,Ann,why,", "line 3 has both `new` and `percent`"),
        ("2026-06,total,2026-07,1,,,Ann,why,", "line 3 has neither `new` nor `percent`"),
        ("2026-06,total,2026-07,1,many,,Ann,why,", "line 3: `new` is 'many'. A plain number"),
        ("2026-06,total,2026-07,1,nan,,Ann,why,", "line 3: `new` is 'nan'"),
        ("2026-06,total,2026-07,1.5,5,,Ann,why,", "line 3: `sequence` is '1.5'"),
        ("2026-06,total,2026-07,1,5,,Ann,why,yesterday", "line 3: `created_at` is 'yesterday'"),
        ("2026-06,,2026-07,1,5,,Ann,why,", "line 3: `unique_id` is ''"),
        ("2026-06,total,2026-07,1,5,,Ann,why,,more,cells", "line 3 has more cells"),
        (
            "2026-06,total,2026-08,1,5,,Bob,again,",
            "line 3 repeats the key of overrides/north.csv line 2: 'total', 2026-08",
        ),
    ],
)
def test_what_is_unclear_is_named_with_file_and_line(tmp_path, line, words):
    write(tmp_path, "2026-06,total,2026-08,1,5,,Ann,why,", line)
    with pytest.raises(SalesForecastError) as error:
        read_overrides(tmp_path, "north")
    assert str(error.value).startswith("overrides/north.csv line 3")
    assert words in str(error.value)


def test_a_line_number_counts_the_lines_of_a_reason_written_over_two(tmp_path):
    with pytest.raises(SalesForecastError, match="line 4: `ds` is 'July'"):
        read_overrides(
            write(
                tmp_path,
                '2026-06,total,2026-08,1,5,,Ann,"two\nlines",',
                "2026-06,total,July,1,5,,Ann,why,",
            ),
            "north",
        )


def test_another_units_line_is_an_error(tmp_path):
    with pytest.raises(
        SalesForecastError, match="line 2: `unit` is 'south'. 'north', the unit of this file"
    ):
        read_overrides(
            write(tmp_path, "south,2026-06,total,2026-07,1,5,,Ann,why,", header=f"unit,{HEADER}"),
            "north",
        )


def test_missing_columns_and_unreadable_files_are_named(tmp_path):
    with pytest.raises(
        SalesForecastError, match="north.csv line 1 lacks the column 'author', 'reason', 'new'"
    ):
        read_overrides(write(tmp_path, header="made_in,unique_id,ds"), "north")
    with pytest.raises(SalesForecastError, match="it is not UTF-8, and .*cp1252: 'þÿ'.*CSV UTF-8"):
        read_overrides(
            write(tmp_path, "2026-06,total,2026-07,1,5,,\xfe\xff,why,", encoding="latin-1"), "north"
        )
    with pytest.raises(SalesForecastError, match="cannot be read: line 2"):
        read_overrides(write(tmp_path, '2026-06,total,2026-07,1,5,,Ann,"why,'), "north")


def test_only_the_months_own_overrides_are_selected_and_none_made_with_hindsight(tmp_path):
    lines = [
        "2026-05,total,2026-07,1,5,,Ann,earlier,2026-06-03",
        "2026-06,total,2026-07,1,5,,Ann,why,2026-07-03",
        "2026-06,total,2026-07,2,6,,Ann,late,2026-09-01",
        "2026-06,total,2026-07,3,6,,Ann,undated,",
    ]
    found = read_overrides(write(tmp_path, *lines), "north")
    assert select_overrides(found, "2026-06")["reason"].tolist() == ["why", "late", "undated"]
    assert select_overrides(found, "2026-06", before=pd.Timestamp("2026-08-01"))[
        "reason"
    ].tolist() == ["why"]


def test_an_override_of_the_day_of_publication_itself_is_hindsight(tmp_path):
    found = read_overrides(
        write(
            tmp_path,
            "2026-06,total,2026-07,1,5,,Ann,before,2026-07-14",
            "2026-06,total,2026-07,2,5,,Ann,that day,2026-07-15",
        ),
        "north",
    )
    selected = select_overrides(found, "2026-06", before=pd.Timestamp("2026-07-15"))
    assert selected["reason"].tolist() == ["before"]


@settings(max_examples=100)
@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused_by_name(tmp_path_factory, text):
    project = tmp_path_factory.mktemp("any")
    write(project, text)
    try:
        assert list(read_overrides(project, "north").columns) == list(CONTRACTS["override"].columns)
    except SalesForecastError as error:
        assert "north.csv" in str(error)


def test_a_western_name_is_not_read_as_chinese(tmp_path):
    line = "2026-06,total,2026-07,1,5,,Renée Müller,why,"
    assert read_overrides(write(tmp_path, line, encoding="cp1252"), "north")["author"].tolist() == [
        "Renée Müller"
    ]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_as_any_spreadsheet_saves_it(tmp_path, encoding, delimiter):
    line = "2026-06,line:厨具,2026-07,1,,-10%,李雷,提前,2026-07-03".replace(",", delimiter)
    write(tmp_path, line, header=HEADER.replace(",", delimiter), encoding=encoding)
    (found,) = read_overrides(tmp_path, "north").to_dict("records")
    assert [found[name] for name in ("unique_id", "percent", "author", "reason")] == [
        "line:厨具",
        -10.0,
        "李雷",
        "提前",
    ]


def test_a_reason_may_hold_the_other_delimiter(tmp_path):
    found = read_overrides(
        write(tmp_path, "2026-06,total,2026-07,1,5,,Ann,late; early; never,"), "north"
    )
    assert found["reason"].tolist() == ["late; early; never"]
