"""Codes that lost their leading zeros, by comparison with a master list.

A master proves a repair that the orders alone cannot show, and still nothing is changed: a person
accepts it under `renames`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context
from salesfc_lib.foundation import say, say_all
from salesfc_lib.intake import identifiers, layout

SHOWN = 3  # proposals that a reason holds


def note_lost_zeros(batch: Batch, context: Context) -> Batch:
    """Batch with a note of codes that are a master's but for leading zeros, unchanged."""
    masters: dict[str, set[str]] = {}  # codes of every column that lookups are joined by
    for name, source in context.with_role("lookup").items():
        for ours, header in source.join.items():
            texts = context.extracts[name].rows[layout.exported(header)].unique().to_pylist()
            masters.setdefault(ours, set()).update(text.strip() for text in texts)
    for column, known in masters.items():
        if column not in batch.lines:
            continue
        members = batch.lines[column].cat.categories
        strange = [str(member) for member in members if member not in known]
        lost = identifiers.find_lost_zeros(
            pa.chunked_array([pa.array(strange, pa.string())]), known
        )
        lost = lost[lost["padded"].isin(known)]
        if lost.empty:
            continue
        codes = members.get_indexer(lost["code"].unique())
        at = np.flatnonzero(np.isin(batch.lines[column].cat.codes.to_numpy(), codes))
        pairs = [
            say("reason.lost_zeros.pair", code=item.code, padded=item.padded)
            for item in lost.itertuples()
        ]
        reason = say("reason.lost_zeros", pairs=say_all(pairs, SHOWN))
        example = str(lost["code"].iloc[0])
        batch = batch.note("lost_zeros", at, reason, column=column, example=example)
    return batch
