"""Text that becomes markup: the templates, which escape every value, and what passes them as it is.

Two things pass, each through an allow-list: SVG that `plots` drew (rebuilt element by element) and
Markdown (raw HTML in it is shown as text, the rest goes through nh3).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jinja2
from markupsafe import Markup, escape

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import language, text_of, wording

TEMPLATES = Path(__file__).parent / "templates"
SVG_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan"})
SVG_ATTRIBUTES = {
    *("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "d", "dx", "dy", "width", "height"),
    *("fill", "stroke", "stroke-width", "stroke-dasharray"),
    *("viewBox", "class", "text-anchor", "transform"),
}
PAINT = re.compile(r"none|var\(--[a-z0-9-]+\)")
PLAIN_VALUE = re.compile(r"[\w\s.,:+()%\-]*")
RELATIVE = re.compile(r"(?!//)(?![A-Za-z][A-Za-z0-9+.\-]*:)[^\s\"'<>\\]+")
SIGNED = re.compile("(?<=[+\u2212±])(?=[¥$€£])")  # where a browser would break a line
CODE = re.compile("`([^`]+)`")
MARKS = "，、；：。！？"
# parts of a Chinese sentence: up to a mark, or up to a 的 that stands well inside
PHRASES = re.compile(f"[^{MARKS}]{{4,}}?的(?=[^{MARKS} ]{{3}})|[^{MARKS}]+[{MARKS}]*|[{MARKS}]+")
END_OF_CELL = re.compile("</t[dh]>(?=<t[dh][ >]|</tr>)")
CELL, QUOTED = re.compile("<t[dh] [^>]*>"), re.compile('="([a-z]+)"')
MARKDOWN_TAGS = {
    *("p", "em", "strong", "code", "pre", "ul", "ol", "li", "a", "h3", "h4", "hr", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def compact(html: str) -> str:
    """A page's markup without what HTML lets out of tables: end tags of cells, quotes of a word.

    >>> compact('<tr><td class="r">1</td><td class="r under">2</td></tr>')
    '<tr><td class=r>1<td class="r under">2</tr>'
    """
    shorter = END_OF_CELL.sub("", html)
    return CELL.sub(lambda cell: QUOTED.sub(r"=\1", cell[0]), shorter)


def svg(text: str, alt: str, kind: str) -> Markup:
    """Figure whose parts are all on the allow-list, with its class and alternative text.

    `kind` is `wide` or `slim`. Raises `SalesForecastError` for anything that `plots` does not draw:
    another element or attribute, a colour that is no token of the page, a document type.
    """
    if "<!" in text or "<?" in text:
        raise _refused("a declaration")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise _refused(f"broken XML ({error})") from error
    for element in root.iter():
        element.tag = name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        if name not in SVG_ELEMENTS:
            raise _refused(f"the element '{name}'")
        for key, value in element.attrib.items():
            allowed = PAINT if key in ("fill", "stroke") else PLAIN_VALUE
            if key not in SVG_ATTRIBUTES or not allowed.fullmatch(value):
                raise _refused(f"{key}='{value[:60]}' on '{name}'")
    shape = {"viewBox": root.get("viewBox", ""), "class": kind, "role": "img", "aria-label": alt}
    root.tag, root.attrib = "svg", shape
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _refused(what: str) -> SalesForecastError:
    return SalesForecastError.of(
        f"A figure holds {what}",
        "SVG as `plots.draw` writes it: shapes and text, classes and the page's tokens",
        "Draw it with `plots.draw`",
    )


def markdown(text: str) -> Markup:
    """Markdown as HTML: raw HTML in it is shown as text, links stay inside the report."""
    import mistune
    import nh3

    html = mistune.create_markdown(escape=True, plugins=["table"])(text)
    links = {"a": {"href"}}
    allowed: dict[str, Any] = {"tags": MARKDOWN_TAGS, "attributes": links, "url_schemes": set()}
    return Markup(nh3.clean(str(html), link_rel=None, **allowed))


def relative(href: str) -> str:
    """The link if it stays inside the report, else nothing.

    >>> relative("../index.html#months"), relative("javascript:alert(1)"), relative("//else/x")
    ('../index.html#months', '', '')
    """
    return href if RELATIVE.fullmatch(href or "") else ""


def png(data: str) -> str:
    """Base64 of a PNG, with nothing else in it; empty where it is none."""
    try:
        content = b64decode("".join(data.split()), validate=True)
    except ValueError:
        return ""
    return b64encode(content).decode() if content.startswith(b"\x89PNG\r\n\x1a\n") else ""


def slug(text: str) -> str:
    """Lower-case letters and digits of a text between hyphens.

    >>> slug("Where from? North, 2026")
    'where-from-north-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def anchor(text: str) -> str:
    """Id for the element that a title names: the same title, the same id.

    >>> anchor("a title")
    't-aa4e9c10'
    """
    return f"t-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def unbroken(value: Any) -> Any:
    """Text with every sign joined to the currency behind it, and every dot of a name and every per
    cent to what stands before it, so that no line ends between them; other values as they are.

    >>> unbroken("Pots · N +¥1, 80 %") == "Pots\xa0· N +\u2060¥1, 80\u202f%"
    True
    """
    if type(value) is not str:
        return value
    return SIGNED.sub("\u2060", value).replace(" · ", "\u00a0· ").replace(" %", "\u202f%")


def coded(text: str) -> Markup:
    """Text in which names and commands between backticks are code.

    >>> str(coded("set `a.b` < 1"))
    'set <code>a.b</code> &lt; 1'
    """
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(unbroken(text)))))


def phrases(text: str) -> Markup:
    """A title; in Chinese as phrases that are kept on one line where they fit it.

    >>> with language.speaking("zh"):
    ...     str(phrases("三个单元的准确率，偏高"))
    '<span class="ph">三个单元的</span><span class="ph">准确率，</span><span class="ph">偏高</span>'
    """
    text = unbroken(text)
    parts = PHRASES.findall(text) if language.current() == "zh" else []
    if len(parts) < 2:
        return escape(text)
    return Markup("").join(Markup('<span class="ph">{}</span>').format(part) for part in parts)


def digest(css: str) -> str:
    """Hash of a style or script element as a Content-Security-Policy names it."""
    return f"sha256-{b64encode(hashlib.sha256(css.encode()).digest()).decode()}"


@cache
def environment() -> jinja2.Environment:
    """The templates, escaping every value that is not markup from this module."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=unbroken,
    )
    filters = (svg, markdown, relative, anchor, png, phrases, coded, wording.paragraph, digest)
    env.filters |= {filter.__name__: filter for filter in filters}
    env.globals |= {"style": style, "say": text_of, "between": between}
    return env


def between() -> str:
    """What parts two sentences of a paragraph: a space, in Chinese nothing."""
    return language.by_language((" ", ""))


@cache
def style(name: str) -> Markup:
    """A style sheet or script of the templates."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8").strip())


def render(template: str, **values: Any) -> str:
    """A template filled with values."""
    return environment().get_template(template).render(**values)
