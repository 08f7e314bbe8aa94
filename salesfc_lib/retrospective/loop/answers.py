"""What people say of the causes that a month's page proposes, kept as records or in a file.

An answer is about one series and month: `confirm` says that proposed causes are right, `correct`
that others are. Of several answers the last record counts, and a record before a line of
`causes/<unit>.csv`. Amounts are signed as sales (actual - forecast); one that nobody gives is what
the page proposes, else what is left of the miss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import RequestError, shorten
from salesfc_lib.foundation import iso
from salesfc_lib.retrospective.causes.causes import NOT_EXPLAINED
from salesfc_lib.retrospective.loop.cause_lines import CODES, build_answers, read_cause_lines
from salesfc_lib.retrospective.loop.decisions import (
    check_published,
    decide,
    read_decisions,
    read_published,
)
from salesfc_lib.retrospective.loop.in_place import SET_ASIDE, put_answers, read_proposed

NAME = re.compile(r"[Cc](\d{1,9})")
ROUNDING = 0.005  # of an amount that somebody types, as a share of the miss
Causes = Mapping[str, float | None]  # amounts by cause; None: not given


def confirm_cause(
    run: UnitMonth, unique_id: str, causes: Causes | None = None, *, by: str, remark: str
) -> str:
    """Name of the answer, such as 'C12', that causes proposed for a series are right.

    causes: None for the likeliest. Raises `RequestError`, with what is known, for a month that is
    not published, a series without a miss, a cause that the page does not propose, and amounts that
    are no part of the miss.
    """
    gap, proposed = _find_miss(run, unique_id)
    causes = dict.fromkeys(proposed[:1]) if causes is None else causes
    another = "To name another: `salesfc cause correct`"
    if not causes:
        raise RequestError.of(
            f"The page of {run.month} proposes no cause for '{unique_id}'",
            "A cause that the page proposes",
            another,
        )
    if set(causes) - set(proposed):
        raise RequestError.of(
            f"The page of {run.month} does not propose {shorten(causes)} for '{unique_id}'",
            f"Proposed: {shorten(proposed)}" if proposed else "No table shows a cause of this miss",
            another,
        )
    return _answer(run, "confirm", unique_id, gap, causes, by=by, remark=remark)


def correct_cause(run: UnitMonth, unique_id: str, causes: Causes, *, by: str, remark: str) -> str:
    """Name of the answer that these causes, and no others, are right for a series.

    Raises `RequestError` as `confirm_cause` does, and for a cause that is no code.
    """
    gap, _ = _find_miss(run, unique_id)
    for code in causes or [""]:
        if code not in CODES:
            raise RequestError.unknown_key(code, CODES, "the causes")
    return _answer(run, "correct", unique_id, gap, causes, by=by, remark=remark)


def check_cause(run: UnitMonth, cause: str) -> None:
    """Raise `RequestError` unless an action can be about this cause.

    It can be one that stands on the month's page by now, or an answer that no later one replaced.
    """
    records = read_decisions(run, "cause")
    answers, proposed = fold_answers(records), read_proposed(check_published(run))
    standing = sorted(set(read_causes(run)["cause"]))
    named = NAME.fullmatch(cause.strip())
    about = records[records["number"] == (int(named[1]) if named else -1)]
    if len(about):
        if f"C{named[1]}" not in set(answers["source"]):  # type: ignore[index]
            raise _closed(cause, answers, *about[["month", "subject"]].iloc[0])
    elif cause in set(proposed["cause"]) - set(standing):
        series = proposed.loc[proposed["cause"] == cause, "unique_id"].iloc[0]
        raise _closed(cause, read_answers(run), run.month, series)
    elif cause not in standing:
        own = answers.loc[answers["ds"] == run.cutoff, "source"]
        known = [*standing, *dict.fromkeys(own)]
        raise RequestError.unknown_key(cause, known, f"the causes of {run.month}'s page")


def read_causes(run: UnitMonth) -> pd.DataFrame:
    """Table `causes` of the unit's published month with the answers that there are by now."""
    proposed, missed = read_proposed(check_published(run)), read_published(run, "missed")
    return put_answers(proposed, missed, read_answers(run))


