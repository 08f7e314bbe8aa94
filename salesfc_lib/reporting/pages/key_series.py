"""The page of one key account or key product.

What is said of it enters as blocks, a page leaves under `key/` in the unit's month. The decision made here: the page's name is what its
series was given (`key_series`), never anything of its label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.reporting import markup
from salesfc_lib.reporting.narrative.key_page import KeyPage
from salesfc_lib.reporting.pages.page import page, write

FOLDER = "key"


def write_key_page(folder: Path, key: KeyPage, breadcrumb: Sequence[tuple[str, str]]) -> Path:
    """Path of the page in the unit's month folder; `breadcrumb` leads to the unit's month, as seen from that folder."""
    crumbs = [(text, f"../{href}") for text, href in breadcrumb]
    sections = [
        {"id": _name(question), "title": question, "blocks": [block.to_json() for block in blocks]}
        for question, blocks in key.sections
    ]
    frame = page(
        f"{key.label} · {' · '.join(text for text, _ in reversed(crumbs[1:]))}",
        [*crumbs, (key.label, "")],
        description=key.answer.title,
    )
    return write(
        folder / FOLDER / key.file,
        markup.render("key.html.j2", page=frame, answer=key.answer.to_json(), sections=sections),
    )


def _name(question: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")
