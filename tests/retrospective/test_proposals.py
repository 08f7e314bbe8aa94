"""What to change next month: each rule fires on its evidence, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.foundation import read_yaml, resources, say, schema, tables
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.proposals import Observed, propose

JUNE = pd.Timestamp("2026-06-01")
MONTHS = pd.date_range(end=JUNE, periods=12, freq="MS")
IDS = [f"s{number}" for number in range(8)]
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", *IDS],
        "level": ["total", *["bottom"] * 8],
        "label": ["Total", *IDS],
        "region": [None, *IDS],
    }
)
DEFAULTS = schema.Parameters.model_validate(read_yaml(resources.DEFAULTS))


def actuals() -> pd.DataFrame:
    """A year of sales of 100 a month in eight series."""
    return pd.DataFrame(
        [(name, ds, 100.0) for name in IDS for ds in MONTHS], columns=["unique_id", "ds", "y_raw"]
    )


def stage(name: str, *, times: float = 1.0, low: float = 0.0) -> pd.DataFrame:
    """Forecasts one month ahead of one stage: actual times `times`, an interval up from `low`."""
    frame = actuals().rename(columns={"y_raw": "y_hat"}).assign(stage=name, model="any", h=1)
    frame = frame.assign(cutoff=frame["ds"] - pd.DateOffset(months=1), y_hat=frame["y_hat"] * times)
    return frame.assign(**{"lo-80": low, "hi-80": 1000.0, "lo-95": np.nan, "hi-95": np.nan})


def weights(models: dict[str, float], months: int = 3) -> pd.DataFrame:
    """Weights of each model in two series, in the last `months` months."""
    rows = [
        (name, model, weight, JUNE - pd.DateOffset(months=back))
        for name in IDS[:2]
        for model, weight in models.items()
        for back in range(months)
    ]
    return pd.DataFrame(rows, columns=["unique_id", "model", "weight", "made_in"])


def quiet() -> Observed:
    """A unit in which nothing calls for a change: nine in ten actuals are inside, the combination
    is the better.
    """
    vintages = pd.concat([stage("statistical", times=1.04), stage("combined", times=1.02)])
    outside = vintages["unique_id"].isin(["s0"])
    return Observed(
        parameters=DEFAULTS,
        month=JUNE,
        vintages=vintages.assign(**{"lo-80": np.where(outside, 500.0, 0.0)}),
        actual=actuals(),
        series=SERIES,
        weights=weights({"ets": 0.6, "theta": 0.4}),
    )


def proposed(observed: Observed) -> pd.DataFrame:
    return propose(observed)


def only(observed: Observed) -> tuple[pd.Series, dict[str, object]]:
    """The only proposal, and its facts."""
    table = proposed(observed)
    assert len(table) == 1
    assert table["decision"].tolist() == ["open"]
    return table.iloc[0], read_facts(table["facts"].iloc[0])


def test_a_quiet_month_and_a_first_month_propose_nothing() -> None:
    assert proposed(quiet()).empty
    first = proposed(Observed(parameters=DEFAULTS, month=JUNE))
    assert first.empty
    assert first.columns.tolist() == list(tables.empty("proposals").columns)


ERRORS = (  # as table failures keeps them
    "ValueError: did not converge",
    "ValueError: the model gave 1 values, 12 needed",
    "gave an array of shape (8, 3), (8, 12) needed",
    say("refused.month", value=9.0, h=1, limit=4.0, largest=2.0, growth=2.0),
)


def failures(count: int, model: str = "winters", error: str = ERRORS[0]) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": IDS[:count], "model": model, "cutoff": JUNE, "error": error})


@pytest.mark.parametrize("error", ERRORS)
def test_a_candidate_that_fails_in_half_of_its_series_is_proposed_off(error: str) -> None:
    run = weights({"winters": 0.1}).query("made_in == @JUNE").iloc[:1]
    ran = pd.concat([weights({"ets": 0.6}), *(run.assign(unique_id=each) for each in IDS[4:])])
    unit = replace(quiet(), weights=ran)  # of the other series, two are not of winters' kind
    row, facts = only(replace(unit, failures=failures(4, error=error)))
    assert (row["key"], row["now"], row["proposed"], row["kind"]) == (
        "candidates.winters.enabled",
        "true",
        "false",
        "parameter",
    )
    assert facts == {"model": "winters", "failed": 4, "of": 8}
    assert proposed(replace(unit, failures=failures(3))).empty


def test_the_baseline_is_never_proposed_off() -> None:
    assert proposed(replace(quiet(), failures=failures(8, "seasonal_naive"))).empty


def test_a_candidate_without_weight_for_three_months_is_proposed_off() -> None:
    row, facts = only(replace(quiet(), weights=weights({"theta": 1.0, "winters": 0.0})))
    assert (row["key"], facts["series"]) == ("candidates.winters.enabled", 2)
    assert proposed(
        replace(quiet(), weights=weights({"theta": 1.0, "winters": 0.0}, months=2))
    ).empty


def test_sharper_weights_are_proposed_where_the_best_model_beats_the_combination() -> None:
    vintages = quiet().vintages
    swapped = vintages.assign(
        stage=vintages["stage"].map({"statistical": "combined", "combined": "statistical"})
    )
    row, facts = only(replace(quiet(), vintages=swapped))
    assert (row["key"], row["now"], row["proposed"]) == ("combine.power", "4.0", "8.0")
    assert (facts["better"], facts["months"]) == (12, 12)
    assert facts["wape_single"] == pytest.approx(0.02)


def changes_of(author: str, percent: float, months: int = 12) -> pd.DataFrame:
    """Changes of one series a month, from 100 by `percent`."""
    frame = pd.DataFrame(
        {"ds": MONTHS[-months:], "unique_id": "s0", "old": 100.0, "author": author}
    )
    final = 100.0 + percent
    frame = frame.assign(
        made_in=frame["ds"] - pd.DateOffset(months=1), sequence=1, asked=final, final=final
    )
    return frame.assign(reason="", state="applied", remark="")


def test_an_author_who_leans_and_whose_changes_hurt_is_named_with_the_count() -> None:
    table = proposed(replace(quiet(), adjustments=changes_of("周建国", -15)))
    assert table["evidence"].tolist() == ["author_leans", "changes_hurt"]
    leans, hurt = map(read_facts, table["facts"])
    assert (leans["author"], leans["leans"], leans["months_beyond"], leans["months"]) == (
        "周建国",
        "low",
        12,
        12,
    )
    assert (hurt["direction"], hurt["hurt_months"], hurt["months"], hurt["gain"]) == (
        "lowered",
        12,
        12,
        -180,
    )
    assert table["key"].str.contains("周建国").all()
    assert proposed(replace(quiet(), adjustments=changes_of("周建国", -15, months=4))).empty


def test_bias_beyond_the_limit_three_months_running_asks_for_a_look() -> None:
    biased = pd.concat([stage("statistical", times=1.2), stage("combined", times=1.1)])
    observed = replace(
        quiet(), vintages=biased.assign(**{"lo-80": quiet().vintages["lo-80"].to_numpy()})
    )
    row, facts = only(observed)
    assert (row["kind"], row["key"], facts["bias"]) == (
        "practice",
        "bias",
        pytest.approx([0.1, 0.1, 0.1]),
    )
    recovered = observed.vintages.assign(
        y_hat=np.where(observed.vintages["ds"] == JUNE, 100.0, observed.vintages["y_hat"])
    )
    assert "bias" not in proposed(replace(observed, vintages=recovered))["key"].tolist()


def test_many_flagged_months_propose_a_higher_threshold() -> None:
    flagged = actuals().head(6).assign(y=100.0, score=7.0, reason="")
    row, facts = only(replace(quiet(), outliers=flagged))
    assert (row["key"], row["now"], row["proposed"]) == (
        "cleaning.outliers.threshold",
        "6.0",
        "8.0",
    )
    assert facts == {"flagged": 6, "of": 96, "months": 12}
    assert proposed(replace(quiet(), outliers=flagged.head(2))).empty


@pytest.mark.parametrize(("low", "covered"), [(0.0, 1.0), (500.0, 0.0)])
def test_intervals_that_hold_too_much_or_too_little_ask_for_a_look(
    low: float, covered: float
) -> None:
    row, facts = only(replace(quiet(), vintages=stage("combined", low=low)))
    assert (row["key"], facts["coverage"], facts["n"]) == ("intervals", covered, 96)


def test_a_month_without_any_row_is_proposed_as_closed() -> None:
    actual = actuals()
    actual.loc[actual["ds"] == "2026-02-01", "y_raw"] = np.nan
    row, facts = only(replace(quiet(), actual=actual))
    assert (row["key"], row["now"], row["proposed"]) == (
        "calendar.closed_months",
        "[]",
        '["2026-02"]',
    )
    assert facts == {"months": ["2026-02"]}


def test_sales_that_follow_fridays_propose_to_count_them() -> None:
    months = pd.date_range(end=JUNE, periods=48, freq="MS")
    first = months.to_numpy().astype("datetime64[D]")
    after = (months + pd.DateOffset(months=1)).to_numpy().astype("datetime64[D]")
    fridays = np.busday_count(first, after, weekmask="0000100")
    noise = np.random.default_rng(1).normal(1, 0.02, (len(IDS), 48))
    rows = [
        (name, ds, 25.0 * count * around[at])
        for name, around in zip(IDS, noise, strict=True)
        for at, (ds, count) in enumerate(zip(months, fridays, strict=True))
    ]
    sold = pd.DataFrame(rows, columns=["unique_id", "ds", "y_raw"])
    observed = replace(quiet(), actual=sold, vintages=tables.empty("forecast"))
    row, facts = only(observed)
    assert (row["key"], row["now"], row["proposed"]) == (
        "calendar.trading_weekdays",
        "[monday, tuesday, wednesday, thursday, friday]",
        "[friday]",
    )
    assert facts == {"days": ["friday"]}
    calendar = DEFAULTS.calendar.model_copy(update={"trading_weekdays": ["friday"]})
    accepted = DEFAULTS.model_copy(update={"calendar": calendar})
    assert proposed(replace(observed, parameters=accepted)).empty  # and asks no more


def test_what_comes_after_the_month_is_no_evidence() -> None:
    later = replace(
        quiet(),
        month=pd.Timestamp("2025-09-01"),
        adjustments=changes_of("周建国", -15),
        failures=failures(8).assign(cutoff=pd.Timestamp("2026-07-01")),
    )
    assert proposed(later).empty


def test_proposals_can_be_written_as_a_table(tmp_path) -> None:
    table = proposed(replace(quiet(), failures=failures(8)))
    tables.write(table, tmp_path, "proposals")
    pd.testing.assert_frame_equal(tables.read(tmp_path, "proposals"), table)
