"""Claims about languages: every page is written in each of them, with the same facts and no words
of another language.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from salesfc_lib import reporting
from salesfc_lib.foundation import language, resources
from tests import pages
from tests.words import CHINESE, CODE, foreign, read

HALF_WIDTH = re.compile(r"[,;:!?](?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])[,;:!?](?! )")
HEADS = re.compile(r"\.(heads|cells)$")
TWO_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
SAID_ELSEWHERE = {"of", "query", "unknown_key", "unreadable_file", "_refused"}  # errors, pandas
NO_WORDS = {  # literals of two words that no page shows: by file
    "notebook.py": {'<span class="{}">{}</span>'},
    "canvas.py": {'<svg viewBox="0 0 ', "text in the colour '"},
    "lines.py": {"offset points", "axes fraction"},
    "path.py": {"offset points", "axes fraction"},
    "rows.py": {"offset points"},
    "palette.py": {"DejaVu Sans"},
}


# of a gettext file: no plural of gettext's own, nothing half translated, nothing given up
LINE = re.compile(r'((msgctxt|msgid|msgstr) )?"(\\.|[^"\\])*"|#(?!~|.*\bfuzzy\b).*|')
FILES = sorted((language.LOCALE / "zh" / "LC_MESSAGES").glob("*.po"))


def messages() -> Iterator[tuple[str, Message]]:
    """Every message with its file, but for those of errors and of the command line."""
    for path in FILES:
        if not path.stem.startswith("messages."):
            with path.open("rb") as file:
                yield from ((path.stem, message) for message in read_po(file) if message.id)


KEYED = [message for _, message in messages() if message.context]


def facts(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_sentence_and_every_text_of_a_notebook_is_written_in_chinese() -> None:
    missing = [(file, message.context or message.id) for file, message in messages()]
    missing = [
        named for named, (_, message) in zip(missing, messages(), strict=True) if not message.string
    ]
    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_the_catalogue_holds_whole_entries_once(path: Path) -> None:
    """A run passes over what is broken, so that it has to be found here."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    begun = [sum(line.startswith(word) for line in lines) for word in ("msgid ", "msgstr ")]
    with path.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    has_header = 'msgid ""\nmsgstr ""\n"Content-Type' in "\n".join(lines)
    assert begun == [len(catalog) + has_header] * 2


def test_a_key_stands_once() -> None:
    keys = [message.context for message in KEYED]
    assert len(keys) > 500
    assert [key for key in set(keys) if keys.count(key) > 1] == []


def test_both_languages_say_the_same_facts() -> None:
    differ = {
        message.context: facts(message.id) ^ facts(str(message.string))
        for message in KEYED
        if facts(message.id) != facts(str(message.string))
    }
    assert differ == {}


def test_tables_have_the_same_columns_in_both_languages() -> None:
    tables = [message for message in KEYED if HEADS.search(str(message.context))]
    assert len(tables) > 50
    for message in tables:
        english, chinese = (text.split(" | ") for text in (message.id, str(message.string)))
        for mark in (" ? ", " ?? ", " // "):
            assert [mark in part for part in english] == [mark in part for part in chinese], message
        signs = [part[:1] if part[:1] in ">#=." else "" for part in english]
        assert signs == [part[:1] if part[:1] in ">#=." else "" for part in chinese], message


def test_records_have_the_same_terms_in_both_languages() -> None:
    records = [m for m in KEYED if re.search(r"\.record(\.measure|\.made)?$", str(m.context))]
    assert records
    for message in records:
        lines = [text.splitlines() for text in (message.id, str(message.string))]
        assert len(lines[0]) == len(lines[1]), message
        cut = [[bool(re.search(": |：", line)) for line in text] for text in lines]
        assert cut[0] == cut[1], message


def test_chinese_sentences_have_full_width_punctuation_and_no_plural() -> None:
    for file, message in messages():
        chinese = CODE.sub("", str(message.string))
        found = HALF_WIDTH.findall(chinese)
        if ".record" in str(message.context):
            found = [sign for sign in found if sign != ":"]
        assert found == [], (file, chinese)
        assert "plural " not in str(message.string), (file, message.id)


def test_chinese_sentences_hold_no_english_words() -> None:
    found = {}
    for file, message in messages():
        words = foreign(CODE.sub("0", str(message.string)))
        if words:
            found[f"{file}: {message.context or message.id[:40]}"] = words
    assert found == {}


