"""A whole month of the demo company, end to end: what was planted is found, what is published holds
together.
"""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.archive.verification import verify
from salesfc_lib.foundation import tables
from salesfc_lib.running.run import list_months
from tests.conftest import FIRST, MONTH, salesfc
from tests.words import CHINESE, decode, foreign, read

UNITS = ("cleaning", "kitchen", "personal-care")
HANDED = ("kitchen", "personal-care")  # those with `handover.enabled`
# Latin words of the demo's data: units, sources, encodings, a cell
NAMES = {
    *UNITS,
    "orders",
    "returns",
    "promotions",
    "inventory",
    "deliveries",
    "targets",
    *("lead", "times", "stock", "open", "prices", "costs", "capacity"),
    *("CG", "XD"),  # numbers of purchase orders and of sales orders
    "utf",
    "sig",
    "gb",
    "REF",
}


@pytest.fixture(scope="module")
def truth(demo_project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (demo_project / "data" / "truth.json").read_text(encoding="utf-8")
    )
    return found


def table(reports: Path, unit: str, name: str, month: str = MONTH) -> pd.DataFrame:
    return tables.read(archive.unit_folder(reports, month, unit) / "tables", name)


def test_every_unit_and_month_is_published(demo_reports: Path) -> None:
    months = archive.list_months(demo_reports)
    assert months == list_months(FIRST, MONTH)
    for month in months:
        folders = sorted(
            path.parent.name for path in (demo_reports / month).glob("*/manifest.json")
        )
        assert tuple(folders) == UNITS


