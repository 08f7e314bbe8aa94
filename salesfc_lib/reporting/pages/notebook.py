"""An executed notebook as a page: answer first, questions with their prose, code folded in place.

A notebook with its outputs enters, HTML leaves, through an nbconvert exporter of the project's own. The decision made
here: an allow-list of what is shown. Blocks of `components`, Markdown through a sanitiser, plain text and PNG; any
other kind of output is named, not rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup, escape
from nbconvert.exporters.templateexporter import TemplateExporter

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks import MIME
from salesfc_lib.reporting.pages.page import page

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
QUOTE = re.compile(r"(?:^>.*(?:\n|$))+", re.MULTILINE)
BEFORE_CODE = frozenset({"prose", "note"})
ENGINE_TAGS = frozenset(
    {"papermill-error-cell-tag"}
)  # cells that the runner puts in to mark a failure


@dataclass
class Section:
    """One question: its heading, its line in the contents, and what stands under it in order."""

    id: str
    title: str
    contents: str
    parts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Document:
    """A notebook read for the page."""

    title: str = ""
    answer: dict[str, Any] | None = None
    lead: list[dict[str, Any]] = field(default_factory=list)
    setup: list[dict[str, Any]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    failure: dict[str, Any] | None = None

    @property
    def here(self) -> list[dict[str, Any]]:
        """Where the next part goes: the last question, or before the first."""
        return self.sections[-1].parts if self.sections else self.lead


class PageExporter(TemplateExporter):
    """nbconvert's exporter with this project's templates, which escape every value."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(template_file="notebook.html.j2", **kwargs)

    @property
    def template_paths(self) -> list[str]:  # type: ignore[override]
        return [str(markup.TEMPLATES)]

    def _create_environment(self) -> Any:
        environment = markup.environment().overlay()
        environment.filters = {**environment.filters, "document": read_document}
        return environment


def render_notebook(notebook: Path | nbformat.NotebookNode, *, context: Mapping[str, Any]) -> str:
    """The notebook's page.

    Parameters
    ----------
    notebook
        Executed notebook or its path.
    context
        `breadcrumb`: (text, relative link) pairs, the last without link; `title` of the page; optional `lang`, `description`.
    """
    node = (
        notebook
        if isinstance(notebook, nbformat.NotebookNode)
        else nbformat.read(notebook, as_version=4)
    )
    facts = page(
        context["title"],
        context["breadcrumb"],
        description=context.get("description", ""),
        lang=context.get("lang", "en"),
    )
    html, _ = PageExporter().from_notebook_node(node, resources={"page": facts})
    return str(html)


def read_document(notebook: nbformat.NotebookNode) -> Document:
    """The notebook's cells in the order of the page: prose before code, figures and tables after it."""
    document = Document()
    for cell in notebook.cells:
        if ENGINE_TAGS & set(cell.metadata.get("tags", ())):
            continue
        if cell.cell_type == "markdown":
            _add_markdown(document, cell)
        elif cell.cell_type == "code":
            _add_code(document, cell)
    return document


def _add_markdown(document: Document, cell: Any) -> None:
    text = str(cell.source).strip()
    heading, _, rest = text.partition("\n")
    if heading.startswith("## "):
        title = heading[3:].strip()
        contents = str(cell.metadata.get("contents", "")) or title.rstrip("?？")
        document.sections.append(Section(_section_id(document, cell, title), title, contents))
        text = rest.strip()
    elif heading.startswith("# "):
        document.title = document.title or heading[2:].strip()
        text = rest.strip()
    document.here.extend(_markdown_parts(text))


def _section_id(document: Document, cell: Any, title: str) -> str:
    wanted = str(cell.metadata.get("anchor", "")) or title
    slug = (
        re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:48].strip("-")
        or f"section-{len(document.sections) + 1}"
    )
    taken = {section.id for section in document.sections} | {"main", "failure"}
    return slug if slug not in taken else f"{slug}-{len(document.sections) + 1}"


