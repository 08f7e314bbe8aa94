"""`salesfc inspect`: proposals for exports, as text or JSON.

An export that cannot be read does not keep the others from being shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.description import describe
from salesfc_lib.inspection.exports import find_exports, find_path, group_files
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.propose import propose_feed
from salesfc_lib.inspection.report import write_report
from salesfc_lib.inspection.source_block import write_source

BETWEEN = "\n\n" + "=" * 100 + "\n\n"


def inspect_exports(
    exports: Sequence[Path], project: Path, *, as_json: bool = False
) -> tuple[str, list[str]]:
    """What was found in each feed of exports, and a message for each that cannot be read.

    Raises `RequestError` for a path that names no file.
    """
    aliases = read_aliases(project)
    found: dict[str, Proposal] = {}
    unreadable = []
    for feed in group_files(find_exports(exports)):
        try:
            found[str(feed[0])] = propose_feed(feed, aliases)
        except SalesForecastError as error:
            unreadable.append(str(error))
    orders = next((proposal for proposal in found.values() if proposal.role == "orders"), None)
    blocks = [
        (
            proposal,
            write_source(
                proposal.role, proposal, find_path(proposal.files, project), orders=orders
            ),
        )
        for proposal in found.values()
    ]
    if as_json:
        return json.dumps(
            [describe(proposal, block) for proposal, block in blocks], ensure_ascii=False, indent=2
        ), unreadable
    return BETWEEN.join(write_report(proposal, block) for proposal, block in blocks), unreadable
