"""People's changes: what they move, what they leave alone, and that totals agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words, language
from salesfc_lib.foundation.contracts import INTERVALS
from salesfc_lib.foundation.tables import check, empty
from salesfc_lib.panel.hierarchy import build_series, coherence_gap, summing_matrix
from salesfc_lib.reconciliation.adjustment import adjust, spread
from salesfc_lib.reconciliation.overrides import read_overrides

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame(
    [("Pots", "N"), ("Pots", "S"), ("Pans", "N"), ("Pans", "S")], columns=["line", "region"]
)
SERIES = build_series(KEYS, LEVELS)
SOURCE = "overrides/north.csv"
JULY = "2026-07"
a_change = st.tuples(
    st.sampled_from(SERIES["unique_id"].tolist()),
    st.sampled_from([JULY, "2026-08"]),
    st.floats(0, 1e9),
)


def reconciled(
    pans_n: float = 10.0, pans_s: float = 20.0, pots_n: float = 30.0, pots_s: float = 40.0
) -> pd.DataFrame:
    """Two months of coherent forecasts, July as given and August twice that."""
    summing = summing_matrix(SERIES, LEVELS)
    bottoms = np.array([pans_n, pans_s, pots_n, pots_s])
    parts = [
        pd.DataFrame(
            {
                "unique_id": summing.ids,
                "stage": "reconciled",
                "model": "ols",
                "cutoff": pd.Timestamp("2026-06-01"),
                "ds": pd.Timestamp(ds),
                "h": h,
                "y_hat": summing.matrix @ (bottoms * h),
                **dict.fromkeys(INTERVALS, np.nan),
            }
        )
        for h, ds in ((1, "2026-07-01"), (2, "2026-08-01"))
    ]
    return pd.concat(parts, ignore_index=True)


def overrides(*rows: dict[str, object]) -> pd.DataFrame:
    """Override table; each row says what differs from a first, well-formed override made in
    2026-06.
    """
    usual = {
        "unit": "north",
        "made_in": "2026-06",
        "unique_id": "total",
        "ds": JULY,
        "sequence": 1,
        "new": np.nan,
        "percent": np.nan,
        "author": "Ann",
        "reason": "why",
        "created_at": "2026-07-02",
    }
    frame = pd.DataFrame([usual | row for row in rows], columns=list(usual))
    for name in ("made_in", "ds", "created_at"):
        frame[name] = pd.to_datetime(frame[name])
    return check(frame.astype({"new": float, "percent": float, "sequence": "int64"}), "override")


def run(
    *rows: dict[str, object], base: pd.DataFrame | None = None
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame]:
    """July's forecast by series, all adjusted rows, and the accounts."""
    found, account = adjust(
        reconciled() if base is None else base,
        overrides(*rows),
        SERIES,
        made_in="2026-06",
        source=SOURCE,
    )
    check(found, "forecast")
    july = found.loc[found["ds"].eq("2026-07-01")].set_index("unique_id")["y_hat"].to_dict()
    return july, found, check(account, "adjustment")


def test_a_new_total_is_spread_in_proportion():
    july, found, account = run({"new": 200.0})
    assert july["total"] == 200
    assert [july[f"bottom:{name}"] for name in ("Pans/N", "Pans/S", "Pots/N", "Pots/S")] == [
        20,
        40,
        60,
        80,
    ]
    assert (july["line:Pots"], july["region:N"]) == (140, 80)
    assert account[["old", "asked", "final", "state", "remark"]].to_dict("records") == [
        {"old": 100.0, "asked": 200.0, "final": 200.0, "state": "applied", "remark": ""}
    ]
    assert set(found["stage"]) == {"adjusted"} and set(found["model"]) == {"people"}


def test_a_change_of_one_line_reaches_totals_and_nothing_else():
    base = reconciled()
    july, found, _ = run({"unique_id": "line:Pots", "percent": 10.0}, base=base)
    assert july["line:Pots"] == pytest.approx(77)
    assert july["total"] == pytest.approx(107)
    assert july["line:Pans"] == 30
    other = found["ds"].eq("2026-08-01") | found["unique_id"].str.contains("Pans")
    assert (found.loc[other, "y_hat"] == base.loc[other, "y_hat"]).all()
    assert len(found) == len(base)


def test_the_argument_is_left_as_it_was():
    base = reconciled()
    before = base.copy(deep=True)
    run({"new": 1.0}, base=base)
    pd.testing.assert_frame_equal(base, before)


def test_overrides_are_applied_by_sequence_and_percent_is_of_the_forecast_at_that_moment():
    july, _, account = run({"sequence": 2, "percent": 50.0}, {"sequence": 1, "new": 200.0})
    assert july["total"] == pytest.approx(300)
    assert account["sequence"].tolist() == [1, 2]
    assert account["old"].tolist() == [100, 200]
    assert account["asked"].tolist() == [200, 300]


def test_a_later_override_may_move_an_earlier_one_and_its_account_says_so():
    _, _, account = run(
        {"unique_id": "line:Pots", "new": 140.0},
        {"sequence": 2, "unique_id": "bottom:Pots/N", "new": 0.0},
        {"sequence": 3, "unique_id": "line:Pans", "new": 31.0},
    )
    first, second, third = account.to_dict("records")
    assert (first["asked"], first["final"], first["state"]) == (140, 80, "applied")
    assert in_words(first["remark"]) == "Moved from 140 to 80 by a later override of 'Pots · N'."
    assert second["remark"] == third["remark"] == ""
    with language.speaking("zh"):
        said = "后来对“Pots · N”的调整使它由 140 变为 80。"
        assert in_words(first["remark"]) == said


