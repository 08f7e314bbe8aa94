"""The line of a unit's page that says who signed the month off, and the page with that line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import escape

from salesfc_lib.archive import SignOff
from salesfc_lib.foundation import language
from salesfc_lib.reporting.pages.page import WRITER, in_language

PLACE = re.compile(r'(<p [^>]*\bid="sign-off"[^>]*>)(.*?)(</p>)', re.DOTALL)


def describe_sign_off(signed: SignOff | None) -> str:
    """Who signed off and when, with the remark; or that nobody has yet."""
    if signed is None:
        return WRITER.text("sign_off.none")
    facts = {"reviewer": signed.reviewer, "at": signed.at, "remark": signed.remark}
    return WRITER.text("sign_off.signed", **facts)


def sign_pages(folder: Path, signed: SignOff, spoken: Sequence[str]) -> dict[str, bytes]:
    """The unit's pages by name, in each language, with who signed the month off.

    Nothing else of them changes. A page of an earlier version, which has no place for it, is left
    out.
    """
    pages = {}
    for each in spoken:
        with language.speaking(each):
            name, line = in_language("index.html", spoken), str(escape(describe_sign_off(signed)))
        html = (folder / name).read_text(encoding="utf-8")
        if place := PLACE.search(html):
            pages[name] = f"{html[: place.start(2)]}{line}{html[place.end(2) :]}".encode()
    return pages
