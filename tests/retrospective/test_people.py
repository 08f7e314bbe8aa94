"""People's changes: who improves, who harms, who leans, and that a fair planner is not accused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.habits import Conduct, describe_people, judge, judge_habits, sign_p
from salesfc_lib.retrospective.habits import judge_overrides as judge_conduct
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson

JUNE = pd.Timestamp("2026-06-01")


def override_bias(
    adjustments: pd.DataFrame, actual: pd.DataFrame, *, month: pd.Timestamp
) -> pd.DataFrame:
    """Table `people`, whose leans are what the tests of habits say."""
    conduct = Conduct(adjustments=adjustments, actual=actual, month=month)
    return describe_people(conduct, judge_habits(conduct))


def judge_overrides(
    adjustments: pd.DataFrame, actual: pd.DataFrame, *, month: pd.Timestamp
) -> pd.DataFrame:
    return judge_conduct(Conduct(adjustments=adjustments, actual=actual, month=month))


def adjustment(rows: list[tuple[str | None, str, pd.Timestamp, float, float]]) -> pd.DataFrame:
    """Applied adjustments made one month ahead, from (author, unique_id, ds, old, final)."""
    frame = pd.DataFrame(rows, columns=["author", "unique_id", "ds", "old", "final"])
    frame["made_in"] = frame["ds"] - pd.DateOffset(months=1)
    return frame.assign(sequence=1, asked=frame["final"], reason="", state="applied", remark="")


def planners(
    kind: str, seed: int, *, months: int = 12, series: int = 3, noise: float = 0.10
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Adjustments and actuals of one planner, who changes `series` numbers a month; the model errs
    by `noise`.

    sandbagger: lowers by 15 %. optimist: raises by 15 %. improver: takes 70 % of the model's error
    away. fair: adds an error of 10 % either way. follower: the model is 15 % too high, and the
    planner takes off just that, give or take 10 %.
    """
    rng = np.random.default_rng([seed, len(kind)])
    made, actual = [], []
    for ds in pd.date_range(end=JUNE, periods=months, freq="MS"):
        for number in range(series):
            y = 100 * rng.uniform(0.5, 2.0)
            bias = 1.15 if kind == "follower" else 1.0
            old = y * bias * np.exp(rng.normal(0, noise))
            final = {
                "sandbagger": old * 0.85,
                "optimist": old * 1.15,
                "improver": old + 0.7 * (y - old),
                "fair": old * np.exp(rng.normal(0, 0.10)),
                "follower": old / 1.15 * np.exp(rng.normal(0, 0.10)),
            }[kind]
            made.append((f"{kind} 李巧", f"s{number}", ds, old, final))
            actual.append((f"s{number}", ds, y))
    return adjustment(made), pd.DataFrame(actual, columns=["unique_id", "ds", "y_raw"])


def verdicts(kind: str, seeds: int, months: int = 12) -> list[str]:
    """Lean of each of `seeds` planners, each alone in a unit of their own, judged in one call."""
    made, actual = zip(*(planners(kind, seed, months=months) for seed in range(seeds)), strict=True)
    whose = [
        [frame.assign(seed=f"{seed}/") for seed, frame in enumerate(each)]
        for each in (made, actual)
    ]
    made, actual = (
        pd.concat(each).assign(unique_id=lambda rows: rows["seed"] + rows["unique_id"])
        for each in whose
    )
    conduct = Conduct(adjustments=made.assign(author=made["seed"]), actual=actual, month=JUNE)
    units = judge.run_tests(judge.HABITS, conduct).groupby("name")
    habits = pd.concat([judge.adjust(rows) for _, rows in units] or [tables.empty("habits")])
    people = describe_people(conduct, habits).set_index("author")["leans"]
    return [people[f"{seed}/"] for seed in range(seeds)]


def test_one_authors_changes_by_hand() -> None:
    made = adjustment(
        [("Ann", "a", JUNE, 100, 90), ("Ann", "b", JUNE, 100, 120), ("Ann", "c", JUNE, 100, 130)]
    )
    actual = pd.DataFrame({"unique_id": ["a", "b", "c"], "ds": JUNE, "y_raw": [80.0, 115.0, 100.0]})
    row = override_bias(made, actual, month=JUNE).iloc[0]
    assert (row["changes"], row["raised"], row["lowered"], row["helped"], row["hurt"]) == (
        3,
        2,
        1,
        2,
        1,
    )
    assert (row["raised_helped"], row["lowered_helped"]) == (1, 1)
    assert (row["error_without"], row["error_with"], row["gain"]) == (20 + 15 + 0, 10 + 5 + 30, -10)
    assert (row["raised_gain"], row["lowered_gain"]) == (-20, 10)
    assert row["bias_without"] == pytest.approx((300 - 295) / 295)
    assert row["bias_with"] == pytest.approx((340 - 295) / 295)
    assert (row["months"], row["months_raised"], row["months_too_high"], row["leans"]) == (
        1,
        1,
        1,
        "",
    )


