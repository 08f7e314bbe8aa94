"""The frame that all pages share: language, title, breadcrumb and the one style element.

Facts about a page enter; what `page.html.j2` needs leaves. The decision made here: a page is written beside its place
and renamed in, so that nobody reads half of one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from salesfc_lib.reporting import markup


def page(
    title: str,
    breadcrumb: Sequence[tuple[str, str]],
    *,
    description: str = "",
    lang: str = "en",
    styles: Sequence[str] = ("page.css",),
) -> dict[str, Any]:
    """What the page template needs; `breadcrumb` holds (text, relative link), the last being this page."""
    css = Markup(
        "\n".join((markup.TEMPLATES / name).read_text(encoding="utf-8").strip() for name in styles)
    )
    return {
        "title": title,
        "breadcrumb": list(breadcrumb),
        "description": description or title,
        "lang": lang,
        "css": css,
    }


def write(path: Path, html: str) -> Path:
    """Path of the page, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(html, encoding="utf-8", newline="\n")
    beside.replace(path)
    return path
