"""Codes that lost their leading zeros, told by a master list.

Lines and the lookups' codes enter; an account that says which codes are in question leaves. The decision made here: a master
proves a repair that the orders alone cannot show, and still nothing is changed: a person accepts it under `renames`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context
from salesfc_lib.intake import exported, find_lost_zeros

SHOWN = 3  # proposals that a reason holds


def note_lost_zeros(account: Account, context: Context) -> Account:
    """Account that says which codes of the orders are a master's but for leading zeros; nothing is changed."""
    for column, known in _list_known(context).items():
        if column not in account.lines:
            continue
        members = account.lines[column].cat.categories
        strange = [str(member) for member in members if member not in known]
        lost = find_lost_zeros(pa.chunked_array([pa.array(strange, pa.string())]), known)
        lost = lost[lost["padded"].isin(known)]
        if lost.empty:
            continue
        codes = members.get_indexer(lost["code"].unique())
        at = np.flatnonzero(np.isin(account.lines[column].cat.codes.to_numpy(), codes))
        said = [f"'{item.code}' may be '{item.padded}'" for item in lost.itertuples()]
        more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
        reason = (
            f"{'; '.join(said[:SHOWN])}{more}, which the master list has; accept it under `renames`"
        )
        account = account.apply(
            Finding(
                "lost_zeros", "note", at, reason, column=column, example=str(lost["code"].iloc[0])
            )
        )
    return account


def _list_known(context: Context) -> dict[str, set[str]]:
    """Codes of every column that lookups are joined by."""
    known: dict[str, set[str]] = {}
    for name, source in context.sources.items():
        if source.role == "lookup":
            for ours, header in source.join.items():
                texts = context.extracts[name].rows[exported(header)]
                known.setdefault(ours, set()).update(
                    text.strip() for text in texts.unique().to_pylist()
                )
    return known
