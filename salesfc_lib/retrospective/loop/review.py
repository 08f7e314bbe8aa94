"""What the retrospective of a month says of earlier decisions: answers, actions and their effect.

Actions are those of earlier months; answers are those about the month before and, where the month
is published again, about itself.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.loop.actions import fold_actions, judge_states, sort_actions
from salesfc_lib.retrospective.loop.answers import read_answers
from salesfc_lib.retrospective.loop.decisions import read_decisions
from salesfc_lib.retrospective.loop.effect import measure_effect
from salesfc_lib.retrospective.loop.in_place import list_answers, put_answers, read_proposed
from salesfc_lib.retrospective.loop.rows import find_rows

AHEAD = 2  # months from the page that an action answers to the first forecast made after it


def review_decisions(
    run: UnitMonth, past: Past, *, missed: pd.DataFrame, proposed: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Tables of the loop by name: causes_proposed, causes_all (with answers), answers, actions,
    decisions.
    """
    answers = read_answers(run, through=run.month)
    folder = archive.unit_folder(run.reports, run.month_before, run.unit)
    before = tables.read(folder / "tables", "missed")
    said = [
        list_answers(read_proposed(folder), before, answers),
        list_answers(proposed, missed, answers),
    ]
    promised = read_decisions(run, "action", through=run.month_before)
    known = read_decisions(run, None, through=run.month)["number"]
    counts = {"last_record": max([0, *known]), "answers": len(answers)}
    actions = measure_actions(run, past, fold_actions(promised))
    return {
        "causes_proposed": proposed,
        "causes_all": put_answers(proposed, missed, answers),
        "answers": tables.build(pd.concat(said), "answers"),
        "actions": actions,
        "decisions": tables.build([counts | {"actions": len(actions)}], "decisions"),
    }


def measure_actions(run: UnitMonth, past: Past, actions: pd.DataFrame) -> pd.DataFrame:
    """Table `actions`: each with its state and its measured effect, overdue first.

    The state is as of today, of a backfill as of the day on which it would have been published.
    """
    day = run.publication_day
    states = judge_states(actions, date.today() if day is None else day.date())
    rows = [_measure(run, past, row) for row in sort_actions(states).to_dict("records")]
    return tables.build(rows, "actions")


def _measure(run: UnitMonth, past: Past, action: dict[Any, Any]) -> dict[str, Any]:
    since = pd.Timestamp(action["added_in"]) + pd.DateOffset(months=AHEAD)
    try:
        rows = find_rows(past.series, action["rows"])
    except RequestError:  # its series have gone since: said on the page
        rows = []
    effect = measure_effect(past, rows, action["kpi"], since, run.cutoff)
    verdict = effect.verdict(action["expected"]) if rows else "no_series"
    return action | vars(effect) | {"since": since, "series": len(rows), "verdict": verdict}
