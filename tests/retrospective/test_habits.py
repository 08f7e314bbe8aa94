"""Habits: each test by hand, the months it needs, and that all of them are adjusted together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, false_discovery_control

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.habits import Conduct, judge, judge_habits, sign_p
from salesfc_lib.retrospective.habits.counting import count_months
from salesfc_lib.retrospective.habits.finding import Finding
from salesfc_lib.retrospective.members import sum_targets

JUNE = pd.Timestamp("2026-06-01")
MONTHS = pd.date_range(end=JUNE, periods=12, freq="MS")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "a", "b"],
        "level": ["total", "line", "line"],
        "label": ["Total", "A", "B"],
        "line": [None, "A", "B"],
    }
)
# of the forecast; sales are this and what a test adds
LEVEL = np.array([103.0, 95, 108, 98, 104, 92, 101, 107, 94, 106, 97, 102])


def changes(
    author: str,
    old: np.ndarray | float,
    asked: np.ndarray | float,
    *,
    unique_id: str = "a",
    h: int = 1,
    sequence: int = 1,
    months: int = 12,
) -> pd.DataFrame:
    """Applied changes of the last months, one a month, made `h` months before."""
    ds = MONTHS[-months:]
    frame = pd.DataFrame({"ds": ds, "made_in": ds - pd.DateOffset(months=h)})
    frame = frame.assign(unique_id=unique_id, author=author, sequence=sequence)
    frame["old"], frame["asked"] = (np.broadcast_to(each, 12)[-months:] for each in (old, asked))
    return frame.assign(final=frame["asked"], state="applied", reason="why", remark="")


def sold(values: np.ndarray | float, unique_id: str = "a") -> pd.DataFrame:
    return pd.DataFrame(
        {"unique_id": unique_id, "ds": MONTHS, "y_raw": np.broadcast_to(values, 12)}
    )


def conduct(*made: pd.DataFrame, actual: pd.DataFrame, **others: pd.DataFrame) -> Conduct:
    return Conduct(actual=actual, series=SERIES, month=JUNE, adjustments=pd.concat(made), **others)


def signs(finding: Finding, part: str) -> list[float]:
    """Signs of the only subject's months."""
    return np.sign(finding.signs[part].to_numpy()).tolist()


def row_of(found: pd.DataFrame, test: str, name: str = "Li") -> pd.Series:
    rows = found[(found["test"] == test) & (found["name"] == name)]
    assert len(rows) == 1
    return rows.iloc[0]


WAVE = np.where(np.arange(12) % 2, 4.0, -4.0)  # what sales differ from the forecast by


# --- counting


def test_independent_months_are_counted_by_the_binomial_tail() -> None:
    ends = pd.Series([3.0, 1.0, -1.0, 2.0, 0.0, 5.0, 4.0, 0.5])
    ends.index = pd.MultiIndex.from_product(
        [["author"], ["Li"], MONTHS[:8]], names=["kind", "name", "ds"]
    )
    row = count_months(ends).iloc[0]
    assert (row["hits"], row["months"]) == (6, 7)  # the zero says nothing
    assert row["p"] == pytest.approx(binomtest(6, 7, alternative="greater").pvalue)
    row = count_months(ends, chance=0.2).iloc[0]
    assert row["p"] == pytest.approx(binomtest(6, 7, 0.2, alternative="greater").pvalue)


def test_months_that_resemble_the_month_before_count_for_less() -> None:
    rising = pd.Series(np.arange(1.0, 13.0))  # ranks 1 to 12: correlation with the month before
    rising.index = pd.MultiIndex.from_product(
        [["author"], ["Li"], MONTHS], names=["kind", "name", "ds"]
    )
    ranks = np.arange(12) - 5.5
    alike = (ranks[1:] * ranks[:-1]).sum() / (ranks**2).sum()
    effective = 12 * (1 - alike) / (1 + alike)
    assert count_months(rising)["p"].item() == pytest.approx(0.5**effective)
    gone = rising[rising.index.get_level_values("ds").month % 2 == 0]  # no neighbours left
    assert count_months(gone)["p"].item() == pytest.approx(0.5**6)


# --- each habit, and what looks like it


