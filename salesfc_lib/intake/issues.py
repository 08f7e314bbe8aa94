"""An issue: one thing that was found in a source, and what was done about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Issue:
    """What was found, where, and what was done about it.

    `rule` is its short name, `reason` a sentence for people. `row` is its place in the file (from
    1; 0: the whole file), `rows` how many rows or cells it is about. `action` is 'noted',
    'changed', 'quarantined' (the row is not used) or 'asked' (people have to decide). `content` is
    the text of a row that is not used, or its text by column; `example` is the text of one cell of
    `column`.
    """

    rule: str
    reason: str
    row: int = 0
    rows: int = 1
    action: str = "noted"
    source: str = ""
    content: str | dict[str, str] = ""
    column: str = ""
    example: str = ""


def reject(row: int, rule: str, reason: str, content: str | dict[str, str]) -> Issue:
    """A row that is not used."""
    return Issue(rule, reason, row, action="quarantined", content=content)


def table_issues(issues: Iterable[Issue], source: str) -> pd.DataFrame:
    """Table (source, row, rule, reason, rows, action) of what was noted or changed in a source."""
    rows = [(source, at.row, at.rule, at.reason, at.rows, at.action) for at in issues]
    names = ["source", "row", "rule", "reason", "rows", "action"]
    return pd.DataFrame(rows, columns=names).astype({"row": "int64", "rows": "int64"})


def table_rejected(issues: Iterable[Issue], source: str) -> pd.DataFrame:
    """Table `quarantine` of a source's rows that cannot be used."""
    rows = [
        (source, at.row, at.rule, at.reason, json.dumps(at.content, ensure_ascii=False))
        for at in issues
    ]
    names = ["source", "row", "rule", "reason", "content"]
    return pd.DataFrame(rows, columns=names).astype({"row": "int64"})
