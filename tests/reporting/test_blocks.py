"""Display blocks: plain JSON out, values always text, the same macros everywhere."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting import blocks as components
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks import (
    Alert,
    Answer,
    Attention,
    Cell,
    Check,
    Checks,
    ColumnHead,
    Diff,
    Fact,
    Figure,
    Prose,
    Record,
    Spark,
    Strip,
    Table,
)
from tests import pages

NASTY = f"{pages.NASTY} \\u0000 *star* `tick`"
SVG = (
    '<svg viewBox="0 0 720 100"><path d="M0,0 1,1" class="fc"/>'
    '<text x="1" y="2" class="b ta">Forecast &lt;x&gt;</text></svg>'
)


def every_block(name: str = NASTY) -> list[components.Block]:
    table = Table(
        name,
        name,
        [ColumnHead(name), ColumnHead("v", "r", small=False), ColumnHead("h", "q", silent=True)],
        [[Cell(name, sub=name), "1", Cell("2", heat=3)]],
        footer=[[name, "1", ""]],
        source=name,
    )
    return [
        Answer(
            [name, "June 2026"],
            name,
            [name, name, name],
            name,
            [Fact(name, name, name, True)],
            name,
            [name],
        ),
        Prose(f"{name}\n\n{name}"),
        table,
        Figure(name, name, name, SVG, SVG, name, table),
        Attention([Alert(name, name, name, name, "javascript:alert(1)")]),
        Diff(name, [f"+{name}", f"-{name}", name]),
        Checks([Check(name, True, name), Check(name, False, name)]),
        Record(name, name, [(name, name)], [table, Diff(name, [name])]),
    ]


@pytest.mark.parametrize("block", every_block(), ids=lambda block: block.kind)
def test_names_are_text_and_never_markup(block: components.Block) -> None:
    html = block._repr_mimebundle_()["text/html"]
    assert "<b onclick" not in html and "javascript:" not in html
    assert "厨具 &lt;b onclick=&#34;x&#34;&gt;&amp;" in html
    assert "/ 华东 {{ 7*7 }} \\u0000 *star*" in html


@pytest.mark.parametrize("block", every_block(), ids=lambda block: block.kind)
def test_blocks_survive_json_and_say_something_in_plain_text(block: components.Block) -> None:
    bundle = block._repr_mimebundle_()
    assert (
        json.loads(json.dumps(bundle[components.MIME], allow_nan=False)) == bundle[components.MIME]
    )
    assert bundle[components.MIME]["block"] == block.kind
    assert "厨具" in bundle["text/plain"]


def test_numpy_numbers_become_numbers_and_what_is_not_finite_becomes_null() -> None:
    assert components.as_json((np.float64(0.5), np.int64(2), float("nan"), {"a": (np.inf,)})) == [
        0.5,
        2,
        None,
        {"a": [None]},
    ]


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(SalesForecastError, match="'T' has 2 cells.*3 columns"):
        Table("T", "", [ColumnHead("a"), ColumnHead("b"), ColumnHead("c")], [["1", "2"]])


def test_an_answer_holds_at_most_four_facts() -> None:
    with pytest.raises(SalesForecastError, match="At most four"):
        Answer(["k"], "t", [], facts=[Fact("a", "1", "")] * 5)


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg viewBox="0 0 1 1"><script>x</script></svg>',
        '<svg viewBox="0 0 1 1"><a href="http://x"><text>x</text></a></svg>',
        '<svg viewBox="0 0 1 1"><path d="M0,0" style="fill:red"/></svg>',
        '<svg viewBox="0 0 1 1"><path d="M0,0" fill="#ff0000"/></svg>',
        '<svg viewBox="0 0 1 1"><path d="M0,0" onload="x()"/></svg>',
        '<svg viewBox="0 0 1 1"><path d="M0,0" fill="url(http://x/y)"/></svg>',
        '<!DOCTYPE svg [<!ENTITY a "aa">]><svg viewBox="0 0 1 1"><text>&a;</text></svg>',
        '<svg viewBox="0 0 1 1"><text></svg>',
    ],
)
def test_a_figure_passes_only_what_plots_draws(drawing: str) -> None:
    with pytest.raises(SalesForecastError, match="A figure holds"):
        Figure("t", "s", "alt", drawing, SVG)


def test_a_figure_keeps_its_text_and_carries_its_alternative_text() -> None:
    html = str(markup.svg(SVG, 'July "48.9" <m>', "wide"))
    assert html.startswith('<svg viewBox="0 0 720 100" class="wide" role="img" aria-label=')
    assert "July &quot;48.9&quot; &lt;m&gt;" in html
    assert "Forecast &lt;x&gt;" in html


def test_a_strip_places_values_by_hand_worked_positions() -> None:
    strip = Strip("bias", 0.10, before=0.0, earlier=[0.05], limits=[-0.10], missed=True)
    # lowest -0.10, highest 0.10; a margin of a tenth of 0.20 at either end makes the line run from
    # -0.12 to 0.12
    assert strip.to_json() == {
        "label": "bias",
        "missed": True,
        "limits": [0.0833],
        "before": 0.5,
        "earlier": [0.7083],
        "now": 0.9167,
    }


def test_a_spark_leaves_missing_months_out_and_survives_a_flat_line() -> None:
    assert Spark("k", [3.0, float("nan"), 3.0]).to_json()["history"] == [0.0, 0.0]


def test_markdown_shows_raw_html_as_text_and_drops_links_that_leave() -> None:
    html = str(
        markup.markdown(
            "**b** <img src=x onerror=y> [a](https://else.where) [c](javascript:x) [d](#here)"
            "\n\n- one"
        )
    )
    assert "<strong>b</strong>" in html and "<li>one</li>" in html
    assert (
        "<img" not in html
        and "https://else.where" not in html.replace("&", "")
        and "javascript" not in html
    )
    assert '<a href="#here"' in html


@pytest.mark.parametrize(
    "href", ["http://x/", "//x/y", "javascript:x", "data:text/html,x", 'a"b', "a b", ""]
)
def test_links_that_leave_the_report_are_dropped(href: str) -> None:
    assert markup.relative(href) == ""


def test_every_class_of_the_macros_is_in_a_style() -> None:
    styles = "".join(
        (markup.TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "matrix.css")
    )
    for block in every_block("x"):
        for names in re.findall(
            r'class="([^"{]*)"', markup.render("lab.html.j2", b=block.to_json())
        ):
            for name in names.split():
                assert name in ("sfc", "plain") or f".{name}" in styles, name


def test_amounts_are_worded_like_the_pages() -> None:
    yuan = amounts.AmountFormat("¥")
    assert [yuan.amount(v) for v in (48_260_000, 109_040_000, 12_345, 950, -190_000, 0)] == [
        "¥48.26\xa0m",
        "¥109.0\xa0m",
        "¥12.35\xa0k",
        "¥950",
        "−¥190.0\xa0k",
        "¥0",
    ]
    assert amounts.AmountFormat("", "pieces").amount(1_250_000) == "1.25\xa0m\xa0pieces"
    assert yuan.scaled(-190_000, amounts.SCALES["en"][1], sign=True) == "−¥0.19\xa0m"
    assert yuan.axis(amounts.scale_for([5e6])) == "¥ m"


def test_percentages_points_and_dates_are_worded_like_the_pages() -> None:
    assert (wording.percent(0.8661), wording.signed_percent(-0.036), wording.points(-0.009)) == (
        "86.6\u202f%",
        "−3.6\u202f%",
        "−0.9 points",
    )
    assert wording.signed_percent(-0.0001) == "0.0\u202f%"
    assert (wording.percent_label(85.0), wording.percent_label(82.5)) == (
        "85\u202f%",
        "82.5\u202f%",
    )
    assert wording.minute("2026-07-03T09:15:00+08:00") == "3 July 2026, 09:15"
    assert (wording.month_name("2026-06"), wording.add_months("2026-11", 2)) == (
        "June 2026",
        "2027-01",
    )
    assert wording.listing(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert (
        wording.ordinal(2),
        wording.ordinal(22),
        wording.cardinal(3),
        wording.plural(1, "row"),
    ) == ("second", "22nd", "three", "1 row")


def test_templates_hold_no_style_attribute_and_no_script() -> None:
    templates = list(markup.TEMPLATES.rglob("*.j2"))
    assert len(templates) > 5
    for path in templates:
        text = path.read_text(encoding="utf-8")
        page = text.replace("<script>{{ page.script }}</script>", "")
        assert "style=" not in text and "<script" not in page, path.name
