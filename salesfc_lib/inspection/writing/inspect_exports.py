"""`salesfc inspect`: proposals for exports, as text or JSON.

An export that cannot be read does not keep the others from being shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.proposal import Fact, Line, Proposal
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.findings.roles import ask_role, choose_orders
from salesfc_lib.inspection.sampling.feeds import find_exports, find_path, group_files
from salesfc_lib.inspection.writing.report import write_report
from salesfc_lib.inspection.writing.source import write_source
from salesfc_lib.inspection.writing.split import propose_split

BETWEEN = "\n\n" + "=" * 100 + "\n\n"


def inspect_exports(
    exports: Sequence[Path], project: Path, *, as_json: bool = False
) -> tuple[str, list[str]]:
    """What was found in each feed of exports, and a message for each that cannot be read.

    Raises `RequestError` for a path that names no file.
    """
    aliases = read_aliases(project)
    proposals: list[Proposal] = []
    unreadable = []
    for feed in group_files(find_exports(exports)):
        try:
            proposals.append(propose_feed(feed, aliases))
        except SalesForecastError as error:
            unreadable.append(str(error))
    if (orders := choose_orders(proposals)) is not None:
        proposals = [ask_role(found, orders) for found in proposals]
        proposals = [
            found if found.role != "orders" else _tell_split(found, exports, project)
            for found in proposals
        ]
    blocks = []
    for found in proposals:
        path = find_path(found.files, project)
        blocks.append((found, write_source(found.role, found, path, orders=orders)))
    if as_json:
        facts = [list_facts(found, block) for found, block in blocks]
        return json.dumps(facts, ensure_ascii=False, indent=2), unreadable
    return BETWEEN.join(write_report(found, block) for found, block in blocks), unreadable


def _tell_split(found: Proposal, exports: Sequence[Path], project: Path) -> Proposal:
    """The proposal with the command that makes a unit of each member, where there is one."""
    split = propose_split(found, exports, project)
    if not split:
        return found
    return replace(found, findings=[*found.findings, Line("split", split), Fact("split", split)])


def list_facts(found: Proposal, block: Sequence[str]) -> dict[str, Any]:
    """Everything that was found, as JSON types; `block` are the lines of the source's YAML."""
    sample, text = found.sample, "\n".join(["sources:", *block])
    settings = {
        key: {"is": value, "why": sample.why.get(key, "")} for key, value in sample.settings.items()
    }
    problems = [
        {"rule": issue.rule, "says": issue.reason, "ask": issue.action == "asked"}
        for issue in found.issues
    ]
    beside = [
        {
            **other.sample.settings,
            "role": other.role,
            "rows": other.sample.total,
            "headers": list(other.sample.header),
            "columns": other.names,
        }
        for other in found.beside
    ]
    return {
        "files": [str(file) for file in found.files],
        "kind": sample.kind,
        **settings,
        "header_row": sample.header_row,
        "headers": list(sample.header),
        "titles": [title for _, title in sample.titles],
        "rows": {"seen": found.seen, "total": sample.total, "exact": sample.counted},
        **{fact.key: fact.value for fact in found.findings if isinstance(fact, Fact)},
        "problems": problems,
        "ask": found.questions,
        "beside": beside,
        "yaml": text,
        "source": yaml.safe_load(text)["sources"],
    }
