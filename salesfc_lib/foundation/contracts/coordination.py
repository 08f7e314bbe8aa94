"""Tables of the month in progress, and of what people do about it."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

TABLES = {
    # The path of a series through the month in progress, cumulative, by day. expected: of the
    # forecast, through that day; lo, hi: what a quiet month keeps within; of a departure, from its
    # `since` on: given what was sold before. actual: null for days that are not complete yet.
    "month_path": table(
        "unique_id text, date day, expected number, lo number, hi number, actual number?",
        key="unique_id date",
    ),
    # A branch whose sales left the path, a row for each cause. first_out: the first day outside;
    # since: the day from which sales have been off, as far as can be told: the first of the month,
    # or a later one, and then what is expected follows from the forecast and what the month sold
    # before. expected, actual and difference (actual - expected): of the month through the last
    # day judged; explained: share of the whole unit's difference since then, null where that is
    # zero; days_out: days outside since; out: whether it still is; widens: a narrower branch that
    # left earlier on the same side.
    "departure": table(
        "unique_id text, level text, first_out day, since day, direction below|above, "
        "expected number, actual number, difference number, explained number?, days_out count, "
        "out flag, widens text?",
        key="unique_id direction",
    ),
    # A step of a closed month's cycle, in order. due: its day; late_days: days after it; missing:
    # tuple of what lacks (`say`); note: why another person than the declared one answers for it;
    # reason: why it was skipped, or what was remarked when it was done.
    "cycle": table(
        "step text, owner text, due day, state waiting|open|done|skipped, done_by text?, "
        "done_at text?, late_days count, missing any, reason text, note text",
        key="step",
    ),
    # An alert as it stands. unique_id: the branch that explains it; direction: tells alerts of one
    # branch apart; size: in the measure, above zero where less was sold than expected; due: the
    # working day by whose end the next step is due, null once closed; overdue_days: since then;
    # data_at: when the newest data that it rests on came; note: a sentence about its owner ('':
    # none); became: ids of what it led to; gone_since: since when it is no longer so.
    "alert": table(
        "number count, kind text, unit text, month text, unique_id text, direction text, "
        "opened_at moment, data_at moment?, says text, size number?, owner text, note text, "
        "state open|acknowledged|explained|acted|closed, due day?, overdue_days count, "
        "escalated_to text?, escalations count, acknowledged_by text?, acknowledged_at moment?, "
        "explained text?, became text?, closed_by text?, closed_at moment?, outcome text?, "
        "gone_since moment?",
        key="number",
    ),
    # A question to a department about a month. id: stable; kind: one of consultation.KINDS; says:
    # the question with its numbers (`say`); unique_id: '' where it is about no single series;
    # became: the effect or overrides that the answer became, '' for none.
    "question": table(
        "number count, id text, department text, kind text, unique_id text, says text, "
        "asked_at text, answer text?, answered_by text?, answered_at text?, became text?",
        key="id",
    ),
    # A version of a department's forecast, a row a series and month, in the unit's measure.
    "view": table(
        "version count, department text, author text, entered_at text, reason text, "
        "unique_id text, ds month, y_hat number",
        key="department version unique_id ds",
    ),
    # A department's forecast beside another; ds null: summed over the months that both have.
    # difference = value - base, in the measure; percent: of base, as a share.
    "view_difference": table(
        "department text, other text, unique_id text, level text, label text, ds month?, "
        "value number, base number, difference number, units number?, percent number?, "
        "money number?",
        key="department unique_id ds",
    ),
    # What a department's forecast of a month was worth, at its own series and the months since
    # known; the statistical forecast and what was decided (published) at the same rows.
    "view_score": table(
        "month text, department text, n count, actual number, wape number?, bias number?, "
        "statistical_wape number?, statistical_bias number?, decided_wape number?, "
        "decided_bias number?",
        key="month department",
    ),
}
