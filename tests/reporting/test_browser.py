"""Real pages in headless Chromium with the network off: silent, within their width, readable for
everyone.

Pages come from made-up months (`pages.py`) and from the demo's reports.
Each page is opened once; what was seen is asserted one claim at a time.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

from salesfc_lib.reporting.blocks import MIME, Cell, ColumnHead, Table
from salesfc_lib.reporting.pages.notebook import render_notebook
from tests import live, pages

WIDTHS = (360, 390, 768, 1024, 1280, 1440, 1600)
AXE_WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")
MOST = 15  # pages of the demo that are opened
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN_ALL = """() => { for (const d of document.querySelectorAll('details')) d.open = true;
  for (const s of document.querySelectorAll('.scroll')) s.style.background = 'none'; }"""
RUN_AXE = """
tags => axe
  .run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})
  .then(found => found.violations.map(v => `${v.id}: ${
    v.nodes.slice(0, 2).map(n => n.html.slice(0, 160)).join(' | ')}`))
""".strip()

pytestmark = pytest.mark.browser


@dataclass
class Seen:
    """What one page did."""

    path: Path
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    too_wide: dict[int, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    printed_on: str = ""
    first_focus: str = ""


def executable() -> str | None:
    """A Chromium that is installed on this machine."""
    return next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


def choose(folder: Path) -> list[Path]:
    """At most fifteen pages of a reports folder: the indexes, one unit's month whole with one of
    its key pages, the other units' own pages.
    """
    months = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[:2] == "20")
    units = sorted(
        path
        for path in months[-1].iterdir()
        if (path / "index.html").is_file() and "." not in path.name
    )
    first = [*sorted(units[0].glob("*.html")), *sorted(units[0].glob("key/*.html"))[:1]]
    others = [
        path
        for unit in units[1:]
        for path in (unit / "index.html", unit / "04_retrospective.html")
        if path.is_file()
    ]
    failed = sorted((folder / ".failed").rglob("*.html"))[:1]
    earliest = sorted(months[0].glob("*/index.html"))[:1]
    return [folder / "index.html", months[-1] / "index.html", *first, *failed, *earliest, *others][
        :MOST
    ]


@pytest.fixture(scope="module")
def to_open(demo_reports: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made_up = pages.write_pages(tmp_path_factory.mktemp("browser") / "reports")
    now = live.write_pages(tmp_path_factory.mktemp("live") / "reports")
    return [*made_up, *now, *choose(demo_reports)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = executable()
    if program is None:
        pytest.skip("No Chromium on this machine: install Debian's package `chromium` to run them")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    spec = importlib.util.find_spec("axe_core_python")
    assert spec is not None and spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seen(browser: Any, to_open: list[Path], axe: str) -> list[Seen]:
    context = browser.new_context(offline=True)
    return [_look(context, path, axe) for path in to_open]


def _look(context: Any, path: Path, axe: str) -> Seen:
    seen = Seen(path)
    page = context.new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.goto(path.resolve().as_uri())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        reached = page.evaluate("document.documentElement.scrollWidth")
        if reached != width:
            seen.too_wide[width] = reached
    page.keyboard.press("Tab")
    seen.first_focus = page.evaluate("document.activeElement.className")
    page.emulate_media(media="print", color_scheme="dark")
    seen.printed_on = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="screen", color_scheme="light")
    page.evaluate(OPEN_ALL)
    page.evaluate(axe)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in AXE_WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            seen.violations += [
                f"{scheme} {width}: {found}" for found in page.evaluate(RUN_AXE, TAGS)
            ]
    page.close()
    return seen


def test_pages_ask_for_nothing_but_themselves(seen: list[Seen]) -> None:
    asked = {
        page.path.name: [
            url
            for url in page.requests
            if url != page.path.resolve().as_uri() and not url.startswith("data:")
        ]
        for page in seen
    }
    assert {name: urls for name, urls in asked.items() if urls} == {}


def test_pages_leave_the_console_silent(seen: list[Seen]) -> None:
    assert {str(page.path): page.said for page in seen if page.said} == {}


def test_pages_never_scroll_sideways(seen: list[Seen]) -> None:
    assert {str(page.path): page.too_wide for page in seen if page.too_wide} == {}


def test_axe_finds_no_violation_in_light_or_dark_on_a_phone_or_a_desk(seen: list[Seen]) -> None:
    assert {str(page.path): page.violations for page in seen if page.violations} == {}


def test_axe_would_find_a_picture_without_a_description(browser: Any, axe: str) -> None:
    page = browser.new_page()
    page.set_content('<html lang="en"><title>t</title><main><h1>t</h1><img src="data:,"></main>')
    page.evaluate(axe)
    assert any(found.startswith("image-alt") for found in page.evaluate(RUN_AXE, TAGS))
    page.close()


def test_pages_print_dark_on_white_even_from_dark_mode(seen: list[Seen]) -> None:
    assert {page.printed_on for page in seen} == {"rgb(255, 255, 255)"}


def test_the_first_key_press_reaches_the_skip_link(seen: list[Seen]) -> None:
    assert {page.first_focus for page in seen} == {"skip"}


def test_pages_are_small_and_carry_no_style_attribute(to_open: list[Path]) -> None:
    for path in to_open:
        text = path.read_text(encoding="utf-8")
        # the retrospective answers thirteen questions, twice as many as other pages
        most = 190_000 if path.stem.startswith("04_retrospective") else 150_000
        assert len(text.encode()) < most, path
        assert "style=" not in text, path


def test_a_long_table_can_be_searched_and_a_short_one_needs_no_field(
    browser: Any, tmp_path: Path
) -> None:
    lines = ["| Unit | Sold |", "|---|---|"]
    lines += [f"| {'华东' if at == 7 else 'North'} {at} | {at} |" for at in range(20)]
    for name, count in (("long", 22), ("short", 10)):
        node = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_markdown_cell("\n".join(["# Units", "", *lines[:count]]))]
        )
        html = render_notebook(node, title=name, breadcrumb=[(name, "")])
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto((tmp_path / "short.html").as_uri())
    assert page.locator(".find").count() == 0
    page.goto((tmp_path / "long.html").as_uri())
    field = page.get_by_label("Find in this table")
    field.fill("华东")
    assert page.locator("tbody tr:visible").all_inner_texts() == ["华东 7\t7"]
    field.fill("NORTH 1")
    assert page.locator("tbody tr:visible").count() == 11
    field.fill("")
    assert page.locator("tbody tr:visible").count() == 20
    assert problems == []


def test_rows_are_left_that_hold_all_that_is_chosen_and_their_number_is_said(
    browser: Any, tmp_path: Path
) -> None:
    pages.write_pages(tmp_path)
    page = browser.new_context(offline=True).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto((tmp_path / "index.html").as_uri())
    units = page.locator(".matrix tbody tr:visible")
    every = units.count()
    status = page.get_by_label("Status")
    status.select_option("failed or damaged")
    left = units.count()
    assert 0 < left < every
    assert page.locator("#units output").inner_text() == f"{left} of\u202f{every} rows"
    page.locator("#units").get_by_label("Find in this table").fill("no such unit")
    assert units.count() == 0
    page.locator("#units").get_by_label("Find in this table").fill("")
    status.focus()
    page.keyboard.press("Home")  # 'all', by the keyboard alone
    assert units.count() == every and page.locator("#units output").inner_text() == ""
    assert problems == []


def test_a_row_that_is_folded_is_found_and_shown(browser: Any, tmp_path: Path) -> None:
    heads = [ColumnHead("Series", choose="Level"), ColumnHead("Sold", "r")]
    rows = [[Cell(f"s{n}", sub="top" if n < 12 else "bottom"), f"{n}"] for n in range(20)]
    rest = Table("8 more", "", heads, rows[12:])
    table = Table("All", "", heads, rows[:12], rest=rest)
    output = nbformat.v4.new_output("display_data", {MIME: table.to_json()})
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])])
    html = render_notebook(node, title="t", breadcrumb=[("t", "")])
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    page.goto((tmp_path / "page.html").as_uri())
    seen = page.locator(".tablebox tbody tr:visible")
    assert page.locator(".find").count() == 1 and seen.count() == 12
    page.get_by_label("Find in this table").fill("s17")
    assert seen.all_inner_texts() == ["s17\nbottom\n\t17"]
    page.get_by_label("Find in this table").fill("")
    page.get_by_label("Level").select_option("bottom")
    assert seen.count() == 8
    page.get_by_label("Level").select_option("all")
    assert seen.count() == 12 and page.locator("output").inner_text() == ""


def test_without_scripts_a_page_is_whole_and_offers_nothing_that_does_nothing(
    browser: Any, tmp_path: Path
) -> None:
    pages.write_pages(tmp_path)
    page = browser.new_context(offline=True, java_script_enabled=False).new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert page.locator(".find, select, input").count() == 0
    assert page.locator(".matrix tbody tr").count() > 1
