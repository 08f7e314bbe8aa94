"""Words of a page, and those of another language among them.

What stays as it is in every language is no word of a page: code, files, commands, tables that show
frames (`translate="no"`), and the names of the field.
"""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

CHINESE = re.compile(r"[\u3400-\u9fff]+")
LATIN = re.compile(r"[A-Za-z][A-Za-z’'&.-]*[A-Za-z]|[A-Za-z]")
CODE = re.compile(r"`[^`]*`|\{[^{}]*\}|<[^>]*>")
FILE = re.compile(r"[A-Za-z0-9_./*-]+\.(csv|xlsx|json|html|ipynb|parquet|yml)\b|\btables/")
COMMAND = re.compile(r"salesfc( [a-z]+( --?[a-z]+( [\w-]+)?)*)?|--[a-z]+|[A-Z]+(-\d+)+|%\w+")
NAME = re.compile(r"\b[a-z]+(?:[._][a-z]+)+\b")  # of a parameter or a column
NUMBER = re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{6,}\b|\d(?:\.\d+)?e[+-]\d+")  # fingerprints, too
# what Chinese pages of this field write in Latin letters
WORDS = {
    *("WAPE", "MASE", "RMSSE", "WIS", "ARIMA", "ETS", "CES", "Theta", "XGBoost", "MinT", "OLS"),
    *("WLS", "CSV", "XLSX", "Excel", "Parquet", "Python", "JSON", "SQL", "ERP", "CRM", "UTC"),
    *("Holt-Winters", "Croston", "SBA", "TSB", "statsforecast", "sha", "None", "KB", "MB", "In"),
    *("SalesForecastError", "measure", "sources", "renames", "combined", "reconciled"),
    *("true", "false"),
}


class Words(HTMLParser):
    """Visible and spoken text of a page, its language, and its links to other languages."""

    SILENT = ("style", "script", "pre", "code")
    SPOKEN = ("aria-label", "alt", "title", "data-find", "data-all", "data-left", "data-choose")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.language = ""
        self.twins: dict[str, str] = {}
        self.here = ""
        self._tags = ("", "")  # the last two that began
        self._frame = ""  # name of the frame that follows
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        spoken = [str(given[name]) for name in self.SPOKEN if given.get(name)]
        self.texts += [plain(text.removeprefix(self._frame)) for text in spoken]
        self._tags = (self._tags[1], tag)
        self._frame = "" if tag == "summary" else self._frame
        if tag == "meta" and given.get("name") == "description":
            self.texts.append(str(given["content"]))
        if tag == "html":
            self.language = str(given["lang"])
        if tag == "a" and "hreflang" in given:
            assert given["lang"] == given["hreflang"]
            self.twins[str(given["hreflang"])] = str(given["href"])
            self.here = str(given["hreflang"]) if given.get("aria-current") else self.here
        is_other = given.get("lang", self.language) != self.language  # and says so
        if is_other or tag in self.SILENT or given.get("translate") == "no":
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if self._silent[-1:] == ["code"] and self._tags == ("summary", "code"):
            self._frame = data
        if not self._silent and data.strip():
            self.texts.append(plain(data.strip()))


def plain(text: str) -> str:
    """Text without what keeps a line of it unbroken."""
    return text.replace("\u2060", "").replace("\u00a0·", " ·")


def read(path: Path) -> Words:
    reader = Words()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def foreign(text: str) -> list[str]:
    """Latin words of a text that are neither names, files, commands nor words of the field."""
    for pattern in (FILE, COMMAND, NAME, NUMBER):
        text = pattern.sub(" ", text)
    return [word for word in LATIN.findall(text) if word not in WORDS]


def decode(path: Path) -> str:
    """What a file of data says; of a CSV, in both encodings that it may have."""
    content = path.read_bytes()
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            content = b"".join(map(book.read, book.namelist()))
    encodings = ("utf-8", "gb18030") if path.suffix == ".csv" else ("utf-8",)
    return "".join(content.decode(encoding, "ignore") for encoding in encodings)
