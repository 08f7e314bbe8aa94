"""The backtest: errors by distance and by series, and what the intervals held."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BASELINE
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.modeling import AGREED, COMBINED, ModeledMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.modeling.choices import model_name
from salesfc_lib.reporting.narrative.writer import Blocks, draw, heat_cells, writer_of

DISTANCES = (1, 2, 3, 4, 6, 8, 10, 12)  # months ahead that have a column
BEST = 8  # candidates with the smallest median error that have a row of their own
PERCENTILES = (10, 25, 50, 75, 90)  # of the series, whose errors are listed


@in_languages
def errors_by_distance(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """WAPE by model and distance as a heat table."""
    writer, errors, cutoffs = writer_of(run), modeled.errors("h"), modeled.cutoffs
    if errors.empty:
        return Blocks(writer.prose("modeling.backtest.none"))
    wide = errors.pivot(index="model", columns="h", values="value")
    order = wide.drop(index=COMBINED, errors="ignore").mean(axis=1).sort_values().index
    wide = wide.reindex([name for name in (COMBINED, *order) if name in wide.index])
    steps, low, high = wide.columns.intersection(DISTANCES), wide.min().min(), wide.max().max()
    rows = wide.add_prefix("h").apply(heat_cells, low=float(low), high=float(high))
    names = {name: model_name(name, run) for name in wide.index}
    nearest = writer.text("modeling.backtest.nearest")
    rows["name"] = [
        Cell(writer.text("modeling.backtest.in_use", name=title), bold=True)
        if name == COMBINED
        else Cell(title)
        for name, title in names.items()
    ]
    table = writer.table(
        "modeling.backtest.table",
        rows,
        columns={f"#{nearest if h == 1 else h}": f"{{h{h}}}" for h in steps},
        notable=wide.index.isin({COMBINED, BASELINE, *wide[steps].idxmin()}),
        best=int((wide[steps].idxmin() == COMBINED).sum()),
        all=len(steps),
        bottom=modeled.bottom,
        cutoffs=len(cutoffs),
    )
    facts = {"cutoffs": len(cutoffs), "first": cutoffs[0], "last": cutoffs[-1]}
    paragraphs = [writer.text("modeling.backtest", **facts)]
    if run.parameters.driver_effects.enabled:
        paragraphs += describe_plans(writer, modeled.explained["plan"])
    return Blocks(Prose("\n\n".join(paragraphs)), table)


def describe_plans(writer: Sentences, plan: pd.DataFrame) -> list[str]:
    """What of table plan the backtest knew at its cutoffs: a paragraph, or none without plans."""
    names = [writer.name("driver.head", name).lower() for name in plan["name"]]
    plan, key = plan.assign(names=names, undated=plan["rows"] - plan["dated"]), "modeling.plans"
    never = plan.loc[plan["dated"] == 0, "names"]
    told = [writer.text(f"{key}.undated", names=list(never))] if len(never) else []
    for row in plan[plan["dated"] > 0].to_dict("records"):
        told.append(writer.text(f"{key}.late" if row["late"] else f"{key}.known", **row))
        told += [writer.text(f"{key}.partly", **row)] if row["undated"] else []
    return [wording.paragraph(told)] if told else []


@in_languages
def candidate_errors(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Errors of the bottom series in the backtest, model by model, beside the combination."""
    writer, errors = writer_of(run), modeled.errors("unique_id")
    errors = errors[np.isfinite(errors["value"].astype(float))]
    medians = errors.groupby("model")["value"].median().sort_values(kind="stable")
    if COMBINED not in medians:
        return Blocks(writer.prose("modeling.backtest.none"))
    single = medians.drop(COMBINED)
    shown = [*single.index[:BEST], *({BASELINE} & set(single.index[BEST:])), COMBINED]
    order = [name for name in medians.index if name in shown]
    ranked = errors[errors["model"].isin(order)]
    ranked = ranked.sort_values("model", key=lambda names: names.map(order.index), kind="stable")
    labels = {name: model_name(name, run) for name in order}
    better = int((single < medians[COMBINED]).sum())
    frame = ranked.assign(label=ranked["model"].map(labels), marked=ranked["model"] == COMBINED)
    groups = ranked.groupby("model")["value"]
    rows = {f"p{share}": groups.quantile(share / 100).loc[order] for share in PERCENTILES}
    figure = writer.figure(
        "modeling.errors.figure",
        draw("error_ranges", frame),
        pd.DataFrame(rows).assign(label=[labels[name] for name in order]),
        level=modeled.bottom,
        series=ranked["unique_id"].nunique(),
        shown=len(order) - 1,
        all=len(single),
        median=medians[COMBINED],
        better=writer.text(
            f"modeling.errors.better.{'one' if better == 1 else 'some'}", n=better, all=len(single)
        ),
    )
    return Blocks(figure)


@in_languages
def coverage(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Whether the 80 % interval holds what it says, and by how much it does not."""
    writer, held, key = writer_of(run), modeled.coverage_80(), "modeling.coverage"
    if held["verdict"] == "none":
        return Blocks(writer.prose(f"{key}.none"))
    by_distance = modeled.coverage()
    shares = by_distance.pivot(index="h", columns="interval", values="share")
    n = by_distance.drop_duplicates("h").set_index("h")["n"]
    levels, first, last = list(shares.columns), shares.index[0], shares.index[-1]
    figure = writer.figure(
        f"{key}.figure",
        draw("coverage", by_distance.rename(columns={"interval": "level"}), band=AGREED),
        shares.add_prefix("share ").assign(n=n).reset_index(),
        columns={
            writer.text("head.interval", level=level): f"{{share {level}:percent}}"
            for level in levels
        },
        share=held["share"],
        floor=AGREED[0] * 100,
        ceiling=AGREED[1],
        near=first,
        held_near=shares.at[first, 80],
        far=last,
        held_far=shares.at[last, 80],
    )
    verdict, counted = (
        writer.text(f"{key}.{part}", **held) for part in (held["verdict"], "counted")
    )
    return Blocks(Prose(f"{verdict}\n\n{counted}"), figure)
