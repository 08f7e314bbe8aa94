"""Tables of the monthly panel."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

TABLES = {
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
}
