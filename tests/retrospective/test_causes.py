"""Why series missed: each cause by its evidence, never more than the miss, and a waterfall that
closes.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.foundation import INTERVALS, tables
from salesfc_lib.foundation.schema import Calendar, Parameters, PromotionWindow
from salesfc_lib.panel.build import build_panel
from salesfc_lib.retrospective import members
from salesfc_lib.retrospective.causes import finders, promotions
from salesfc_lib.retrospective.causes.case import Evidence
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.compare import Past, compare_month, largest_misses
from salesfc_lib.retrospective.facts import read_facts

JUNE = pd.Timestamp("2026-06-01")
MAY = pd.Timestamp("2026-05-01")
MONTHS = pd.date_range(end=JUNE, periods=24, freq="MS")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "A/other", "B/other", "B/K-07"],
        "level": ["total", "bottom", "bottom", "bottom"],
        "label": ["Total", "A", "B", "B · K-07"],
        "product_line": [None, "A", "B", "B"],
        "key_account": [None, "other", "other", "K-07"],
    }
)


def history(**june: float) -> pd.DataFrame:
    """Two years of sales of 100 a month in every bottom series, June as given (A, B, K; 100 where
    not).
    """
    names = {"A": "A/other", "B": "B/other", "K": "B/K-07"}
    rows = [
        (names[key], ds, june.get(key, 100.0) if ds == JUNE else 100.0)
        for key in names
        for ds in MONTHS
    ]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y_raw"])


def archive(stage: str = "reconciled", **june: float) -> pd.DataFrame:
    """Forecasts one month ahead: 100 everywhere, June's as given."""
    frame = history(**june).rename(columns={"y_raw": "y_hat"}).assign(stage=stage, model="any", h=1)
    bounds = {name: np.nan for name in INTERVALS}
    return frame.assign(cutoff=frame["ds"] - pd.DateOffset(months=1), **bounds)


def orders(rows: list[tuple[str, str | None, str, str, str]]) -> pd.DataFrame:
    """Transactions from (date, order_id, product line, kind, amount) of key account `other`."""
    frame = pd.DataFrame(rows, columns=["date", "order_id", "product_line", "kind", "amount"])
    frame = frame.assign(date=pd.to_datetime(frame["date"]), amount=frame["amount"].map(Decimal))
    return frame.assign(key_account="other", customer="石家庄超市")


def causes_of(
    name: str, actual: pd.DataFrame, found: Evidence, vintages: pd.DataFrame | None = None
) -> pd.DataFrame:
    vintages = archive() if vintages is None else vintages
    missed = compare_month(Past(vintages, actual, SERIES), month=JUNE)
    table = likely_causes(missed, found, Past(vintages, actual, SERIES))
    return table[table["unique_id"] == name].reset_index(drop=True)


def listed(table: pd.DataFrame) -> list[tuple[str, float | None]]:
    return [
        (row.cause, None if pd.isna(row.effect) else pytest.approx(row.effect))
        for row in table.itertuples()
    ]


def test_a_stockout_explains_the_forecast_of_the_days_without_stock() -> None:
    inventory = pd.DataFrame(
        {"ds": [JUNE], "product_line": ["A"], "stock": [0.0], "stockout_days": [12.0]}
    )
    table = causes_of("A/other", history(A=50), Evidence(inventory=inventory))
    assert listed(table) == [("stockout", -40.0), ("not_explained", -10.0)]
    assert read_facts(table["facts"][0]) == {
        "days": 12.0,
        "items": 1,
        "items_out": 1,
        "share_of_month": 0.4,
    }


def test_a_stockout_is_no_cause_where_more_was_sold_than_forecast() -> None:
    inventory = pd.DataFrame(
        {"ds": [JUNE], "product_line": ["A"], "stock": [0.0], "stockout_days": [12.0]}
    )
    assert listed(causes_of("A/other", history(A=150), Evidence(inventory=inventory))) == [
        ("not_explained", 50.0)
    ]


def test_a_cause_never_explains_more_than_the_miss() -> None:
    inventory = pd.DataFrame({"ds": [JUNE], "stock": [0.0], "stockout_days": [30.0]})
    assert listed(causes_of("A/other", history(A=95), Evidence(inventory=inventory))) == [
        ("stockout", -5.0)
    ]