def test_who_lowers_and_is_then_below_sales_is_flagged_for_it() -> None:
    low = conduct(changes("Li", LEVEL, 0.85 * LEVEL), actual=sold(LEVEL + WAVE))
    row = row_of(judge_habits(low), "sandbagging")
    assert (row["months"], row["statistic"], row["flagged"]) == (12, 1.0, True)
    assert row["p"] == pytest.approx(2**-12)
    facts = read_facts(row["facts"])
    assert (facts["lowered"], facts["too_low"]) == (12, 12)
    assert facts["bias"] == pytest.approx(0.85 * LEVEL.sum() / (LEVEL + WAVE).sum() - 1)


@pytest.mark.parametrize("sales", [0.85, 0.8])
def test_who_lowers_a_forecast_that_is_too_high_is_not_flagged(sales: float) -> None:
    right = conduct(changes("Li", LEVEL, 0.85 * LEVEL), actual=sold(sales * LEVEL + WAVE))
    assert not row_of(judge_habits(right), "sandbagging")["flagged"]


def test_who_is_below_sales_by_the_forecast_and_not_by_the_changes_is_not_flagged() -> None:
    blamed = conduct(changes("Li", LEVEL, 0.99 * LEVEL), actual=sold(1.3 * LEVEL))
    row = row_of(judge_habits(blamed), "sandbagging")
    assert row["p_adjusted"] < 0.05
    assert not row["flagged"]


def test_the_mirror_of_lowering_is_raising() -> None:
    high = conduct(changes("Li", LEVEL, 1.15 * LEVEL), actual=sold(LEVEL + WAVE))
    found = judge_habits(high)
    assert row_of(found, "overstating")["flagged"]
    assert not row_of(found, "sandbagging")["flagged"]


def targets(values: np.ndarray | float) -> pd.DataFrame:
    return pd.DataFrame({"ds": MONTHS, "target": np.broadcast_to(values, 12), "line": "A"})


def test_a_forecast_that_is_bent_to_the_target_is_flagged_and_one_that_is_right_is_not() -> None:
    made = changes("Li", LEVEL, 1.18 * LEVEL)
    bent = conduct(made, actual=sold(LEVEL + WAVE), target=targets(1.2 * LEVEL))
    row = row_of(judge_habits(bent), "enforcing")
    assert row["flagged"]
    assert read_facts(row["facts"])["distance_left"] == pytest.approx(0.1)
    right = conduct(made, actual=sold(1.18 * LEVEL + WAVE), target=targets(1.2 * LEVEL))
    assert not row_of(judge_habits(right), "enforcing")["flagged"]
    aside = conduct(made, actual=sold(LEVEL + WAVE), target=targets(1.6 * LEVEL))
    assert not row_of(judge_habits(aside), "enforcing")["flagged"]


def test_changes_both_ways_beyond_what_there_was_to_change_are_too_wide() -> None:
    wide = conduct(changes("Li", LEVEL, LEVEL - 3 * WAVE), actual=sold(LEVEL + WAVE))
    row = row_of(judge_habits(wide), "hedging")
    assert row["flagged"]
    assert read_facts(row["facts"])["width"] == pytest.approx(3.0)
    fair = conduct(changes("Li", LEVEL, LEVEL + 0.9 * WAVE), actual=sold(LEVEL + WAVE))
    assert not row_of(judge_habits(fair), "hedging")["flagged"]
    one_way = conduct(changes("Li", LEVEL, LEVEL - 12), actual=sold(LEVEL + WAVE))
    assert judge_habits(one_way).query("test == 'hedging'").empty


def test_who_flattens_against_what_is_sold_is_flagged_and_who_takes_out_noise_is_not() -> None:
    season = 100 + 30 * np.where(np.arange(12) % 2, 1, -1) + np.arange(12)
    flat = conduct(changes("Li", season, 0.8 * 105 + 0.2 * season), actual=sold(season + WAVE / 4))
    row = row_of(judge_habits(flat), "smoothing")
    assert row["flagged"]
    assert read_facts(row["facts"])["kept"] == pytest.approx(0.2, abs=0.01)
    noise = conduct(changes("Li", season, 0.8 * 105 + 0.2 * season), actual=sold(105 + WAVE))
    assert not row_of(judge_habits(noise), "smoothing")["flagged"]


