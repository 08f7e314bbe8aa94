"""Pages of key accounts and key products: what they count, what they say, and that a hostile name
stays text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.archive import manifest
from salesfc_lib.archive.unit_month import UnitMonth
from salesfc_lib.forecasting.candidates.registry import BOOSTING
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import DriverEffects
from salesfc_lib.panel.key_series import name_page
from salesfc_lib.reporting.facts.key import KeyMonth, list_key_months, list_within
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.summary import KeyLink
from salesfc_lib.reporting.narrative.drivers import describe_effect, describe_share
from salesfc_lib.reporting.narrative.key_page import KeyPage, key_page
from salesfc_lib.reporting.narrative.writer import writer_of
from salesfc_lib.reporting.pages.unit import write_unit_page
from salesfc_lib.reporting.pages.write import write_key_page
from tests import pages
from tests.pages import NASTY
from tests.reporting.test_pages import read, text_of

CUTOFF = pd.Timestamp("2026-06-01")
MONTHS = pd.date_range("2023-07-01", CUTOFF, freq="MS")
AHEAD = pd.date_range("2026-07-01", periods=12, freq="MS")
ID = f"key_account:{NASTY}"


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    in_yuan = defaults().unit.model_copy(update={"currency": "¥"})
    parameters = defaults().model_copy(update={"unit": in_yuan})
    return UnitMonth(
        tmp_path, "kitchen", "2026-06", parameters, {}, {}, tmp_path / "reports" / ".work"
    )


def rows_of(
    cutoffs: list[str], said: list[float], actual: list[float], *, h: int = 1
) -> pd.DataFrame:
    """Archived or backtested rows with bounds 10 below and above."""
    cutoff = pd.to_datetime(cutoffs)
    frame = pd.DataFrame(
        {
            "unique_id": ID,
            "stage": "reconciled",
            "model": "m",
            "cutoff": cutoff,
            "ds": cutoff + pd.DateOffset(months=h),
            "h": h,
        }
    )
    frame = frame.assign(y_hat=said, actual=actual)
    return frame.assign(
        **{
            f"{side}-{level}": frame["y_hat"] + sign * 10.0
            for side, sign in (("lo", -1), ("hi", 1))
            for level in (80, 95)
        }
    )


def key_month(**changed: Any) -> KeyMonth:
    y_hat = np.linspace(110.0, 220.0, 12)
    published = pd.DataFrame(
        {"unique_id": ID, "stage": "reconciled", "ds": AHEAD, "h": range(1, 13), "y_hat": y_hat}
    )
    published = published.assign(
        **{"lo-80": y_hat - 10, "hi-80": y_hat + 10, "lo-95": y_hat - 20, "hi-95": y_hat + 20}
    )
    weights = pd.DataFrame(
        [
            (ID, BOOSTING, 0.5, 0.1, "half"),
            (ID, "regression", 0.3, 0.08, "lowest error"),
            (ID, "damped", 0.2, 0.12, "backtest error"),
        ],
        columns=["unique_id", "model", "weight", "backtest_error", "reason"],
    )
    terms = [
        ("level", 100.0, None, None, None),
        ("trend", 5.0, None, None, None),
        ("promotion", 40.0, 30.0, 50.0, "share"),
    ]
    terms += [(f"month {n:02d}", float(n - 6), None, None, None) for n in range(1, 13)]
    coefficient = pd.DataFrame(terms, columns=["term", "estimate", "low", "high", "kind"]).assign(
        unique_id=ID
    )
    ahead = pd.DataFrame(
        {
            "unique_id": ID,
            "term": "promotion",
            "ds": AHEAD,
            "value": 0.0,
            "effect": 0.0,
            "low": 0.0,
            "high": 0.0,
            "share": 0.0,
        }
    )
    ahead.loc[2, ["value", "effect", "low", "high", "share"]] = [0.5, 20.0, 15.0, 25.0, 0.2]
    archived = pd.concat(
        [
            rows_of(["2026-04-01", "2026-05-01"], [110.0, 80.0], [100.0, 100.0]),
            rows_of(["2026-03-01"], [130.0], [100.0], h=3),
        ],
        ignore_index=True,
    )
    nothing = pd.DataFrame(columns=["id", "author", "reason", "start", "until", "worth"])
    changes = pd.DataFrame(
        columns=["label", "ds", "old", "final", "author", "reason", "remark", "state"]
    )
    fields: dict[str, Any] = {
        "unique_id": ID,
        "label": NASTY,
        "level": "key_account",
        "page": name_page(ID),
        "sales": 1200.0,
        "share": 0.25,
        "history": pd.Series(100.0, index=MONTHS, name="y_raw"),
        "published": published,
        "weights": weights,
        "coefficient": coefficient,
        "ahead": ahead,
        "archived": archived,
        "backtest": rows_of(["2025-06-01", "2025-09-01"], [120.0, 90.0], [100.0, 100.0]),
        "effects": nothing,
        "changes": changes,
        "moved": pd.Series(0.0, index=AHEAD),
    }
    return KeyMonth(**fields | changed)


def words(page: KeyPage) -> str:
    """All that a page says, in one line."""
    blocks = [block.plain() for _, part in page.sections for block in part]
    cells = [
        f"{cell.text} {cell.sub}"
        for _, part in page.sections
        for block in part
        for row in getattr(block, "rows", ())
        for cell in row
    ]
    return " ".join([page.answer.plain(), *blocks, *cells])


def test_errors_are_those_of_what_was_published_by_months_ahead() -> None:
    errors = key_month().errors().set_index("h")
    assert errors.loc[1, "wape"] == pytest.approx((10 + 20) / 200)
    assert errors.loc[1, "bias"] == pytest.approx((10 - 20) / 200)
    assert (errors.loc[1, "inside"], errors.loc[1, "bounded"]) == (1, 2)
    assert errors.loc[3, "wape"] == pytest.approx(0.3)


def test_a_first_month_is_judged_by_its_backtest_and_says_so(run: UnitMonth) -> None:
    first = key_month(archived=key_month().archived.head(0))
    assert first.judged == "backtest"
    assert first.errors().set_index("cutoff")["wape"].tolist() == pytest.approx([0.2, 0.1])
    said = words(key_page(run, first))
    assert "No month has been published ahead of an actual yet, so this is the backtest" in said
    assert "In the backtest the combination was off by 15.0\u202f%" in said


def test_where_nothing_can_be_judged_the_page_says_that_and_has_no_error(run: UnitMonth) -> None:
    nothing = key_month().archived.head(0)
    page = key_page(run, key_month(archived=nothing, backtest=nothing))
    assert "There is nothing to look back on yet" in words(page)
    assert [fact.label for fact in page.answer.facts] == ["July 2026", "Share of the unit"]


def test_the_page_says_what_is_published_what_drives_it_and_how_wrong_it_was(
    run: UnitMonth,
) -> None:
    said = words(key_page(run, key_month()))
    assert "is forecast at ¥110 for July, +10.0\u202f% on a year before" in said
    assert "off by 15.0\u202f% and in sum too low by 5.0\u202f%" in said
    assert "a month wholly on promotion moves it most: it adds ¥40" in said
    assert "is worth ¥0 in July and +¥20 over 12 months" in said
    assert "+¥20 50\u202f%; ¥15 to ¥25" in said
    assert (
        "50\u202f% of the forecast is the middle of the candidates, corrected by XGBoost; "
        "2 candidates share the rest" in said
    )
    assert "Correction by XGBoost" in said


def test_a_driver_that_cannot_be_told_from_chance_is_not_said_to_move_anything(
    run: UnitMonth,
) -> None:
    coefficient = key_month().coefficient
    coefficient.loc[coefficient["term"] == "promotion", "low"] = -5.0
    said = words(key_page(run, key_month(coefficient=coefficient)))
    assert "Nothing that is known ahead moves it by more than chance could." in said
    assert "No driver of" in said


def test_an_account_that_came_to_an_end_is_told_as_such(run: UnitMonth) -> None:
    key = key_month()
    history = key.history.copy()
    history.iloc[-5:] = 0.0
    ended = replace(key, history=history, weights=key.weights.assign(weight=0.0))
    archived = key.archived.assign(actual=0.0)
    said = words(key_page(run, replace(ended, archived=archived)))
    assert "no sale for 5 months" in said
    assert "Nothing was sold in the months judged, so the error is no share of sales" in said
    assert "nan" not in said.lower().split()


def test_a_series_without_drivers_and_of_few_months_has_a_page_too(run: UnitMonth) -> None:
    key = key_month()
    short = replace(
        key,
        coefficient=key.coefficient.head(0),
        ahead=key.ahead.head(0),
        history=key.history.tail(5),
    )
    assert "shorter than thirteen months" in words(key_page(run, short))


def test_changes_and_effects_within_it_stand_with_author_and_reason(run: UnitMonth) -> None:
    changes = pd.DataFrame(
        [
            (NASTY, AHEAD[0], 100.0, 110.0, "李华", "new contract", "", "applied"),
            (NASTY, AHEAD[1], 100.0, 100.0, "", "", "no reason given", "refused"),
        ],
        columns=["label", "ds", "old", "final", "author", "reason", "remark", "state"],
    )
    effects = pd.DataFrame(
        [("e1", "Wang", "price rise", AHEAD[2], pd.NaT, 30.0)],
        columns=["id", "author", "reason", "start", "until", "worth"],
    )
    said = words(
        key_page(
            run, key_month(changes=changes, effects=effects, moved=pd.Series(10.0, index=AHEAD))
        )
    )
    assert "1 change by people within it applied, 1 refused" in said
    assert "move July by +¥10" in said
    assert "李华: new contract" in said
    assert "1 declared effect touches it, worth +¥30" in said
    assert "Wang: price rise" in said


def test_what_lies_within_a_series_has_its_members_in_every_dimension() -> None:
    rows = [
        ("total", None, None),
        ("line:a", "a", None),
        ("line:b", "b", None),
        ("bottom:a/x", "a", "x"),
        ("bottom:b/x", "b", "x"),
    ]
    series = pd.DataFrame(rows, columns=["unique_id", "line", "region"]).assign(
        level="any", label=""
    )
    assert list_within(series, "line:a") == ["line:a", "bottom:a/x"]
    assert len(list_within(series, "total")) == 5


def test_a_key_month_is_put_together_from_the_months_tables() -> None:
    """Two accounts; one was changed by people, and a declared effect touches a bottom series of the
    other.
    """
    series = pd.DataFrame(
        [
            ("total", "total", "All", None, None),
            ("key:a", "key_account", "a", "a", None),
            ("key:b", "key_account", "b", "b", None),
            ("bottom:a/x", "bottom", "a · x", "a", "x"),
            ("bottom:b/x", "bottom", "b · x", "b", "x"),
        ],
        columns=["unique_id", "level", "label", "key_account", "region"],
    )
    ids = ["key:a", "key:b"]
    panel = pd.DataFrame(
        [(i, ds, 100.0, 100.0) for i in ids for ds in MONTHS],
        columns=["unique_id", "ds", "y", "y_raw"],
    )
    stages = [("combined", 90.0), ("reconciled", 100.0), ("adjusted", 120.0)]
    rows = [
        (i, stage, "m", CUTOFF, ds, h, y)
        for i in ids
        for stage, y in stages
        for h, ds in enumerate(AHEAD, 1)
        if (i, stage) != ("key:b", "adjusted")
    ]
    forecast = pd.DataFrame(
        rows, columns=["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]
    )
    forecast = forecast.assign(**dict.fromkeys(("lo-80", "hi-80", "lo-95", "hi-95"), 1.0))
    empty = {
        name: tables.empty(name)
        for name in (
            "weights",
            "coefficient",
            "driver_effect",
            "effect",
            "effect_applied",
            "adjustment",
        )
    }
    adjustment = pd.DataFrame(
        [(CUTOFF, "bottom:a/x", AHEAD[0], 0, 1.0, 2.0, 2.0, "Li", "order", "applied", "")],
        columns=list(empty["adjustment"].columns),
    )
    effect = (
        empty["effect"]
        .reindex([0])
        .assign(id="e", author="Wang", reason="lost", start=AHEAD[0], until=pd.NaT)
    )
    applied = pd.DataFrame(
        {
            "id": "e",
            "unique_id": ["bottom:b/x"],
            "ds": AHEAD[:1],
            "before": 10.0,
            "after": 4.0,
            "remark": "",
        }
    )
    keys = pd.DataFrame(
        {"unique_id": ids, "page": ["ka.html", "kb.html"], "sales": 1200.0, "share": 0.5}
    )
    found = {
        **empty,
        "series": series,
        "panel": panel,
        "forecast": forecast,
        "key_series": keys,
        "backtest": tables.empty("forecast"),
    }
    found |= {"adjustment": adjustment, "effect": effect, "effect_applied": applied}
    vintages = (
        rows_of(["2026-05-01"], [110.0], [100.0]).drop(columns="actual").assign(unique_id="key:a")
    )
    a, b = list_key_months(found, vintages)
    assert (a.label, a.judged, a.next["y_hat"], a.moved.iloc[0]) == ("a", "archive", 120.0, 20.0)
    assert (b.label, b.judged, b.next["y_hat"], b.moved.iloc[0]) == ("b", "nothing", 100.0, 0.0)
    assert a.last_published() == 110.0
    assert list(a.changes["author"]) == ["Li"] and b.changes.empty
    assert list(b.effects["worth"]) == [-6.0] and a.effects.empty


def test_the_months_page_links_each_key_series_and_says_none_where_a_backfill_wrote_no_page(
    tmp_path: Path,
) -> None:
    key = KeyLink(NASTY, "key_account", f"key/{name_page(ID)}", 0.25, 1.2e6, 1.0e6, 1.4e6)
    linked = write_unit_page(tmp_path / "run", pages.summary("kitchen", "2026-06", keys=(key,)))
    assert f"key/{name_page(ID)}" in read(linked).links
    assert "each has a page" in text_of(linked)
    bare = write_unit_page(
        tmp_path / "backfill", pages.summary("kitchen", "2026-06", keys=(replace(key, href=""),))
    )
    assert not [link for link in read(bare).links if link.startswith("key/")]
    assert "each has a page" not in text_of(bare)
    none = write_unit_page(tmp_path / "none", pages.summary("kitchen", "2026-06"))
    assert "Key accounts and key products" not in text_of(none)


def test_a_hostile_name_stays_text_and_reaches_no_path(run: UnitMonth, tmp_path: Path) -> None:
    crumbs = [
        ("Sales forecast", "../../index.html"),
        ("June 2026", "../index.html"),
        (NASTY, "index.html"),
    ]
    path = write_key_page(tmp_path / "2026-06" / "kitchen", key_page(run, key_month()), crumbs)
    assert path.relative_to(tmp_path).as_posix() == f"2026-06/kitchen/key/{name_page(ID)}"
    assert re.fullmatch(r"k[0-9a-f]+\.html", path.name)
    html, reader = path.read_text(encoding="utf-8"), read(path)
    assert "<b onclick" not in html and "49" not in re.findall(r"{{.*?}}", html)
    assert "onclick" in text_of(path).replace("&#34;", '"')
    assert reader.wrong == [] and reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert reader.links[1:4] == ["../../../index.html", "../../index.html", "../index.html"]
    assert not [link for link in reader.links if "://" in link]
    assert len(html.encode()) < 150_000


def test_a_page_in_a_folder_of_its_own_is_an_output_that_verify_sees(
    run: UnitMonth, tmp_path: Path
) -> None:
    folder = tmp_path / "staged"
    write_key_page(folder, key_page(run, key_month()), [("a", "x"), ("b", "y"), ("c", "z")])
    manifest.write(folder, {})
    assert manifest.compare(folder) == []
    path = folder / "key" / name_page(ID)
    path.write_text(path.read_text(encoding="utf-8").replace("¥110", "¥111"), encoding="utf-8")
    assert manifest.compare(folder) == [("changed", f"key/{path.name}")]


@pytest.mark.parametrize(
    ("term", "kind", "numbers", "expected"),
    [
        (
            "promotion",
            "share",
            (0.12, 0.08, 0.16),
            "A month wholly on promotion adds 12.0\u202f% (95\u202f%: 8.0\u202f% to 16.0\u202f%).",
        ),
        (
            "trading_days",
            "count",
            (0.02, 0.01, 0.03),
            "One trading day more adds 2.0\u202f% (95\u202f%: 1.0\u202f% to 3.0\u202f%).",
        ),
        (
            "price",
            "level",
            (-1.5, -2.0, -1.0),
            "A price 10\u202f% higher takes away 15.0\u202f% "
            "(95\u202f%: 10.0\u202f% to 20.0\u202f%).",
        ),
        (
            "easter",
            "share",
            (0.02, -0.03, 0.07),
            "All of Easter in a month has no clear effect over all series "
            "(95\u202f%: −3.0\u202f% to +7.0\u202f%).",
        ),
        (
            "shelf_space",
            "level",
            (0.5, 0.4, 0.6),
            "Shelf space 10\u202f% above its usual value adds 5.0\u202f% "
            "(95\u202f%: 4.0\u202f% to 6.0\u202f%).",
        ),
        (
            "campaigns",
            "count",
            (0.1, 0.05, 0.15),
            "Campaigns higher by one adds 10.0\u202f% (95\u202f%: 5.0\u202f% to 15.0\u202f%).",
        ),
        (
            "promotion",
            "count",
            (0.1, 0.05, 0.15),
            "Promotion higher by one adds 10.0\u202f% (95\u202f%: 5.0\u202f% to 15.0\u202f%).",
        ),
    ],
)
def test_a_driver_is_told_in_a_step_that_a_person_can_picture(
    run: UnitMonth, term: str, kind: str, numbers: tuple[float, float, float], expected: str
) -> None:
    row = pd.Series(
        {"term": term, "kind": kind} | dict(zip(("estimate", "low", "high"), numbers, strict=True))
    )
    assert describe_effect(writer_of(run), row) == expected


def test_what_rests_on_drivers_is_their_share_of_each_month_up_or_down_in_all_months(
    run: UnitMonth,
) -> None:
    """Of 100 + 300: 0.3 - 0.1 of the first month and -0.1 of the second: 20 + 30."""
    months = pd.to_datetime(["2026-07-01", "2026-08-01"])
    forecast = pd.DataFrame({"ds": months, "y_hat": [100.0, 300.0]})
    ahead = pd.DataFrame({"ds": [months[0], *months], "share": [0.3, -0.1, -0.1]})
    said = describe_share(writer_of(run), ahead, forecast)
    assert said.startswith(
        "12.5\u202f% of the forecast of the next 2 months rests on what is known"
    )
    assert describe_share(writer_of(run), ahead.head(0), forecast) == ""


def test_a_page_says_that_drivers_are_turned_off(run: UnitMonth) -> None:
    blocks = {"driver_effects": DriverEffects(enabled=False)}
    off = replace(run, parameters=run.parameters.model_copy(update=blocks))
    key = key_month()
    terms = key.coefficient[key.coefficient["kind"].isna()]
    said = words(key_page(off, key_month(coefficient=terms, ahead=key.ahead.head(0))))
    assert "Drivers are turned off for this run" in said
    assert "by more than chance could" not in said


def modeled(shares: list[float], n: int = 100) -> ModeledMonth:
    """A month whose 80 % interval held these shares, by months ahead."""
    held = pd.DataFrame(
        {
            "level": "bottom",
            "interval": 80,
            "h": range(1, len(shares) + 1),
            "inside": [round(s * n) for s in shares],
            "n": n,
        }
    )
    empty = pd.DataFrame(
        {"cutoff": pd.Series(dtype="datetime64[ns]"), "model": [], "unique_id": []}
    )
    names = ("panel", "failures", "weights", "forecast", "scores", "backtest", "effect")
    fields = dict.fromkeys(names, empty)
    series = pd.DataFrame({"unique_id": ["a"]})
    return ModeledMonth(
        **fields,
        series=series,
        candidate_forecast=empty,
        explained={"backtest_coverage": held},
        checks=(),
        bottom="bottom",
        cutoff=CUTOFF,
        before=None,
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.8, 0.78, 0.82], "holds"),
        ([0.8, 0.9, 0.7], "mostly"),
        ([0.7, 0.6], "narrow"),
        ([0.9, 0.95], "wide"),
        ([], "none"),
    ],
)
def test_the_page_says_no_as_readily_as_yes_when_asked_whether_the_interval_holds(
    run: UnitMonth, shares: list[float], verdict: str
) -> None:
    from salesfc_lib.reporting.narrative.modeling.backtest import coverage

    trust = modeled(shares).coverage_80()
    assert trust["verdict"] == verdict
    said = coverage(run, modeled(shares)).blocks[0].plain()
    begins = {
        "holds": "Yes.",
        "mostly": "On the whole:",
        "narrow": "No: it is too narrow.",
        "wide": "No: it is too wide.",
        "none": "This is not known yet",
    }
    assert said.startswith(begins[verdict])


def test_the_demo_has_a_page_for_each_key_series_linked_from_the_months_page_and_from_modeling(
    demo_reports: Path,
) -> None:
    folder = demo_reports / "2026-06" / "kitchen"
    written = sorted(path.name for path in (folder / "key").glob("*.html"))
    series = pd.read_parquet(folder / "tables" / "key_series.parquet")
    accounts = series[series["unique_id"].str.startswith("key_account:")]
    assert len(accounts) == 4
    for ending in ("html", "zh.html"):
        pages, of_accounts = (
            {f"key/{page.replace('html', ending)}" for page in rows["page"]}
            for rows in (series, accounts)
        )
        assert pages <= set(read(folder / f"index.{ending}").links)
        assert of_accounts <= set(read(folder / f"02_modeling.{ending}").links)
        assert pages <= {f"key/{page}" for page in written}
    assert len(written) == 2 * len(series)
    for page in written:
        reader = read(folder / "key" / page)
        assert reader.wrong == [] and len(reader.ids) == len(set(reader.ids))
        assert not re.search(r"\bnan\b|\{[a-z]", text_of(folder / "key" / page))