@pytest.mark.parametrize("unit", UNITS)
class TestUnit:
    def test_the_folder_is_what_the_contract_says(self, demo_reports: Path, unit: str) -> None:
        folder = archive.unit_folder(demo_reports, MONTH, unit)
        steps: tuple[str, ...] = (
            "01_cleaning",
            "02_modeling",
            "03_reconciliation",
            "04_retrospective",
        )
        expected = {
            "index.html",
            "index.zh.html",
            "forecast.csv",
            "forecast.zh.csv",
            "forecast.xlsx",
            "manifest.json",
            "quarantine.csv",
            "quarantine.zh.csv",
        }
        if unit in HANDED:
            steps = (*steps, "05_handover")
            expected |= {"orders.csv", "orders.zh.csv"}
        expected |= {f"{step}.{end}" for step in steps for end in ("ipynb", "html", "zh.html")}
        assert {path.name for path in folder.iterdir() if path.is_file()} == expected
        assert not list((demo_reports / MONTH).glob(".*"))

    def test_the_manifest_names_every_file_and_input(self, demo_reports: Path, unit: str) -> None:
        folder = archive.unit_folder(demo_reports, MONTH, unit)
        found = manifest.read(folder)
        assert {entry["path"] for entry in found["outputs"]} == {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        } - {"manifest.json"}
        assert found["kind"] == "run"
        assert all(len(entry["sha256"]) == 64 for entry in found["inputs"])
        assert {entry["layer"] for entry in found["parameters"].values()} <= {"defaults", "unit"}

    def test_cleaning_keeps_exactly_what_is_true(
        self, demo_reports: Path, truth: dict[str, Any], unit: str
    ) -> None:
        rows = table(demo_reports, unit, "transactions")
        sums = rows.groupby(rows["date"].dt.strftime("%Y-%m"))["amount"].agg(
            lambda values: sum(values, Decimal(0))
        )
        kept = {
            month: Decimal(entry["amount"]) for month, entry in truth["units"][unit]["kept"].items()
        }
        assert {month: kept[month] for month in sums.index} == sums.to_dict()

    def test_published_numbers_add_up(self, demo_reports: Path, unit: str) -> None:
        forecast, series = (
            table(demo_reports, unit, "forecast"),
            table(demo_reports, unit, "series"),
        )
        last = "adjusted" if (forecast["stage"] == "adjusted").any() else "reconciled"
        final = forecast[forecast["stage"] == last].merge(
            series[["unique_id", "level"]], on="unique_id"
        )
        sums = final.groupby(["level", "ds"])["y_hat"].sum().unstack("level")
        assert sums.sub(sums["total"], axis=0).abs().max().max() <= 1e-6 * sums["total"].max()
        lowest = table(demo_reports, unit, "panel").groupby("unique_id")["y_raw"].min()
        assert (final.loc[final["unique_id"].map(lowest).ge(0), "y_hat"] >= 0).all()

    def test_the_csv_says_what_the_table_says(self, demo_reports: Path, unit: str) -> None:
        written = pd.read_csv(
            archive.unit_folder(demo_reports, MONTH, unit) / "forecast.csv", encoding="utf-8-sig"
        )
        forecast = table(demo_reports, unit, "forecast")
        last = "adjusted" if (forecast["stage"] == "adjusted").any() else "reconciled"
        final = forecast[forecast["stage"] == last]
        assert len(written) == len(final)
        assert written["forecast"].sum() == pytest.approx(final["y_hat"].sum(), rel=1e-6)

    def test_fifteen_candidates_of_five_families_compete_at_four_cutoffs_and_one_corrects_them(
        self, demo_reports: Path, unit: str
    ) -> None:
        from salesfc_lib.forecasting.candidates.registry import BOOSTING, REGISTRY

        said = table(demo_reports, unit, "candidate_forecast")
        models = set(said["model"])
        assert BOOSTING in models
        assert len(models) >= 16
        assert len({REGISTRY[name].family for name in models - {BOOSTING}}) >= 5
        cutoffs = sorted(said["cutoff"].unique())
        assert len(cutoffs) == 5  # of the backtest, and the month's own
        assert [
            (later.year - earlier.year) * 12 + later.month - earlier.month
            for earlier, later in itertools.pairwise(cutoffs)
        ] == [3] * 4

    def test_every_weight_has_a_reason_and_those_of_a_series_add_up_to_one(
        self, demo_reports: Path, unit: str
    ) -> None:
        weights = table(demo_reports, unit, "weights")
        assert weights["reason"].str.len().gt(5).all()
        sums = weights.groupby("unique_id")["weight"].sum()
        assert ((sums - 1).abs().lt(1e-9) | sums.eq(0)).all()

    def test_the_intervals_of_the_backtest_are_counted_at_every_distance(
        self, demo_reports: Path, unit: str
    ) -> None:
        held = table(demo_reports, unit, "backtest_coverage")
        assert set(held["h"]) == set(range(1, 13))
        shares = held.groupby("interval")[["inside", "n"]].sum()
        assert shares["inside"].div(shares["n"]).is_monotonic_increasing

    def test_the_promotions_effect_is_found_in_the_whole_unit(
        self, demo_reports: Path, unit: str
    ) -> None:
        promotion = table(demo_reports, unit, "pooled_driver").set_index("term").loc["promotion"]
        assert 0 < promotion["low"] < promotion["estimate"] < promotion["high"]

    def test_the_forecast_beats_the_seasonal_naive_over_the_backfilled_months(
        self, demo_reports: Path, unit: str
    ) -> None:
        added = table(demo_reports, unit, "value_added_year")
        naive = added[added["stage"] == "baseline"].set_index("level")["wape"]
        reconciled = added[added["stage"] == "reconciled"].set_index("level")["wape"]
        assert (reconciled < naive).all()

    def test_accuracy_is_asked_for_at_every_agreed_lag(self, demo_reports: Path, unit: str) -> None:
        lags = table(demo_reports, unit, "by_lag")
        assert {1, 3, 6} <= set(lags["lag"])
        assert set(lags["level"]) == set(table(demo_reports, unit, "series")["level"])
        members = table(demo_reports, unit, "by_dimension")
        assert set(members["lag"]) == {1, 3, 6}
        assert {"product_line", "customer_type", "region", "channel", "key_account"} == set(
            members["dimension"]
        )

    def test_the_first_month_has_nothing_to_compare_and_says_so(
        self, demo_reports: Path, unit: str
    ) -> None:
        assert table(demo_reports, unit, "missed", FIRST).empty
        summary = manifest.read(archive.unit_folder(demo_reports, FIRST, unit))["summary"]
        assert summary["wape"] is None
        assert "nothing to compare yet" in " ".join(summary["sentences"])


def test_the_sandbagger_is_found_and_no_even_handed_planner_is_accused(
    demo_reports: Path, truth: dict[str, Any]
) -> None:
    for unit in UNITS:
        kinds = {person["author"]: person["kind"] for person in truth["units"][unit]["planners"]}
        people = table(demo_reports, unit, "people")
        low = set(people.loc[people["leans"] == "low", "author"])
        assert {author for author, kind in kinds.items() if kind == "sandbagger"} <= low
        assert {kinds.get(author, "informed") for author in low} <= {"sandbagger", "pessimist"}
        assert {
            kinds.get(author, "informed")
            for author in people.loc[people["leans"] == "high", "author"]
        } <= {"optimist"}
    assert any(
        person["kind"] == "sandbagger"
        for unit in UNITS
        for person in truth["units"][unit]["planners"]
    )


