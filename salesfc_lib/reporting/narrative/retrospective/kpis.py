"""How the whole process is doing over 3, 6 and 12 months, beside a year earlier."""

from __future__ import annotations

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.kpis import count_kpis, describe_kpis
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, writer_of


@in_languages
def judge(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Every KPI with its formula, its months, and what it was a year earlier or what it needs."""
    writer, table = writer_of(run), compared["kpis"]
    rows = describe_kpis(table.to_dict("records"), run.parameters.unit.currency)
    counts = count_kpis(rows)
    named = writer.text("kpi.all.named", names=counts["names"]) if counts["names"] else ""
    heads = {
        writer.text("kpi.head", months=months): f"{{over {months}}}"
        for months in table["window"].unique()
    }
    return writer.section(
        "kpi.all",
        rows,
        variant="some" if counts["compared"] else "new",
        notable=[row["known"] for row in rows],
        columns=heads,
        month=run.month,
        **counts | {"names": named},
    )
