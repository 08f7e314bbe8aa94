"""Extraction of the library's messages for `pybabel extract` (`make catalogue`), see `babel.cfg`.

A literal of two words and more that is no documentation is a message, and each line of what a
command says of itself (`@app.command()`); the places of an f-string are numbered. Notebooks give
their Markdown cells and the first comment of each code cell.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import IO, Any

WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]* [^\s]*[A-Za-z]{2,}|[A-Za-z]{3,}[:,.]? \{\d")
Extracted = tuple[int, str, str, list[str]]


def extract_python(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Extracted]:
    """Line, function (none), message and comments of each message in a Python file."""
    tree = ast.parse(file.read())
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
            for part in node.values:
                if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
                    skipped.add(id(part.format_spec))
    for node in ast.walk(tree):
        for line in help_of(node):
            yield node.lineno, "", line, []  # type: ignore[attr-defined]
        text = None if id(node) in skipped else template_of(node)
        if text and WORDS.search(text):
            yield node.lineno, "", text.strip(), []  # type: ignore[attr-defined]


def help_of(node: ast.AST) -> list[str]:
    """Lines of the help of a command, which is its documentation."""
    if not isinstance(node, ast.FunctionDef):
        return []
    made_by = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    if not any(isinstance(each, ast.Attribute) and each.attr == "command" for each in made_by):
        return []
    return [line for line in (ast.get_docstring(node) or "").splitlines() if line]


def template_of(node: ast.AST) -> str | None:
    """The text of a literal, with numbered places for what an f-string fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    text, places = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text += f"{{{places}}}"
            places += 1
    return text


def extract_notebook(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Extracted]:
    """Markdown cells and first comments of a notebook."""
    for cell in json.load(file)["cells"]:
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "code":
            first = text.partition("\n")[0]
            text = first.lstrip("# ").strip() if first.startswith("#") else ""
        if text:
            yield 1, "", text, []