def test_habits_are_flagged_of_those_alone_of_whom_they_were_planted(
    demo_reports: Path, truth: dict[str, Any]
) -> None:
    planted = {"sandbagging": {"sandbagger", "pessimist"}, "overstating": {"optimist"}}
    for unit in UNITS:
        kinds = {person["author"]: person["kind"] for person in truth["units"][unit]["planners"]}
        habits = table(demo_reports, unit, "habits")
        flagged = habits[habits["flagged"] & ~habits["test"].str.endswith("_gain")]
        assert set(flagged["kind"]) <= {"author"}
        for row in flagged.to_dict("records"):
            assert kinds[row["name"]] in planted[row["test"]], row


def test_every_owner_author_and_region_has_a_scorecard(
    demo_reports: Path, truth: dict[str, Any]
) -> None:
    for unit in UNITS:
        cards = table(demo_reports, unit, "scorecards").groupby("kind")["name"].apply(set)
        sold = table(demo_reports, unit, "transactions")
        # one salesperson for a region and customer type, one for key accounts: either tells whose
        assert cards["department"] in [set(sold["region"]), set(sold["customer_type"])]
        assert cards["author"] <= {each["author"] for each in truth["units"][unit]["planners"]}
        assert len(cards["owner"]) == 1


def test_overrides_are_applied_with_author_and_reason(demo_reports: Path) -> None:
    account = table(demo_reports, "kitchen", "adjustment")
    applied = account[account["state"] == "applied"]
    assert len(applied) >= 1
    assert applied[["author", "reason"]].notna().all(axis=None)


def test_verify_finds_nothing_then_one_flipped_byte(demo_project: Path) -> None:
    reports = demo_project / "reports"
    assert verify(reports, month=MONTH) == []
    path = archive.unit_folder(reports, MONTH, "cleaning") / "forecast.csv"
    original = path.read_bytes()
    path.write_bytes(original[:500] + bytes([original[500] ^ 1]) + original[501:])
    try:
        done = salesfc("verify", "--project", str(demo_project), "--month", MONTH)
        assert done.returncode == 1
        assert "forecast.csv" in done.stdout + done.stderr
        assert "cleaning" in done.stdout + done.stderr
    finally:
        path.write_bytes(original)
    assert salesfc("verify", "--project", str(demo_project)).returncode == 0


def test_what_is_published_is_skipped(demo_project: Path) -> None:
    done = salesfc("run", "--project", str(demo_project), "--month", MONTH)
    assert done.returncode == 0
    assert "published already" in done.stdout


def test_no_link_of_any_page_leads_nowhere(demo_reports: Path) -> None:
    texts = {
        path: path.read_text(encoding="utf-8") for path in demo_reports.glob("20*/**/*.html")
    } | {demo_reports / "index.html": (demo_reports / "index.html").read_text(encoding="utf-8")}
    dead = []
    for path, text in texts.items():
        for link in sorted(set(re.findall(r'href="([^"]+)"', text)) - {"data:,"}):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path.resolve()
            if not target.exists() or (
                anchor and f'id="{anchor}"' not in target.read_text(encoding="utf-8")
            ):
                dead.append((path.name, link))
    assert len(texts) > 50
    assert dead == []


@pytest.fixture(scope="module")
def texts(demo_reports: Path) -> dict[str, dict[str, Path]]:
    """Each text of the pages of a language, with a page that has it."""
    found: dict[str, dict[str, Path]] = {"en": {}, "zh-CN": {}}
    for path in sorted(demo_reports.rglob("*.html")):
        page = read(path)
        found[page.language] |= dict.fromkeys(page.texts, path)
    return found


def test_chinese_pages_hold_no_english_words(texts: dict[str, dict[str, Path]]) -> None:
    found = {
        (word, text[:60], path.name)
        for text, path in texts["zh-CN"].items()
        for word in foreign(text)
        if word not in NAMES
    }
    assert len(texts["zh-CN"]) > 3000
    assert found == set()


def test_english_pages_hold_no_chinese_but_of_the_data(
    demo_project: Path, texts: dict[str, dict[str, Path]]
) -> None:
    folders = [demo_project / name for name in ("data", "overrides", "parameters")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    data = "".join(map(decode, files))
    found = {
        (word, text[:60], path.name)
        for text, path in texts["en"].items()
        for word in CHINESE.findall(text)
        if word not in data
    }
    assert len(texts["en"]) > 3000
    assert found == set()
