"""Keys of sentences that the library says, read from its code without running it.

A key is a literal, or is put together of what the function that says it, or its module, assigns
once or by cases (`key = "unit.title"`, `f"{key}.one" if n == 1 else f"{key}.many"`). What comes
from a table or a caller is not known here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

SAYING = {"text", "text_of", "say", "prose", "record", "section", "table", "figure", "fact"}
KEY = re.compile(r"[\w.-]*\w")
Known = dict[str, set[str | None]]  # texts by name; None: one that is not known


class SaidSentence(NamedTuple):
    """A call that says a sentence; facts: None where the call hands on some that it was given."""

    where: str
    how: str
    keys: set[str]  # one in every case of the call, none where it is not known
    facts: set[str] | None


def list_said(folder: Path) -> Iterator[SaidSentence]:
    """Every call under `folder` that says a sentence."""
    for path in sorted(folder.rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        outer = _read_assigned(module.body, {})
        yield from _list_calls(module, outer, path.name)
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                known = _read_assigned(ast.walk(function), outer)
                yield from _list_calls(function, known, path.name)


def _list_calls(scope: ast.AST, known: Known, file: str) -> Iterator[SaidSentence]:
    for call in ast.walk(scope):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        how = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if how in SAYING:
            texts = _texts(call.args[0], known)
            keys = {text for text in texts if text and KEY.fullmatch(text)}
            names = {word.arg for word in call.keywords}
            given = {name for name in names if name} if None not in names else None
            facts = given if len(texts) == 1 and len(call.args) == 1 else None
            yield SaidSentence(f"{file}:{call.lineno}", how, keys, facts)


def _read_assigned(nodes: Iterator[ast.AST] | Sequence[ast.AST], outer: Known) -> Known:
    """Texts by the name that they are assigned to, one after the other or several at once."""
    known: Known = {}
    for node in nodes:
        for target in node.targets if isinstance(node, ast.Assign) else []:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    texts = _texts(value, outer | known)
                    known[name.id] = known.get(name.id, set()) | texts
    return outer | known


def _texts(node: ast.expr, known: Known) -> set[str | None]:
    """Every text that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name):
            return known.get(name, {None})
        case ast.IfExp(body=one, orelse=other):
            return _texts(one, known) | _texts(other, known)
        case ast.FormattedValue(value=value):
            return _texts(value, known)
        case ast.JoinedStr(values=parts):
            whole = product(*(_texts(part, known) for part in parts))
            return {None if None in each else "".join(map(str, each)) for each in whole}
    return {None}
