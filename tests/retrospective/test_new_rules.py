"""Rules on candidates, the hierarchy, promotions and holidays: each fires on its evidence alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.foundation import defaults, holidays, tables
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.proposals import Observed, propose
from salesfc_lib.retrospective.proposals.business import propose_festivals

JUNE = pd.Timestamp("2026-06-01")
YEAR = pd.date_range(end=JUNE, periods=12, freq="MS")
LEVELS = {"total": [], "bottom": ["region"]}
REGIONS = [f"r{number}" for number in range(4)]
IDS = [f"bottom:{region}" for region in REGIONS]
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", *IDS],
        "level": ["total", *["bottom"] * 4],
        "label": ["", *REGIONS],
        "region": [None, *REGIONS],
    }
)
PARAMETERS = defaults().model_copy(update={"levels": LEVELS, "dimensions": ["region"]})
NOTHING = Observed(parameters=PARAMETERS, month=JUNE, series=SERIES)


def rows(values: dict[str, float], months: pd.DatetimeIndex = YEAR) -> pd.DataFrame:
    """A value a month for each series."""
    frame = pd.DataFrame([(name, ds, v) for name, v in values.items() for ds in months])
    return frame.set_axis(["unique_id", "ds", "y_hat"], axis=1)


def ahead(frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The same as forecasts one month ahead."""
    return frame.assign(cutoff=frame["ds"] - pd.DateOffset(months=1), h=1, **columns)


def sold(values: dict[str, float]) -> pd.DataFrame:
    return rows(values).rename(columns={"y_hat": "y_raw"})


def evidence(observed: Observed) -> list[str]:
    return propose(observed)["evidence"].tolist()


ALL = dict.fromkeys(IDS, 100.0)


def mixed(forecasts: dict[str, float], shares: dict[str, float]) -> Observed:
    """A unit whose candidates forecast the same for every series and month."""
    frames = [ahead(rows(dict.fromkeys(IDS, v)), model=name) for name, v in forecasts.items()]
    weights = [
        frame.rename(columns={"cutoff": "made_in"})[["unique_id", "model", "made_in"]]
        for frame in frames
    ]
    shared = pd.concat(weights, ignore_index=True)
    shared = shared.assign(weight=shared["model"].map(shares))
    both = {"weights": shared, "candidates": pd.concat(frames, ignore_index=True)}
    return replace(NOTHING, actual=sold(ALL), **both)


def test_a_candidate_that_nearly_always_cost_accuracy_is_proposed_off() -> None:
    # 0.75 x 104 + 0.25 x 140 = 113; without winters 104
    observed = mixed({"damped": 104.0, "winters": 140.0}, {"damped": 0.75, "winters": 0.25})
    row = propose(observed).iloc[0]
    assert (row["key"], row["evidence"]) == ("candidates.winters.enabled", "candidate_costs")
    facts = read_facts(row["facts"])
    assert facts["wape_with"] == pytest.approx(0.13)
    assert facts["wape_without"] == pytest.approx(0.04)
    assert (facts["better"], facts["months"]) == (12, 12)


def test_a_candidate_that_balances_the_others_or_was_judged_too_seldom_stays() -> None:
    balanced = mixed({"damped": 110.0, "winters": 90.0}, {"damped": 0.5, "winters": 0.5})
    assert evidence(balanced) == []
    costly = mixed({"damped": 104.0, "winters": 140.0}, {"damped": 0.75, "winters": 0.25})
    few = costly.candidates[costly.candidates["ds"] >= YEAR[-5]]
    assert evidence(replace(costly, candidates=few)) == []
    naive = mixed(
        {"damped": 104.0, "seasonal_naive": 140.0}, {"damped": 0.7, "seasonal_naive": 0.3}
    )
    assert evidence(naive) == []  # it is what all are held against


def test_of_ended_series_no_candidate_is_unused() -> None:
    forecast = {"damped": 100.0, "winters": 100.0}
    ended = mixed(forecast, {"damped": 0.0, "winters": 0.0})
    recent = pd.concat([ended.weights, ended.weights.assign(made_in=JUNE)]).drop_duplicates()
    assert evidence(replace(ended, weights=recent)) == []
    unused = mixed(forecast, {"damped": 1.0, "winters": 0.0})
    assert evidence(unused) == ["candidate_unused"]


def reconciled_as(total: float, bottoms: float) -> Observed:
    """Sales of 100 in each of four series, combined at 101; reconciled as given."""
    actual = sold(ALL | {"total": 400.0})
    combined = ahead(
        rows(dict.fromkeys(IDS, 101.0) | {"total": 430.0}), stage="combined", model="c"
    )
    method = ahead(
        rows(dict.fromkeys(IDS, bottoms) | {"total": total}), stage="reconciled", model="ols"
    )
    vintages = pd.concat([combined, method], ignore_index=True)
    bounds = dict.fromkeys(["lo-80", "hi-80", "lo-95", "hi-95"], np.nan)
    return replace(NOTHING, actual=actual, vintages=vintages.assign(**bounds))


