"""What a month's steps could not do: overrides without effect, candidates that failed."""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.forecasting import refusal_of
from salesfc_lib.foundation import say

UNCHANGED = 1e-9  # of a forecast: what an override that changed nothing leaves


def find_overrides(look: Look) -> Iterator[Found]:
    """Overrides of the month that were refused, or after which the forecast is what it was."""
    rows = look.read("adjustment")
    rows = rows[rows["made_in"].eq(look.run.cutoff)]
    same = (rows["final"] - rows["old"]).abs() <= UNCHANGED * rows["old"].abs()
    idle = rows[rows["state"].eq("refused") | same]
    if len(idle):
        branch, first = look.narrowest(idle["unique_id"]), idle.iloc[0]
        authors = sorted({str(each) for each in idle["author"].dropna()})
        facts = {"n": len(idle), "all": len(rows), "authors": authors, "why": first["remark"]}
        facts["label"] = look.label(first["unique_id"])
        key = "alert.says.override.why" if first["remark"] else "alert.says.override"
        yield Found("override", look.run.month, branch, "", say(key, **facts))


def find_candidates(look: Look) -> Iterator[Found]:
    """Candidates that could not forecast some series; one that was refused did not fail."""
    rows = look.read("failures")
    rows = rows[rows["error"].map(refusal_of).eq("")]
    for model, own in rows.groupby("model"):
        ids = own["unique_id"].unique()
        facts = {"model": model, "n": len(ids), "error": own["error"].iloc[0]}
        says = say("alert.says.candidate", **facts)
        yield Found("candidate", look.run.month, look.narrowest(ids), str(model), says)
