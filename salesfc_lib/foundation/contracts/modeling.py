"""Tables of the modeling step, and the stages and intervals of forecasts."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

STAGES = ("baseline", "statistical", "combined", "assumed", "reconciled", "adjusted")
# models of stage `assumed`: a declared effect changed the forecast, or took it to zero for good
ASSUMED, ENDED = "assumption", "ended"
INTERVALS = ("lo-80", "hi-80", "lo-95", "hi-95")

TABLES = {
    # Forecasts of each candidate at each cutoff, the month's own included.
    "candidate_forecast": table(
        "unique_id text, model text, cutoff month, ds month, h count, y_hat number",
        key="unique_id model cutoff ds",
    ),
    "forecast": table(
        f"unique_id text, stage {'|'.join(STAGES)}, model text, cutoff month, ds month, h count, "
        f"y_hat number, {' number?, '.join(INTERVALS)} number?",
        key="unique_id stage model cutoff ds",
    ),
    # numerator / denominator is the metric over the n rows; sum both before dividing.
    "score": table(
        "unique_id text, stage text, model text, cutoff month, h count, metric text, "
        "numerator number, denominator number, n count",
        key="unique_id stage model cutoff h metric",
    ),
    "weights": table(
        "unique_id text, model text, weight number, backtest_error number?, reason text",
        key="unique_id model",
    ),
    # A level shift of the last 18 months. ds: first month after; change: percent of the level
    # before; strength: in standard errors.
    "break": table(
        "unique_id text, ds month, change number, strength number, evidence text", key="unique_id"
    ),
    "failures": table(
        "unique_id text, model text, cutoff month, error text", key="unique_id model cutoff"
    ),
    # A series with a page of its own: its file under key/, its sales of the last twelve months
    # and their share of the unit's.
    "key_series": table("unique_id text, page text, sales number, share number", key="unique_id"),
    # A term of a key series or the whole unit, in the panel's unit: level (a normal month), trend
    # (a year), month 01 to 12 (difference from the normal month), and drivers, with 95 % intervals
    # and their kind: all of a share, a level twice as high, one more of a count.
    "coefficient": table(
        "unique_id text, term text, estimate number, low number?, high number?, "
        "kind share|level|count?",
        key="unique_id term",
    ),
    # The same of a driver in the whole unit, in shares of a usual month. series: number of bottom
    # series in which it moves, the intermittent ones together as one.
    "pooled_driver": table(
        "term text, estimate number, low number, high number, kind share|level|count, series count",
        key="term",
    ),
    # What is known ahead of a driver, and what the forecast adds for it, against a month without a
    # share, or against what is usual of a level or count; low and high: 95 % interval. share: of
    # the month's forecast, what is there because of it, against what is usual.
    "driver_effect": table(
        "unique_id text, term text, ds month, value number, effect number, low number, "
        "high number, share number",
        key="unique_id term ds",
    ),
    # Actuals inside the interval (percent) that the combination would have had in the backtest.
    "backtest_coverage": table(
        "level text, interval count, h count, inside count, n count", key="level interval h"
    ),
}
