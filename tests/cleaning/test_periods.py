"""Claims about what a row's date stands for: months, weeks that cross months, mistyped years, and
the last day that the rows are complete for.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.batch.ledger import ledger_gap
from salesfc_lib.cleaning.clean import clean
from salesfc_lib.cleaning.closed_months import closed_through, find_covered, find_latest
from salesfc_lib.cleaning.rules.far_dates import find_far
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Calendar, Parameters
from tests.orders import by_rule, order, run, save, unit


def weekly(period: str = "week") -> Parameters:
    return unit(orders={"period": period})


def by_month(cleaned: object) -> dict[str, tuple[Decimal, Decimal]]:
    lines = cleaned.transactions  # type: ignore[attr-defined]
    sums = lines.groupby(lines["month"].dt.strftime("%Y-%m"))[["quantity", "amount"]].sum()
    return {str(month): (row["quantity"], row["amount"]) for month, row in sums.iterrows()}


def test_a_week_that_crosses_a_month_is_shared_by_days_to_the_cent(tmp_path: Path) -> None:
    rows = [order("A1", "2024-01-29", "50.00", quantity="5"), order("A2", "2024-02-05", "50.00")]
    cleaned = run(tmp_path, rows, weekly())
    assert by_month(cleaned) == {
        "2024-01": (Decimal("2.14"), Decimal("21.43")),
        "2024-02": (Decimal("4.86"), Decimal("78.57")),
    }
    assert not ledger_gap(cleaned.ledger)[["rows", "quantity", "amount"]].ne(0).any().any()
    assert by_rule(cleaned)["week"] == (-1, Decimal(0), Decimal(0))
    issue = cleaned.problems.set_index("rule").loc["week"]
    assert issue["rows"] == 1 and "shared over both by days" in in_words(issue["reason"])


def test_the_first_and_the_last_month_of_weeks_are_told_where_they_are_parts(
    tmp_path: Path,
) -> None:
    rows = [order("A1", "2024-01-08"), order("A2", "2024-03-18")]
    noted = run(tmp_path, rows, weekly()).problems.set_index("rule").loc["part_month"]
    assert noted["rows"] == 2
    assert in_words(noted["reason"]) == (
        "the weeks begin on 2024-01-08: 2024-01 is a part, and counts as one; "
        "the weeks end on 2024-03-24: 2024-03 is a part, and counts as one"
    )
    whole = run(tmp_path, [order("A1", "2024-01-01"), order("A2", "2024-03-25")], weekly())
    assert "part_month" not in set(whole.problems["rule"])


def test_a_week_that_ends_on_its_date_begins_six_days_before(tmp_path: Path) -> None:
    cleaned = run(tmp_path, [order("A1", "2024-02-04", "70.00")], weekly("week_ending"))
    assert by_month(cleaned)["2024-01"][1] == Decimal("30.00")
    assert by_month(cleaned)["2024-02"][1] == Decimal("40.00")


def test_the_last_week_of_a_closed_month_counts_there_by_its_days_whichever_day_dates_it(
    tmp_path: Path,
) -> None:
    rows = [order("A1", "2024-11-24", "70.00"), order("A2", "2024-12-01", "70.00")]
    save(tmp_path, "orders", rows)
    closed = clean(weekly("week_ending"), tmp_path, "2024-11")
    assert by_month(closed)["2024-11"][1] == 130  # of the second week, six days are in November


def test_a_week_that_ends_with_its_month_is_not_shared_and_one_a_day_later_is(
    tmp_path: Path,
) -> None:
    whole = run(tmp_path, [order("A1", "2024-06-24", "70.00")], weekly())
    assert list(by_month(whole)) == ["2024-06"] and "week" not in by_rule(whole)
    shared = run(tmp_path, [order("A1", "2024-06-25", "70.00")], weekly())
    assert by_month(shared)["2024-07"][1] == Decimal("10.00")


def test_weeks_of_returns_are_shared_as_those_of_orders_are(tmp_path: Path) -> None:
    save(tmp_path, "back", [order("R1", "2024-01-29", "-70.00", quantity="-7")])
    columns = {name: name for name in ("date", "quantity", "amount", "region")}
    back = {"kind": "csv", "path": "back.csv", "role": "returns", "columns": columns}
    parameters = unit({"back": {**back, "period": "week"}}, orders={"period": "week"})
    cleaned = run(tmp_path, [order("A1", "2024-03-04")], parameters)
    assert by_month(cleaned)["2024-02"][1] == Decimal("-40.00")


def test_iso_weeks_are_shared_without_a_declaration_and_days_are_not(tmp_path: Path) -> None:
    weeks = run(tmp_path, [order("A1", "2024-W05", "70.00"), order("A2", "2024-W06")])
    assert by_month(weeks)["2024-01"][1] == Decimal("30.00")
    days = run(tmp_path, [order("A1", "2024-01-29", "70.00"), order("A2", "2024-02-05")])
    assert by_month(days)["2024-01"][1] == Decimal("70.00")
    assert "week" not in by_rule(days)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.dates(pd.Timestamp("2023-06-01").date(), pd.Timestamp("2024-11-20").date()),
            st.integers(-999_99, 999_99),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_shared_weeks_lose_nothing(tmp_path: Path, lines: Sequence[tuple[object, int]]) -> None:
    rows = [
        order(f"A{at}", str(day), str(Decimal(cents) / 100), quantity="1" if cents >= 0 else "-1")
        for at, (day, cents) in enumerate(lines)
    ]
    cleaned = run(tmp_path, rows, weekly())
    assert sum(cleaned.transactions["amount"]) == sum(Decimal(row["amount"]) for row in rows)
    assert not ledger_gap(cleaned.ledger)[["rows", "quantity", "amount"]].ne(0).any().any()


def test_a_year_typed_wrong_goes_to_quarantine_and_no_series_begins_there(tmp_path: Path) -> None:
    rows = [order(f"A{at}", f"2024-{1 + at % 12:02}-05") for at in range(120)]
    cleaned = run(tmp_path, [*rows, order("B", "2004-05-12")])
    assert cleaned.transactions["date"].min() == pd.Timestamp("2024-01-05")
    assert cleaned.quarantine[["row", "rule"]].values.tolist() == [[122, "far_date"]]
    assert "'2004-05-12' lies more than 24 months before" in in_words(
        cleaned.quarantine["reason"][0]
    )
    kept = {
        "source": "orders",
        "row": 122,
        "rule": "far_date",
        "author": "Li",
        "reason": "a museum",
    }
    parameters = unit(cleaning={"loss_budget": 1.0, "keep": [kept]})
    assert run(tmp_path, [*rows, order("B", "2004-05-12")], parameters).quarantine.empty
    many = [order(f"B{at}", "2004-05-12") for at in range(5)]
    assert run(tmp_path, [*rows, *many]).quarantine.empty, "four in a hundred are a business"


def test_a_hundredth_of_the_lines_beyond_the_gap_is_far_and_more_of_them_is_business() -> None:
    assert find_far({0: 1, 25: 99}, 24) == ({0}, set())
    assert find_far({0: 1, 25: 98}, 24) == (set(), set())
    assert find_far({0: 99, 25: 1}, 24) == (set(), {25})


def test_months_as_far_as_the_gap_allows_are_not_far() -> None:
    assert find_far({0: 1, 24: 999}, 24) == (set(), set())
    assert find_far({0: 1, 25: 999}, 24) == ({0}, set())


@pytest.mark.parametrize(
    ("days", "covered"),
    [
        (["2025-01-01", "2025-02-01"], "2025-02-28"),  # months, on their first day
        (["2024-01-31", "2024-02-29"], "2024-02-29"),  # and on their last
        (["2025-02-01"], "2025-02-01"),  # one day says nothing
        (["2025-01-07", "2025-01-31"], "2025-01-31"),  # a Friday, the last
        (["2025-01-07", "2025-01-30"], "2025-01-30"),
        (["2025-05-06", "2025-05-30"], "2025-05-31"),  # the 31st is a Saturday without trade
        (["2025-05-03", "2025-05-30"], "2025-05-30"),  # a business that sells on Saturdays
        (["2025-05-03", "2025-05-31"], "2025-05-31"),
    ],
)
def test_rows_are_complete_for_a_month_whose_last_trading_day_they_reach(
    days: list[str], covered: str
) -> None:
    dates = pd.to_datetime(pd.Series(days))
    assert find_covered(dates, dates.max(), Calendar()) == pd.Timestamp(covered)


def test_a_month_of_a_quarter_of_the_usual_lines_is_reached_and_one_of_less_is_not() -> None:
    usual = ["2024-01-15"] * 20 + ["2024-02-15"] * 20
    for lines, latest in ((5, "2024-06-15"), (4, "2024-02-15")):
        dates = pd.to_datetime(pd.Series([*usual, *["2024-06-15"] * lines]))
        assert find_latest(dates) == pd.Timestamp(latest)


def test_months_that_follow_without_a_gap_are_reached_however_few_their_lines() -> None:
    days = [*["2024-01-15"] * 20, "2024-02-15", "2024-03-15", "2024-05-15"]
    assert find_latest(pd.to_datetime(pd.Series(days))) == pd.Timestamp("2024-03-15")


@pytest.mark.parametrize(("saturdays", "covered"), [(1, "2025-05-30"), (0, "2025-05-31")])
def test_a_day_of_the_week_trades_from_one_line_in_a_hundred_on(
    saturdays: int, covered: str
) -> None:
    days = [*["2025-05-03"] * saturdays, *["2025-05-30"] * (100 - saturdays)]
    dates = pd.to_datetime(pd.Series(days))
    assert find_covered(dates, dates.max(), Calendar()) == pd.Timestamp(covered)


def test_lines_after_the_latest_month_do_not_cover_it() -> None:
    dates = pd.to_datetime(pd.Series(["2025-01-07", "2025-02-11", "2026-06-30"]))
    latest = pd.Timestamp("2025-02-11")
    assert find_covered(dates, latest, Calendar()) == latest


def test_a_month_is_closed_on_its_last_covered_day_and_no_day_before() -> None:
    own = unit(calendar={})
    assert closed_through(own, pd.Timestamp("2024-06-30")) == "2024-06"
    assert closed_through(own, pd.Timestamp("2024-06-29")) == "2024-05"


def test_a_holiday_is_no_day_of_trade() -> None:
    dates = pd.to_datetime(pd.Series(["2025-01-06", "2025-01-27"]))  # the new year from the 28th on
    assert find_covered(dates, dates.max(), Calendar(country="CN")) == pd.Timestamp("2025-01-31")
    assert find_covered(dates, dates.max(), Calendar()) == pd.Timestamp("2025-01-27")


def test_what_waits_for_its_month_says_how_it_is_taken_in(tmp_path: Path) -> None:
    parameters = unit(calendar={})
    rows = [order(f"A{at}", f"2024-0{1 + at % 6}-10") for at in range(60)]
    cleaned = run(tmp_path, [*rows, order("B", "2024-07-02")], parameters, "2024-06")
    waiting = in_words(cleaned.problems.set_index("rule").loc["after_month", "reason"])
    assert (
        'where 2024-07 is complete, `calendar: {closed_through: "2024-07"}` takes it in' in waiting
    )
    declared = unit(calendar={"closed_through": "2024-07"})
    taken = run(tmp_path, [*rows, order("B", "2024-07-02")], declared, "2024-07")
    assert "after_month" not in by_rule(taken)
