"""The page of one key account or key product, under `key/` in the unit's month."""

from __future__ import annotations

import re
from pathlib import Path

from salesfc_lib.reporting.narrative.key_page import KeyPage
from salesfc_lib.reporting.pages.page import Crumbs, page, write

FOLDER = "key"


def write_key_page(folder: Path, key: KeyPage, breadcrumb: Crumbs) -> Path:
    """Path of the page; `breadcrumb` leads to the unit's month, as seen from its `folder`.

    The page's name is what its series was given (`key_series`), never anything of its label.
    """
    crumbs = [(text, f"../{href}") for text, href in breadcrumb]
    sections = [
        {"id": _name(question), "title": question, "blocks": list(blocks)}
        for question, blocks in key.sections
    ]
    title = " · ".join([key.label, *(text for text, _ in reversed(crumbs[1:]))])
    frame = page(title, [*crumbs, (key.label, "")], description=key.answer.title)
    path = folder / FOLDER / key.file
    return write(path, "key.html.j2", page=frame, answer=key.answer, sections=sections)


def _name(question: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")
