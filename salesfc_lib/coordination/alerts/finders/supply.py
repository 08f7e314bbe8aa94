"""Stock that runs out before anything ordered now can arrive."""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.coordination.alerts.branches import explain
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.foundation import say


def find_stock(look: Look) -> Iterator[Found]:
    """A branch whose stocked series run out in at least the agreed share of sample paths."""
    urgent = look.read("urgent")
    likely = urgent["risk"].ge(look.run.parameters.alerts.runs_out)
    out = urgent[urgent["action"].eq("expedite") & likely]
    if out.empty:
        return
    demand = look.read("stock_policy").set_index("unique_id")["demand"]
    items = urgent[["unique_id"]].assign(
        size=urgent["short"].where(urgent.index.isin(out.index)).fillna(0.0),
        weight=urgent["unique_id"].map(demand).fillna(0.0).clip(lower=1.0),
    )
    for branch, short in explain(items, look.series, limit=0.0, least=0.0):
        own = out[[look.holds(branch, each) for each in out["unique_id"]]]
        facts = {"label": look.label(branch), "n": len(own), "short": short}
        facts |= {"day": own["out_on"].min(), "risk": own["risk"].max()}
        says = say("alert.says.stock", **facts)
        yield Found("stock", look.run.month, branch, "", says)
