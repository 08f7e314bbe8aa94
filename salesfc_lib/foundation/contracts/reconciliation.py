"""Tables of the reconciliation step: methods, assumptions and overrides."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

TABLES = {
    # WAPE of each reconciliation method by level over the backtest.
    "reconciliation": table(
        "method text, level text, numerator number, denominator number, n count, chosen flag",
        key="method level",
    ),
    # What the business assumes: a line of effects/<unit>.csv, or an end that a master file
    # declares. scope: members it holds for by dimension (JSON; {}: the whole unit); change: in
    # percent, or in the measure a month; until: last month, null for ever; carried_by: series
    # that has an amount for a member without series; before and after: sums over its bottom
    # series and months when it was applied, null otherwise; source: where it stands.
    "effect": table(
        "id text, scope text, kind percent|amount, change number, start month, until month?, "
        "carried_by text?, author text, reason text, declared_at day?, removed_at day?, "
        "source text, state applied|refused|ahead|over|later|removed|off, remark text, "
        "before number?, after number?",
        key="id",
    ),
    # What an effect did to a month of a bottom series, in the order of application.
    "effect_applied": table(
        "id text, unique_id text, ds month, before number, after number, remark text",
        key="id unique_id ds",
    ),
    # overrides/<unit>.csv, as people wrote them.
    "override": table(
        "unit text, made_in month, unique_id text, ds month, sequence count, new number?, "
        "percent number?, author text?, reason text?, created_at day?",
        key="unit made_in unique_id ds sequence",
    ),
    # An override as a run treated it; old, asked and final: forecasts of that series and month.
    "adjustment": table(
        "made_in month, unique_id text, ds month, sequence count, old number, asked number, "
        "final number, author text?, reason text?, state applied|refused, remark text",
        key="made_in unique_id ds sequence",
    ),
}
