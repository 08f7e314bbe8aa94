"""Titles and opening sentences claim nothing that the figure or table below them contradicts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.reporting.blocks import Figure, Prose, Table
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.facts.summary import Ratio, Summary
from salesfc_lib.reporting.narrative import reconciliation
from salesfc_lib.reporting.narrative.cleaning import definitions, exports, overview
from salesfc_lib.reporting.narrative.modeling import choices, level_shifts
from salesfc_lib.reporting.narrative.retrospective import accuracy, causes
from salesfc_lib.reporting.narrative.retrospective.overview import _changes, headline
from salesfc_lib.reporting.pages.key_numbers import key_numbers
from tests.reporting.test_distributions import modeled

MONTH = pd.Timestamp("2026-06-01")


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    folder = tmp_path / "reports" / ".work"
    return UnitMonth(tmp_path, "kitchen", "2026-06", defaults(), {}, {}, folder)


def compared(**given: pd.DataFrame) -> ComparedMonth:
    """A month with these tables that sold 1,000 against a forecast of 900."""
    now = {"level": "bottom", "lag": 1, "forecast": 900.0, "actual": 1000.0, "accuracy": 0.9}
    found = {"by_lag": pd.DataFrame([now]), "missed": pd.DataFrame({"difference": [1.0]})}
    series = pd.DataFrame({"level": ["bottom"]})
    return ComparedMonth(found | given, {}, series, 1, MONTH, "bottom", ())


def steps(*effects: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(effects, columns=["cause", "effect"])


@pytest.mark.parametrize(
    ("effects", "mostly"),
    [
        # raised and lowered by people: +105 alone is more than the gap, both together are not
        ([("change_by_people", -60.0), ("change_by_people", 105.0), ("not_explained", 55.0)], "w"),
        ([("change_by_people", 80.0), ("not_explained", 20.0)], "people"),
        ([("returns", -40.0), ("large_order", 70.0), ("not_explained", 70.0)], "large order"),
        ([("stockout", 40.0), ("large_order", 30.0), ("trend", 30.0)], ""),
    ],
)
def test_a_headline_names_a_cause_only_where_its_steps_together_make_half_of_the_gap(
    run: UnitMonth, effects: list[tuple[str, float]], mostly: str
) -> None:
    title = headline(run, compared(difference=steps(*effects)))
    expected = {"w": "without a cause", "people": "people had changed it"}.get(mostly, mostly)
    assert expected in title and ("mostly" in title) == bool(mostly)


def test_what_is_not_explained_is_not_weighed_against_causes_of_another_sign(
    run: UnitMonth,
) -> None:
    table = steps(("returns", -90.0), ("large_order", 150.0), ("not_explained", 40.0))
    figure = causes.difference(run, compared(difference=table)).blocks[1]
    assert isinstance(figure, Figure)
    assert figure.title == (
        "+40 of the difference has no cause that we can show; the known causes add up to +60"
    )


@pytest.mark.parametrize(
    ("before", "now", "reading"),
    [(1.43, 1.20, "easier"), (1.20, 1.43, "harder"), (0.20, 0.15, "easier")],
)
def test_a_month_is_easier_where_the_naive_errs_less_also_beyond_all_sales(
    run: UnitMonth, before: float, now: float, reading: str
) -> None:
    row = {"level": "bottom", "lag": 1, "accuracy": 0.5, "bias": 0.0, "naive_accuracy": 0.0}
    rows = [
        row | {"ds": MONTH - pd.DateOffset(months=1), "naive_wape": before},
        row | {"ds": MONTH, "naive_wape": now},
    ]
    empty = {name: tables.empty(name) for name in ("actions", "decided", "proposals")}
    month = compared(by_lag=pd.DataFrame(rows[1:]), history=pd.DataFrame(rows), **empty)
    said = _changes(run, month)[1].replace("\u202f", " ")
    assert f"from {before:.1%} to {now:.1%} of sales".replace("%", " %") in said
    assert f"the month was {reading} to forecast" in said


@pytest.mark.parametrize(
    ("by_lag", "title"),
    [
        ([0.9, 0.8, 0.85], "One month ahead was 5.0 points better than 3 months ahead"),
        ([0.8, 0.9, 0.7], "The forecast was most accurate 2 months ahead, 90.0 %; one month "),
        ([0.8, 0.75, 0.8], "One month ahead was as accurate as 3 months ahead: 80.0 %"),
        ([0.8, 0.75, 0.9], "The forecast was most accurate 3 months ahead, 90.0 %; one month "),
    ],
)
def test_a_title_about_distances_names_the_one_that_was_most_accurate(
    run: UnitMonth, by_lag: list[float], title: str
) -> None:
    table = pd.DataFrame({"level": "bottom", "lag": [1, 2, 3], "accuracy": by_lag, "bias": 0.0})
    table = table.assign(naive_accuracy=0.7, forecast=1.0, actual=1.0)
    figure = accuracy.lags(run, compared(by_lag=table)).blocks[1]
    assert isinstance(figure, Figure)
    assert figure.title.replace("\u202f", " ").startswith(title)


@pytest.mark.parametrize(
    ("combined", "single", "verdict"),
    [
        (0.0991, 0.0994, "tie"),
        (0.0994, 0.0991, "tie"),
        (0.098, 0.099, "best"),
        (0.1, 0.09, "not_best"),
    ],
)
def test_errors_that_are_written_alike_are_a_tie(
    combined: float, single: float, verdict: str
) -> None:
    errors = {"combined": [combined], "damped": [single], "seasonal_naive": [0.2]}
    sold = pd.Series(1.0, index=pd.date_range(end=MONTH, periods=12, freq="MS"))
    month = modeled(sold, errors)
    assert month.standing()["verdict"] == verdict


def test_a_correction_that_weighs_more_than_the_heaviest_candidate_is_in_the_title(
    run: UnitMonth,
) -> None:
    rows = [(BOOSTING, 0.2, 1, 1), ("damped", 0.06, 1, 0), ("ets", 0.05, 1, 0)]
    table = pd.DataFrame(rows, columns=["model", "weight", "used", "best"])
    month: Any = SimpleNamespace(weight_table=lambda: table.assign(wape=0.1, series=1))
    block = choices.weights(run, month).blocks[1]
    assert isinstance(block, Table)
    title = block.title.replace("\u202f", " ")
    assert title.startswith("Of the candidates Damped trend weighs most, 6.0 % ")
    assert title.endswith("; their correction by XGBoost has 20.0 %")
    month = SimpleNamespace(weight_table=lambda: table.iloc[1:].assign(wape=0.1, series=1))
    block = choices.weights(run, month).blocks[1]
    assert isinstance(block, Table) and "XGBoost" not in block.title


def test_methods_that_are_written_alike_are_called_level(run: UnitMonth) -> None:
    rows = [("ols", 7.81), ("wls_var", 7.84), ("bottom_up", 8.2)]
    table = pd.DataFrame(rows, columns=["method", "numerator"])
    table = table.assign(level="total", denominator=100.0, n=1, chosen=[True, False, False])
    month: Any = SimpleNamespace(
        reconciliation=table, series=pd.DataFrame({"level": ["total"]}), method="ols"
    )
    block = reconciliation.methods(run, month).blocks[1]
    assert isinstance(block, Table)
    assert block.title == (
        "Least squares has the lowest error over the levels, level with weighted by error "
        "variance to a tenth of a per cent"
    )


def test_the_level_shift_in_the_title_is_said_to_move_most_not_to_change_most(
    run: UnitMonth,
) -> None:
    shifts = pd.DataFrame(
        {"unique_id": ["a", "b"], "ds": MONTH, "change": [-20.0, -60.0], "strength": 9.0}
    ).assign(evidence="")
    series = pd.DataFrame({"unique_id": ["a", "b"], "label": ["Large", "Small"], "level": "total"})
    panel = pd.DataFrame({"unique_id": ["a", "b"], "ds": MONTH, "y_raw": [100.0, 1.0]})
    month: Any = SimpleNamespace(explained={"break": shifts}, series=series, panel=panel, top="a")
    block = level_shifts.lasting_changes(run, month).blocks[1]
    assert isinstance(block, Table)
    assert block.title.startswith("Large moves most sales: −20")


def test_only_numbers_with_a_limit_are_counted_as_limits() -> None:
    ratio = {"wape": Ratio(10, 100), "bias": Ratio(20, 100), "naive": Ratio(30, 100)}
    summary = Summary(
        "kitchen", "Kitchen", "2026-06", 1, "", further=((3, Ratio(30, 100)),), floor=0.8, **ratio
    )
    table = key_numbers(summary, [])
    assert table is not None and len(table.rows) == 4
    assert table.title == "One of three limits was missed in June"


def stock(n: int) -> Any:
    """Months without stock: of the first, more was sold than expected; of the last, none is."""
    sold = [2.0, *[1.0] * (n - 1)]
    expected = [1.0, *[2.0] * (n - 2), None]
    table = pd.DataFrame({"unique_id": "a", "ds": MONTH, "stockout_days": 3.0, "y_raw": sold})
    series = pd.DataFrame({"unique_id": ["a"], "label": ["Pans"], "level": ["bottom"]})
    return SimpleNamespace(censored=table.assign(y=expected), series=series)


def test_months_without_stock_are_not_all_said_to_have_sold_less(run: UnitMonth) -> None:
    text, table = definitions.stock_outs(run, stock(20)).blocks
    assert isinstance(text, Prose) and isinstance(table, Table)
    assert "in 18 of the 19 with an expectation less was sold" in text.text
    assert len(table.rows) == 12 and table.subtitle.endswith("The first 12 of 20.")
    _, table = definitions.stock_outs(run, stock(5)).blocks
    assert isinstance(table, Table) and "The first" not in table.subtitle


def author(name: str, leans: str, bias: float) -> dict[str, Any]:
    gains = {"gain": 1.0, "changes": 9, "raised": 9, "lowered": 0, "helped": 5}
    bounds = {"bias_with": bias, "bias_without": 0.0, "months_lowered": 0, "months_raised": 9}
    beyond = {"months_too_low": 8, "months_too_high": 8}
    return {"author": name, "leans": leans} | gains | bounds | beyond


def test_a_title_about_authors_says_which_way_each_of_them_leans(run: UnitMonth) -> None:
    people = pd.DataFrame(
        [author("Lin", "low", -0.1), author("Wu", "high", 0.1), author("He", "", 0.2)]
    )
    blocks = causes.people(run, compared(people=people, salespeople=pd.DataFrame())).blocks
    figure, table = blocks[1:3]
    assert isinstance(figure, Figure) and isinstance(table, Table)
    assert figure.title == (
        "Lin's changes are too low and Wu's changes are too high, more often than chance explains"
    )
    # beyond the shaded limit, so it is not said to have no bias
    assert table.rows[2][-1].text == "may be chance"


def ledger(**rules: tuple[int, int]) -> Any:
    """The ledger of rules that took away (rows, amount) of 100 rows worth 1,000."""
    entries = {"opening": (100, 1000), **rules}
    left = [100 - sum(row for row, _ in rules.values()), 1000 - sum(a for _, a in rules.values())]
    entries["kept"] = (left[0], left[1])
    table = pd.DataFrame(
        [(rule, rows, Decimal(amount)) for rule, (rows, amount) in entries.items()],
        columns=["rule", "rows", "amount"],
    ).assign(quantity=Decimal(0), source="orders", month=MONTH)
    problems = pd.DataFrame({"rule": ["renamed"], "action": ["changed"]})
    by_rule = table.set_index("rule")
    return SimpleNamespace(ledger=table, problems=problems, by_rule=by_rule)


def test_the_opening_of_cleaning_tells_what_became_of_sales_and_not_a_list_of_rules(
    run: UnitMonth,
) -> None:
    taken = ledger(duplicate=(3, 30), tax=(0, 100), returns_apart=(1, -7), sample=(2, 0))
    text = overview._describe_total(run, taken)
    assert text.startswith("Sales went from 1,000 as read to 877 as kept: −100 (tax taken out")
    assert "−30 (repeated line) and +7 in 1 more way" in text
    assert "Sales stay at 1,000 as read" in overview._describe_total(run, ledger(sample=(2, 0)))


def test_every_kind_of_problem_is_in_the_sum_of_what_was_found(run: UnitMonth) -> None:
    actions = ["quarantined", "dropped", "changed", "noted", "read"]
    found = pd.DataFrame({"action": actions, "rule": [f"rule_{name}" for name in actions]})
    found = found.assign(rows=1, source="orders", column="", first_row=1, example="", reason="")
    month: Any = SimpleNamespace(problems=found)
    text = exports.scan(run, month).blocks[0]
    assert isinstance(text, Prose)
    assert "1 set aside, 1 taken out, 1 changed, 1 only noted and 1 read." in text.text
