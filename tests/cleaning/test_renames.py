"""Claims about proposals: an end beside a beginning is proposed where the data support it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from salesfc_lib.cleaning.history.name_similarity import Similarity
from salesfc_lib.cleaning.history.renames import propose_renames, write_yaml
from salesfc_lib.cleaning.mappings import list_entries, resolve_names
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters

MONTHS = pd.date_range("2023-01-01", periods=24, freq="MS")
Life = tuple[int, int, float]  # first month, the month after the last, sales a month


def sell(
    lives: Mapping[str, Life], column: str = "region", buyers: Mapping[str, list[str]] | None = None
) -> pd.DataFrame:
    """A line a month, member and buyer."""
    rows = [
        {
            "month": MONTHS[place],
            column: name,
            "customer": buyer,
            "amount": level * (1 + 0.1 * (place % 3)),
        }
        for name, (start, end, level) in lives.items()
        for place in range(start, end)
        for buyer in (buyers or {}).get(name, ["everybody"])
    ]
    return pd.DataFrame(rows).astype({column: "category", "customer": "category"})


def pairs(proposals: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(proposals["old"], proposals["new"], strict=True))


OTHERS: Mapping[str, Life] = {
    "west": (0, 24, 300.0),
    "east": (0, 24, 200.0),
    "central": (0, 24, 150.0),
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("张三商贸", "张三商贸有限公司"),
        ("O'Brien", "OBRIEN"),
        ("Pottawattamie", "Pottawatta"),
        ("Ａ公司 东", "A公司东"),
    ],
)
def test_a_name_spelled_otherwise_from_a_month_on_is_proposed(old: str, new: str) -> None:
    found = propose_renames(sell({**OTHERS, old: (0, 12, 100.0), new: (12, 24, 105.0)}), ["region"])
    assert pairs(found) == {(old, new)}
    assert found["from"].tolist() == [pd.Timestamp("2024-01-01")]
    assert yaml.safe_load(found["yaml"][0]) == {old: [{"to": new}]}


def test_both_names_may_share_a_month_but_not_a_gap_or_a_long_overlap() -> None:
    def found(end: int) -> set[tuple[str, str]]:
        return pairs(
            propose_renames(
                sell({**OTHERS, "buena vista": (0, end, 100.0), "buena vist": (12, 24, 100.0)}),
                ["region"],
            )
        )

    assert found(13) == found(12) == {("buena vista", "buena vist")}
    assert found(15) == found(9) == set()


def test_a_name_without_likeness_is_told_by_who_buys() -> None:
    lives = {**OTHERS, "南方": (0, 12, 100.0), "华南": (12, 24, 110.0)}
    own = {
        "南方": ["深圳甲", "广州乙"],
        "华南": ["深圳甲", "广州乙"],
        "west": ["成都丙"],
        "east": ["上海丁"],
        "central": ["武汉戊"],
    }
    assert pairs(propose_renames(sell(lives, buyers=own), ["region", "customer"])) == {
        ("南方", "华南")
    }
    others = {**own, "华南": ["新客户"]}
    assert pairs(propose_renames(sell(lives, buyers=others), ["region", "customer"])) == set()
    assert (
        pairs(
            propose_renames(
                sell({**lives, "华南": (12, 24, 300.0)}, buyers=own), ["region", "customer"]
            )
        )
        == set()
    )


def test_a_launch_beside_an_end_is_no_rename() -> None:
    lives = {
        **OTHERS,
        "red kettle": (0, 12, 100.0),
        "blue toaster": (12, 24, 100.0),
        "green fan": (0, 12, 90.0),
    }
    assert propose_renames(sell(lives), ["region"]).empty
    assert propose_renames(sell(OTHERS), ["region"]).empty
    assert propose_renames(sell({"alone": (0, 24, 1.0)}), ["region"]).empty


def test_members_that_became_one_are_proposed_together_where_they_add_up() -> None:
    parts: Mapping[str, Life] = {
        "peach schnapps": (0, 12, 30.0),
        "apple schnapps": (0, 12, 50.0),
        "plum brandy": (0, 12, 70.0),
    }
    merged = propose_renames(
        sell({**OTHERS, **parts, "american schnapps": (12, 24, 82.0)}), ["region"]
    )
    assert pairs(merged) == {
        ("peach schnapps", "american schnapps"),
        ("apple schnapps", "american schnapps"),
    }
    assert (
        merged["evidence"].map(in_words).str.contains("2 members end where this one begins").all()
    )
    assert propose_renames(
        sell({**OTHERS, **parts, "american schnapps": (12, 24, 300.0)}), ["region"]
    ).empty


def test_a_common_word_makes_no_likeness() -> None:
    names = Similarity(
        ["american gin", "american rum", "american vodka", "american cocktails", "cocktails, ready"]
    )
    assert (
        names.compare("american gin", "american rum")
        < 0.35
        < names.compare("american cocktails", "cocktails, ready")
    )
    assert Similarity(["华", "华南"]).compare("华", "华南") < 0.95, (
        "one ideograph is too short for a name cut off"
    )


@pytest.fixture(scope="module")
def iowa(real_data: Path) -> pd.DataFrame:
    path = real_data / "iowa_liquor" / "iowa_liquor_monthly.parquet"
    if not path.is_file():
        pytest.skip(f"No liquor sales at '{path}'")
    frame = pd.read_parquet(path).rename(columns={"year_month": "month"})
    return frame.astype(
        {
            "month": "datetime64[ns]",
            "county": "category",
            "type": "category",
            "category": "category",
        }
    )


RENAMED = {
    ("buena vista", "buena vist"),
    ("o'brien", "obrien"),
    ("pottawattamie", "pottawatta"),
    ("cerro gordo", "cerro gord"),
}


def test_the_counties_that_iowa_spelled_anew_are_found_and_their_series_are_unbroken(
    iowa: pd.DataFrame,
) -> None:
    proposals = propose_renames(iowa, ["county", "type", "category"], "state_revenue")
    counties = proposals[proposals["dimension"].eq("county")]
    assert pairs(counties) == RENAMED
    tree = yaml.safe_load(write_yaml(counties))
    accepted = Parameters.model_validate(tree).renames["county"]
    used = resolve_names("county", list_entries(accepted)).rename(
        iowa["county"], iowa["month"].to_numpy()
    )
    months = iowa.assign(county=used).groupby("county")["month"].agg(["min", "max", "nunique"])
    named = months.loc[[new for _, new in RENAMED]]
    assert (named["nunique"] == iowa["month"].nunique()).all()
    assert len(months) == iowa["county"].nunique() - 4
    assert np.isclose(
        iowa["state_revenue"].sum(),
        iowa.assign(county=used).groupby("county")["state_revenue"].sum().sum(),
    )


def test_of_the_categories_that_were_cut_anew_only_what_adds_up_is_proposed(
    iowa: pd.DataFrame,
) -> None:
    found = pairs(
        propose_renames(iowa, ["category", "county"], "state_revenue").query(
            "dimension == 'category'"
        )
    )
    assert {
        ("vodka flavored", "american flavored vodka"),
        ("imported grape brandies", "imported brandies"),
    } <= found
    assert {new for _, new in found} == {
        "american brandies",
        "american flavored vodka",
        "american schnapps",
        "american vodka",
        "imported brandies",
    }
    assert all(old.endswith("schnapps") for old, new in found if new == "american schnapps")
    assert all(old.endswith("brandies") for old, new in found if new == "american brandies")
    assert not {old for old, _ in found} & {"tequila", "american cocktails"}, (
        "what was split in two has no one new name"
    )


def test_a_customer_who_buys_now_and_then_may_pause_as_long_as_before() -> None:
    def found(pause: int) -> set[tuple[str, str]]:
        steady = sell(OTHERS)
        seldom = [("Northwind", place) for place in (0, 1, 5, 7, 9)] + [
            ("NORTHWIND Ltd", 9 + pause + place) for place in (0, 2, 3, 5)
        ]
        rows = [
            {"month": MONTHS[place], "region": name, "customer": "everybody", "amount": 50.0}
            for name, place in seldom
        ]
        return pairs(
            propose_renames(
                pd.concat(
                    [steady.astype({"region": object}), pd.DataFrame(rows)], ignore_index=True
                ),
                ["region"],
            )
        )

    assert found(4) == {("Northwind", "NORTHWIND Ltd")}
    assert found(6) == set()