def _markdown_parts(text: str) -> Iterator[dict[str, Any]]:
    notes = [re.sub(r"^> ?", "", quote, flags=re.MULTILINE) for quote in QUOTE.findall(text)]
    if notes:
        yield {"kind": "notes", "html": [markup.markdown(note) for note in notes]}
    if prose := QUOTE.sub("", text).strip():
        yield {"kind": "html", "html": markup.markdown(prose)}


def _add_code(document: Document, cell: Any) -> None:
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    for output in cell.get("outputs", ()):
        for part in _output_parts(output, cell):
            block = part.get("block", {})
            if block.get("block") == "answer" and document.answer is None:
                document.answer = block
            else:
                (
                    before
                    if part["kind"] in ("html", "notes") or block.get("block") in BEFORE_CODE
                    else after
                ).append(part)
            if part["kind"] == "error":
                document.failure = {
                    "count": cell.get("execution_count"),
                    "message": f"{part['name']}: {part['message']}",
                }
    code = _code(cell)
    in_setup = code is not None and not document.sections and not after
    document.here.extend([*before, *([code] if code and not in_setup else []), *after])
    if in_setup and code:
        document.setup.append(code)


def _output_parts(output: Any, cell: Any) -> Iterator[dict[str, Any]]:
    if output.output_type == "stream":
        yield {"kind": "text", "text": _plain(output.text)}
    elif output.output_type == "error":
        yield {
            "kind": "error",
            "name": output.ename,
            "message": _plain(output.evalue),
            "traceback": _plain("\n".join(output.traceback)),
        }
    else:
        yield from _display_parts(output.get("data", {}), output.get("metadata", {}), cell)


def _display_parts(
    data: Mapping[str, Any], metadata: Mapping[str, Any], cell: Any
) -> Iterator[dict[str, Any]]:
    count = cell.get("execution_count")
    if MIME in data:
        yield {"kind": "block", "block": data[MIME]}
    elif "text/markdown" in data:
        yield from _markdown_parts(_joined(data["text/markdown"]))
    elif "image/png" in data and (picture := markup.png(_joined(data["image/png"]))):
        alt = (
            str(metadata.get("image/png", {}).get("alt", ""))
            or f"Picture drawn by cell {count}, without a description"
        )
        yield {"kind": "png", "data": picture, "alt": alt}
    elif "text/plain" in data:
        yield {"kind": "text", "text": _plain(_joined(data["text/plain"]))}
    elif data:
        yield {
            "kind": "named",
            "text": f"Cell {count} also left an output of kind {', '.join(sorted(data))}, which a page does not show.",
        }


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _plain(text: Any) -> str:
    return ANSI.sub("", _joined(text)).rstrip("\n")


def _code(cell: Any) -> dict[str, Any] | None:
    source = str(cell.source).strip("\n")
    if not source.strip():
        return None
    first, _, rest = source.partition("\n")
    summary = first.lstrip("# ").strip() if first.startswith("#") else ""
    shown = rest if summary and rest.strip() else source
    return {
        "kind": "code",
        "count": cell.get("execution_count"),
        "summary": summary or "Code",
        "detail": _detail(shown, cell),
        "source": highlight(shown),
    }


def _detail(source: str, cell: Any) -> str:
    lines = wording.plural(len(source.splitlines()), "line")
    seconds = cell.metadata.get("papermill", {}).get("duration")
    return (
        f"{lines} · {wording.number(seconds, 1)}{wording.NBSP}s"
        if isinstance(seconds, (int, float))
        else lines
    )


def highlight(source: str) -> Markup:
    """Python with its keywords and calls, strings and comments in the page's three code colours."""
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Keyword, Name, String

    tokens = [
        (kind, text)
        for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source)
        if text
    ]
    following = [text for _, text in tokens[1:]] + [""]
    named = []
    for (kind, text), after in zip(tokens, following, strict=True):
        called = kind in Name and after.startswith("(")
        named.append(
            (
                "c"
                if kind in Comment
                else "s"
                if kind in String
                else "k"
                if kind in Keyword or called
                else "",
                text,
            )
        )
    runs = [
        (name, "".join(text for _, text in run))
        for name, run in groupby(named, key=lambda pair: pair[0])
    ]
    return Markup("").join(
        Markup('<span class="{}">{}</span>').format(name, text) if name else escape(text)
        for name, text in runs
    )
