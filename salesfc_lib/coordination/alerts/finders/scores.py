"""Accuracy below its floor and bias above its limit, with the branch that they are due to."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from salesfc_lib.coordination.alerts.branches import explain
from salesfc_lib.coordination.alerts.finding import Found, Look, first_row, last_month
from salesfc_lib.foundation import say


def find_accuracy(look: Look) -> Iterator[Found]:
    """Accuracy of the closed month below the floor; size: the error beyond it."""
    floor, now = look.run.parameters.retrospective.accuracy_floor, _score(look)
    if now and now["accuracy"] < floor:
        missed = look.read("missed")
        beyond = missed["difference"].abs() - (1 - floor) * missed["actual"]
        branch, size = _blame(look, missed, beyond)
        facts = {"accuracy": now["accuracy"], "floor": floor, "label": look.label(branch)}
        says = say("alert.says.accuracy", **facts)
        yield Found("accuracy", look.run.month, branch, "below", says, size)


def find_bias(look: Look) -> Iterator[Found]:
    """Bias of the closed month beyond its limit; above: forecasts were too high."""
    limit, now = look.run.parameters.retrospective.bias_limit, _score(look)
    if now and abs(now["bias"]) > limit:
        side, missed = (1 if now["bias"] > 0 else -1), look.read("missed")
        beyond = side * missed["difference"] - limit * missed["actual"]
        branch, size = _blame(look, missed, beyond)
        direction = "above" if side > 0 else "below"
        facts = {"bias": abs(now["bias"]), "limit": limit, "label": look.label(branch)}
        says = say(f"alert.says.bias.{direction}", **facts)
        yield Found("bias", look.run.month, branch, direction, says, side * size)


def _score(look: Look) -> dict[str, float]:
    """Accuracy and bias of what was forecast a month ahead; nothing where none was."""
    rows = last_month(look, look.read("lag_history"))
    return first_row(rows[rows["lag"].eq(1) & rows["accuracy"].notna()])


def _blame(look: Look, missed: pd.DataFrame, beyond: pd.Series) -> tuple[str, float]:
    """The branch with most of what is beyond, and that size; else the whole unit."""
    items = missed.assign(size=beyond.to_numpy(), weight=missed["actual"].clip(lower=0))
    items = items[items["unique_id"].isin(look.series["unique_id"])]
    found = [each for each in explain(items, look.series, limit=0.0) if each[1] > 0]
    return found[0] if found else (look.top, float(beyond.sum()))