def test_a_key_account_without_orders_is_lost_and_explains_its_whole_miss() -> None:
    table = causes_of("B/K-07", history(K=0), Evidence())
    assert listed(table) == [("lost_account", -100.0)]
    assert read_facts(table["facts"][0]) == {
        "account": "K-07",
        "months_without": 1,
        "last_order": "2026-05",
        "active_before": 12,
        "of": 12,
    }


def test_an_account_that_never_ordered_regularly_is_not_lost() -> None:
    actual = history(K=0)
    odd = (actual["unique_id"] == "B/K-07") & (actual["ds"].dt.month % 2 == 1)
    actual.loc[odd & (actual["ds"] < MAY), "y_raw"] = 0.0
    assert listed(causes_of("B/K-07", actual, Evidence()))[0] == ("not_explained", -100.0)


def test_a_series_that_is_silent_for_three_months_has_ended() -> None:
    actual = history(A=0)
    actual.loc[(actual["unique_id"] == "A/other") & (actual["ds"] >= "2026-04-01"), "y_raw"] = 0.0
    table = causes_of("A/other", actual, Evidence())
    assert table["cause"][0] == "ended_series"
    assert read_facts(table["facts"][0])["months_without"] == 3


def test_a_new_series_that_was_not_forecast_explains_itself() -> None:
    actual = history(A=30)
    actual = actual[(actual["unique_id"] != "A/other") | (actual["ds"] == JUNE)]
    vintages = archive()[lambda rows: rows["unique_id"] != "A/other"]
    assert listed(causes_of("A/other", actual, Evidence(), vintages)) == [("new_series", 30.0)]


def test_returns_above_their_usual_rate_explain_the_excess() -> None:
    rows = orders(
        [
            ("2026-03-05", "1", "A", "sale", "1000.00"),
            ("2026-03-06", "1", "A", "return", "-50.00"),
            ("2026-06-05", "2", "A", "sale", "100.00"),
            ("2026-06-06", "2", "A", "return", "-25.00"),
        ]
    )
    table = causes_of("A/other", history(A=75), Evidence(transactions=rows))
    assert listed(table) == [("returns", -20.0), ("not_explained", -5.0)]
    apart = Evidence(transactions=rows, returns_count=False)
    assert listed(causes_of("A/other", history(A=75), apart)) == [("not_explained", -25.0)]


def flag(sold: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unique_id": ["A/other"],
            "ds": [JUNE],
            "y_raw": [sold],
            "y": [110.0],
            "score": [9.0],
            "reason": [""],
        }
    )


def test_a_flagged_month_is_put_down_to_its_largest_order_by_name() -> None:
    rows = orders(
        [
            ("2026-06-05", "8841", "A", "sale", "150.00"),
            ("2026-06-20", "8841", "A", "sale", "20.00"),
            ("2026-06-05", "1", "A", "sale", "130.00"),
            ("2026-05-05", "9", "A", "sale", "900.00"),
        ]
    )
    table = causes_of("A/other", history(A=300), Evidence(transactions=rows, outliers=flag(300.0)))
    assert listed(table) == [("large_order", 170.0), ("not_explained", 30.0)]
    facts = read_facts(table["facts"][0])
    assert (facts["order_id"], facts["amount"], facts["customer"]) == ("8841", 170.0, "石家庄超市")


def test_a_flagged_month_without_an_order_by_name_is_named_without_an_amount() -> None:
    table = causes_of("A/other", history(A=10), Evidence(outliers=flag(10.0)))
    assert listed(table) == [("unusual_month", None), ("not_explained", -90.0)]


def test_a_change_that_made_it_worse_explains_its_part_and_names_its_author() -> None:
    made = pd.DataFrame(
        {
            "made_in": [MAY],
            "unique_id": ["total"],
            "ds": [JUNE],
            "sequence": [1],
            "old": [300.0],
            "asked": [390.0],
            "final": [390.0],
            "author": ["林志强"],
            "reason": ["新品"],
            "state": ["applied"],
            "remark": [""],
        }
    )
    vintages = pd.concat(
        [archive(), archive("adjusted", A=130, B=130, K=130)[lambda rows: rows["ds"] == JUNE]]
    )
    found = Evidence(adjustments=made)
    table = causes_of("A/other", history(A=90, B=140), found, vintages)
    assert listed(table) == [("change_by_people", -30.0), ("not_explained", -10.0)]
    assert read_facts(table["facts"][0]) == {
        "authors": ["林志强"],
        "before": 100.0,
        "after": 130.0,
        "reasons": ["新品"],
    }
    assert listed(causes_of("B/other", history(A=90, B=140), found, vintages)) == [
        ("not_explained", 10.0)
    ]


