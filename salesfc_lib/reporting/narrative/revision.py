"""Why the unit's coming month is no longer what was published for it a month before."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import iso, wording
from salesfc_lib.reporting.blocks import Figure
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.facts.summary import Revision
from salesfc_lib.reporting.narrative.writer import BlockWriter, draw, writer_of

KEY = "unit.revision"
ROUNDS_AWAY = 1e-3  # of the total
NAMED = 2  # causes in the title
STAGES = ("combined", "assumed", "reconciled", "adjusted")


def find_revision(run: UnitMonth, compared: ComparedMonth) -> Revision | None:
    """The revision of the first month that both forecast; None where nothing can be compared."""
    rows = compared["revision"]
    if rows.empty:
        return None
    rows = rows[rows["ds"].eq(rows["ds"].min())]
    causes = tuple((str(row.cause), float(row.effect)) for row in rows.itertuples())
    before, after = float(rows["before"].iloc[0]), float(rows["after"].iloc[-1])
    return Revision(iso(rows["ds"].iloc[0]), run.month_before, before, after, causes)


def describe_stages(run: UnitMonth, reconciled: ReconciledMonth) -> str:
    """How the coming month's total came from the models' to the published, step by step."""
    there = set(reconciled.forecast["stage"])
    totals = {stage: reconciled.next(stage) for stage in STAGES if stage in there}
    text, before, steps = writer_of(run).text, totals.pop("combined"), []
    models, facts = before, {"method": reconciled.method, "month": reconciled.month}
    for stage, total in totals.items():
        steps.append(text(f"{KEY}.step.{stage}", change=total - before, **facts))
        before = total
    return text(f"{KEY}.stages", models=models, published=before, steps="".join(steps), **facts)


def revision_figure(writer: BlockWriter, found: Revision, width: float) -> Figure:
    """Steps from the total published a month before to today's, without those that round away."""
    writer = writer.at([found.before, found.after])
    least = ROUNDS_AWAY * max(abs(found.before), abs(found.after))
    shown = [(cause, effect) for cause, effect in found.causes if abs(effect) >= least]
    frame = pd.DataFrame(
        {
            "label": [
                writer.text(f"{KEY}.then", since=found.since),
                *(writer.text(f"{KEY}.{cause}") for cause, _ in shown),
                writer.text(f"{KEY}.now"),
            ],
            "value": [found.before, *(effect for _, effect in shown), found.after],
            "kind": ["start", *["step"] * len(shown), "end"],
        }
    )
    signs = ["", *["signed_"] * len(shown), ""]
    rows = zip(signs, frame.to_dict("records"), strict=True)
    change = found.after - found.before
    key = "same" if abs(change) < least else "up" if change > 0 else "down"
    largest = sorted(shown, key=lambda each: -abs(each[1]))[:NAMED]
    named = [
        writer.text(f"{KEY}.cause", cause=_name(writer, cause), effect=effect)
        for cause, effect in largest
    ]
    return writer.figure(
        KEY,
        draw("waterfall", frame, scale=writer.scale, width=width),
        frame.assign(shown=[writer.fill(f"{{value:{sign}scaled}}", row) for sign, row in rows]),
        title_key=f"{KEY}.title.{key}",
        month=found.month,
        since=found.since,
        size=abs(change),
        named=writer.text(f"{KEY}.named", causes=named) if named else "",
        axis=writer.axis,
    )


def _name(writer: BlockWriter, cause: str) -> str:
    return wording.first_lower(writer.text(f"{KEY}.{cause}"))