def test_a_sandbagger_an_optimist_and_an_improver_are_told_apart() -> None:
    kinds = ("sandbagger", "optimist", "improver")
    made, actual = zip(*(planners(kind, 7) for kind in kinds), strict=True)
    renamed = [
        frame.assign(unique_id=kind + frame["unique_id"])
        for kind, frame in zip(kinds, made, strict=True)
    ]
    known = [
        frame.assign(unique_id=kind + frame["unique_id"])
        for kind, frame in zip(kinds, actual, strict=True)
    ]
    table = tables.check(
        override_bias(pd.concat(renamed), pd.concat(known), month=JUNE), "people"
    ).set_index("author")
    assert table["leans"].to_dict() == {
        "improver 李巧": "",
        "optimist 李巧": "high",
        "sandbagger 李巧": "low",
    }
    assert table.at["improver 李巧", "share_helped"] == 1.0
    assert table.at["improver 李巧", "gain"] > 0 > table.at["optimist 李巧", "gain"]
    assert (
        table.at["sandbagger 李巧", "bias_with"]
        < -0.10
        < table.at["sandbagger 李巧", "bias_without"]
    )


def test_most_sandbaggers_and_optimists_are_found_within_a_year() -> None:
    assert verdicts("sandbagger", 60).count("low") >= 54
    assert verdicts("optimist", 60).count("high") >= 54


@pytest.mark.parametrize("kind", ["fair", "follower", "improver"])
def test_of_200_planners_who_do_not_lean_at_most_two_are_flagged(kind: str) -> None:
    flagged = [verdict for verdict in verdicts(kind, 200) if verdict]
    assert len(flagged) <= 2


def test_nobody_is_flagged_before_seven_months() -> None:
    assert set(verdicts("sandbagger", 30, months=6)) == {""}
    assert "low" in verdicts("sandbagger", 30, months=7)


def test_a_number_changed_again_counts_once_as_it_stood_last() -> None:
    first = adjustment([("Ann", "a", JUNE, 100, 150)]).assign(made_in=pd.Timestamp("2026-03-01"))
    again = adjustment([("Ann", "a", JUNE, 100, 90)])
    actual = pd.DataFrame({"unique_id": ["a"], "ds": [JUNE], "y_raw": [90.0]})
    row = judge_overrides(pd.concat([again, first]), actual, month=JUNE)
    assert row["final"].tolist() == [90]


def test_a_correction_by_the_same_author_adds_to_the_change() -> None:
    made = adjustment([("Ann", "a", JUNE, 100, 90), ("Ann", "a", JUNE, 90, 80)]).assign(
        final=80.0, sequence=[1, 2]
    )
    actual = pd.DataFrame({"unique_id": ["a"], "ds": [JUNE], "y_raw": [90.0]})
    row = judge_overrides(made, actual, month=JUNE)
    assert row[["without", "final", "change", "gain"]].values.tolist() == [[100, 80, -20, 0]]


def test_an_author_answers_only_for_their_own_part_of_what_was_published() -> None:
    made = adjustment([("Ann", "a", JUNE, 100, 90), ("Bo", "a", JUNE, 90, 60)]).assign(
        final=60.0, sequence=[1, 2]
    )
    actual = pd.DataFrame({"unique_id": ["a"], "ds": [JUNE], "y_raw": [70.0]})
    rows = judge_overrides(made, actual, month=JUNE).set_index("author")
    assert rows["without"].to_dict() == {"Ann": 70.0, "Bo": 90.0}
    assert rows["gain"].to_dict() == {"Ann": -10.0, "Bo": 10.0}


def test_only_applied_changes_made_before_their_month_through_this_month_count() -> None:
    made = adjustment(
        [
            ("Ann", "a", JUNE, 100, 90),
            ("Ann", "b", JUNE, 100, 90),
            ("Ann", "a", pd.Timestamp("2026-07-01"), 100, 90),
        ]
    )
    made.loc[1, "state"] = "refused"
    late = adjustment([("Bo", "a", JUNE, 100, 90)]).assign(made_in=JUNE)
    actual = pd.DataFrame(
        {
            "unique_id": ["a", "b", "a"],
            "ds": [JUNE, JUNE, pd.Timestamp("2026-07-01")],
            "y_raw": 90.0,
        }
    )
    rows = judge_overrides(pd.concat([made, late]), actual, month=JUNE)
    assert rows[["author", "unique_id"]].values.tolist() == [["Ann", "a"]]


