"""The frame that all pages share (language, title, breadcrumb, style), and writing a page whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks import as_json
from salesfc_lib.reporting.narrative.writer import BlockWriter

WRITER = BlockWriter(wording.AmountFormat())  # of sentences without an amount
Crumbs = Sequence[tuple[str, str]]  # (text, relative link), the last being the page itself


def page(
    title: str, breadcrumb: Crumbs, *, description: str = "", styles: Sequence[str] = ("page.css",)
) -> dict[str, Any]:
    """What `page.html.j2` needs."""
    css = Markup("\n").join(map(markup.style, styles))
    page = {"title": title, "breadcrumb": list(breadcrumb), "css": css}
    page |= {"script": markup.style("find.js")}
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
