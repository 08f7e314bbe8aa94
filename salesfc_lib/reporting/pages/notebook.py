"""An executed notebook as a page: answer first, questions with their prose, code folded in place.

An allow-list of what is shown: blocks, Markdown through a sanitiser, plain text and PNG; any other
kind of output is named, not rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape
from nbformat import NotebookNode

from salesfc_lib.foundation import language, translate_message, wording
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks import FAILED_TAG, MIME
from salesfc_lib.reporting.pages.page import WRITER, Crumbs, link_twins, page, render

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
QUOTE = re.compile(r"(?:^>.*(?:\n|$))+", re.MULTILINE)
COUNT = re.compile(r"(?<=')[a-z][a-z ]+(?=': \d)")  # a count's name in a dict as Python writes it
LONG = 60  # lines of a cell beyond which a page leaves the rest to the notebook

PagePart = dict[str, Any]  # `kind`, and what the template's macro of that kind reads


@dataclass
class Question:
    """A heading, its line in the contents, and what stands under it in order."""

    id: str
    title: str
    contents: str
    parts: list[PagePart] = field(default_factory=list)


@dataclass
class Document:
    """A notebook read for the page."""

    title: str = ""
    answer: PagePart | None = None
    lead: list[PagePart] = field(default_factory=list)
    setup: list[PagePart] = field(default_factory=list)
    sections: list[Question] = field(default_factory=list)
    failure: PagePart | None = None

    @property
    def latest(self) -> list[PagePart]:
        """Where the next part goes: under the last question, or before the first."""
        return self.sections[-1].parts if self.sections else self.lead


def render_notebook(
    notebook: NotebookNode, *, title: str, breadcrumb: Crumbs, twins: Sequence[dict[str, Any]] = ()
) -> str:
    """The page of an executed notebook in the current language; `twins` are its `switches`."""
    frame, document = page(title, breadcrumb, twins=twins), read_document(notebook)
    parts = [document.lead, *(question.parts for question in document.sections)]
    for part in (part for each in parts for part in each):
        if "block" in part:
            part["block"] = link_twins(part["block"], [twin["language"] for twin in twins])
    return markup.compact(render("notebook.html.j2", page=frame, doc=document))


def read_document(notebook: NotebookNode) -> Document:
    """The notebook's cells as the page has them: prose before code, figures and tables after it."""
    document = Document()
    for cell in notebook.cells:
        if FAILED_TAG in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type == "markdown":
            _add_markdown(document, cell)
        elif cell.cell_type == "code":
            _add_code(document, cell)
    return document


def _add_markdown(document: Document, cell: NotebookNode) -> None:
    text = language.translate(str(cell.source).strip())
    heading, _, rest = text.partition("\n")
    if heading.startswith("## "):
        title = heading[3:].strip()
        contents = str(cell.metadata.get("contents", "")) or title.rstrip("?？")
        english = language.english_of(text).partition("\n")[0][3:]  # one anchor in all languages
        anchor = _unique_anchor(document, str(cell.metadata.get("anchor", "")) or english)
        document.sections.append(Question(anchor, title, contents))
        text = rest.strip()
    elif heading.startswith("# "):
        document.title = document.title or heading[2:].strip()
        text = rest.strip()
    document.latest.extend(_markdown_parts(text))


def _unique_anchor(document: Document, wanted: str) -> str:
    number = len(document.sections) + 1
    slug = markup.slug(wanted)[:48].strip("-") or f"section-{number}"
    taken = {section.id for section in document.sections} | {"main", "failure"}
    return slug if slug not in taken else f"{slug}-{number}"


def _markdown_parts(text: str) -> Iterator[PagePart]:
    """Notes (quoted paragraphs), then the rest."""
    notes = [re.sub(r"^> ?", "", quote, flags=re.MULTILINE) for quote in QUOTE.findall(text)]
    if notes:
        yield {"kind": "notes", "html": [markup.markdown(note) for note in notes]}
    if prose := QUOTE.sub("", text).strip():
        yield {"kind": "html", "html": markup.markdown(prose)}


