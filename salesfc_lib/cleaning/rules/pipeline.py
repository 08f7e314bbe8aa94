"""The order of the rules: what is a row, whom it belongs to, what it is worth, when it counts.

A unit names another order, or leaves a rule out, by `cleaning.order` and `cleaning.skip`.
"""

from __future__ import annotations

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context, Rule
from salesfc_lib.cleaning.rules import (
    basic,
    cancellations,
    conversions,
    far_dates,
    implausible,
    internal_sales,
    lost_zeros,
    measures,
    members,
    repeats,
    returns,
    weeks,
)
from salesfc_lib.cleaning.side_tables.reading import add_lookups
from salesfc_lib.errors import SalesForecastError

RULES: dict[str, Rule] = {
    "structure": basic.drop_structure,
    "unreadable": basic.quarantine_unreadable,
    "far_dates": far_dates.quarantine_far,
    "superseded": repeats.drop_superseded,
    "duplicates": basic.drop_duplicates,
    "possible_duplicates": repeats.note_repeats,
    "sales_of_returns": returns.fill_from_sales,
    "renames": members.rename_members,
    "lost_zeros": lost_zeros.note_lost_zeros,
    "lookups": add_lookups,
    "reorganised": members.restate_members,
    "unknown_members": basic.name_unknown,
    "key_accounts": basic.name_key_accounts,
    "sign_of_returns": basic.sign_returns,
    "cancellations": cancellations.pair_cancellations,
    "discounts": measures.settle_discounts,
    "freight": measures.settle_freight,
    "tax": measures.settle_tax,
    "dates_of_returns": returns.date_returns,
    "currency": conversions.settle_currency,
    "units_of_measure": conversions.settle_units,
    "within_company": internal_sales.settle_within_company,
    "samples": internal_sales.settle_samples,
    "weeks": weeks.share_weeks,
    "implausible": implausible.flag_implausible,
}
# without them a line has no meaning
NEEDED = ("structure", "unreadable", "unknown_members", "key_accounts")


def settle(batch: Batch, context: Context) -> Batch:
    """Batch after the rules in their order."""
    for name in list_rules(context):
        if name == "unknown_members":
            dimensions, found = context.parameters.dimensions, batch.lines.columns
            if missing := [column for column in dimensions if column not in found]:
                raise SalesForecastError.missing_columns(
                    missing, found, "`dimensions`: the orders with their lookups"
                )
        batch = RULES[name](batch, context)
    return batch


def list_rules(context: Context) -> list[str]:
    """Names of the rules that run, in order.

    Raises `SalesForecastError` for a rule that does not exist, is named twice, or cannot be left
    out.
    """
    wanted = context.parameters.cleaning
    order = wanted.order or list(RULES)
    for name in (*order, *wanted.skip):
        if name not in RULES:
            raise SalesForecastError.unknown_key(name, RULES, "`cleaning.order` or `cleaning.skip`")
    left = [name for name in order if name not in wanted.skip]
    if lacking := [name for name in NEEDED if name not in left]:
        raise SalesForecastError.of(
            f"The rule '{lacking[0]}' is left out",
            "It gives a line its meaning and always runs",
            "Name it in `cleaning.order`",
        )
    if len(set(left)) < len(left):
        raise SalesForecastError.of(
            "`cleaning.order` names a rule twice", "Each rule once", "Take one out"
        )
    return left