def test_adding_up_the_bottom_is_proposed_where_the_method_was_nearly_always_worse() -> None:
    row = propose(reconciled_as(total=428.0, bottoms=107.0)).query("kind == 'parameter'").iloc[0]
    assert (row["key"], row["proposed"]) == ("reconcile.methods", "[bottom_up]")
    facts = read_facts(row["facts"])
    assert facts["wape_chosen"] == pytest.approx((28 + 4 * 7) / 800)
    assert facts["wape_summed"] == pytest.approx((4 + 4 * 1) / 800)
    assert "method_costs" not in evidence(reconciled_as(total=400.0, bottoms=100.0))
    reconcile = PARAMETERS.reconcile.model_copy(update={"methods": ["bottom_up"]})
    done = PARAMETERS.model_copy(update={"reconcile": reconcile})
    worse = replace(reconciled_as(total=428.0, bottoms=107.0), parameters=done)
    assert "method_costs" not in evidence(worse)


def days(after: float, promotions: int = 10) -> Observed:
    """Sales by day in one region, ten promotions five weeks apart; the week after each times
    `after`.
    """
    dates = pd.date_range("2025-07-01", "2026-06-30")
    dice = np.random.default_rng(0)
    amount = pd.Series(dice.uniform(80, 120, len(dates)), dates)
    starts = pd.date_range("2025-08-04", periods=promotions, freq="35D")
    for start in starts:
        amount[start : start + pd.Timedelta(days=4)] *= 2
        amount[start + pd.Timedelta(days=5) : start + pd.Timedelta(days=11)] *= after
    frame = pd.DataFrame({"date": dates, "region": "r0", "amount": amount.to_numpy()})
    end = starts + pd.Timedelta(days=4)
    plan = pd.DataFrame({"name": "sale", "start": starts, "end": end, "region": "r0"})
    return replace(NOTHING, transactions=frame, promotion=plan)


def test_a_dip_after_nearly_every_promotion_proposes_to_count_the_week() -> None:
    row = propose(days(after=0.6)).iloc[0]
    assert (row["key"], row["now"], row["proposed"]) == ("measure.promotion_window.after", "0", "7")
    facts = read_facts(row["facts"])
    assert facts == {"side": "after", "direction": "less", "hits": 9, "promotions": 9}
    assert read_facts(propose(days(after=1.6)).iloc[0]["facts"])["direction"] == "more"
    assert evidence(days(after=0.6, promotions=6)) == []
    window = PARAMETERS.measure.promotion_window.model_copy(update={"after": 7})
    measure = PARAMETERS.measure.model_copy(update={"promotion_window": window})
    agreed = PARAMETERS.model_copy(update={"measure": measure})
    assert evidence(replace(days(after=0.6), parameters=agreed)) == []


def test_weeks_beside_promotions_like_any_other_propose_nothing() -> None:
    assert evidence(days(after=1.0)) == []


def unit_of(effect: float, seed: int, known: str = "") -> Observed:
    """Five years of a unit that sells `effect` times more in Chinese New Year's window."""
    months = pd.date_range(end=JUNE, periods=60, freq="MS")
    first = months.to_numpy().astype("datetime64[D]")
    end = (months + pd.DateOffset(months=1)).to_numpy().astype("datetime64[D]")
    share = holidays.share_of_festival("chinese_new_year", first, end)
    dice = np.random.default_rng(seed)
    season = 1 + 0.2 * np.cos(months.month.to_numpy() * np.pi / 6)
    sales = 100 * season * (1 + effect * share) * np.exp(dice.normal(0, 0.04, 60))
    frame = pd.DataFrame({"unique_id": "total", "ds": months, "y_raw": sales, "y": sales})
    return replace(NOTHING, actual=frame.assign(**({known: share} if known else {})))


def test_a_holiday_that_sales_follow_and_the_calendar_lacks_is_proposed() -> None:
    row = propose(unit_of(-0.4, seed=1)).iloc[0]
    assert (row["key"], row["now"]) == ("calendar.moving_holidays", "null")
    assert row["proposed"] == "[chinese_new_year]"
    assert read_facts(row["facts"])["direction"] == "less"
    assert evidence(unit_of(-0.4, seed=1, known="chinese_new_year")) == []
    assert evidence(replace(unit_of(-0.4, seed=1), month=pd.Timestamp("2022-06-01"))) == []


def test_of_units_without_any_holiday_next_to_none_is_proposed_one() -> None:
    found = sum(bool([*propose_festivals(unit_of(0.0, seed))]) for seed in range(60))
    assert found <= 1


def test_a_proposals_id_is_readable_and_changes_with_what_it_would_change() -> None:
    def name(observed: Observed, unit: str = "kitchen") -> str:
        return str(propose(observed, unit=unit)["id"].iloc[0])

    first = name(days(after=0.6))
    assert first == name(days(after=0.6))
    assert first.startswith("2026-06-measure.promotion_window.after-")
    assert len(first.rpartition("-")[2]) == 4
    assert first != name(days(after=0.6), "cleaning")
    before = replace(days(after=0.6), month=JUNE - pd.DateOffset(months=1))
    assert name(before).startswith("2026-05-")


def test_what_is_not_rerun_says_so() -> None:
    table = propose(days(after=0.6))
    assert table["gain"].isna().all()
    assert read_facts(table["remark"].iloc[0]) == {"say": "proposal.not_rerun"}
    tables.check(table, "proposals")
