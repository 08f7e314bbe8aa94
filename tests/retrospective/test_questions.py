"""Accuracy asked of the whole archive: the same numbers as the month's own tables, and the same
rows for all stages.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import archive
from salesfc_lib.archive import open_cube
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective import Question, ask
from salesfc_lib.retrospective.accuracy import by_dimension, by_lag
from salesfc_lib.retrospective.compare import Past, compare_month
from salesfc_lib.retrospective.salespeople import attribute_error
from salesfc_lib.retrospective.value_added import value_added
from tests.archives import CORE, SERIES, forecast, panel, publish, tear

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
LAST, MAY = MONTHS[-1], pd.Timestamp("2026-05-01")
BOTTOM = [name for name in SERIES["unique_id"] if name.startswith("bottom")]
POT_EAST = BOTTOM[0]


def fill(reports: Path, unit: str = "north", seed: int = 0) -> None:
    """Five months of a unit: people changed two of them, and one series of a third."""
    for month in MONTHS:
        made = forecast(month, seed=seed)
        changed = forecast(month, stages=["adjusted"], seed=seed + 50)
        if month in ("2026-02", "2026-03"):
            made = pd.concat([made, changed])
        if month == "2026-04":
            made = pd.concat([made, changed[changed["unique_id"] == POT_EAST]])
        publish(reports, unit, month, made=made, sold=panel(month, seed=seed))


def past(reports: Path, unit: str = "north") -> Past:
    folder = reports / LAST / unit / "tables"
    vintages = archive.vintages(reports, unit, "2026-04")
    return Past(vintages, tables.read(folder, "panel"), tables.read(folder, "series"))


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    rows = table.loc[np.logical_and.reduce([table[name] == value for name, value in where.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("months", [1, 3, 12])
def test_by_level_and_lag_it_is_what_the_month_itself_computes(tmp_path: Path, months: int) -> None:
    fill(tmp_path)
    own = by_lag(past(tmp_path), month=f"{LAST}-01", lags=[4], months=months)
    question = Question(by=["level", "lag"], lags=range(1, 5), windows=[months])
    found = ask(tmp_path, question).accuracy.query("stage == 'adjusted'")
    both = own.merge(found, on=["level", "lag"], suffixes=("", "_asked"))
    assert len(own) == len(found) == len(both) == 3 * 4  # levels and lags
    for name in ("months", "n", "forecast", "actual", "wape", "accuracy", "bias"):
        assert both[name].tolist() == both[f"{name}_asked"].tolist(), name


def test_by_stage_it_is_the_value_added_where_all_stages_have_all_rows(tmp_path: Path) -> None:
    fill(tmp_path)
    own = value_added(past(tmp_path), month=f"{LAST}-01", months=12)
    found = ask(tmp_path, Question(by=["level"], windows=[12])).accuracy
    both = own.merge(found, on=["level", "stage"], suffixes=("", "_asked"))
    assert len(own) == len(both) == 2 * 5
    assert both["wape"].tolist() == both["wape_asked"].tolist()
    assert both["n"].tolist() == both["n_asked"].tolist()


def test_by_a_dimension_it_is_what_the_month_itself_computes(tmp_path: Path) -> None:
    fill(tmp_path)
    for name in ("line", "region"):
        own = by_dimension(past(tmp_path), month=f"{LAST}-01", lag=2, months=3)
        own = own[own["dimension"] == name]
        found = ask(tmp_path, Question(by=[name], lags=[2], windows=[3])).accuracy
        both = own.merge(found.query("stage == 'adjusted'"), left_on="member", right_on=name)
        assert len(own) == len(both) == 2
        assert both["wape_x"].tolist() == both["wape_y"].tolist()


def test_it_is_what_sql_says_of_the_same_files(tmp_path: Path) -> None:
    for seed, unit in enumerate(("north", "south")):
        fill(tmp_path, unit, seed)
    with open_cube(tmp_path) as cube:
        expected = cube.sql(
            "WITH known AS (SELECT * FROM actual WHERE made_in = '2026-05-01'), "
            "wide AS (SELECT unit, unique_id, ds, h, "
            "max(y_hat) FILTER (stage = 'baseline') AS baseline, "
            "coalesce(max(y_hat) FILTER (stage = 'adjusted'), "
            "max(y_hat) FILTER (stage = 'reconciled')) AS adjusted FROM forecast GROUP BY ALL) "
            "SELECT region, h AS lag, sum(abs(baseline - y_raw)) / sum(y_raw) AS baseline, "
            "sum(abs(adjusted - y_raw)) / sum(y_raw) AS adjusted FROM wide "
            "JOIN known USING (unit, unique_id, ds) "
            "JOIN series USING (unit, made_in, unique_id) "
            "WHERE level = 'bottom' GROUP BY ALL ORDER BY ALL"
        ).df()
    found = ask(tmp_path, Question(by=["region", "lag"], lags=[1, 2, 3, 4], windows=[6])).accuracy
    wide = found.pivot(index=["region", "lag"], columns="stage", values="wape").reset_index()
    pd.testing.assert_frame_equal(
        wide[["region", "lag", "baseline", "adjusted"]], expected, check_names=False
    )


def test_rows_without_a_stage_are_left_out_of_all_stages_and_counted(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-05")
    made = forecast("2026-04")
    lacking = (made["stage"] == "baseline") & (made["unique_id"] == POT_EAST) & (made["h"] == 1)
    publish(tmp_path, "north", "2026-04", made=made[~lacking])
    found = ask(tmp_path, Question(windows=[1]))
    assert set(found.accuracy["n"]) == {2}
    assert found.left_out.values.tolist() == [["north", "stage_missing", 1]]
    others = Question(windows=[1], stages=["statistical", "reconciled"])
    assert set(ask(tmp_path, others).accuracy["n"]) == {3}
    assert ask(tmp_path, others).left_out.empty


def test_where_nobody_changed_anything_the_stage_before_stands(tmp_path: Path) -> None:
    fill(tmp_path)
    found = ask(tmp_path, Question(windows=[1, 3])).accuracy
    assert one(found, window=1, stage="adjusted")[["n", "own"]].tolist() == [3, 1]
    assert one(found, window=3, stage="adjusted")[["n", "own"]].tolist() == [9, 7]
    assert one(found, window=3, stage="reconciled")["own"] == 9
    assert "assumed" not in set(found["stage"])


def test_what_was_assumed_anywhere_is_a_stage_everywhere(tmp_path: Path) -> None:
    fill(tmp_path)
    fill(tmp_path, "south", 1)
    made = pd.concat([forecast("2026-04"), forecast("2026-04", [POT_EAST], ["assumed"], seed=9)])
    publish(tmp_path, "north", "2026-04", made=made)
    found = ask(tmp_path, Question(windows=[1])).accuracy
    assumed, combined = (one(found, stage=stage) for stage in ("assumed", "combined"))
    assert assumed[["n", "own"]].tolist() == [6, 1]
    first = {
        stage: made.query("unique_id == @POT_EAST and h == 1").set_index("stage").at[stage, "y_hat"]
        for stage in ("assumed", "combined")
    }
    gap = first["assumed"] - first["combined"]
    assert gap != 0
    assert assumed["forecast"] - combined["forecast"] == gap


def test_a_window_ends_with_each_month_asked_for_worked_by_hand(tmp_path: Path) -> None:
    sold, series = {"2026-03": 10.0, "2026-04": 20.0, "2026-05": 40.0}, SERIES.iloc[[0, 3]]
    for month, value in {"2026-02": 12.0, "2026-03": 15.0, "2026-04": 30.0, LAST: 1.0}.items():
        ids = list(series["unique_id"])
        made, known = forecast(month, ids, horizon=1), panel(month, ids)
        said = known["ds"].dt.strftime("%Y-%m").map(sold).fillna(0.0)
        publish(
            tmp_path,
            "north",
            month,
            series=series,
            made=made.assign(y_hat=value),
            sold=known.assign(y_raw=said),
        )
    found = ask(tmp_path, Question(windows=[1, 2], ends=2)).accuracy.query("stage == 'combined'")
    months = found["month"].dt.strftime("%Y-%m")
    assert list(zip(months, found["window"], found["wape"], found["bias"], strict=True)) == [
        ("2026-04", 1, 5 / 20, -5 / 20),
        ("2026-04", 2, 7 / 30, -3 / 30),
        (LAST, 1, 10 / 40, -10 / 40),
        (LAST, 2, 15 / 60, -15 / 60),
    ]


def test_history_that_was_restated_is_asked_as_it_was_known_or_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path)
    now = panel(LAST)
    march = (now["unique_id"] == POT_EAST) & (now["ds"] == "2026-03-01")
    before = now.loc[march, "y_raw"].item()
    publish(tmp_path, "north", LAST, sold=now.assign(y_raw=now["y_raw"].where(~march, before + 9)))
    question = {"month": "2026-03", "windows": [1]}
    today = ask(tmp_path, Question(**question)).accuracy["actual"]
    then = ask(tmp_path, Question(**question, known="2026-04")).accuracy["actual"]
    assert (today - then).tolist() == [9.0] * 5


def test_a_month_without_source_rows_is_not_scored_and_is_counted(tmp_path: Path) -> None:
    fill(tmp_path)
    now = panel(LAST)
    gap = (now["unique_id"] == POT_EAST) & (now["ds"] == f"{LAST}-01")
    publish(tmp_path, "north", LAST, sold=now.assign(y_raw=now["y_raw"].mask(gap)))
    found = ask(tmp_path, Question(windows=[1]))
    assert set(found.accuracy["n"]) == {2}
    assert found.left_out.values.tolist() == [["north", "actual_missing", 1]]


def test_months_that_are_missing_or_torn_are_counted_and_the_rest_is_scored(tmp_path: Path) -> None:
    fill(tmp_path)
    fill(tmp_path, "south", 1)
    tear(tmp_path / "2026-02" / "north", "forecast")
    path = tmp_path / "2026-03" / "north" / "tables" / "forecast.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)  # as a disk that lost a page does: its beginning and end are whole
    path.write_bytes(content)
    tear(tmp_path / LAST / "north", "panel")
    (tmp_path / "2026-03" / "south" / "manifest.json").unlink()
    found = ask(tmp_path, Question(by=["unit"], windows=[4]))
    months = found.accuracy.query("stage == 'combined'").set_index("unit")["months"]
    assert months.to_dict() == {"north": 1, "south": 3}
    assert found.left_out.values.tolist() == [
        ["north", "actual_missing", 3],  # of May, which the April panel does not know
        ["north", "forecast_torn", 2],
        ["north", "panel_torn", 1],
        ["south", "forecast_missing", 1],
    ]


def test_a_unit_whose_panels_are_all_torn_says_so_and_others_are_answered(tmp_path: Path) -> None:
    fill(tmp_path, "south")
    tear(publish(tmp_path, "north", "2026-05"), "panel")
    found = ask(tmp_path, Question(by=["unit"], windows=[1]))
    assert set(found.accuracy["unit"]) == {"south"}
    assert found.left_out.values.tolist() == [["north", "panel_torn", 1]]


def test_a_unit_whose_dimensions_changed_is_scored_on_the_series_it_still_has(
    tmp_path: Path,
) -> None:
    fill(tmp_path)
    new = SERIES.rename(columns={"region": "channel"}).iloc[:5]
    publish(tmp_path, "north", LAST, series=new)
    found = ask(tmp_path, Question(by=["line", "channel"], windows=[1]))
    assert found.accuracy.query("stage == 'combined'")[
        ["line", "channel", "n"]
    ].values.tolist() == [["锅", "east", 1], ["锅", "west", 1]]
    assert found.left_out.values.tolist() == [["north", "series_gone", 1]]
    fill(tmp_path, "south", 1)
    found = ask(tmp_path, Question(by=["region"], windows=[1])).accuracy
    regions = found.query("stage == 'combined'").set_index("region", drop=False)
    assert regions["n"].tolist() == [2, 1, 2]  # null: of the unit without regions
    assert regions["region"].isna().tolist() == [False, False, True]


def lines(month: str) -> pd.DataFrame:
    """Order lines of two years by two people and by nobody by name; one series has none before."""
    rows = [
        ("锅", "east", "2025-07", "王", "100.10"),
        ("锅", "east", "2025-12", "李", "50.05"),
        ("锅", "west", "2024-01", "李", "999"),  # more than a year before
        ("锅", "west", "2026-04", None, "10"),
        ("锅", "west", "2026-04", "王", "-20"),
        ('O\'Neil "x"', "east", "2026-03", "王", "30"),
        ("锅", "east", "2026-05", "王", "60"),
        ("锅", "west", "2026-05", "李", "80"),
    ]
    frame = pd.DataFrame(rows, columns=["line", "region", "month", "salesperson", "amount"])
    frame = frame[frame["month"] <= month].reset_index(drop=True)
    days = pd.to_datetime(frame["month"])
    return frame.assign(
        source="orders",
        row=range(len(frame)),
        date=days,
        month=days,
        order_id=None,
        customer=None,
        product=None,
        quantity=[Decimal(1)] * len(frame),
        amount=[Decimal(value).quantize(Decimal("0.01")) for value in frame["amount"]],
        kind="sale",
    )


def test_by_salesperson_it_is_what_the_month_itself_attributes(tmp_path: Path) -> None:
    fill(tmp_path)
    now = panel(LAST)
    sold = lines(LAST).query("month == @MAY").groupby(["line", "region"])["amount"].sum()
    is_may = now["ds"] == f"{LAST}-01"
    value = {f"bottom:{line}/{region}": float(sum_) for (line, region), sum_ in sold.items()}
    raw = now["unique_id"].map(value).fillna(0.0).where(is_may, now["y_raw"])
    publish(tmp_path, "north", LAST, sold=now.assign(y_raw=raw), transactions=lines(LAST))
    missed = compare_month(past(tmp_path), month=f"{LAST}-01")
    own = attribute_error(missed, lines(LAST), SERIES).set_index("salesperson")
    found = ask(tmp_path, Question(by=["salesperson"], windows=[1])).accuracy
    found = found.query("stage == 'adjusted'").set_index("salesperson")
    assert len(own) == len(found) == 3
    assert found["forecast"].tolist() == pytest.approx(own["attributed_forecast"].tolist())
    assert found["actual"].tolist() == own["actual"].tolist() == [80.0, 60.0, 0.0]
    assert found["forecast"].sum() == pytest.approx(missed["forecast"].sum())


def test_what_is_shared_out_sums_to_the_forecasts_and_actuals_that_it_is_of(tmp_path: Path) -> None:
    fill(tmp_path)
    rows = lines(LAST).assign(customer=["A", "B", None, "B", "B", "A", "C", "A"])
    publish(tmp_path, "north", LAST, transactions=rows)  # May's actuals are not those of the lines
    plain = ask(tmp_path, Question(by=["region", "lag"], lags=[1, 2], windows=[3])).accuracy
    for name in ("salesperson", "customer"):
        found = ask(tmp_path, Question(by=[name, "region", "lag"], lags=[1, 2], windows=[3]))
        parts = found.accuracy.groupby(["region", "lag", "stage"])[["forecast", "actual"]].sum()
        whole = plain.set_index(["region", "lag", "stage"])[["forecast", "actual"]].sort_index()
        pd.testing.assert_frame_equal(parts, whole)
        assert found.accuracy[name].nunique() >= 2


@pytest.mark.parametrize(("returns", "share"), [("apart", 20 / 30), ("month_of_sale", 0.0)])
def test_returns_kept_apart_take_nothing_from_a_share(
    tmp_path: Path, returns: str, share: float
) -> None:
    fill(tmp_path)
    rows = lines(LAST)
    back = rows["amount"] < 0  # of 20, which the same person sold
    rows = pd.concat([rows.assign(kind=rows["kind"].mask(back, "return")), rows[back]])
    rows["amount"] = rows["amount"].where(rows["kind"].eq("return"), rows["amount"].map(abs))
    rows["row"] = range(len(rows))
    publish(tmp_path, "north", LAST, transactions=rows, returns=returns)
    found = ask(tmp_path, Question(by=["salesperson", "region"], windows=[1])).accuracy
    west = found.query("stage == 'combined' and region == 'west'")
    own = west.loc[west["salesperson"] == "王", "forecast"].sum()
    assert own == pytest.approx(share * west["forecast"].sum())


def test_without_salespeople_all_is_nobodys(tmp_path: Path) -> None:
    fill(tmp_path)
    publish(tmp_path, "north", LAST, transactions=lines(LAST).drop(columns="salesperson"))
    found = ask(tmp_path, Question(by=["salesperson"], windows=[1])).accuracy
    assert found["salesperson"].isna().all()
    (tmp_path / LAST / "north" / "tables" / "transactions.parquet").unlink()
    found = ask(tmp_path, Question(by=["salesperson"], windows=[1]))
    assert found.accuracy.empty
    assert found.left_out.values.tolist() == [["north", "transactions_missing", 5]]


def test_without_reports_there_is_an_answer_without_rows(tmp_path: Path) -> None:
    found = ask(tmp_path / "none", Question(by=["unit", "region"]))
    assert found.accuracy.empty
    assert list(found.accuracy.columns[:5]) == ["unit", "region", "month", "window", "stage"]
    assert found.left_out.empty


def test_a_first_month_has_nothing_to_score(tmp_path: Path) -> None:
    publish(tmp_path, "north", LAST)
    assert ask(tmp_path).accuracy.empty


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        (Question(by=["regio"]), "Unknown key 'regio' in `by`.*Did you mean 'region'"),
        (Question(by=["customer", "product"]), "`by` has 'customer', 'product'.*shared out once"),
        (Question(stages=["adjust"]), "Unknown key 'adjust' in `stages`.*'adjusted'"),
        (Question(units=["nord"]), "Unknown key 'nord' in `units`"),
        (Question(month="2026"), "is not a month"),
        (Question(known="05-2026"), "is not a month"),
    ],
)
def test_what_does_not_exist_is_refused(tmp_path: Path, question: Question, wrong: str) -> None:
    fill(tmp_path)
    with pytest.raises(RequestError, match=wrong):
        ask(tmp_path, question)


def test_lags_far_apart_leave_out_the_months_between(tmp_path: Path) -> None:
    fill(tmp_path)
    found = ask(tmp_path, Question(by=["lag"], lags=[4, 1], windows=[1])).accuracy
    assert found.query("stage == 'combined'")[["lag", "n"]].values.tolist() == [[1, 3], [4, 3]]


def test_earlier_versions_and_other_cutoffs_do_not_count(tmp_path: Path) -> None:
    fill(tmp_path)
    before = ask(tmp_path).accuracy
    publish(tmp_path, "north", "2026-04", earlier=True, made=forecast("2026-04", seed=7))
    own = tables.read(tmp_path / "2026-04" / "north" / "tables", "forecast")
    both = pd.concat([own, forecast("2026-02", seed=3)])
    publish(tmp_path, "north", "2026-04", made=both, sold=panel("2026-04"))
    pd.testing.assert_frame_equal(ask(tmp_path).accuracy, before)
    assert set(CORE) < set(before["stage"])
