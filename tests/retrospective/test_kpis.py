"""KPIs over 3, 6 and 12 months: each worked by hand, and what one without data needs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.foundation import INTERVALS, Parameters, in_words, language, tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.kpis import KPIS, WINDOWS, Known, list_kpis
from tests.orders import unit

JUNE = pd.Timestamp("2026-06-01")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "A", "B"],
        "level": ["total", "line", "line"],
        "label": ["Total", "A", "B"],
        "product_line": [None, "A", "B"],
    }
)
SOLD = {"A": 100.0, "B": 50.0}  # each month; a year earlier four fifths of it
OTHER = {  # sources beside the orders: role and columns
    "stock": ("inventory", ["ds", "product_line", "stock", "stockout_days", "value"]),
    "shipped": ("deliveries", ["ds", "ordered", "delivered", "lines", "on_time"]),
    "targets": ("targets", ["ds", "product_line", "target"]),
}


def sales(months: int = 24) -> pd.DataFrame:
    """Sales of the total and both lines through June, all higher in the last twelve months."""
    days = pd.date_range(end=JUNE, periods=months, freq="MS")
    factor = np.where(days > JUNE - pd.DateOffset(years=1), 1.0, 0.8)
    sold = {**SOLD, "total": 150.0}
    frames = [
        pd.DataFrame({"unique_id": name, "ds": days, "y_raw": sold[name] * factor}) for name in sold
    ]
    return pd.concat(frames, ignore_index=True)


def forecasts(months: int = 3) -> pd.DataFrame:
    """One month ahead for the last months: the naive 80 and 40, then 120 and 50, reconciled to 110
    and 50; in June somebody lowered A to 105.
    """
    stages = {"baseline": (80, 40), "statistical": (120, 50), "reconciled": (110, 50)}
    rows = [
        (name, stage, ds, value)
        for ds in pd.date_range(end=JUNE, periods=months, freq="MS")
        for stage, values in stages.items()
        for name, value in zip(SOLD, values, strict=True)
    ]
    rows.append(("A", "adjusted", JUNE, 105))
    frame = pd.DataFrame(rows, columns=["unique_id", "stage", "ds", "y_hat"])
    frame = frame.assign(model="any", h=1, cutoff=frame["ds"] - pd.DateOffset(months=1))
    frame = frame.assign(**dict.fromkeys(INTERVALS, np.nan)).astype({"y_hat": "float64"})
    ranged, is_a = frame["stage"].eq("reconciled"), frame["unique_id"].eq("A")
    frame["lo-80"] = frame["lo-80"].mask(ranged, 90.0).mask(ranged & ~is_a, 51.0)
    frame["hi-80"] = frame["hi-80"].mask(ranged, 120.0).mask(ranged & ~is_a, 60.0)
    return frame


def parameters(*names: str) -> Parameters:
    """A unit with these of `OTHER`, along product lines."""
    sources = {
        name: {
            "kind": "csv",
            "role": OTHER[name][0],
            "path": f"{name}.csv",
            "columns": {column: column for column in OTHER[name][1]},
        }
        for name in names
    }
    levels: Any = {"total": [], "line": ["product_line"]}
    return unit(
        sources,
        dimensions=["product_line"],
        levels=levels,
        orders={"columns": {"product_line": "product_line"}},
    )


def rows(names: str, *values: tuple[Any, ...]) -> pd.DataFrame:
    """A table from rows; the first column is the month."""
    frame = pd.DataFrame(values, columns=names.split())
    return frame.assign(ds=pd.to_datetime(frame["ds"]))


def known(*names: str, archived: int = 3, months: int = 24, **given: pd.DataFrame) -> Known:
    past = Past(forecasts(archived), sales(months), SERIES)
    return Known(past, JUNE, parameters(*names), **given)


def find(found: Known, kpi: str, window: int = 3) -> pd.Series:
    table = tables.check(list_kpis(found), "kpis")
    (row,) = table[table["kpi"].eq(kpi) & table["window"].eq(window)].to_dict("records")
    return pd.Series(row)


def needs(found: Known, kpi: str, window: int = 3) -> str:
    row = find(found, kpi, window)
    assert pd.isna(row["value"]), "only a KPI without a value needs anything"
    return str(in_words(row["needs"])).replace("`", "")


def test_every_kpi_has_a_row_for_each_window_and_a_name_and_a_formula_in_both_languages() -> None:
    table = list_kpis(known())
    assert list(zip(table["kpi"], table["window"], strict=True)) == [
        (kpi, window) for kpi in KPIS for window in WINDOWS
    ]
    keys = [f"{key}.{kpi}" for kpi in KPIS for key in ("kpi", "kpi.formula")]
    keys += [f"kpi.unit.{kpi.unit}" for kpi in KPIS.values()]
    keys += [f"kpi.source.{role}" for kpi in KPIS.values() for role in kpi.needs]
    keys += ["kpi.source.valued", "kpi.source.counted"]
    for spoken in language.LANGUAGES:
        assert not {*keys} - {*language.sentences(spoken)}


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        ("accuracy", 1 - (10 + 10 + 5) / 450),
        ("bias", 25 / 450),
        ("value_added", (3 * 30 - 25) / 450),
        ("value_added_statistical", (3 * 30 - 3 * 20) / 450),
        ("value_added_reconciled", (3 * 20 - 3 * 10) / 450),
        ("value_added_adjusted", 5 / 450),
        ("coverage", 3 / 6),
    ],
)
def test_forecasts_are_pooled_one_month_ahead_over_the_months_of_the_archive(
    kpi: str, value: float
) -> None:
    row = find(known(), kpi)
    assert row["value"] == pytest.approx(value)
    assert (row["months"], row["first"], row["last"]) == (3, pd.Timestamp("2026-04-01"), JUNE)
    whole = find(known(), kpi, 12)
    assert whole["value"] == pytest.approx(value)
    assert whole["months"] == 3, "twelve months of which three are known"


def test_an_accuracy_is_never_below_zero() -> None:
    past = Past(forecasts().assign(y_hat=1000.0), sales(), SERIES)
    assert find(Known(past, JUNE, parameters()), "accuracy")["value"] == 0


def test_a_window_takes_its_own_months_only_and_the_year_before_needs_as_many() -> None:
    found = known(archived=15)
    assert find(found, "bias", 3)["value"] == pytest.approx(25 / 450)
    assert find(found, "bias", 12)["value"] == pytest.approx((11 * 10 + 5) / (12 * 150))
    assert find(found, "bias", 3)["before"] == pytest.approx(3 * (160 - 120) / (3 * 120))
    assert pd.isna(find(found, "bias", 6)["before"]), "three of those six months are known"


INVENTORY = rows(
    "ds product_line stock stockout_days value",
    ("2026-05", "A", 40.0, 0.0, 400.0),
    ("2026-05", "B", 10.0, 0.0, None),
    ("2026-06", "A", 30.0, 3.0, 300.0),
    ("2026-06", "B", 20.0, 99.0, 400.0),
)
PIECES = INVENTORY.assign(value=np.nan)  # nothing says what the stock cost


def bought(**quantity: str) -> pd.DataFrame:
    """Transactions of these quantities by line in each of the last three months."""
    days = pd.date_range(end=JUNE, periods=3, freq="MS")
    values = [(ds, name, Decimal(text)) for ds in days for name, text in quantity.items()]
    frame = pd.DataFrame(values, columns=["month", "product_line", "quantity"])
    return frame.assign(date=frame["month"], kind="sale")


@pytest.mark.parametrize(
    ("kpi", "value", "months"),
    [
        ("stock_out_rate", (3 + 30) / (2 * 31 + 2 * 30), 2),  # never more days than the month has
        # at cost, 10 a piece of A and 20 of B; in May that of B is not known
        ("inventory_turnover", 12 * (10 * 10 + 5 * 20) / (300 + 400), 1),
        ("days_of_stock", (300 + 400) * 30 / (10 * 10 + 5 * 20), 1),
        ("capital_tied_up", 700.0, 1),
    ],
)
def test_stock_is_judged_over_the_months_in_which_it_was_counted(
    kpi: str, value: float, months: int
) -> None:
    found = known("stock", inventory=INVENTORY, transactions=bought(A="10", B="5"))
    row = find(found, kpi)
    assert row["value"] == pytest.approx(value)
    assert (row["months"], row["last"]) == (months, JUNE)


def test_without_its_cost_stock_turns_over_in_pieces_and_the_source_says_so() -> None:
    found = known("stock", inventory=PIECES, transactions=bought(A="10", B="5"))
    row = find(found, "inventory_turnover")
    assert row["value"] == pytest.approx(12 * (15 + 15) / (50 + 50))
    assert row["source"] == "counted, orders"
    days = find(found, "days_of_stock")["value"]
    assert days == pytest.approx((50 * 31 + 50 * 30) / 30)
    valued = known("stock", inventory=INVENTORY, transactions=bought(A="10", B="5"))
    assert find(valued, "inventory_turnover")["source"] == "valued, orders"


def test_what_is_sold_out_is_sold_at_what_its_stock_cost_before() -> None:
    stock = rows(
        "ds product_line stock stockout_days value",
        ("2026-06", "A", 0.0, 9.0, 0.0),
        ("2026-05", "A", 40.0, 0.0, 400.0),
        ("2026-04", "A", 0.0, 0.0, 0.0),
    )
    found = known("stock", inventory=stock, transactions=bought(A="10"))
    assert find(found, "inventory_turnover")["value"] == pytest.approx(12 * 3 * 10 * 10 / 400)


def test_only_what_stock_is_counted_of_counts_as_sold() -> None:
    stock = PIECES[PIECES["product_line"].eq("A")]
    found = known("stock", inventory=stock, transactions=bought(A="10", B="5"))
    assert find(found, "inventory_turnover")["value"] == pytest.approx(12 * 20 / 70)
    everything = stock.assign(product_line=None)
    found = known("stock", inventory=everything, transactions=bought(A="10", B="5"))
    assert find(found, "inventory_turnover")["value"] == pytest.approx(12 * 30 / 70)


def test_nothing_sold_or_nothing_in_stock_gives_no_ratio_and_says_so() -> None:
    found = known("stock", inventory=PIECES, transactions=bought(A="0"))
    assert find(found, "inventory_turnover")["value"] == 0
    assert "divided by is not above zero" in needs(found, "days_of_stock")
    empty = PIECES.assign(stock=0.0)
    found = known("stock", inventory=empty, transactions=bought(A="1"))
    assert "divided by is not above zero" in needs(found, "inventory_turnover")


def test_delivery_is_pooled_over_lines_and_a_month_that_does_not_say_is_left_out() -> None:
    shipped = rows(
        "ds ordered delivered lines on_time over cancelled",
        ("2026-05", 300.0, 300.0, None, None, 0, 0),
        ("2026-06", 100.0, 90.0, 10.0, 7.0, 0, 0),
        ("2026-06", 50.0, 45.0, 10.0, 5.0, 0, 0),
    )
    found = known("shipped", delivery=shipped)
    assert find(found, "fill_rate")["value"] == pytest.approx(435 / 450)
    row = find(found, "order_fulfilment")
    assert (row["value"], row["months"]) == (pytest.approx(12 / 20), 1)


def test_sales_against_last_year_need_every_month_of_both_years() -> None:
    row = find(known(), "sales_growth", 12)
    assert row["value"] == pytest.approx(0.25)
    assert row[["numerator", "denominator"]].tolist() == pytest.approx([1800, 1440])
    short = known(months=20)
    assert find(short, "sales_growth", 6)["value"] == pytest.approx(0.25)
    assert "8 of the 12 months" in needs(short, "sales_growth", 12)


def test_sales_are_held_against_the_targets_of_the_same_members_each_month() -> None:
    target = rows(
        "ds product_line target",
        ("2026-06", "A", 120.0),
        ("2026-06", "B", 60.0),
        ("2026-05", None, 100.0),
        ("2026-05", "A", 70.0),  # a part of the month's total: not added to it
        ("2026-04", "A", 50.0),
        ("2026-04", "B", None),
        ("2026-07", "A", 999.0),
    )
    row = find(known("targets", target=target), "target_attainment")
    assert row["value"] == pytest.approx((150 + 150 + 100) / (180 + 100 + 50))
    zero = target.assign(target=0.0)
    found = known("targets", target=zero)
    assert "divided by is not above zero" in needs(found, "target_attainment")


@pytest.mark.parametrize(
    ("kpi", "words", "chinese"),
    [
        (
            "fill_rate",
            "role deliveries (columns delivered)",
            "角色为 deliveries 的数据源（列 delivered）",
        ),
        ("order_fulfilment", "(columns promised, delivered_on)", "（列 promised、delivered_on）"),
        ("stock_out_rate", "role inventory (columns stockout_days)", "（列 stockout_days）"),
        ("capital_tied_up", "role inventory (columns value)", "（列 value）"),
        ("inventory_turnover", "role inventory (columns stock)", "（列 stock）"),
        ("target_attainment", "role targets (columns target)", "（列 target）"),
        ("value_added_assumed", "effects/<unit>.csv", "effects/<unit>.csv"),
    ],
)
def test_a_kpi_without_data_says_which_source_it_needs(kpi: str, words: str, chinese: str) -> None:
    assert words in needs(known(), kpi)
    with language.speaking("zh"):
        assert chinese in needs(known(), kpi)


def test_a_first_month_needs_an_archive_and_a_declared_source_without_rows_its_months() -> None:
    nothing = Known(Past(actual=sales(), series=SERIES), JUNE, parameters("shipped"))
    assert "salesfc backfill" in needs(nothing, "accuracy")
    assert needs(nothing, "fill_rate", 6) == "its source has no row for any of the 6 months"
    past = Past(forecasts().query("stage != 'adjusted'"), sales(), SERIES)
    nobody = Known(past, JUNE, parameters())
    assert "overrides/<unit>.csv" in needs(nobody, "value_added_adjusted")


def test_stock_out_days_that_no_column_gives_are_no_rate_of_zero() -> None:
    source = {"kind": "csv", "role": "inventory", "path": "s.csv", "columns": {"ds": "d"}}
    source["columns"] = {"ds": "d", "stock": "s"}
    declared = unit({"stock": source})
    found = Known(Past(forecasts(), sales(), SERIES), JUNE, declared, inventory=INVENTORY)
    assert "stockout_days" in needs(found, "stock_out_rate")