@pytest.mark.parametrize("asked", [1.1 * LEVEL, np.full(12, 130.0)], ids=["percent", "number"])
def test_the_same_again_month_after_month_is_flagged_where_it_brings_nothing(
    asked: np.ndarray,
) -> None:
    same = conduct(changes("Li", LEVEL, asked), actual=sold(LEVEL + WAVE))
    row = row_of(judge_habits(same), "copy_forward")
    assert (row["months"], row["statistic"], row["flagged"]) == (11, 1.0, True)
    right = conduct(changes("Li", LEVEL, asked), actual=sold(asked + WAVE))
    assert not row_of(judge_habits(right), "copy_forward")["flagged"]
    other = conduct(changes("Li", LEVEL, asked + np.arange(12)), actual=sold(LEVEL + WAVE))
    assert row_of(judge_habits(other), "copy_forward")["statistic"] < 0.2


def test_who_takes_back_what_helped_is_flagged_and_who_takes_back_a_mistake_is_not() -> None:
    first = changes("Ann", LEVEL, LEVEL + 2 * WAVE)
    back = changes("Li", LEVEL + 2 * WAVE, LEVEL, sequence=2)
    undone = conduct(first, back, actual=sold(LEVEL + 2 * WAVE))
    row = row_of(judge_habits(undone), "second_guessing")
    assert (row["months"], row["flagged"]) == (12, True)
    assert read_facts(row["facts"])["undone"] == pytest.approx(1.0)
    mended = conduct(first, back, actual=sold(LEVEL))
    assert not row_of(judge_habits(mended), "second_guessing")["flagged"]
    own = conduct(first, back.assign(author="Ann"), actual=sold(LEVEL + 2 * WAVE))
    assert judge_habits(own).query("test == 'second_guessing'").empty


def vintages(values: np.ndarray) -> pd.DataFrame:
    """What was published of series a two months ahead."""
    rows = pd.DataFrame({"unique_id": "a", "ds": MONTHS, "y_hat": values, "h": 2})
    return rows.assign(cutoff=MONTHS - pd.DateOffset(months=2), stage="reconciled", model="any")


def test_news_that_lasts_and_is_told_of_one_month_only_is_flagged() -> None:
    near, actual = changes("Li", LEVEL, 1.2 * LEVEL), sold(1.25 * LEVEL)
    now_and_then = changes("Li", LEVEL, 1.2 * LEVEL, h=2).iloc[::4]  # others are left as they were
    held = conduct(near, now_and_then, actual=actual, vintages=vintages(LEVEL))
    row = row_of(judge_habits(held), "withholding")
    facts = read_facts(row["facts"])
    assert (facts["alone"], facts["alone_of"]) == (10, 12)  # of 12 made, the first of 3 is gone
    assert facts["again"] == facts["again_of"] == facts["missed"] == facts["missed_of"]
    only_near = conduct(near, actual=actual, vintages=vintages(LEVEL))
    assert judge_habits(only_near).query("test == 'withholding'").empty


def dated(day: int, months: int = 12) -> pd.DataFrame:
    """Overrides written on that day of the month after the month in which they were made."""
    made = MONTHS[:months]
    created = made + pd.DateOffset(months=1, days=day - 1)
    return pd.DataFrame({"made_in": made, "author": "Li", "created_at": created})


def test_changes_on_the_day_of_publication_are_late_and_a_day_before_are_not() -> None:
    fair = conduct(changes("Li", LEVEL, LEVEL + WAVE), actual=sold(LEVEL))
    late = row_of(judge_habits(replace(fair, overrides=dated(15))), "late_changes")
    assert (late["months"], late["flagged"]) == (11, True)  # those made in June are not due yet
    assert late["p"] == pytest.approx(0.2**11)
    in_time = row_of(judge_habits(replace(fair, overrides=dated(14))), "late_changes")
    assert (in_time["statistic"], in_time["flagged"]) == (0.0, False)


# --- gains


def test_a_gain_of_every_month_is_real_and_one_of_half_the_months_is_chance() -> None:
    helped = conduct(changes("Li", LEVEL, LEVEL + WAVE / 2), actual=sold(LEVEL + WAVE))
    row = row_of(judge_habits(helped), "peoples_gain")
    assert row["flagged"]
    assert read_facts(row["facts"])["share"] == pytest.approx(0.5)
    once = LEVEL + np.where(np.arange(12) == 5, 50.0, np.where(np.arange(12) % 2, 1.0, -1.0))
    lucky = conduct(changes("Li", LEVEL, LEVEL + 1.0), actual=sold(once))
    row = row_of(judge_habits(lucky), "peoples_gain")
    assert read_facts(row["facts"])["gain"] == 6
    assert not row["flagged"]


