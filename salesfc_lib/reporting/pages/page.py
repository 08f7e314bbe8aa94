"""The frame that all pages share (language, title, breadcrumb, style), and writing a page whole.

A page is written in each language of its month: `index.html` in the default one, `index.zh.html` in
another. All functions here write in the current language (`language.speaking`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from salesfc_lib.foundation import amounts, language, wording
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks import as_json
from salesfc_lib.reporting.narrative.writer import BlockWriter

WRITER = BlockWriter(amounts.AmountFormat())  # of sentences without an amount
Crumbs = Sequence[tuple[str, str]]  # (text, relative link), the last being the page itself


def in_language(name: str, spoken: Sequence[str]) -> str:
    """Name of a page or link to it in the current language, or in the default one of `spoken`.

    >>> with language.speaking("zh"):
    ...     in_language("../index.html#months", ("en", "zh")), in_language("a.html", ("en",))
    ('../index.zh.html#months', 'a.html')
    """
    current = language.current()
    if current not in spoken[1:]:
        return name
    stem, html, anchor = name.partition(".html")
    return f"{stem}.{current}{html}{anchor}" if html else name


def switches(name: str, spoken: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Links to the page called `name` in each language."""
    now = language.current()
    for each in spoken:
        with language.speaking(each):
            href = in_language(name, spoken)
        shown = {"language": each, "name": language.NAMES[each], "tag": language.TAGS[each]}
        yield shown | {"href": href, "current": each == now}


def link_twins(block: Any, spoken: Sequence[str]) -> Any:
    """JSON of a block whose links lead to pages in the current language."""
    if isinstance(block, list):
        return [link_twins(each, spoken) for each in block]
    if not isinstance(block, dict):
        return block
    linked = {key: link_twins(value, spoken) for key, value in block.items()}
    return linked | ({"href": in_language(block["href"], spoken)} if block.get("href") else {})


def page(
    title: str,
    breadcrumb: Crumbs,
    *,
    twins: Sequence[dict[str, Any]] = (),
    description: str = "",
    styles: Sequence[str] = ("page.css",),
) -> dict[str, Any]:
    """What `page.html.j2` needs; `twins` are the page's `switches`."""
    css = Markup("\n").join(map(markup.style, styles))
    page = {"title": title, "breadcrumb": list(breadcrumb), "css": css, "twins": list(twins)}
    page |= {"script": markup.style("find.js"), "tag": language.TAGS[language.current()]}
    return page | {"description": description or title}


def render(template: str, **values: Any) -> str:
    """A page's HTML: blocks become JSON types; sentences and formats are at hand."""
    shown = {name: as_json(value) for name, value in values.items()}
    return markup.render(template, sentence=WRITER.text, wording=wording, **shown)


def write(path: Path, template: str, **values: Any) -> Path:
    """Path of the page made from a template, its blocks and other values.

    It is written beside its place and renamed in, so that nobody reads half of one.
    """
    html = render(template, **values)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(html, encoding="utf-8", newline="\n")
    return beside.replace(path)
