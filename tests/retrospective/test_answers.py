"""What people say of causes stands in the place of what tables propose, and sums to the cent."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import language, tables
from salesfc_lib.retrospective import loop
from salesfc_lib.retrospective.causes import finders
from salesfc_lib.retrospective.causes.causes import difference_by_cause
from salesfc_lib.retrospective.loop.answers import fold_answers, read_answers
from salesfc_lib.retrospective.loop.cause_lines import (
    CODES,
    OF_TABLES,
    build_answers,
    read_cause_lines,
)
from salesfc_lib.retrospective.loop.decisions import read_decisions
from salesfc_lib.retrospective.loop.in_place import list_answers, put_answers
from salesfc_lib.retrospective.loop.review import review_decisions
from tests.retrospective.published import GAPS, missed, open_unit, proposed, publish
from tests.retrospective.test_effect import made
from tests.retrospective.test_retrospective import EAST, JUNE, LAMP, NORTH

BY = {"by": "韩磊", "remark": "门店报来"}


def listed(causes: pd.DataFrame, unique_id: str = NORTH) -> list[tuple[str, float | None, str]]:
    rows = causes[causes["unique_id"] == unique_id].sort_values("rank")
    return [
        (row.cause, None if pd.isna(row.effect) else row.effect, row.state)
        for row in rows.itertuples()
    ]


def test_what_is_confirmed_keeps_its_amount_and_the_other_proposals(tmp_path: Path) -> None:
    run = publish(tmp_path)
    assert loop.confirm_cause(run, NORTH, **BY) == "C1"
    causes = loop.read_causes(run)
    assert listed(causes) == [
        ("stockout", -12.0, "confirmed"),
        ("trend", None, "proposed"),
        ("not_explained", -8.0, "proposed"),
    ]
    first = causes[causes["state"] == "confirmed"].iloc[0]
    assert (first["by"], first["remark"], first["facts"]) == ("韩磊", "门店报来", '{"days": 9.0}')
    assert listed(causes, LAMP) == [("not_explained", 10.0, "proposed")]


def test_what_is_corrected_stands_alone_and_takes_what_is_left(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.correct_cause(run, NORTH, {"price": -5.0, "competitor": None}, **BY)
    assert listed(loop.read_causes(run)) == [
        ("competitor", -15.0, "corrected"),
        ("price", -5.0, "corrected"),
    ]
    record = read_decisions(run, "cause").iloc[0]
    assert record["old"] == {"causes": {"stockout": -12.0, "trend": None, "not_explained": -8.0}}
    assert record["new"] == {"causes": {"price": -5.0, "competitor": None}}


def test_what_nobody_explains_stays_unexplained(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.correct_cause(run, NORTH, {"weather": -6.5}, **BY)
    expected = [("weather", -6.5, "corrected"), ("not_explained", -13.5, "proposed")]
    assert listed(loop.read_causes(run)) == expected


def test_a_proposal_without_an_amount_takes_what_the_others_leave(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.confirm_cause(run, NORTH, {"trend": None}, **BY)
    assert listed(loop.read_causes(run)) == [
        ("trend", -8.0, "confirmed"),
        ("stockout", -12.0, "proposed"),
    ]


def test_the_last_answer_counts(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.correct_cause(run, NORTH, {"weather": None}, **BY)
    loop.confirm_cause(run, NORTH, by="王强", remark="还是断货")
    assert listed(loop.read_causes(run))[0] == ("stockout", -12.0, "confirmed")
    assert fold_answers(read_decisions(run, "cause"))["source"].tolist() == ["C2"]


def test_two_who_answer_at_once_lose_nothing(tmp_path: Path) -> None:
    run = publish(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        work = [(NORTH, "weather"), (LAMP, "price")] * 4
        names = list(
            pool.map(lambda task: loop.correct_cause(run, task[0], {task[1]: None}, **BY), work)
        )
    assert len(set(names)) == len(read_decisions(run, "cause")) == 8
    causes = loop.read_causes(run)
    assert listed(causes) == [("weather", -20.0, "corrected")]
    assert listed(causes, LAMP) == [("price", 10.0, "corrected")]


@pytest.mark.parametrize(
    ("series", "causes", "said"),
    [
        ("灯/华南", None, r"'灯/华南' in the misses of 2026-06.*Did you mean '灯/华东'"),
        (LAMP, None, "proposes no cause for '灯/华东'"),
        (NORTH, {"weather": None}, "does not propose 'weather'.*Proposed: 'stockout', 'trend'"),
        (NORTH, {"stockout": 12.0}, r"come to \+12.00, its miss is -20.00.*below zero"),
        (NORTH, {"stockout": -15.0, "trend": -6.0}, r"come to -21.00, its miss is -20.00"),
    ],
)
def test_what_cannot_be_confirmed_is_refused_with_what_is_known(
    tmp_path: Path, series: str, causes: dict[str, float | None] | None, said: str
) -> None:
    run = publish(tmp_path)
    with pytest.raises(RequestError, match=said):
        loop.confirm_cause(run, series, causes, **BY)
    assert read_decisions(run, "cause").empty


def test_only_codes_correct_a_cause(tmp_path: Path) -> None:
    run = publish(tmp_path)
    for causes, said in (({"rain": None}, "'rain' in the causes"), ({}, "'' in the causes")):
        with pytest.raises(RequestError, match=said):
            loop.correct_cause(run, NORTH, causes, **BY)
    with pytest.raises(RequestError, match="not_explained.*in the causes"):
        loop.correct_cause(run, NORTH, {"not_explained": None}, **BY)
    with pytest.raises(RequestError, match="2026-07 of 'north' is not published"):
        loop.correct_cause(open_unit(tmp_path, "2026-07"), NORTH, {"price": None}, **BY)


HEAD = "month,unique_id,cause,amount,remark,author\n"


def write_lines(project: Path, *lines: str, head: str = HEAD) -> None:
    (project / "causes").mkdir(exist_ok=True)
    text = head + "\n".join(lines)
    (project / "causes" / "north.csv").write_text(text, encoding="utf-8")


def test_lines_of_the_file_confirm_what_is_proposed_and_correct_the_rest(tmp_path: Path) -> None:
    run = publish(tmp_path)
    write_lines(
        tmp_path,
        f"2026-06,{NORTH},stockout,,账上无货,刘慧",
        f"2026-06,{LAMP},tender,4,政府采购,刘慧",
        f"2026-06,{LAMP},price,2.5,调价,王强",
    )
    causes = loop.read_causes(run)
    assert listed(causes)[0] == ("stockout", -12.0, "confirmed")
    assert listed(causes, LAMP) == [
        ("tender", 4.0, "corrected"),
        ("price", 2.5, "corrected"),
        ("not_explained", 3.5, "proposed"),
    ]


def test_a_line_behind_a_record_and_one_without_a_miss_are_set_aside_and_said(
    tmp_path: Path,
) -> None:
    run = publish(tmp_path)
    write_lines(
        tmp_path,
        f"2026-06,{NORTH},weather,,雨,刘慧",
        "2026-06,gone,price,,x,刘慧",
        f"2026-01,{NORTH},weather,,雨,刘慧",
    )
    loop.confirm_cause(run, NORTH, **BY)
    assert listed(loop.read_causes(run))[0] == ("stockout", -12.0, "confirmed")
    table = list_answers(proposed(), missed(), read_answers(run))
    assert table["state"].tolist() == ["confirmed", "set_aside", "set_aside"]
    assert table["source"].tolist() == ["C1", *(f"causes/north.csv line {n}" for n in (2, 3))]
    assert table["share"].fillna(-1).tolist() == [pytest.approx(12 / 30), -1, -1]
    assert (table["proposed"].iloc[0], table["label"].tolist()[::2]) == (
        "stockout",
        ["厨具 · 华北", "gone"],
    )
    assert ["answer.recorded" in table["why"].iloc[1], "answer.unknown" in table["why"].iloc[2]]
    assert all("answer." in why for why in table["why"].iloc[1:])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"June,{NORTH},price,,x,y", "line 2: `month` is 'June'"),
        (f"2026-06,{NORTH},rain,,x,y", "line 2: `cause` is 'rain'.*'competitor'"),
        ("2026-06,,price,,x,y", "line 2: `unique_id` is ''"),
        (f"2026-06,{NORTH},price,5%,x,y", "line 2: `amount` is '5%'"),
        (f"2026-06,{NORTH},price,,,y", "line 2: `remark` is ''"),
        (f"2026-06,{NORTH},price,,x,", "line 2: `author` is ''"),
        (f"2026-06,{NORTH},price,,x,y\n2026-06,{NORTH},price,,z,y", "line 3 repeats.*line 2"),
        (f"June,{NORTH},rain,,x,y", "has 2 problems, and none of its causes is used"),
        (f'2026-06,{NORTH},price,,"x,y', "cannot be read: line 2"),
        (f"2026-06,{NORTH},price,,x,y,z", "more cells than the first line has columns"),
    ],
)
def test_a_line_that_could_mean_two_things_is_named(tmp_path: Path, line: str, said: str) -> None:
    write_lines(tmp_path, line)
    with pytest.raises(SalesForecastError, match=said):
        read_cause_lines(tmp_path, "north")


def test_a_file_without_a_column_is_named_and_no_file_has_no_lines(tmp_path: Path) -> None:
    assert read_cause_lines(tmp_path, "north").empty
    write_lines(tmp_path, "2026-06,a,price,x", head="month,unique_id,cause,remark\n")
    with pytest.raises(SalesForecastError, match="line 1 lacks the column 'author'.*`amount`"):
        read_cause_lines(tmp_path, "north")


def test_a_file_of_a_spreadsheet_in_another_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "causes").mkdir()
    text = f"month;unique_id;cause;remark;author\n2026-06;{NORTH};tender;政府采购;刘慧\n"
    (tmp_path / "causes" / "north.csv").write_bytes(text.encode("gb18030"))
    assert read_cause_lines(tmp_path, "north")["remark"].tolist() == ["政府采购"]


def test_the_next_month_shows_the_answers_and_publishing_again_shows_its_own(
    tmp_path: Path,
) -> None:
    june = publish(tmp_path, "2026-06")
    loop.correct_cause(june, NORTH, {"competitor": -18.0}, **BY)
    july = open_unit(tmp_path, "2026-07")
    now = missed(july.cutoff)
    decided = review_decisions(july, made(), missed=now, proposed=proposed())
    said = decided["answers"].iloc[0]
    assert (said["ds"], said["cause"], said["effect"], said["proposed"]) == (
        JUNE,
        "competitor",
        -18.0,
        "stockout",
    )
    assert (decided["causes_all"]["state"] == "proposed").all()
    again = review_decisions(june, made(), missed=missed(), proposed=proposed())
    assert listed(again["causes_all"])[0] == ("competitor", -18.0, "corrected")
    steps = difference_by_cause(missed(), again["causes_all"]).set_index("cause")
    assert steps.loc["competitor", "confirmed"] == -18.0
    assert steps.loc["not_explained", "confirmed"] == 0.0
    for name in ("causes_all", "answers"):
        tables.check(decided[name], "causes" if name == "causes_all" else name)


def test_answers_survive_publishing_again(tmp_path: Path) -> None:
    june = publish(tmp_path)
    loop.correct_cause(june, NORTH, {"competitor": None}, **BY)
    folder = june.reports / "2026-06" / "north" / "tables"
    tables.write(loop.read_causes(june), folder, "causes_all")  # as the second version has it
    assert listed(loop.read_causes(june)) == [("competitor", -20.0, "corrected")]
    with pytest.raises(RequestError, match="Proposed: 'stockout', 'trend'"):
        loop.confirm_cause(june, NORTH, {"competitor": None}, **BY)


def test_a_month_of_an_earlier_version_can_be_answered(tmp_path: Path) -> None:
    run = publish(tmp_path)
    folder = run.reports / "2026-06" / "north" / "tables"
    (folder / "causes_proposed.parquet").unlink()
    plain = proposed().drop(columns=["state", "by", "remark"])
    plain.to_parquet(folder / "causes_all.parquet")
    loop.confirm_cause(run, NORTH, **BY)
    assert listed(loop.read_causes(run))[0] == ("stockout", -12.0, "confirmed")


amounts = st.none() | st.floats(-1e6, 1e6).map(lambda value: round(value, 2))
said = st.lists(st.tuples(st.sampled_from([NORTH, LAMP, EAST]), st.sampled_from(CODES), amounts))


@given(said=said, verb=st.sampled_from(["confirm", "correct", ""]))
def test_effects_sum_to_the_miss_whatever_people_say(
    said: list[tuple[str, str, float | None]], verb: str
) -> None:
    once = {(series, cause): amount for series, cause, amount in said}
    answers = build_answers(
        {
            **{"ds": JUNE, "unique_id": series, "verb": verb, "cause": cause, "amount": amount},
            **{"by": "x", "remark": "y", "source": "C1"},
        }
        for (series, cause), amount in once.items()
    )
    causes = tables.check(put_answers(proposed(), missed(), answers), "causes")
    sums = causes.groupby("unique_id")["effect"].sum()
    for series, gap in GAPS.items():
        assert sums[series] == pytest.approx(gap, abs=1e-6)
    steps = difference_by_cause(missed(), causes)
    assert steps["effect"].sum() == pytest.approx(-10.0, abs=1e-6)


def test_every_cause_that_tables_can_show_is_a_code() -> None:
    text = Path(finders.__file__).read_text(encoding="utf-8")
    found = set(re.findall(r"""Cause\(\s*[\w.]+,\s*"([a-z_]+)\"""", text))
    assert len(found) > 10
    assert found <= set(OF_TABLES)


def test_every_code_reads_in_both_languages() -> None:
    for spoken in language.LANGUAGES:
        sentences = language.sentences(spoken)
        for code in CODES:
            assert {f"cause.{code}", f"cause.{code}.mostly"} <= set(sentences), code
