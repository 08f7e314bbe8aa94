"""What the modeling notebook says of its intervals: their coverage in the backtest by distance."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Figure, Prose
from salesfc_lib.reporting.facts.modeling import AGREED, ModeledMonth
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, writer_of


def coverage(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Whether the 80 % interval holds what it says, and by how much it does not."""
    writer, found = writer_of(run), modeled.coverage_80()
    key = "modeling.coverage"
    if found["verdict"] == "none":
        return Blocks(writer.prose(f"{key}.none"))
    verdict, counted = (
        writer.text(f"{key}.{part}", **found) for part in (found["verdict"], "counted")
    )
    title = writer.text(f"{key}.title", **found)
    return Blocks(Prose(f"{verdict}\n\n{counted}"), _figure(writer, title, modeled.coverage()))


def _figure(writer: BlockWriter, title: str, found: pd.DataFrame) -> Figure:
    from salesfc_lib.reporting import plots

    drawn = plots.draw(plots.coverage, found.rename(columns={"interval": "level"}), band=AGREED)
    shares = found.pivot(index="h", columns="interval", values="share")
    n = found.drop_duplicates("h").set_index("h")["n"]
    first, last = shares.index[0], shares.index[-1]
    levels = list(shares.columns)
    return writer.figure(
        "modeling.coverage.figure",
        drawn,
        shares.add_prefix("share ").assign(n=n).reset_index(),
        ("{h:plural month}", *(f"{{share {level}:percent}}" for level in levels), "{n:count}"),
        title=title,
        floor=AGREED[0] * 100,
        ceiling=AGREED[1],
        near=first,
        held_near=shares.at[first, 80],
        far=last,
        held_far=shares.at[last, 80],
        levels=" | ".join(writer.text("head.interval", level=level) for level in levels),
    )
