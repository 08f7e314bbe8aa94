"""Tables of the retrospective; differences are forecast - actual."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

TABLES = {
    # WAPE of each stage at the top and bottom level, and of the stage `before` on the same rows;
    # gain = wape_before - wape.
    "value_added": table(
        "level text, stage text, before text?, months count, own_months count, n count, "
        "wape number?, accuracy number?, wape_before number?, gain number?",
        key="level stage",
    ),
    # Accuracy of the published forecasts by month and lag, bottom level; gain = naive_wape - wape
    # on the rows that both have; forecast and actual: sums.
    "lag_history": table(
        "ds month, lag count, months count, n count, forecast number, actual number, wape number?, "
        "accuracy number?, bias number?, naive_wape number?, naive_accuracy number?, gain number?",
        key="ds lag",
    ),
    # A bottom series in the month reviewed. share: of the summed absolute difference; forecasted:
    # false where the forecast is zero because none was archived.
    "missed": table(
        "unique_id text, label text, cutoff month, ds month, forecast number, actual number, "
        "difference number, share number?, forecasted flag",
        key="unique_id",
    ),
    # Why a series missed, likeliest first. effect: signed as sales (below zero: sold less than
    # forecast), null where the evidence gives no amount; those of a series sum to
    # actual - forecast. facts: JSON.
    "causes": table(
        "unique_id text, rank count, cause text, effect number?, facts text", key="unique_id rank"
    ),
    # From the forecast total to the actual total, a step a cause. series: number of those
    # concerned; largest: one of them.
    "difference": table(
        "position count, cause text, effect number, share number?, before number, after number, "
        "series count, largest text?, facts text",
        key="position",
    ),
    # From what was published for a coming month the month before (the first before) to what is
    # published now (the last after), for the unit's total, a step a cause, in this order.
    "revision": table(
        "ds month, cause data|models|assumptions|reconciliation|people, effect number, "
        "before number, after number",
        key="ds cause",
    ),
    # What one author's changes did over the months judged; gains: absolute error saved.
    "people": table(
        "author text?, changes count, raised count, lowered count, helped count, hurt count, "
        "share_helped number, raised_helped count, lowered_helped count, raised_gain number, "
        "lowered_gain number, error_without number, error_with number, gain number, "
        "bias_without number?, bias_with number?, months count, months_raised count, "
        "months_lowered count, months_too_low count, months_too_high count, "
        "p_direction number, p_outcome number, leans |low|high",
        key="author",
    ),
    # A KPI over the `window` months that end with the month: value, from sums over the `months` of
    # them that are known, first to last; before: a year earlier, null unless as many months are
    # known. source: what it rests on; needs: what a value that is null lacks.
    "kpis": table(
        "kpi text, window count, value number?, numerator number?, denominator number?, "
        "months count, first month?, last month?, before number?, source text, needs text",
        key="kpi window",
    ),
    # What to change next month: a parameter (key dotted; now and proposed as YAML) or a practice.
    # facts: JSON.
    "proposals": table(
        "kind parameter|practice, key text, now text, proposed text, evidence text, facts text, "
        "decision text"
    ),
}