def test_where_all_bottoms_are_zero_a_change_is_spread_equally():
    july, _, _ = run({"unique_id": "line:Pots", "new": 8.0}, base=reconciled(pots_n=0, pots_s=0))
    assert (july["bottom:Pots/N"], july["bottom:Pots/S"]) == (4, 4)


def test_without_author_or_reason_an_override_is_refused_and_not_applied():
    for row, words in (
        ({"author": None}, "No author was given."),
        ({"reason": ""}, "No reason was given."),
        ({"author": None, "reason": None}, "No author and no reason was given."),
    ):
        _, found, account = run({"new": 200.0} | row)
        assert found.empty
        account["remark"] = account["remark"].map(in_words)
        assert account[["old", "asked", "final", "state", "remark"]].to_dict("records") == [
            {"old": 100.0, "asked": 200.0, "final": 100.0, "state": "refused", "remark": words}
        ]


def test_a_result_below_zero_is_refused_and_others_are_still_applied():
    july, _, account = run({"percent": -150.0}, {"sequence": 2, "percent": 10.0})
    assert account["state"].tolist() == ["refused", "applied"]
    assert in_words(account["remark"].iat[0]) == "The result would be negative (-50)."
    assert july["total"] == pytest.approx(110)


def test_without_applied_overrides_there_is_no_adjusted_stage():
    found, account = adjust(
        reconciled(), empty("override"), SERIES, made_in="2026-06", source=SOURCE
    )
    assert len(check(found, "forecast")) == len(check(account, "adjustment")) == 0


def test_another_publications_overrides_are_not_applied():
    _, found, account = run({"made_in": "2026-05", "new": 200.0})
    assert found.empty and account.empty


def test_a_series_that_does_not_exist_is_an_error_with_the_nearest_that_do():
    with pytest.raises(SalesForecastError) as error:
        run({"unique_id": "line:Pot", "new": 1.0})
    for words in (
        SOURCE,
        "'Ann'",
        "2026-06",
        "'line:Pot'",
        "'line:Pots'",
        "Correct its `unique_id`",
    ):
        assert words in str(error.value)


def test_a_series_named_by_its_label_is_told_its_id():
    with pytest.raises(SalesForecastError, match="nearest are 'bottom:Pans/S'"):
        run({"unique_id": "Pans · S", "new": 1.0})


def test_a_month_outside_the_horizon_is_an_error():
    words = "north.csv.*'total' in 2027-09, which is not forecast. A month from 2026-07 to 2026-08"
    with pytest.raises(SalesForecastError, match=words):
        run({"ds": "2027-09", "new": 1.0})


def test_a_reconciled_forecast_with_holes_is_an_error():
    with pytest.raises(SalesForecastError, match="Reconciled forecast lacks 'total'"):
        run({"new": 1.0}, base=reconciled().iloc[1:])


def test_a_file_goes_through_to_the_adjusted_forecast(tmp_path):
    (tmp_path / "overrides").mkdir()
    text = "made_in,unique_id,ds,percent,author,reason\n2026-06,total,2026-07,-10,Ann,why\n"
    (tmp_path / SOURCE).write_text(text, encoding="utf-8")
    found, account = adjust(
        reconciled(), read_overrides(tmp_path, "north"), SERIES, made_in="2026-06", source=SOURCE
    )
    assert check(account, "adjustment")["final"].tolist() == pytest.approx([90])
    assert coherence_gap(found, SERIES, LEVELS) < 1e-12


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1e9), min_size=4, max_size=4), st.lists(a_change, max_size=6))
def test_after_any_overrides_totals_agree_nothing_is_negative_and_the_last_word_holds(
    bottoms, changes
):
    rows = [
        {"unique_id": name, "ds": ds, "new": new, "sequence": place}
        for place, (name, ds, new) in enumerate(changes, 1)
    ]
    _, found, account = run(*rows, base=reconciled(*bottoms))
    assert account["state"].eq("applied").all() and len(account) == len(changes)
    if changes:
        assert coherence_gap(found, SERIES, LEVELS) < 1e-9
        assert (found["y_hat"] >= 0).all()
        assert account["final"].iat[-1] == pytest.approx(changes[-1][2], rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.floats(0, 1e6))
def test_a_spread_sums_to_what_was_asked_and_makes_no_positive_bottom_negative(bottoms, total):
    bottoms = np.array(bottoms)
    found = spread(bottoms, total)
    assert found.sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert (found[bottoms >= 0] >= -1e-9 * (1 + np.abs(bottoms).max())).all()


def test_an_override_of_whom_no_role_lets_change_forecasts_is_refused_and_listed():
    made = overrides({"new": 50.0}, {"new": 70.0, "author": "Bob", "sequence": 2})
    adjusted, table = adjust(
        reconciled(), made, SERIES, made_in="2026-06", source=SOURCE, authors={"Ann"}
    )
    assert table["state"].tolist() == ["applied", "refused"]
    assert in_words(table["remark"].iloc[1]) == "Bob is no planner or owner of this unit."
    july = adjusted[adjusted["unique_id"].eq("total") & adjusted["ds"].eq(JULY)]
    assert july["y_hat"].tolist() == pytest.approx([50.0])
