"""Claims about dates: every usual way of writing a day is read, a column proves its order, and
nobody guesses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.reading import read_dates, read_months
from salesfc_lib.intake.parse.evidence import ParsedColumn

DAYS = st.dates(date(1980, 1, 1), date(2099, 12, 31))
FORMS: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "points": lambda day: f"{day.year}.{day.month:02}.{day.day:02}",
    "Chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "Chinese, with the weekday": lambda day: f"{day.year}年{day.month:02}月{day.day:02}日 星期一",
    "compact": lambda day: f"{day:%Y%m%d}",
    "full width": lambda day: day.isoformat().translate(
        {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}
    ),
    "with a time": lambda day: f"{day.isoformat()} 23:59:59.999",
    "with a T": lambda day: f"{day.isoformat()}T08:30",
    "English": lambda day: f"{day.day}-{day:%b}-{day.year}",
    "American": lambda day: f"{day:%B} {day.day}, {day.year}",
    "Arabic digits": lambda day: day.isoformat().translate(
        {ord(str(digit)): chr(0x660 + digit) for digit in range(10)}
    ),
}


def read(*texts: str, **declared: object) -> ParsedColumn:
    return read_dates(pa.chunked_array([pa.array(texts, pa.string())]), **declared)  # type: ignore[arg-type]


def list_days(dates: ParsedColumn) -> list[str]:
    return dates.values.astype("datetime64[D]").astype(str).tolist()


def list_rules(dates: ParsedColumn) -> dict[str, int]:
    return {issue.rule: issue.rows for issue in dates.issues}


@settings(max_examples=200)
@given(DAYS, st.sampled_from(sorted(FORMS)))
def test_a_day_is_read_in_every_form_whose_order_is_certain(day: date, form: str) -> None:
    assert list_days(read(FORMS[form](day))) == [day.isoformat()]


@settings(max_examples=100)
@given(
    st.lists(DAYS, max_size=10),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y"]),
    st.booleans(),
)
def test_one_day_above_twelve_proves_the_order_of_the_whole_column(
    days: list[date], form: str, repeated: bool
) -> None:
    days = [*days, date(2019, 1, 25)]
    column = pa.chunked_array([pa.array([f"{day:{form}}" for day in days])])
    dates = read_dates(column.dictionary_encode() if repeated else column)
    assert list_days(dates) == [day.isoformat() for day in days]
    assert list_rules(dates) == {"date_order": len(days)}


def test_a_column_that_proves_no_order_blocks_until_it_is_declared() -> None:
    with pytest.raises(
        SalesForecastError, match=r"'1/2/2019' may be day or month first.*`date_format`"
    ):
        read("1/2/2019", "3/4/2019", "n/a")
    assert list_days(read("1/2/2019", order="dmy")) == ["2019-02-01"]
    assert list_days(read("1/2/2019", order="mdy")) == ["2019-01-02"]
    assert list_days(read("1/2/2019", date_format="%m/%d/%Y")) == ["2019-01-02"]
    assert list_days(read("5/5/2019")) == ["2019-05-05"]


def test_an_uncertain_day_among_certain_ones_is_a_problem_of_its_row() -> None:
    dates = read("1/2/2019", "2019-03-04")
    assert list_days(dates) == ["NaT", "2019-03-04"]
    assert "may be day or month first" in dates.problems[0]
    assert dates.rules.to_dict() == {0: "date_order"}


def test_a_column_that_proves_both_orders_blocks_and_names_one_cell_of_each() -> None:
    with pytest.raises(
        SalesForecastError,
        match="'25/12/2019' with the day first and '12/25/2019' with the month first",
    ):
        read("25/12/2019", "1/2/2019", "12/25/2019")
    declared = read("25/12/2019", "12/25/2019", order="dmy")
    assert declared.rules.to_dict() == {1: "no_such_day"}


def test_an_order_of_two_digit_years_is_unlikely_beyond_fifteen_years() -> None:
    assert list_days(read("05/06/19", "21/06/19")) == ["2019-06-05", "2019-06-21"]
    with pytest.raises(SalesForecastError, match="may be "):
        read("05/06/19", "20/06/19")  # 2005 to 2020, with the year first


def test_a_year_of_two_digits_is_told_by_the_order_that_keeps_the_column_together() -> None:
    assert list_days(read(*[f"{day:02}/07/19" for day in range(1, 31)]))[-1] == "2019-07-30"
    assert list_days(read(*[f"19-07-{day:02}" for day in range(1, 31)]))[-1] == "2019-07-30"
    assert list_days(read("12-Jul-79", "12-JUL-80")) == ["2079-07-12", "1980-07-12"]
    with pytest.raises(SalesForecastError, match="may be day or month first"):
        read("01/02/03")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1900-02-29", "no_such_day"),
        ("2023-02-29", "no_such_day"),
        ("2023年2月30日", "no_such_day"),
        ("20230431", "no_such_day"),
        ("2023-13-01", "no_such_day"),
        ("60", "no_such_day"),
        ("0000-00-00", "sentinel_date"),
        ("9999-12-31 00:00:00", "sentinel_date"),
        ("1900-01-00", "sentinel_date"),
        ("00000000", "sentinel_date"),
        ("0", "sentinel_date"),
        ("soon", "unreadable"),
        ("2024-07", "unreadable"),
        ("2024-07-01 25:00", "unreadable"),
        ("5²/1/2024", "unreadable"),
        ("", "unreadable"),
        ("N/A", "unreadable"),
    ],
)
def test_what_is_no_day_is_a_problem_with_its_rule(text: str, rule: str) -> None:
    dates = read("2024-07-01", text)
    assert list_days(dates) == ["2024-07-01", "NaT"]
    assert dates.rules.to_dict() == {1: rule}
    assert dates.problems[1] == "is blank" or dates.problems[1].startswith(f"'{text}' ")


def test_serial_numbers_are_days_of_the_workbooks_date_system() -> None:
    assert list_days(read("43658", "43658.75", "2019-07-12")) == ["2019-07-12"] * 3
    assert list_rules(read("43658", "43658.75", "2019-07-12")) == {"serial_date": 2}
    assert list_days(read("42196", date_system=1904)) == ["2019-07-12"]


def test_a_moment_with_a_zone_waits_for_the_business_zone() -> None:
    texts = ("2024-07-31T20:00:00Z", "2024-07-31 20:00:00+08:00", "2024-07-31")
    dates = read(*texts)
    assert dates.rules.to_dict() == {0: "time_zone", 1: "time_zone"}
    assert "set `calendar.zone`" in dates.problems[0]
    shanghai = read(*texts, zone="Asia/Shanghai")
    assert list_days(shanghai) == ["2024-08-01", "2024-07-31", "2024-07-31"]
    assert list_rules(shanghai) == {"time_zone": 2}
    assert list_days(read("31.07.2024 20:00+0000", zone="Asia/Shanghai")) == ["2024-08-01"]
    assert list_days(
        read("2024-07-31T20:00:00+0000", date_format="%Y-%m-%dT%H:%M:%S%z", zone="Asia/Shanghai")
    ) == ["2024-08-01"]


@settings(max_examples=200)
@given(
    st.lists(st.datetimes(datetime(1985, 1, 1), datetime(2099, 12, 30)), min_size=1, max_size=5),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe"]),
    st.integers(-12, 14),
)
def test_a_moment_belongs_to_the_day_that_the_zone_had(
    moments: list[datetime], zone: str, offset: int
) -> None:
    aware = [
        moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=offset)))
        for moment in moments
    ]
    expected = [moment.astimezone(ZoneInfo(zone)).date().isoformat() for moment in aware]
    assert list_days(read(*[moment.isoformat() for moment in aware], zone=zone)) == expected
    universal = [moment.astimezone(UTC).isoformat().replace("+00:00", "Z") for moment in aware]
    assert list_days(read(*universal, "2023-02-30T10:00:00Z", zone=zone)) == [*expected, "NaT"]


def test_time_since_1970_belongs_to_the_day_that_the_zone_had() -> None:
    late = "1672588800000"  # 16:00 of 1 January in universal time, midnight in Shanghai
    assert (
        read("1672531200", "1672531200000").values.astype("datetime64[D]").astype(str).tolist()
        == ["2023-01-01"] * 2
    )
    assert read("1672531200", late).rules.to_dict() == {1: "time_zone"}
    shanghai = read("1672531200", late, zone="Asia/Shanghai")
    assert shanghai.values.astype("datetime64[D]").astype(str).tolist() == [
        "2023-01-01",
        "2023-01-02",
    ]


def test_periods_are_days_only_where_a_row_may_stand_for_one_and_no_day_stands_beside() -> None:
    assert read("2025-01", "202502").rules.to_dict() == {0: "unreadable", 1: "unreadable"}
    months = read("2025-01", "202502", periods=True)
    assert months.values.astype("datetime64[D]").astype(str).tolist() == [
        "2025-01-01",
        "2025-02-01",
    ]
    assert list_rules(months) == {"month": 2}
    beside = read("2025-01", "2025-02-03", "2025-W07", periods=True)
    assert beside.problems.to_dict() == {
        0: "'2025-01' is a month in a column of days",
        2: "'2025-W07' is a week in a column of days",
    }
    quarter = read("2025-Q1", "2025-02-03", periods=True).problems[0]
    assert quarter == "'2025-Q1' is a quarter: a monthly forecast needs days, weeks or months"


def test_chinese_numerals_are_read() -> None:
    assert list_days(read("二〇一九年七月十二日", "二〇二〇年十月三十日")) == [
        "2019-07-12",
        "2020-10-30",
    ]


def test_a_declared_format_is_the_only_one() -> None:
    dates = read("07/12/2019", "2019-07-12", date_format="%m/%d/%Y")
    assert list_days(dates) == ["2019-07-12", "NaT"]
    assert "is not written as `date_format` '%m/%d/%Y' says" in dates.problems[1]


def test_spellings_of_null_are_blank_and_are_told() -> None:
    dates = read("2019-07-12", "NULL", "--", "")
    assert dates.problems.to_dict() == {1: "is blank", 2: "is blank", 3: "is blank"}
    assert list_rules(dates) == {"null_spelling": 2}


@pytest.mark.parametrize(
    "text",
    [
        "2024-07",
        "2024/7",
        "2024年7月",
        "202407",
        "07/2024",
        "Jul-24",
        "July 2024",
        "2024-Jul",
        "2024-07-31",
        "2024/7/1",
    ],
)
def test_a_month_is_its_first_day(text: str) -> None:
    months = read_months(pa.chunked_array([[text]]))
    assert list_days(months) == ["2024-07-01"]


def test_a_month_that_never_was_is_a_problem() -> None:
    months = read_months(pa.chunked_array([["2024-13", "9999-12", "x"]]))
    assert months.rules.to_dict() == {0: "unreadable", 1: "sentinel_date", 2: "unreadable"}


@settings(max_examples=300)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.from_regex(r"[0-9/.年月日: TZ+-]{4,25}", fullmatch=True),
        max_size=5,
    )
)
def test_any_text_is_a_day_or_a_problem(texts: list[str]) -> None:
    try:
        dates = read(*texts)
    except SalesForecastError:
        return
    assert [str(day) == "NaT" for day in list_days(dates)] == [
        place in dates.problems.index for place in range(len(texts))
    ]


TEXTS = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["2019", "25", "1", "07", "19", "9999", "43658"]),
    st.sampled_from(["-", "/", ".", "年", ""]),
    st.sampled_from(["1", "12", "13", "31", "Jul"]),
    st.sampled_from(["-", "/", ".", "月", ""]),
    st.sampled_from(["1", "30", "31", "2019", "19", ""]),
    st.sampled_from(["", " 10:30", "T10:30:00", " 25:00", "Z", " 10:30 PM"]),
)


@settings(max_examples=200)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_how_texts_are_held_changes_a_day(
    texts: list[str], random: object
) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = pa.chunked_array([pa.array([texts[place] for place in order])]).dictionary_encode()
    try:
        first = read(*texts)
    except SalesForecastError:
        with pytest.raises(SalesForecastError):
            read_dates(shuffled)
        return
    second = read_dates(shuffled)
    assert list_days(second) == [list_days(first)[place] for place in order]
    assert second.rules.tolist() == [first.rules[place] for place in order if place in first.rules]