def read_answers(run: UnitMonth, *, through: str | None = None) -> pd.DataFrame:
    """Answers that count: the last record of a series and month, else the lines of the file.

    A row a cause: ds, unique_id, verb (confirm, correct; empty for a line; `SET_ASIDE` for one that
    stands behind a record), cause, amount, by, remark, source ('C12', or a line's place).

    Raises `SalesForecastError` where the file cannot be used.
    """
    recorded = fold_answers(read_decisions(run, "cause", through=through))
    lines, key = read_cause_lines(run.project, run.unit), ["ds", "unique_id"]
    behind = pd.MultiIndex.from_frame(lines[key]).isin(pd.MultiIndex.from_frame(recorded[key]))
    lines = lines.assign(verb=lines["verb"].mask(behind, SET_ASIDE))
    return pd.concat([part for part in (recorded, lines) if len(part)] or [recorded])


def fold_answers(records: pd.DataFrame) -> pd.DataFrame:
    """The last recorded answer of each series and month, a row for each of its causes."""
    last = {(row["month"], row["subject"]): row for row in records.to_dict("records")}
    return build_answers(
        {
            "ds": pd.Timestamp(row["month"]),
            "unique_id": row["subject"],
            "verb": row["what"].removeprefix("cause."),
            "cause": cause,
            "amount": amount,
            "by": row["who"],
            "remark": row["reason"],
            "source": f"C{row['number']}",
        }
        for row in last.values()
        for cause, amount in row["new"]["causes"].items()
    )


def _find_miss(run: UnitMonth, unique_id: str) -> tuple[float, list[str]]:
    """Miss of a series (actual - forecast) and the causes that the page proposes for it."""
    proposed, missed = read_proposed(check_published(run)), read_published(run, "missed")
    gaps = dict(zip(missed["unique_id"], -missed["difference"], strict=True))
    if unique_id not in gaps:
        raise RequestError.unknown_key(unique_id, gaps, f"the misses of {run.month}")
    own = proposed[proposed["unique_id"].eq(unique_id) & proposed["cause"].ne(NOT_EXPLAINED)]
    return float(gaps[unique_id]), own.sort_values("rank")["cause"].tolist()


def _answer(  # noqa: PLR0913  what an answer holds
    run: UnitMonth, verb: str, unique_id: str, gap: float, causes: Causes, *, by: str, remark: str
) -> str:
    total = sum(amount for amount in causes.values() if amount is not None)
    if total * gap < 0 or abs(total) > abs(gap) * (1 + ROUNDING):
        raise RequestError.of(
            f"The amounts of '{unique_id}' come to {total:+,.2f}, its miss is {gap:+,.2f}",
            "A part of the miss with its sign: below zero where less was sold than forecast",
            "Correct them, or leave an amount out: it is then what is left",
        )
    now = read_causes(run)
    now = now[now["unique_id"] == unique_id]
    effects = zip(now["cause"], now["effect"], strict=True)
    old: dict[str, Any] = {cause: None if pd.isna(each) else each for cause, each in effects}
    new = {"causes": dict(causes)}
    about = {"series": unique_id, "subject": unique_id}
    number = decide(
        run, f"cause.{verb}", who=by, reason=remark, **about, old={"causes": old}, new=new
    )
    return f"C{number}"


def _closed(cause: str, answers: pd.DataFrame, month: str, series: str) -> RequestError:
    """Error for a cause that an answer replaced: who did, and what it is now."""
    rows = answers[answers["ds"].map(iso).eq(month) & answers["unique_id"].eq(series)]
    last = rows.iloc[-1]
    return RequestError.of(
        f"'{cause}' is closed: {last['by']} corrected it for '{series}' ({last['remark']})",
        f"The cause as it stands now: {shorten(rows['cause'])} ({last['source']})",
        "Name that one",
    )
