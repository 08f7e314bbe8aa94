"""Tables of the cleaning step, the panel among them, and those that other sources bring.

Amounts in tables of text are exact decimals. What says why (`reason`, `example`, `evidence`) is a
text, or a key with facts that `foundation.in_words` puts in words.
"""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

_VIEWS = (
    "quantity_before text, quantity_now text, quantity_difference text, "
    "amount_before text, amount_now text, amount_difference text"
)

TABLES = {
    # An order line, return or adjustment. quantity and amount: decimals at the finest scale of
    # the sources, returns negative. In memory texts are categories. Further columns: dimensions,
    # salesperson, key_account.
    "transactions": table(
        "source any, row count, date day, order_id any?, customer any?, product any?, "
        "quantity any, amount any, kind any:sale|return|adjustment",
        key="source row kind date",
        more=True,
    ),
    # What each rule took away (positive) or put in (negative). Rule `opening` is what was read,
    # `kept` what is left: opening = kept + every other rule, exactly. month: null where the row
    # has no readable date.
    "ledger": table(
        "source text, rule text, month month?, rows count, quantity text, amount text, reason text",
        key="source rule month",
    ),
    # A row that was not used: its place, why, and its text as read (JSON).
    "quarantine": table(
        "source text, row count, rule text, reason text, content text", key="source row"
    ),
    # What intake and the rules found: read (by a rule), noted, changed, dropped, quarantined.
    # column '': the row or the file; first_row 0: the file.
    "problems": table(
        "source text, rule text, column text, action read|noted|changed|dropped|quarantined, "
        "rows count, first_row count, example text, reason text",
        key="source rule column action",
    ),
    # A line that a rule took, with its values then; further columns: those of transactions.
    "removed": table(
        "source any, row count, kind any, date day?, quantity any, amount any, "
        "rule text, action text, reason text",
        more=True,
    ),
    # A cell that a rule changed, in the order of the changes; column '': a line that it put in.
    "changes": table(
        "sequence count, source text, row count, kind text, rule text, column text, "
        "before text, after text",
        key="sequence",
    ),
    # What became of months that the month before published, by month, source, members of the
    # bottom level (further columns) and kind. difference = now - before; rows_changed: rows with
    # another version; reason: the definitions that changed, for kind redefined.
    "restatement": table(
        f"ds month, source text, kind late_posting|corrected|reopened|redefined, {_VIEWS}, "
        "rows_new count, rows_gone count, rows_changed count, reason text",
        more=True,
    ),
    # Each month that two published months both have, as the earlier published it and as it is now.
    "restatement_months": table(f"ds month, {_VIEWS}, rows_before count, rows_now count", key="ds"),
    # Months in which a series was launched and discontinued; null: in the data from the first
    # month on, or not ended.
    "lifecycle": table(
        "unique_id text, launched month?, discontinued month?, evidence text", key="unique_id"
    ),
    # Days on which a master file says that a member was launched and discontinued.
    "declared": table(
        "dimension text, member text, launched day?, discontinued day?", key="dimension member"
    ),
    # A member that ends where another begins. from: first month of the new name; yaml accepts it
    # under renames.<dimension>.
    "rename_proposals": table(
        "dimension text, old text, new text, from month, evidence text, score number, yaml text",
        key="dimension old new",
    ),
    # A month of a bottom series that is far outside what the series did before.
    "outliers": table(
        "unique_id text, ds month, y_raw number, y number, score number, reason text",
        key="unique_id ds",
    ),
    # A month of a bottom series in which stock ran out. y_raw: sold; y: expected from its past,
    # null where that is too thin.
    "censored": table(
        "unique_id text, ds month, stockout_days number, y_raw number, y number?",
        key="unique_id ds",
    ),
    # The unit's total of a month beside the general ledger's; null where the ledger has none.
    # difference = ours - ledger; share: of the ledger's; accepted: outside, with a reason;
    # missing: no control total.
    "control": table(
        "ds month, member text, measure amount|quantity, ours text, ledger text?, "
        "difference text?, share number?, state within|accepted|missing, reason text",
        key="ds member measure",
    ),
    # Further columns of the next: the dimensions that a row holds for; null: all members.
    # announced, here and below: the day on which it became known; null: not recorded.
    "promotion": table(
        "name text, start day, end day, announced day?", key="name start", more=True
    ),
    # Stock at the end of a month, a count below zero as zero; stockout_days: days without stock;
    # value: what the stock cost, null: not known.
    "inventory": table("ds month, stock number, stockout_days number, value number?", more=True),
    # Order lines due in a month (as promised, else as ordered). delivered: at most what was
    # ordered, line by line. lines: those promised for a day, and of them on_time: delivered in full
    # by then; null: the export does not say. over: lines of which more was delivered than ordered;
    # cancelled: those that order nothing, which count nowhere else.
    "delivery": table(
        "ds month, ordered number, delivered number, lines number?, on_time number?, over count, "
        "cancelled count",
        more=True,
    ),
    # What is to be sold in a month, in the unit's measure, plans of later months included; null: no
    # target is set. Further columns: what it is set by, null where it holds for all members.
    "target": table("ds month, target number?", more=True),
    # What a currency is worth in the unit's, from a day on.
    "rate": table("currency text, date day, rate text", key="currency date", more=True),
    # How many base units a unit of measure is; further column: product.
    "conversion": table("unit text, factor text", more=True),
    # The general ledger's total of a month, by account.
    "control_total": table("ds month, account text?, amount text?, quantity text?", more=True),
    # A number that moves sales, of a day, or of a month on its first; ds: business month. What is
    # not known ahead ends with the month.
    "driver": table("name text, date day, ds month, value number, announced day?", more=True),
    # Something in the market or at a competitor, first to last day.
    "event": table(
        "name text, start day, end day, kind text?, effect text?, comment text?, announced day?",
        more=True,
    ),
    # What supply is planned with, as exported for the month; quantities in the unit's unit of
    # measure, money in its currency without tax. A number below zero stands in none of them.
    # From order to receipt. days, spread (their standard deviation); lot: an order is a multiple of
    # it; minimum: the least order; shelf_life: days; null: not known, or no limit.
    "lead_time": table(
        "days number, spread number?, lot number?, minimum number?, shelf_life number?, "
        "supplier text?",
        more=True,
    ),
    # Pieces in stock on the last day counted.
    "on_hand": table("date day?, stock number", more=True),
    # What is still to be delivered to customers (sale) or by suppliers (purchase). due: null where
    # no day is agreed; partner: the customer or the supplier.
    "open_order": table(
        "kind sale|purchase, due day?, quantity number, order_id text?, partner text?", more=True
    ),
    # What one brings and costs, as valid in the first month forecast; terms: days until it is paid.
    "price": table("price number, terms number?", more=True),
    "cost": table("cost number, terms number?", more=True),
    # What can be made in a month; ds null: in each.
    "capacity": table("ds month?, capacity number", more=True),
    # One series of one level; further columns: its dimensions, null where the level sums over one.
    "series": table("unique_id text, level text, label text", key="unique_id", more=True),
    # y: what models train on; y_raw: what was sold; null: no source row at all in that month.
    # Further columns: regressors, null where unknown. A model sees only those that `future` has
    # too: what is known only afterwards (a driver without `known_ahead`, a flag on the rows
    # without a plan) stands here alone. A regressor of a month does not depend on sales of the
    # `horizon` months before it, so that no cutoff sees what was sold after it.
    "panel": table(
        "unique_id text, ds month, y number?, y_raw number?", key="unique_id ds", more=True
    ),
    # Regressors known ahead, for the months after the panel's last; null: nothing is known.
    "future": table("unique_id text, ds month", key="unique_id ds", more=True),
    # What was known of a regressor's month at an earlier cutoff of the backtest, where it differs
    # from what `panel` and `future` say now; null: nothing was known.
    "recalled": table(
        "unique_id text, ds month, cutoff month, name text, value number?",
        key="unique_id ds cutoff name",
    ),
    # Rows of each plan that models may see ahead. dated: with a day of announcement; late:
    # announced after a cutoff of the backtest within whose horizon they lie, and unknown there;
    # left_out: of a backfill, announced after it was published, and unknown to its forecast. backs:
    # months before now of the cutoffs that `recalled` was made for; empty without days.
    "plan": table(
        "name text, rows count, dated count, late count, left_out count, backs text", key="name"
    ),
}