def _add_code(document: Document, cell: NotebookNode) -> None:
    count = cell.get("execution_count")
    before, after = [], []
    for output in cell.get("outputs", ()):
        for part in _output_parts(output, count):
            block = part.get("block", {}).get("block")
            if block == "answer" and document.answer is None:
                document.answer = part["block"]
            elif part["kind"] in ("html", "notes") or block == "prose":
                before.append(part)
            else:
                after.append(part)
            if part["kind"] == "error":
                document.failure = {"count": count, "message": f"{part['name']}: {part['message']}"}
    code = _code(cell)
    if code and not document.sections and not after:
        document.setup += code
        code = []
    document.latest.extend([*before, *code, *after])


def _output_parts(output: NotebookNode, count: int | None) -> Iterator[PagePart]:
    """What a page shows of an output of the cell that was executed as number `count`."""
    data = output.get("data", {})
    if output.output_type == "stream":
        yield {"kind": "text", "text": _plain(output.text)}
    elif output.output_type == "error":
        message, trace = (
            translate_message(_plain(output.evalue)),
            _plain("\n".join(output.traceback)),
        )
        yield {"kind": "error", "name": output.ename, "message": message, "traceback": trace}
    elif MIME in data:
        block = data[MIME]
        translations = block.get("translations", {})
        yield {"kind": "block", "block": translations.get(language.current(), block)}
    elif "text/markdown" in data:
        yield from _markdown_parts(_joined(data["text/markdown"]))
    elif "image/png" in data and (picture := markup.png(_joined(data["image/png"]))):
        alt = str(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
        alt = alt or WRITER.text("notebook.picture", cell=count)
        yield {"kind": "png", "data": picture, "alt": alt}
    elif "text/plain" in data:
        yield {"kind": "text", "text": name_counts(_plain(data["text/plain"]))}
    elif data:
        kinds = ", ".join(sorted(data))
        text = WRITER.text("notebook.output", cell=count, kinds=kinds)
        yield {"kind": "named", "text": text}


def name_counts(text: str) -> str:
    """Counts that a cell returned, by their names in the current language.

    >>> with language.speaking("zh"):
    ...     name_counts("{'series published': 75, 'other': 1}")
    "{'发布的序列': 75, 'other': 1}"
    """
    named = language.sentences()
    return COUNT.sub(lambda name: named.get(f"count.{name[0]}", name[0]), text)


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _plain(text: Any) -> str:
    return ANSI.sub("", _joined(text)).rstrip("\n")


def _code(cell: NotebookNode) -> list[PagePart]:
    """The cell's code under its first line, if that is a comment, with its length and duration."""
    source = str(cell.source).strip("\n")
    if not source.strip():
        return []
    first, _, rest = source.partition("\n")
    summary = language.translate(first.lstrip("# ").strip()) if first.startswith("#") else ""
    shown = rest if summary and rest.strip() else source
    detail = WRITER.text("notebook.lines", n=len(shown.splitlines()))
    seconds = cell.metadata.get("papermill", {}).get("duration")
    if isinstance(seconds, (int, float)):
        detail += " · " + WRITER.text("notebook.seconds", seconds=wording.number(seconds, 1))
    html = highlight(_shorten(shown))
    code = {"kind": "code", "count": cell.get("execution_count"), "source": html}
    return [code | {"summary": summary or WRITER.text("notebook.code"), "detail": detail}]


def _shorten(source: str) -> str:
    lines = source.splitlines()
    if len(lines) <= LONG:
        return source
    left = WRITER.text("notebook.cut", n=len(lines) - LONG)
    return "\n".join([*lines[:LONG], f"# {left}"])


def highlight(source: str) -> Markup:
    """Python with keywords and calls, strings and comments in the page's three code colours."""
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Keyword, Name, String

    tokens = PythonLexer(stripnl=False, ensurenl=False).get_tokens(source)
    texts = [(kind, text) for kind, text in tokens if text]
    classes = []
    for (kind, text), (_, after) in zip(texts, [*texts[1:], (None, "")], strict=True):
        call = kind in Keyword or (kind in Name and after.startswith("("))
        name = "c" if kind in Comment else "s" if kind in String else "k" if call else ""
        classes.append((name, text))
    html = Markup("")
    for name, run in groupby(classes, key=lambda pair: pair[0]):
        text = "".join(text for _, text in run)
        html += Markup('<span class="{}">{}</span>').format(name, text) if name else escape(text)
    return html
