"""What the page says of who and what made the difference follows from the tables, in both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import language, tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.reporting.blocks import Figure, Prose, Table
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.retrospective import decomposition
from salesfc_lib.retrospective.facts import write_facts

MONTH = pd.Timestamp("2026-06-01")
SPLIT = ("volume", "mix", "price")
NAMES = ("decomposition_rules", "price_volume_mix", "customer_change", "attribution")


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    folder = tmp_path / "reports" / ".work"
    return UnitMonth(tmp_path, "kitchen", "2026-06", defaults(), {}, {}, folder)


def tree(*rows: tuple[str, str | None, str, float]) -> pd.DataFrame:
    """Table `drill` from (path, dimension, member, difference); '+5' as a member is a rest of 5.

    Gross are the sums over the children given.
    """
    frame = pd.DataFrame(rows, columns=["path", "dimension", "member", "difference"])
    frame["parent"] = [path[:-2] if "." in path else None for path in frame["path"]]
    size = frame.assign(size=frame["difference"].abs()).groupby("parent")["size"].sum()
    whole = frame.set_index("path")["difference"]
    rest = frame["member"].fillna("").str.startswith("+")
    kind = rest.map({True: "rest", False: "member"}).mask(frame["dimension"].isna(), "total")
    frame = frame.assign(
        kind=kind,
        members=[
            int(name[1:]) if is_rest else 1
            for name, is_rest in zip(frame["member"], rest, strict=True)
        ],
        depth=frame["path"].str.count(r"\."),
        forecast=1000.0,
        actual=1000.0 - frame["difference"],
        share=frame["difference"] / frame["parent"].map(whole),
        gross=frame["path"].map(size),
        shared=frame["dimension"].isin(["customer", "product"]),
    )
    return tables.check(tables.build(frame, "drill"), "drill")


def compared(drill: pd.DataFrame, **more: pd.DataFrame) -> ComparedMonth:
    found = {name: tables.empty(name) for name in NAMES} | {"drill": drill} | more
    found["missed"] = pd.DataFrame({"difference": [1.0]})
    return ComparedMonth(found, {}, pd.DataFrame(), 1, MONTH, "bottom", ())


def said(run: UnitMonth, drill: pd.DataFrame, spoken: str = "en", **more: pd.DataFrame) -> str:
    with language.speaking(spoken):
        block = decomposition.who(run, compared(drill, **more)).blocks[0]
    assert isinstance(block, Prose)
    return block.text.replace("\xa0", " ").replace("\u202f", "")


ONE = tree(
    ("0", None, "", 1000.0),
    ("0.1", "line", "空气炸锅", 700.0),
    ("0.1.1", "customer", "家乐城", 610.0),
    ("0.1.2", "customer", "+8", 90.0),
    ("0.2", "line", "刀具", 300.0),
)


def test_one_customer_with_most_of_a_shortfall_is_named_first(run: UnitMonth) -> None:
    assert said(run, ONE) == "61% of the shortfall of 1,000 is customer 家乐城 in 空气炸锅: 610."
    assert said(run, ONE, "zh") == "少卖的 1,000 中，61% 出在空气炸锅 · 家乐城（客户）：610。"


def test_more_was_sold_is_a_surplus(run: UnitMonth) -> None:
    more = ONE.assign(difference=-ONE["difference"])
    assert said(run, more).startswith("61% of the surplus of 1,000 is")
    assert said(run, more, "zh").startswith("多卖的")


def test_what_is_more_than_the_whole_is_said_with_what_made_up_for_it(run: UnitMonth) -> None:
    table = tree(
        ("0", None, "", -591.0),
        ("0.1", "line", "A", -759.0),
        ("0.1.1", "region", "e", -500.0),
        ("0.1.2", "region", "w", -259.0),
        ("0.2", "line", "B", 168.0),
    )
    assert said(run, table) == (
        "Line A came in 759 above forecast, more than the whole surplus of 591; everything else "
        "together came in 168 below. Most of that is region e: 500."
    )


def test_differences_that_cancel_out_are_both_named(run: UnitMonth) -> None:
    table = tree(("0", None, "", 20.0), ("0.1", "line", "A", 120.0), ("0.2", "line", "B", -100.0))
    assert said(run, table) == (
        "The whole came in 20 below forecast, but only because larger differences cancel out: "
        "line A came in 120 below, line B 100 above."
    )
    with language.speaking("en"):
        shown = decomposition.who(run, compared(table)).blocks[1]
    assert isinstance(shown, Table)
    assert [row[5].text for row in shown.rows] == ["cancels out"] * 2


def test_where_nothing_stands_out_no_name_is_blamed(run: UnitMonth) -> None:
    few = [(f"0.{place}", "line", f"L{place}", 10.0) for place in (1, 2, 3)]
    table = tree(("0", None, "", 100.0), *few, ("0.4", "line", "+7", 70.0))
    assert said(run, table).startswith("No line stands out in the shortfall of 100")


def test_names_that_differ_both_ways_explain_nothing_alone(run: UnitMonth) -> None:
    table = tree(
        ("0", None, "", 100.0),
        ("0.1", "line", "A", 90.0),
        ("0.1.1", "product", "p1", 200.0),
        ("0.1.2", "product", "p2", 60.0),
        ("0.1.3", "product", "+4", -170.0),
        ("0.2", "line", "B", 10.0),
    )
    text = said(run, table)
    assert text.startswith("90% of the shortfall of 100 is line A: 90. No product explains it")
    assert "p1 (−200) and p2 (−60)" in text


def test_a_whole_that_nothing_can_be_told_apart_in_and_a_hit_say_so(run: UnitMonth) -> None:
    assert said(run, tree(("0", None, "", 5.0))).startswith("There is nothing below the whole")
    hit = tree(("0", None, "", 0.0), ("0.1", "line", "A", 0.0), ("0.2", "line", "B", 0.0))
    assert said(run, hit) == "Every member came in as forecast."


def test_every_member_that_was_opened_folds_out_below_its_table(run: UnitMonth) -> None:
    with language.speaking("en"):
        _, members, opened = decomposition.who(run, compared(ONE)).blocks
    assert isinstance(members, Table) and isinstance(opened, Table)
    assert [row[0].text for row in members.rows] == ["空气炸锅", "刀具"]
    assert [row[6].text for row in members.rows] == ["家乐城 87\u202f%", "spread"]
    assert opened.folded and opened.title == "空气炸锅 (−700)"
    assert [row[0].text for row in opened.rows] == ["家乐城", "8 others"]


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_rule_can_be_said(run: UnitMonth, spoken: str) -> None:
    rules = [
        *("gone", "not_forecast", "nothing_sold", "untold", "moved"),
        *("no_customer", "no_product", "no_salesperson", "no_quantity"),
    ]
    facts = '{"names": ["刀具 · 华东"]}'
    rows = [
        {"rule": rule, "n": 2, "forecast": 7.0, "actual": 3.0, "facts": facts} for rule in rules
    ]
    table = tables.build(rows, "decomposition_rules")
    text = said(run, ONE, spoken, decomposition_rules=table)
    assert text.count("刀具 · 华东") == 4 and text.count(" 2 ") >= 3


def steps(**effects: float) -> pd.DataFrame:
    """Table `price_volume_mix` of these effects."""
    all_steps = dict.fromkeys([*SPLIT, "average", "no_reference", "no_quantity"], 0.0)
    item = {"product": "p1", "label": "A", "effect": -12}
    facts = write_facts(planned=20.0, sold=16.0, whole=3, largest=[item])
    rows: list[dict[str, Any]] = [
        {"position": place, "cause": cause, "effect": effect, "before": 0.0, "after": 0.0}
        for place, (cause, effect) in enumerate((all_steps | effects).items(), start=1)
    ]
    return tables.build([row | {"items": 1, "facts": facts} for row in rows], "price_volume_mix")


@pytest.mark.parametrize(
    ("effects", "title"),
    [
        ({"volume": -80.0, "mix": 60.0}, "Fewer pieces of dearer goods: quantity −80, mix +60"),
        ({"volume": 80.0, "mix": -60.0}, "More pieces of cheaper goods: quantity +80, mix −60"),
        ({"volume": -80.0, "mix": 10.0}, "Quantity moved sales most: −80 against the forecast"),
        ({"volume": -5.0, "price": 9.0}, "Price moved sales most: +9 against the forecast"),
        ({"volume": -500.0}, "Quantity moved sales most: −500 against the forecast"),
    ],
)
def test_a_title_says_what_quantity_and_mix_mean_together(
    run: UnitMonth, effects: dict[str, float], title: str
) -> None:
    with language.speaking("en"):
        text, figure = decomposition.price_volume_mix(
            run, compared(ONE, price_volume_mix=steps(**effects))
        ).blocks
    assert isinstance(figure, Figure) and isinstance(text, Prose)
    assert figure.title == title
    assert "16 pieces sold" in text.text.replace("\xa0", " ") and "In 3 series" in text.text
    assert ("p1 (−12)" in text.text) == (max(map(abs, effects.values())) <= 120)


def test_what_cannot_be_split_is_said_and_drawn_apart(run: UnitMonth) -> None:
    table = steps(volume=-5.0, no_reference=-77.0)
    with language.speaking("en"):
        text, figure = decomposition.price_volume_mix(
            run, compared(ONE, price_volume_mix=table)
        ).blocks
    assert isinstance(figure, Figure) and isinstance(text, Prose)
    assert "−77 cannot be split" in text.text
    assert "No earlier price −77" in figure.alt and "No quantity" not in figure.alt


def test_customers_are_listed_lost_first_with_their_largest_names(run: UnitMonth) -> None:
    rows = [
        ("Li", "kept", 50.0),
        ("Wu", "lost", 90.0),
        ("Xu", "kept", -20.0),
        (None, "unnamed", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["customer", "change", "difference"])
    frame = frame.assign(forecast=100.0, actual=100 - frame["difference"], months=1, longest=0)
    table = tables.build(frame.assign(silent=0), "customer_change")
    with language.speaking("en"):
        text, shown = decomposition.customers(run, compared(ONE, customer_change=table)).blocks
    assert isinstance(shown, Table) and isinstance(text, Prose)
    assert text.text.endswith("1 lost customer −90; 2 kept customers −30.")
    assert [row[0].text for row in shown.rows] == ["Lost", "Kept", "Without a name"]
    assert [row[5].text for row in shown.rows] == ["Wu (−90)", "Li (−50); Xu (+20)", ""]


def test_a_unit_without_customers_or_quantities_says_so(run: UnitMonth) -> None:
    with language.speaking("en"):
        no_names = decomposition.customers(run, compared(ONE)).blocks
        no_pieces = decomposition.price_volume_mix(run, compared(ONE)).blocks
    assert [type(block) for block in (*no_names, *no_pieces)] == [Prose, Prose]
    assert "name no customer" in no_names[0].plain() and "quantity" in no_pieces[0].plain()