def calendar(*spans: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(spans, columns=["start", "end"]).apply(pd.to_datetime)
    return frame.assign(name=[f"P{number}" for number in frame.index], product_line="A")


PAST = [
    (f"2025-{month:02}-01", f"2025-{month:02}-{28 if month == 2 else 30}")
    for month in (1, 3, 5, 7, 9, 11)
]


def test_a_promotion_that_was_postponed_explains_its_usual_uplift() -> None:
    actual = history(A=60)
    past = calendar(*PAST)
    share = promotions.promotion_share(past, SERIES, MONTHS)["A/other"]
    on = actual["unique_id"] == "A/other"
    actual.loc[on, "y_raw"] *= 1 + 0.5 * actual.loc[on, "ds"].map(share)
    planned = calendar(*PAST, ("2026-06-01", "2026-06-30"))
    table = causes_of("A/other", actual, Evidence(promotion=past, promotion_then=planned))
    assert listed(table)[0] == ("promotion_changed", pytest.approx(-100 * 0.5 / 1.5))
    facts = read_facts(table["facts"][0])
    assert (
        facts["names"],
        facts["planned_share"],
        facts["share_of_month"],
        facts["uplift_months"],
    ) == (["P6"], 1.0, 0.0, 6)
    assert facts["uplift"] == pytest.approx(0.5)


def test_a_promotion_that_ran_as_planned_is_named_without_an_amount() -> None:
    table = causes_of(
        "A/other", history(A=60), Evidence(promotion=calendar(("2026-06-10", "2026-06-24")))
    )
    assert listed(table) == [("promotion_ran", None), ("not_explained", -40.0)]
    assert read_facts(table["facts"][0])["share_of_month"] == 0.5
    assert listed(
        causes_of(
            "B/other", history(B=60), Evidence(promotion=calendar(("2026-06-10", "2026-06-24")))
        )
    )[0] == ("not_explained", -40.0)


def test_overlapping_promotions_count_each_day_once() -> None:
    share = promotions.promotion_share(
        calendar(("2026-06-01", "2026-06-10"), ("2026-06-06", "2026-06-15")), SERIES, MONTHS
    )
    assert share.at[JUNE, "A/other"] == 0.5
    assert share.at[JUNE, "B/other"] == 0.0


def test_promotion_days_are_counted_as_the_panel_counts_them() -> None:
    window, fiscal = (
        PromotionWindow(before=2, after=3),
        Calendar(kind="4-4-5", year_begins="01-01", week_begins="monday"),
    )
    rows = pd.DataFrame(
        {
            "date": MONTHS,
            "month": MONTHS,
            "product_line": "A",
            "amount": [Decimal(1)] * len(MONTHS),
            "kind": "sale",
        }
    )
    rows["kind"] = rows["kind"].astype("category")
    for kind in (Calendar(), fiscal):
        spans = calendar(
            ("2026-05-30", "2026-06-10"), ("2026-06-12", "2026-06-15"), ("2025-12-20", "2025-12-31")
        )
        tree = {
            "sources": {},
            "dimensions": ["product_line"],
            "levels": {"total": [], "product_line": ["product_line"]},
            "calendar": kind.model_dump(),
            "measure": {"promotion_window": window.model_dump()},
        }
        panel = build_panel(
            rows, Parameters.model_validate(tree), "2026-06", spans
        ).panel.set_index("ds")["promotion"]
        share = promotions.promotion_share(promotions.widen(spans, window), SERIES, MONTHS, kind)[
            "A/other"
        ]
        assert share.loc[panel.index].tolist() == pytest.approx(panel.tolist())
        assert share[JUNE] == pytest.approx(18 / 30 if kind == Calendar() else 22 / 35)


def test_no_uplift_is_claimed_from_fewer_than_six_months() -> None:
    sales = history().pivot(index="ds", columns="unique_id", values="y_raw")
    share = promotions.promotion_share(calendar(*PAST[:5]), SERIES, MONTHS)
    assert promotions.estimate_uplift(sales, share) == (None, 5)


def test_three_months_missed_the_same_way_are_a_trend() -> None:
    actual = history(A=80)
    actual.loc[(actual["unique_id"] == "A/other") & (actual["ds"] >= "2026-04-01"), "y_raw"] = 80.0
    table = causes_of("A/other", actual, Evidence())
    assert listed(table) == [("trend", None), ("not_explained", -20.0)]
    assert read_facts(table["facts"][0])["differences"] == [20, 20, 20]


def restated(kind: str, amount: str, ds: pd.Timestamp = MAY) -> pd.DataFrame:
    """Table `restatement`: the difference of one line's month."""
    row = {"ds": ds, "product_line": "A", "kind": kind, "amount_difference": amount}
    return pd.DataFrame([row])


def test_a_month_posted_late_is_named_where_sales_came_in_on_its_side() -> None:
    late = Evidence(restatement=restated("late_posting", "12.50"))
    table = causes_of("A/other", history(A=130), late)
    assert listed(table) == [("late_posting", None), ("not_explained", 30.0)]
    assert read_facts(table["facts"][0]) == {"posted": 12.5, "month": "2026-05", "share": 0.125}
    assert listed(causes_of("A/other", history(A=70), late)) == [("not_explained", -30.0)]


@pytest.mark.parametrize(
    "table",
    [
        restated("corrected", "12.50"),
        restated("late_posting", "4.99"),
        restated("late_posting", "12.50", pd.Timestamp("2026-04-01")),
    ],
)
def test_what_was_corrected_or_little_or_long_known_is_no_late_posting(table: pd.DataFrame) -> None:
    found = causes_of("A/other", history(A=130), Evidence(restatement=table))
    assert listed(found) == [("not_explained", 30.0)]


def declared(after: float) -> Evidence:
    """What was declared for A in June, which took 100 to `after` in two effects."""
    row = {"unique_id": "A/other", "ds": JUNE, "author": "林志强", "reason": "新店"}
    half = (100 + after) / 2
    rows = [
        {"id": "E1", "before": 100.0, "after": half} | row,
        {"id": "E2", "before": half, "after": after} | row,
        {"id": "E1", "before": 100.0, "after": 500.0} | row | {"ds": MAY},
    ]
    return Evidence(effects=pd.DataFrame(rows))


def test_a_declared_effect_that_did_not_come_explains_what_it_added() -> None:
    table = causes_of("A/other", history(A=95), declared(130.0), archive(A=130))
    assert listed(table) == [("declared_effect", -30.0), ("not_explained", -5.0)]
    facts = {"change": 30.0, "effects": ["E1", "E2"], "reasons": ["新店"]}
    assert read_facts(table["facts"][0]) == facts


def test_a_declared_effect_that_took_the_forecast_nearer_is_no_cause() -> None:
    table = causes_of("A/other", history(A=120), declared(130.0), archive(A=130))
    assert listed(table) == [("not_explained", -10.0)]


def test_what_merely_coincides_is_not_named_once_the_miss_is_explained() -> None:
    found = Evidence(
        inventory=pd.DataFrame({"ds": [JUNE], "stock": [0.0], "stockout_days": [30.0]}),
        promotion=calendar(("2026-06-10", "2026-06-24")),
    )
    assert listed(causes_of("A/other", history(A=60), found)) == [("stockout", -40.0)]


def test_the_larger_cause_comes_first_and_what_is_counted_claims_before_what_is_estimated() -> None:
    inventory = pd.DataFrame({"ds": [JUNE], "stock": [0.0], "stockout_days": [30.0]})
    rows = orders(
        [("2026-06-05", "2", "A", "sale", "90.00"), ("2026-06-06", "2", "A", "return", "-40.00")]
    )
    table = causes_of("A/other", history(A=40), Evidence(transactions=rows, inventory=inventory))
    assert listed(table) == [("returns", -40.0), ("stockout", -20.0)]


def test_the_waterfall_lists_losses_then_gains_and_what_is_not_explained_last() -> None:
    inventory = pd.DataFrame(
        {"ds": [JUNE], "product_line": ["A"], "stock": [0.0], "stockout_days": [12.0]}
    )
    actual, vintages = history(A=50, B=130, K=0), archive()
    missed = compare_month(Past(vintages, actual, SERIES), month=JUNE)
    causes = likely_causes(missed, Evidence(inventory=inventory), Past(vintages, actual, SERIES))
    steps = difference_by_cause(missed, causes)
    assert steps["cause"].tolist() == ["lost_account", "stockout", "not_explained"]
    assert steps["effect"].tolist() == pytest.approx([-100, -40, 20])
    assert steps["before"].tolist() == pytest.approx([300, 200, 160])
    assert steps["after"].tolist() == pytest.approx([200, 160, 180])
    assert steps["share"].sum() == pytest.approx(1.0)
    assert steps["largest"].tolist() == ["B/K-07", "A/other", "B/other"]


@settings(max_examples=40)
@given(
    sold=st.lists(st.floats(0, 1e6), min_size=3, max_size=3),
    expected=st.lists(st.floats(0, 1e6), min_size=3, max_size=3),
    days=st.floats(0, 31),
    excess=st.floats(0, 1e6),
    seed=st.integers(0, 99),
)
def test_the_parts_sum_to_the_difference_and_none_exceeds_its_miss(
    sold, expected, days, excess, seed
) -> None:
    actual, vintages = (
        history(**dict(zip("ABK", sold, strict=True))),
        archive(**dict(zip("ABK", expected, strict=True))),
    )
    inventory = pd.DataFrame({"ds": [JUNE], "stock": [0.0], "stockout_days": [days]})
    rows = orders(
        [
            ("2026-06-05", "7", "A", "sale", f"{excess:.2f}"),
            ("2026-06-06", "7", "B", "return", f"{-excess:.2f}"),
        ]
    )
    found = Evidence(inventory=inventory, transactions=rows, outliers=flag(sold[0]))
    missed = compare_month(Past(vintages, actual, SERIES), month=JUNE)
    causes = likely_causes(missed, found, Past(vintages, actual, SERIES))
    steps = difference_by_cause(missed, causes)
    scale = 1e-9 * (sum(sold) + sum(expected))
    difference = math.fsum(missed["actual"]) - math.fsum(missed["forecast"])
    assert math.fsum(steps["effect"]) == pytest.approx(difference, rel=0, abs=scale)
    assert steps["before"].iloc[0] == math.fsum(missed["forecast"])
    assert steps["after"].iloc[-1] == math.fsum(missed["actual"])
    gap = -missed.set_index("unique_id")["difference"]
    for unique_id, group in causes.dropna(subset="effect").groupby("unique_id"):
        assert math.fsum(group["effect"]) == pytest.approx(gap[unique_id], rel=1e-9, abs=scale)
        assert (group["effect"] * gap[unique_id] >= 0).all()
    shuffled = Evidence(
        inventory=inventory,
        transactions=rows.sample(frac=1, random_state=seed),
        outliers=flag(sold[0]),
    )
    mixed = vintages.sample(frac=1, random_state=seed)
    again = likely_causes(
        missed, shuffled, Past(mixed, actual.sample(frac=1, random_state=seed), SERIES)
    )
    pd.testing.assert_frame_equal(causes, again)


def test_a_waterfall_over_the_largest_misses_alone_still_closes() -> None:
    actual, vintages = history(A=50, B=130, K=0), archive()
    missed = compare_month(Past(vintages, actual, SERIES), month=JUNE)
    top = largest_misses(missed, count=1)
    causes = likely_causes(top, Evidence(), Past(vintages, actual, SERIES))
    assert difference_by_cause(missed, causes)["effect"].tolist() == pytest.approx([-100, -20])


def test_the_first_month_has_no_causes_and_no_steps() -> None:
    nothing = tables.empty("forecast")
    missed = compare_month(Past(nothing, history(), SERIES), month=JUNE)
    causes = likely_causes(missed, Evidence(), Past(nothing, history(), SERIES))
    assert causes.empty and "facts" in causes.columns
    steps = difference_by_cause(missed, causes)
    assert steps.empty and "effect" in steps.columns


def test_a_dimension_left_null_or_not_there_means_all_members() -> None:
    rows = pd.DataFrame({"product_line": ["B", None, "C"], "key_account": [None, None, None]})
    pairs = members.match(rows, SERIES)
    assert pairs["row"].tolist() == [0, 0, 1, 1, 1]
    assert pairs["unique_id"].tolist() == ["B/K-07", "B/other", "A/other", "B/K-07", "B/other"]
    assert len(members.match(pd.DataFrame({"sku": ["x"]}), SERIES)) == 3


def test_every_finder_is_listed_once() -> None:
    named = [value for name, value in vars(finders).items() if name.startswith("find_")]
    assert sorted(map(id, named)) == sorted(map(id, finders.FINDERS))
