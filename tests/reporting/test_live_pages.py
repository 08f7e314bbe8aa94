"""Live pages: what is open, who has it by when, and the command that answers it, at one moment."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from salesfc_lib.foundation import language
from salesfc_lib.reporting import markup, write_now
from salesfc_lib.reporting.facts.now.state import State, UnitNow, count_waiting
from salesfc_lib.reporting.narrative.now.overview import all_title, say_hours, unit_title
from salesfc_lib.reporting.narrative.now.path import describe_path, path_figures
from salesfc_lib.reporting.narrative.now.person import person_title
from salesfc_lib.reporting.pages.index import write_first_index, write_index
from salesfc_lib.reporting.pages.now import write_live
from tests import live, pages
from tests.reporting.test_pages import read, text_of

MOST = 150_000  # bytes of a page


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live") / "reports"
    with language.speaking("en"):
        english = pages.summary("kitchen", "2026-06", languages=live.LANGUAGES, live=True)
    with language.speaking("zh"):
        chinese = pages.summary("kitchen", "2026-06", languages=live.LANGUAGES, live=True)
    pages.publish(folder, [english], [chinese])
    state = replace(live.state(), home=live.LANGUAGES)
    write_live(folder, state)
    write_index(folder)
    write_first_index(folder, state)
    return folder


def every_page(reports: Path) -> list[Path]:
    return [*sorted((reports / "now").rglob("*.html")), reports / "index.html"]


def test_live_pages_are_whole_self_contained_and_small(reports: Path) -> None:
    for path in every_page(reports):
        reader, html = read(path), path.read_text(encoding="utf-8")
        assert reader.wrong == [] and reader.open == [], path
        assert len(reader.ids) == len(set(reader.ids)), path
        style = html.partition("<style>")[2].partition("</style>")[0]
        assert f"style-src '{markup.digest(style)}'" in html.replace("&#39;", "'"), path
        body = html.partition("</style>")[2]
        assert not re.search(r"\sstyle=|https?://", body) and body.count("<script") == 1, path
        assert len(html.encode()) < MOST, path


def test_links_of_live_pages_lead_to_pages_and_places_that_exist(reports: Path) -> None:
    unit = reports / "2026-06" / "kitchen"
    for path in [*every_page(reports), unit / "index.html", unit / "index.zh.html"]:
        for link in read(path).links:
            target, _, place = link.partition("#")
            there = (path.parent / target).resolve() if target else path
            if re.match(r"0\d_|tables", there.name):  # notebooks are not made up here
                continue
            assert there.exists(), (path, link)
            assert not place or place in read(there).ids, (path, link)


def test_a_published_page_leads_to_its_units_state_where_there_is_one(reports: Path) -> None:
    unit = reports / "2026-06" / "kitchen"
    assert "../../now/kitchen/index.html" in read(unit / "index.html").links
    assert "../../now/kitchen/index.zh.html" in read(unit / "index.zh.html").links


def test_names_are_text_and_never_part_of_a_path(reports: Path) -> None:
    paths = [path.relative_to(reports).as_posix() for path in every_page(reports)]
    assert all(path.isascii() for path in paths)
    assert "now/people/nobody.html" in paths and "now/kitchen/sales.zh.html" in paths
    html = (reports / "now" / "people" / "nobody.html").read_text(encoding="utf-8")
    assert "&lt;b onclick=" in html and "{{ 7*7 }}" in html


def test_the_title_counts_what_is_open_overdue_and_late() -> None:
    assert unit_title(replace(live.in_trouble(), title="Kitchen")) == (
        "Kitchen: two alerts are open in July, one of them overdue, by 2 days at most; "
        "consultation is 3 days late"
    )
    assert all_title(live.state()) == (
        "Two alerts are open, one of them overdue; one unit is late with its cycle"
    )
    assert all_title(State(live.AT, ())) == "No alert is open"


def test_the_history_of_an_alert_begins_with_its_opening(reports: Path) -> None:
    page = text_of(reports / "now" / "kitchen" / "index.html")
    assert "2 records about 1 alert" in page
    assert page.index("13 July 2026, 10:00 salesfc watch Alert opened") < page.index(
        "13 July 2026, 11:00 韩磊 Acknowledged"
    )


def test_a_unit_that_nobody_has_looked_at_says_so_and_not_that_all_is_well(reports: Path) -> None:
    page = text_of(reports / "now" / "online" / "index.html")
    assert "nobody has looked at July yet" in page and "salesfc watch" in page
    assert "This unit has no monthly cycle" in page
    assert not re.search(r"\bnan\b|None", page)


def test_a_unit_that_cannot_be_read_says_why_and_the_others_are_shown(reports: Path) -> None:
    page = text_of(reports / "now" / "north" / "index.html")
    assert "its state cannot be read" in page and "is torn." in page
    assert "cannot be read" in text_of(reports / "now" / "index.html")


def test_what_went_to_somebody_else_waits_for_that_person_alone() -> None:
    waiting = live.state().waiting
    first = waiting.iloc[0]
    assert (first["kind"], first["overdue_days"]) == ("step", 3)  # the most overdue
    alert = waiting[waiting["kind"].eq("alert") & waiting["number"].eq(12)]
    assert list(alert["who"]) == ["liuhui"]
    assert list(waiting.loc[waiting["kind"].eq("question"), "who"]) == ["hanlei", "liuhui"]
    counts = count_waiting(waiting[waiting["who"].eq("hanlei")])
    assert counts == {"alert": 1, "step": 1, "question": 1, "action": 0, "n": 3, "overdue": 1}


def test_a_persons_page_has_the_command_for_each_thing_and_no_rank(reports: Path) -> None:
    page = (reports / "now" / "people" / "hanlei.html").read_text(encoding="utf-8")
    for command in (
        "salesfc alert explain kitchen 13",
        "salesfc cycle done kitchen consultation",
        "salesfc consult answer kitchen Q21",
    ):
        assert f"<code>{command}" in page
    assert page.index('id="overdue"') < page.index("cycle done") < page.index('id="open"')
    assert person_title(live.state(), "nobody") == f"Nothing waits for {pages.NASTY}"
    people = text_of(reports / "now" / "index.html")
    assert people.index("韩磊 Sales") < people.index("刘慧 Purchasing")  # the order of the file


def test_sales_below_the_band_are_said_with_the_path_of_that_day() -> None:
    found = describe_path(live.in_trouble(), "total")
    assert found is not None and found["side"] == "below"
    assert found["actual"] == pytest.approx(1.6e6 * 13 - 4.5e6)
    assert found["change"] == pytest.approx(-4.5 / (1.6 * 13))
    titles = [figure.title for figure in path_figures(live.in_trouble())]
    title = live.in_trouble().title
    assert (
        titles[0] == f"{title} fell below its path: through 13 July 21.6\u202f% less than expected"
    )
    assert "keeps to its path through 13 July" in titles[1]


def test_a_path_of_which_no_day_is_complete_claims_nothing() -> None:
    unit = live.in_trouble()
    ahead = replace(unit, frames={**unit.frames, "path": live.month_path("total", known=0)})
    assert describe_path(ahead, "total") is None
    assert "no day is complete yet" in path_figures(ahead)[0].title


def test_views_are_drawn_beside_history_and_compared_in_units_percent_and_money(
    reports: Path,
) -> None:
    html = (reports / "now" / "kitchen" / "sales.html").read_text(encoding="utf-8")
    assert "The forecasts of July are 17.9\u202f% apart" in html
    for name in ("Sold", "Statistical forecast", "Sales", "Finance"):
        assert re.search(rf"<text [^>]*>{name.split()[0]}", html), name
    page = text_of(reports / "now" / "kitchen" / "sales.html")
    cells = [cell.replace("\u2060", "") for cell in re.findall(r'<td class="r">([^<]*)<', html)]
    at = cells.index("8,100")
    assert cells[at + 1 : at + 3] == ["+12.0\u202f%", "+¥5.76\u00a0m"]
    assert "刘慧 decided" in page and "50 % of Sales and 50 % of Statistical" in page


def test_the_index_shows_the_state_and_leads_to_it(reports: Path) -> None:
    page = text_of(reports / "index.html")
    assert "State of 14 July 2026, 09:00: two alerts are open" in page
    assert "now/kitchen/index.html" in read(reports / "index.html").links
    month = read(reports / "2026-06" / "index.html").links
    assert not any("now/" in link for link in month)  # of a month, not of a moment


def test_an_index_of_forty_units_with_their_state_stays_small(tmp_path: Path) -> None:
    block = pages.summary("u", "2026-06").to_json()
    units = []
    for n in range(40):
        folder = tmp_path / "2026-06" / f"unit-{n:02d}"
        folder.mkdir(parents=True)
        own = {**block, "unit": folder.name, "title": f"单位 {n}"}
        (folder / "manifest.json").write_text(json.dumps({"summary": own}), encoding="utf-8")
        units.append(replace(live.in_trouble(), unit=folder.name, title=f"单位 {n}"))
    written = write_first_index(tmp_path, State(live.AT, tuple(units), live.PEOPLE))
    assert written[0].stat().st_size < MOST


def test_without_people_or_a_cycle_there_are_no_live_pages(tmp_path: Path) -> None:
    unit = tmp_path / "parameters" / "units" / "north.yml"
    unit.parent.mkdir(parents=True)
    unit.write_text("unit: {title: North}\n", encoding="utf-8")
    write_now(tmp_path, tmp_path / "reports")
    assert not (tmp_path / "reports" / "now").exists()
    (tmp_path / "parameters" / "people.yml").write_text("hanlei: {name: 韩磊}\n", encoding="utf-8")
    written = write_now(tmp_path, tmp_path / "reports", live.AT)
    assert tmp_path / "reports" / "now" / "north" / "index.html" in written
    assert "people/hanlei.html" in "".join(map(str, written))


def test_people_who_cannot_be_read_are_said_and_stop_nothing(tmp_path: Path) -> None:
    unit = tmp_path / "parameters" / "units" / "north.yml"
    unit.parent.mkdir(parents=True)
    unit.write_text("unit: {title: North}\ncycle: {enabled: true}\n", encoding="utf-8")
    (tmp_path / "parameters" / "people.yml").write_text("X Y: {name: A}\n", encoding="utf-8")
    write_now(tmp_path, tmp_path / "reports", live.AT)
    page = text_of(tmp_path / "reports" / "now" / "index.html")
    assert "The people of this project cannot be read" in page and "X Y" in page


def test_a_time_is_said_in_the_unit_that_people_would_use() -> None:
    assert [say_hours(hours) for hours in (0.5, 3.0, 72.0)] == [
        "30 minutes",
        "3.0 hours",
        "3.0 days",
    ]


def test_a_state_without_views_of_the_log_has_empty_frames_with_their_columns() -> None:
    unit = UnitNow("a", "A", "2026-07")
    assert unit.open_alerts.empty and unit.open_actions.empty and unit.steps_ahead.empty
    assert not unit.knows("alerts") and "unique_id" in unit["path"]