# --- all of them together


def crowd() -> Conduct:
    """Two people who lean and three who do not; a segment that two of them change."""
    rng = np.random.default_rng(3)
    noise = [LEVEL + rng.normal(0, 3, 12) for _ in range(3)]
    made = [
        changes(f"p{n}", LEVEL, each, unique_id="b", sequence=n + 2) for n, each in enumerate(noise)
    ]
    lean = [changes("Li", LEVEL, 0.8 * LEVEL), changes("Bo", LEVEL, 1.3 * LEVEL, unique_id="b")]
    actual = pd.concat([sold(LEVEL + WAVE, name) for name in ("a", "b")])
    return conduct(*made, *lean, actual=actual, overrides=dated(3), target=targets(LEVEL))


def test_p_values_are_adjusted_over_all_people_segments_and_tests() -> None:
    found = tables.check(judge_habits(crowd()), "habits")
    habits = found[found["test"].isin(judge.HABITS)]
    assert habits["test"].nunique() >= 4
    assert set(habits["kind"]) == {"author", "segment"}
    expected = false_discovery_control(habits["p"])
    np.testing.assert_allclose(habits["p_adjusted"], expected)
    gains = found[found["test"].isin(judge.GAINS)]
    np.testing.assert_allclose(gains["p_adjusted"], false_discovery_control(gains["p"]))
    assert set(found.loc[found["flagged"] & (found["kind"] == "author"), "name"]) == {"Li", "Bo"}


def test_a_series_that_one_person_changed_alone_is_no_segment_of_its_own() -> None:
    names = judge_habits(crowd()).query("kind == 'segment'")["name"].unique()
    assert names.tolist() == ["line: B"]


def test_the_order_of_rows_changes_no_habit() -> None:
    whole = crowd()
    shuffled = replace(
        whole,
        adjustments=whole.adjustments.sample(frac=1, random_state=1),
        actual=whole.actual.sample(frac=1, random_state=2),
        overrides=whole.overrides.sample(frac=1, random_state=3),
        target=whole.target.sample(frac=1, random_state=4),
    )
    pd.testing.assert_frame_equal(judge_habits(whole), judge_habits(shuffled))


def test_six_months_say_nothing_of_anybody() -> None:
    made = changes("Li", LEVEL, 0.7 * LEVEL, months=6)
    assert judge_habits(conduct(made, actual=sold(LEVEL))).empty
    made = changes("Li", LEVEL, 0.7 * LEVEL, months=7)
    assert len(judge_habits(conduct(made, actual=sold(LEVEL))))


def test_refused_changes_and_those_without_an_author_are_nobodys() -> None:
    made = changes("Li", LEVEL, 0.7 * LEVEL)
    for nobody in (made.assign(state="refused"), made.assign(author=None)):
        assert judge_habits(conduct(nobody, actual=sold(LEVEL))).query("kind == 'author'").empty


# --- targets of series


def test_targets_are_summed_to_series_whose_members_all_have_one() -> None:
    may = JUNE - pd.DateOffset(months=1)
    rows = [(JUNE, 10.0, "A"), (JUNE, 20.0, "B"), (may, 5.0, "A"), (may, np.nan, "B")]
    found = sum_targets(pd.DataFrame(rows, columns=["ds", "target", "line"]), SERIES)
    table = found.set_index(["unique_id", "ds"])["target"].to_dict()
    assert table == {("total", JUNE): 30.0, ("a", JUNE): 10.0, ("b", JUNE): 20.0, ("a", may): 5.0}
    whole = pd.DataFrame([(JUNE, 40.0, None), *rows], columns=["ds", "target", "line"])
    table = sum_targets(whole, SERIES).set_index(["unique_id", "ds"])["target"]
    assert table["total", JUNE] == 40.0  # set for the whole, so that its parts do not count again
    assert sum_targets(tables.empty("target"), SERIES).empty


@pytest.mark.parametrize("find", [*judge.HABITS.values(), *judge.GAINS.values()])
def test_every_test_says_what_it_rests_on(find: Callable[[Conduct], Finding]) -> None:
    assert find.__doc__
    assert "part" in find.__doc__.lower()


def test_sign_p_is_the_binomial_tail() -> None:
    assert sign_p(0, 5) == 1.0
    assert sign_p(11, 12) == pytest.approx(13 / 4096)