@pytest.mark.parametrize(
    "name", ["01_cleaning", "02_modeling", "03_reconciliation", "04_retrospective", "05_handover"]
)
def test_every_text_of_a_notebook_is_in_the_catalogue(name: str) -> None:
    known = {message.id for _, message in messages() if not message.context}
    node = nbformat.read(resources.NOTEBOOKS / f"{name}.ipynb", as_version=4)
    texts = [cell.source.strip() for cell in node.cells if cell.cell_type == "markdown"]
    code = [cell.source.partition("\n")[0] for cell in node.cells if cell.cell_type == "code"]
    comments = [line.lstrip("# ").strip() for line in code if line.startswith("#")]
    assert texts and comments
    assert [text for text in [*texts, *comments] if text not in known] == []


def test_a_translated_notebook_keeps_its_headings_and_notes() -> None:
    for file, message in messages():
        if file == "notebooks":
            english, chinese = message.id, str(message.string)
            for mark in (r"(?m)^#+ ", r"(?m)^> ", r"(?m)^(?:> )?\*\*"):
                assert re.findall(mark, english) == re.findall(mark, chinese), english
            assert re.findall("`[^`]*`", english) == re.findall("`[^`]*`", chinese), english


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("languages") / "reports"
    pages.write_pages(folder)
    return folder


# names and texts that people gave: they stay as they were written
DATA = (
    *(pages.NASTY, pages.LONG, pages.LONG[:39], *pages.TITLES.values(), "kitchen", "north"),
    *("Lin Qiao", "Zhou Min", "Key accounts · Paint", "order confirmed for 8 July"),
    "Boxes instead of text? Install a font with Chinese, such as Noto Sans CJK.",
    *("deliveries", "delivered"),  # a role and a column of a parameter file
    *("returns file arrived late", "tables", "01_cleaning", "04_retrospective"),
    *(f"{pages.NASTY}.csv (9d03c1…)", f"'{pages.NASTY}.csv' ends at row 65,536."),
)


def without_data(text: str) -> str:
    if any(text in name for name in DATA):
        return ""  # a line of a name that a figure wraps
    for name in sorted(DATA, key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def test_chinese_pages_hold_no_english_words(reports: Path) -> None:
    chinese = sorted(reports.rglob("*.zh.html"))
    assert {path.name for path in chinese} >= {"index.zh.html", "04_retrospective.zh.html"}
    found: dict[str, set[str]] = {}
    for path in chinese:
        for text in read(path).texts:
            for word in foreign(without_data(text)):
                found.setdefault(f"{word}: {text[:60]}", set()).add(path.name)
    assert found == {}


def test_english_pages_hold_no_chinese_but_names(reports: Path) -> None:
    english = [p for p in sorted(reports.rglob("*.html")) if not p.name.endswith(".zh.html")]
    assert len(english) > 40
    for path in english:
        if path.parent.name == "kitchen" and path.name in ("failed.html", "04_retrospective.html"):
            continue  # made up with a Chinese heading
        texts = [without_data(text) for text in read(path).texts]
        assert [text for text in texts if CHINESE.search(text) and text != "中文"] == [], path


def test_pages_say_their_language_and_lead_to_their_twin_and_back(reports: Path) -> None:
    twins = sorted(reports.rglob("*.zh.html"))
    assert twins
    for path in twins:
        chinese, plain = read(path), path.with_name(path.name.replace(".zh.html", ".html"))
        english = read(plain)
        assert (chinese.language, chinese.here) == ("zh-CN", "zh-CN"), path
        assert (english.language, english.here) == ("en", "en"), plain
        links = {"en": plain.name, "zh-CN": path.name}
        assert chinese.twins == english.twins == links, path


def test_every_page_of_a_month_in_two_languages_has_both(reports: Path) -> None:
    alone = [
        path
        for path in sorted(reports.rglob("*.html"))
        if not path.name.endswith(".zh.html")
        and not path.with_name(f"{path.stem}.zh.html").exists()
    ]
    assert {(path.parent.name, path.name) for path in alone} == {
        ("kitchen", "failed.html"),  # written in one language
        ("kitchen", "04_retrospective.html"),
    }


def literals(path: Path) -> Iterator[str]:
    """Text of a module that may reach a page: neither docstrings, errors nor queries."""
    tree, skipped = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            first = node.body[0]
            skipped |= {first.value} if isinstance(first, ast.Expr) else set()
        called = node.func if isinstance(node, ast.Call) else None
        name = getattr(called, "attr", getattr(called, "id", ""))
        if isinstance(node, ast.Raise) or name in SAID_ELSEWHERE:
            skipped |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.value


def test_sentences_stand_in_the_catalogue_and_not_in_code() -> None:
    folder, found = Path(reporting.__file__).parent, []
    modules = [p for room in ("narrative", "pages", "plots") for p in (folder / room).rglob("*.py")]
    assert len(modules) > 30
    for path in modules:
        said = {text for text in literals(path) if TWO_WORDS.search(text)}
        found += [(path.name, text) for text in said - NO_WORDS.get(path.name, set())]
    assert found == []
