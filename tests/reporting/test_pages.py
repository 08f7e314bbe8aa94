"""Pages: answer first, names as text, links that lead somewhere, and a first month that reads as
well as any other.
"""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.facts.published import FailedMonth, read_failures, read_summaries
from salesfc_lib.reporting.facts.summary import Ratio, Summary, pool
from salesfc_lib.reporting.pages.headline import opening_sentences, title
from salesfc_lib.reporting.pages.index import write_index
from salesfc_lib.reporting.pages.key_numbers import key_numbers
from salesfc_lib.reporting.pages.notebook import render_notebook
from salesfc_lib.reporting.pages.portfolio import Portfolio
from tests import pages

CONTEXT = {
    "title": "Retrospective",
    "breadcrumb": [
        ("Sales forecast", "../../index.html"),
        ("June 2026", "../index.html"),
        ("Retrospective", ""),
    ],
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "reports"
    pages.write_pages(folder)
    return folder


def every_page(reports: Path) -> list[Path]:
    return [*sorted(reports.rglob("*.html")), *sorted((reports.parent / "first").rglob("*.html"))]


class _Reader(HTMLParser):
    """Text, ids and links of a page; an element that is not closed is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes |= set(given)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [str(given["href"])] if tag == "a" else []
        self._end_cell(tag, ("td", "th"))
        if tag not in ("meta", "link", "img", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}

    def _end_cell(self, tag: str, before: tuple[str, ...]) -> None:
        """A cell ends before these, where HTML needs no end tag."""
        if tag in before and self.open and self.open[-1] in ("td", "th"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        self._end_cell(tag, ("tr",))
        if tag != self.open.pop():
            self.wrong.append(tag)


def read(path: Path) -> _Reader:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def text_of(path: Path) -> str:
    return re.sub(
        r"\s+",
        " ",
        re.sub(
            r"<[^>]+>",
            " ",
            re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.S),
        ),
    )


def test_every_element_is_closed_and_every_id_stands_once(reports: Path) -> None:
    for path in every_page(reports):
        reader = read(path)
        assert reader.wrong == [] and reader.open == [], path
        assert len(reader.ids) == len(set(reader.ids)), path


def test_links_are_relative_and_lead_to_pages_and_places_that_exist(reports: Path) -> None:
    missing = []
    known = (
        "01_cleaning.html",
        "02_modeling.html",
        "03_reconciliation.html",
        "04_retrospective.html",
        "tables",
    )  # not all made up here
    for path in every_page(reports):
        for link in read(path).links:
            assert markup.relative(link) == link, (path, link)
            target, _, place = link.partition("#")
            there = (path.parent / target).resolve() if target else path
            if not there.exists() and there.name.replace(".zh.", ".") not in known:
                missing.append((path.name, link))
            if there.suffix == ".html" and there.exists() and place:
                assert place in read(there).ids, (path, link)
    assert missing == []


def test_pages_hold_one_script_no_style_attribute_and_nothing_from_outside(reports: Path) -> None:
    script = (markup.TEMPLATES / "find.js").read_text(encoding="utf-8").strip()
    for path in every_page(reports):
        html = path.read_text(encoding="utf-8")
        assert html.count("<script") == 1 and f"<script>{script}</script>" in html, path
        assert f"script-src '{markup.digest(script)}';" in html, path
        body = html.partition("</style>")[2].replace(f"<script>{script}</script>", "")
        assert not re.search(r"<script|\sstyle=|https?://", body), path
        assert not [
            name for name in read(path).attributes if name.startswith("on") or name == "style"
        ], path
        assert html.count("<style>") == 1
        assert len(html.encode()) < 150_000, path


def test_the_policy_names_the_hash_of_the_one_style(reports: Path) -> None:
    for path in every_page(reports):
        html = path.read_text(encoding="utf-8")
        style = html.partition("<style>")[2].partition("</style>")[0]
        assert f"style-src '{markup.digest(style)}'" in html.replace("&#39;", "'"), path


def test_a_months_page_says_its_numbers_and_names_as_text(reports: Path) -> None:
    html = (reports / "2026-06" / "kitchen" / "index.html").read_text(encoding="utf-8")
    assert "厨具 &lt;b onclick=&#34;x&#34;&gt;&amp;&#39;&lt;/b&gt; / 华东 {{ 7*7 }}" in html
    assert "version 2, published 3 July 2026, 09:15" in html and "returns file arrived late" in html
    assert "75.0\u202f%" in html and "at least 80\u202f%" in html
    assert "overdue 18 days" in html and "due 10 July" in html
    assert "One of two changes applied; one refused" in html


def test_a_first_month_says_when_there_will_be_something_to_compare(reports: Path) -> None:
    page = text_of(reports.parent / "first" / "2026-06" / "kitchen" / "index.html")
    assert (
        "There is nothing to compare yet: no forecast of June 2026 was published before June 2026 "
        "closed." in page
    )
    assert "The forecast for July 2026 can be compared once July 2026 closes" in page
    assert "Nobody changed the forecast" in page and "Nothing needs attention this month." in page
    assert not re.search(r"\bnan\b|None", page)
    assert not re.search(
        r"<t[dh][^>]*>\s*[–-]?\s*</t[dh]>",
        (reports.parent / "first" / "2026-06" / "kitchen" / "index.html").read_text("utf-8"),
    )
    index = text_of(reports.parent / "first" / "index.html")
    assert "published its first forecast; accuracy is known once July 2026 closes" in index
    assert "new June 2026" in index and not re.search(r"\bnan\b|None", index)


def test_the_index_names_what_is_worst_first(reports: Path) -> None:
    index = text_of(reports / "index.html")
    first = index.index("Online did not publish June 2026")
    assert (
        first
        < index.index("order dates are not confirmed")
        < index.index("fell below its accuracy floor")
        < index.index("Stock-out of 11 days")
    )
    assert "✕" in index and "did not publish" in index


def test_each_month_has_its_own_index_of_what_was_known_then(reports: Path) -> None:
    march = text_of(reports / "2026-03" / "index.html")
    assert "Mar 2026" in march and "Apr 2026" not in march and "Online did not publish" not in march


def test_no_month_at_all_is_a_page_too(tmp_path: Path) -> None:
    (path,) = write_index(tmp_path)
    assert "No month has been published yet" in path.read_text(encoding="utf-8")


def test_an_index_of_forty_units_and_three_years_stays_quick(tmp_path: Path) -> None:
    months = [wording.add_months("2026-06", -n) for n in range(35, -1, -1)]
    one = {month: pages.summary("u", month).to_json() for month in months}
    for month in months:
        for n in range(40):
            folder = tmp_path / month / f"unit-{n:02d}"
            folder.mkdir(parents=True)
            block = {**one[month], "unit": folder.name, "title": f"单位 {n}"}
            (folder / "manifest.json").write_text(json.dumps({"summary": block}), encoding="utf-8")
    start = time.process_time()
    written = write_index(tmp_path)
    assert time.process_time() - start < 15  # seconds of a shared processor; 4 on a quiet one
    assert len(written) == 37
    assert written[0].stat().st_size < 150_000


def scored(
    unit: str, month: str, wape: float, *, floor: float = 0.8, bias: float = 0.02
) -> Summary:
    return pages.summary(
        unit,
        month,
        wape=Ratio(wape * 100, 100),
        bias=Ratio(bias * 100, 100),
        naive=Ratio(30, 100),
        floor=floor,
        title=unit.title(),
    )


def test_units_are_pooled_by_sums_never_by_means_of_ratios() -> None:
    big, small = scored("big", "2026-06", 0.1), scored("small", "2026-06", 0.5)
    big = Summary.from_json({**big.to_json(), "wape": {"numerator": 90, "denominator": 900}})
    portfolio = Portfolio.of([big, small], [], "2026-06")
    assert portfolio.accuracy == pytest.approx(1 - (90 + 50) / (900 + 100))
    assert pool([]) is None


@pytest.mark.parametrize(
    ("wapes", "failed", "expected"),
    [
        ({"north": 0.1, "south": 0.1}, [], "All two units met their accuracy floor in June"),
        ({"north": 0.1}, [], "North met its accuracy floor in June"),
        ({"north": 0.3}, [], "North fell below its accuracy floor in June"),
        (
            {"north": 0.1, "south": 0.3, "west": 0.1},
            [],
            "Two of three units met their floor in June; South fell short for the second month",
        ),
        (
            {"north": 0.1, "south": 0.1},
            ["west"],
            "Two of three units met their floor in June; west did not publish",
        ),
        (
            {"north": 0.3, "south": 0.35},
            [],
            "None of two units met their floor in June; South and North fell short",
        ),
        ({}, ["west"], "No unit published June 2026"),
    ],
)
def test_the_title_says_who_met_the_floor_and_who_is_worst(
    wapes: dict[str, float], failed: list[str], expected: str
) -> None:
    summaries = [
        scored(unit, month, wape)
        for unit, wape in wapes.items()
        for month in ("2026-05", "2026-06")
    ]
    failures = [FailedMonth(unit, "2026-06", "error") for unit in failed]
    assert title(Portfolio.of(summaries, failures, "2026-06")) == expected


def test_the_opening_compares_with_the_month_before_and_with_a_year_ago() -> None:
    portfolio = Portfolio.of(
        [scored("north", "2026-05", 0.12), scored("north", "2026-06", 0.15)], [], "2026-06"
    )
    text = " ".join(opening_sentences(portfolio))
    assert (
        "were 85.0\u202f% accurate, down from 88.0\u202f% in May, and 2.0\u202f% too high." in text
    )
    assert "The seasonal naive was 15.0 points less accurate." in text
    assert re.search(
        r"For July it expects ¥[\d.]+\u00a0m, [\d.]+\u202f% (more|less) than a year ago\.", text
    )


def test_a_missed_limit_counts_its_months_in_a_row() -> None:
    months = [
        scored("north", f"2026-0{n}", 0.1, bias=0.08 if n > 3 else -0.08) for n in range(1, 7)
    ]
    table = key_numbers(months[-1], months[:-1])
    assert table is not None
    bias = next(row for row in table.rows if row[0].text == "Bias")
    assert [cell.text for cell in bias] == [
        "Bias",
        "+8.0\u202f%",
        "within ±5\u202f%",
        "+8.0\u202f%",
        "",
        "missed, third month high",
    ]
    assert bias[1].tone == "alarm" and bias[4].strip is not None and bias[4].strip.missed


def test_a_summary_survives_its_manifest_and_ignores_keys_of_later_versions() -> None:
    one = pages.summary("kitchen", "2026-06")
    assert Summary.from_json({**one.to_json(), "from_the_future": 1}) == one


def test_earlier_versions_and_other_folders_are_no_units(tmp_path: Path) -> None:
    pages.publish(tmp_path, [pages.summary("north", "2026-06")])
    (tmp_path / "2026-06" / "north").joinpath("manifest.json").rename(tmp_path / "manifest.json")
    for name in ("2026-06/north", "2026-06/north.v1", "2026-06/.staging", ".work/north"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "manifest.json").write_bytes((tmp_path / "manifest.json").read_bytes())
    assert [s.unit for s in read_summaries(tmp_path)] == ["north"]
    pages.fail(tmp_path, "south", "2026-06")
    assert [f.unit for f in read_failures(tmp_path)] == ["south"]


def test_a_notebooks_page_begins_with_the_answer_and_lists_its_questions() -> None:
    html = render_notebook(pages.notebook(), **CONTEXT)
    assert (
        html.index("<h1>June came in")
        < html.index('class="facts"')
        < html.index('class="toc"')
        < html.index("Where did the difference come from?</h2>")
    )
    assert re.findall(r'<li><a href="#([^"]+)"><span>\d', html) == [
        "where-did-the-difference-come-from",
        "how-good-were-they-month-by-month",
        "section-3",
        "record-and-checks",
    ]


def test_code_is_folded_between_its_prose_and_its_figure() -> None:
    html = render_notebook(pages.notebook(), **CONTEXT)
    prose, code, figure = (
        html.index("Seven causes"),
        html.index("Split the difference by cause"),
        html.index("A moved order makes"),
    )
    assert prose < code < figure
    assert (
        '<span class="in">In [4]</span>Split the difference by cause '
        '<span class="small">2 lines\u00a0· 0.4\u00a0s</span>' in html
    )
    assert (
        '<span class="k">decompose</span>(forecast, actual, '
        'by=<span class="s">&#34;owner&#34;</span>)' in html
    )
    assert "# Split the difference" not in html


def test_quotes_become_margin_notes_before_the_prose() -> None:
    html = render_notebook(pages.notebook(), **CONTEXT)
    assert html.index(
        '<div class="note"><p><strong>Accuracy</strong> = 1 − WAPE. &lt;b onclick=x&gt;'
    ) < html.index("Absolute errors, <em>summed</em>.")


def test_setup_cells_are_folded_at_the_end() -> None:
    html = render_notebook(pages.notebook(), **CONTEXT)
    assert html.index("import") > html.index("2 of 2 checks passed")


def test_only_kinds_of_output_on_the_list_are_rendered_and_others_are_named() -> None:
    html = render_notebook(pages.notebook(), **CONTEXT)
    assert "alert(1)" not in html
    assert "also left an output of kind text/html, which a page does not show" in html
    assert '<img src="data:image/png;base64,' in html and 'alt="A dot"' in html
    assert "plain 厨具 &lt;b" in html


def test_a_failed_notebook_says_where_it_stopped() -> None:
    html = render_notebook(pages.notebook(failed=True), **CONTEXT)
    assert "This notebook stopped at cell 9 and published nothing" in html
    assert "The ledger of 厨具 &lt;b onclick=" in html and "\x1b" not in html
    assert html.count('id="failure"') == 1 and 'href="#failure"' in html


@pytest.mark.parametrize(
    "heading",
    [
        "## <script>alert(1)</script>",
        "## [x](javascript:alert(1))",
        '## "><img src=x onerror=alert(1)>',
    ],
)
def test_a_heading_is_text(heading: str) -> None:
    html = render_notebook(new_notebook(cells=[new_markdown_cell(heading)]), **CONTEXT)
    assert html.count("<script") == 1 and "<img" not in html and 'href="javascript' not in html


def test_a_block_that_was_tampered_with_does_not_become_markup() -> None:
    bundle = {"application/vnd.salesfc.v1+json": {"block": "prose", "text": "<script>x</script>"}}
    unknown = {"application/vnd.salesfc.v1+json": {"block": "<script>"}}
    cells = [
        new_code_cell("x", outputs=[new_output("display_data", data) for data in (bundle, unknown)])
    ]
    html = render_notebook(new_notebook(cells=cells), **CONTEXT)
    assert html.count("<script") == 1 and "is not shown" in html


def test_a_notebook_that_is_rendered_stays_as_it_was(tmp_path: Path) -> None:
    node = pages.notebook()
    before = nbformat.writes(node)
    first = render_notebook(node, **CONTEXT)
    nbformat.write(node, tmp_path / "n.ipynb")
    assert nbformat.writes(node) == before
    assert render_notebook(nbformat.read(tmp_path / "n.ipynb", as_version=4), **CONTEXT) == first


def test_a_long_source_is_cut_and_says_where_the_rest_is() -> None:
    source = "\n".join(f"value_{n} = '<b>&'" for n in range(200))
    html = render_notebook(new_notebook(cells=[new_code_cell(source)]), **CONTEXT)
    assert "value_59" in html and "value_60" not in html and "<b>&" not in html
    assert "140 more lines in the notebook beside this page" in html