def test_a_change_without_an_author_is_counted_but_blames_nobody() -> None:
    made, actual = planners("sandbagger", 1)
    table = override_bias(made.assign(author=None), actual, month=JUNE)
    assert (table["changes"].item(), table["leans"].item()) == (36, "")


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), kind=st.sampled_from(["fair", "optimist", "follower"]))
def test_the_order_of_rows_changes_nothing(seed: int, kind: str) -> None:
    made, actual = planners(kind, seed)
    shuffled = override_bias(
        made.sample(frac=1, random_state=seed), actual.sample(frac=1, random_state=seed), month=JUNE
    )
    pd.testing.assert_frame_equal(override_bias(made, actual, month=JUNE), shuffled)


def test_the_sign_test_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for hits, trials in ((0, 0), (6, 6), (9, 12), (3, 8)):
        expected = binomtest(hits, trials, 0.5, alternative="greater").pvalue if trials else 1.0
        assert sign_p(hits, trials) == pytest.approx(expected)


def test_without_archive_nobody_has_changed_anything() -> None:
    actual = pd.DataFrame({"unique_id": ["a"], "ds": [JUNE], "y_raw": [90.0]})
    assert override_bias(tables.empty("adjustment"), actual, month=JUNE).empty
    assert "leans" in override_bias(tables.empty("adjustment"), actual, month=JUNE).columns


SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "a", "b"],
        "level": ["total", "line", "line"],
        "label": ["Total", "A", "B"],
        "product_line": [None, "A", "B"],
    }
)


def orders(rows: list[tuple[str, str | None, str, str]]) -> pd.DataFrame:
    """Transactions from (date, salesperson, product line, amount)."""
    frame = pd.DataFrame(rows, columns=["date", "salesperson", "product_line", "amount"])
    return frame.assign(
        date=pd.to_datetime(frame["date"]), amount=frame["amount"].map(Decimal), kind="sale"
    )


SOLD = orders(
    [
        ("2025-06-10", "Ann", "A", "50.00"),
        ("2026-03-10", "Ann", "A", "25.00"),
        ("2026-03-11", "李巧", "A", "25.00"),
        ("2026-05-31", "李巧", "B", "10.10"),
        ("2026-06-10", "Ann", "A", "60.10"),
        ("2026-06-30", "李巧", "B", "0.20"),
        ("2026-06-30", None, "B", "-1.00"),
    ]
)


def test_sales_by_salesperson_stand_against_the_same_month_last_year() -> None:
    table = by_salesperson(SOLD, month=JUNE)
    assert table["salesperson"].tolist()[:2] == ["Ann", "李巧"]
    assert table["actual"].tolist() == [60.1, 0.2, -1.0]
    assert table["change"].tolist() == pytest.approx([10.1, 0.2, -1.0])
    assert table["growth"].iloc[0] == pytest.approx(0.202)
    assert pd.isna(table["growth"].iloc[1])


def test_the_forecast_error_is_attributed_by_the_share_of_the_year_before() -> None:
    missed = pd.DataFrame(
        {"unique_id": ["a", "b"], "ds": JUNE, "forecast": [100.0, 8.0], "actual": [60.1, -0.8]}
    )
    table = attribute_error(missed, SOLD, SERIES).set_index("salesperson")
    assert table.at["Ann", "attributed_forecast"] == pytest.approx(75)
    assert table.at["李巧", "attributed_forecast"] == pytest.approx(25 + 8)
    assert table.at["Ann", "attributed_difference"] == pytest.approx(75 - 60.1)
    assert table["attributed_forecast"].sum() == pytest.approx(108)
    assert table["actual"].sum() == pytest.approx(59.3)


def test_a_forecast_that_nobody_sold_before_is_attributed_to_nobody() -> None:
    missed = pd.DataFrame(
        {"unique_id": ["b"], "ds": pd.Timestamp("2026-04-01"), "forecast": [5.0], "actual": [0.0]}
    )
    table = attribute_error(missed, SOLD, SERIES)
    assert table["salesperson"].isna().tolist() == [True]
    assert table["attributed_forecast"].tolist() == [5.0]


def test_a_unit_without_salespeople_has_no_rows() -> None:
    missed = pd.DataFrame({"unique_id": ["b"], "ds": JUNE, "forecast": [5.0], "actual": [0.0]})
    assert by_salesperson(tables.empty("transactions"), month=JUNE).empty
    assert attribute_error(missed, tables.empty("transactions"), SERIES).empty
