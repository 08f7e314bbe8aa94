"""Tables of the retrospective; differences are forecast - actual."""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

CAUSES = (
    "unique_id text, rank count, cause text, effect number?, facts text, "
    "state proposed|confirmed|corrected, by text?, remark text?"
)
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
    # actual - forecast. facts: JSON. state: proposed by the tables, or confirmed or corrected by a
    # person (`by`, with a remark).
    "causes": table(CAUSES, key="unique_id rank"),
    # As the tables proposed them, whatever people said.
    "causes_proposed": table(CAUSES, key="unique_id rank"),
    # What people said of the causes of this month and the one before, a row a cause. proposed: the
    # likeliest cause by the tables; share: of the month's summed absolute difference; source: its
    # record ('C12') or its line; why: what `say` kept of one that is set aside.
    "answers": table(
        "ds month, unique_id text, label text, proposed text?, cause text, effect number?, "
        "share number?, state confirmed|corrected|set_aside, by text, remark text, source text, "
        "why text"
    ),
    # What was promised in earlier months, overdue first. rows: a member as 'dimension=member', a
    # series, or '' for the whole unit; series: how many that is now; since: first month forecast
    # after it was added; before, after, measured, noise, p: as in `loop.effect.Effect`.
    "actions": table(
        "number count, added_in text, added_by text, added_on text, reason text, cause text, "
        "what text, owner text, due text, kpi wape|bias|gain|error, rows text, series count, "
        "expected number, state open|overdue|closed, overdue_days count, postponed count, "
        "closed_by text?, closed_on text?, outcome text?, remark text?, since month, "
        "months_before count, months_after count, before number?, after number?, "
        "measured number?, noise number?, p number?, "
        "verdict too_early|chance|as_expected|less|worse|no_series",
        key="number",
    ),
    # What the month knew of the project's records: the number of the last one, actions and answers.
    "decisions": table("last_record count, actions count, answers count"),
    # From the forecast total to the actual total, a step a cause. confirmed: the part of the effect
    # that people confirmed or named; series: number of those concerned; largest: one of them.
    "difference": table(
        "position count, cause text, effect number, confirmed number, share number?, "
        "before number, after number, series count, largest text?, facts text",
        key="position",
    ),
    # The month's difference by member of each dimension, and of each column of names below the
    # bottom level (customer, product, salesperson), to which forecasts are shared out by the sales
    # of the twelve months before (shared). member: null for what has none. Each dimension's rows
    # sum to `missed`.
    "attribution": table(
        "dimension text, member text?, forecast number, actual number, difference number, "
        "shared flag",
        key="dimension member",
    ),
    # From the whole difference down to names; children sum to their parent. rest: all further
    # members, as many as `members`; unnamed: what has no member. share: of the parent's difference;
    # gross: absolute differences of all members below, before they cancel out.
    "drill": table(
        "path text, parent text?, depth count, kind total|member|unnamed|rest, dimension text?, "
        "member text?, members count, forecast number, actual number, difference number, "
        "share number?, gross number?, shared flag",
        key="path",
    ),
    # From the forecast to the actual amount by volume, mix and price; average: price or products,
    # in series whose products are not known; then what has no price of the twelve months before
    # (no_reference) or no quantity. effect: signed as sales; facts: JSON.
    "price_volume_mix": table(
        "position count, cause volume|mix|price|average|no_reference|no_quantity, effect number, "
        "share number?, before number, after number, items count, facts text",
        key="cause",
    ),
    # A customer with the forecast shared out to it. Of the twelve months before: months with a
    # sale, longest: most months between two; silent: months since the last, this one included.
    "customer_change": table(
        "customer text?, change new|kept|pausing|lost|returned|unnamed, forecast number, "
        "actual number, difference number, months count, longest count, silent count",
        key="customer",
    ),
    # What the decomposition could not place as it is. n: series, or people who moved; facts: JSON
    # with names.
    "decomposition_rules": table(
        "rule text, n count, forecast number, actual number, facts text", key="rule"
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
    # A test of a habit, or of a gain, of an author, a segment (a member of a dimension) or a stage.
    # months, statistic (share of them that speak for it) and p: of the part that speaks least;
    # p_adjusted: over all tests of habits, or of gains; flagged: beyond chance, and large enough to
    # matter. facts: JSON, months of each part among its name's `_of`, and sizes.
    "habits": table(
        "test text, kind author|segment|stage, name text, months count, statistic share, p share, "
        "p_adjusted share, flagged flag, facts text",
        key="test kind name",
    ),
    # The owner, an author or a member of a department over the last twelve months, each on its own
    # rows. gain: of the published forecast over the seasonal naive, of an author over what stood
    # there before; low, high: of 80 % of resampled years; p: adjusted, two-sided, of a gain or
    # loss in so many months, and of a WAPE below or above that of all others. changes, late: of
    # an author, of everybody for the owner; actions: due ones, kept: done by their day. steps of
    # the month's cycle: those over or overdue; in_time: of them; days_late: mean of the others.
    "scorecards": table(
        "kind owner|author|department, name text, months count, accuracy number?, "
        "accuracy_low number?, accuracy_high number?, floor number, gain number?, "
        "gain_low number?, gain_high number?, p_gain share?, reading better|worse|chance|few, "
        "p_standing share?, standing |above|below|chance|few, changes count, late count, "
        "actions count, kept count, steps count, in_time count, days_late number?",
        key="kind name",
    ),
    # What was to be reached in a month, in all of the unit, beside sales and those a year before.
    # bar: the published forecast of one month ahead, or the target.
    "stretch": table(
        "ds month, bar forecast|target, stated number, actual number, last_year number?",
        key="ds bar",
    ),
    # What to change next month: a parameter (key dotted; now and proposed as YAML) or a practice.
    # facts: JSON. gain: WAPE that the change would have saved on `rows` series-months, `measured`
    # on months before those it was found in (earlier), on these (same), or on each half of them
    # with what the other half chose (crossed); noise: what chance alone stays below in 19 of 20
    # cases; p: chance of such a gain without any; remark: why it is not known.
    "proposals": table(
        "id text, kind parameter|practice, key text, now text, proposed text, evidence text, "
        "facts text, wape_now number?, wape_proposed number?, gain number?, noise number?, "
        "p number?, rows number?, months number?, cutoffs number?, "
        "measured |earlier|same|crossed, remark text, decision open|not_worth_it|accepted|rejected",
        key="id",
    ),
    # What was decided on a proposal in the last twelve months, and what came of it. expected: the
    # gain that was measured for it; since: first month whose forecast was made with it; before,
    # after: WAPE one month ahead on the rows concerned; measured: WAPE saved, without what the
    # seasonal naive saved as well, over `months` months; noise and p as in `proposals`, two-sided.
    "decided": table(
        "id text, decision accepted|rejected, kind parameter|practice, key text, old text, "
        "new text, evidence text, facts text, reviewer text, reason text, decided_at day, "
        "made_in month, expected number?, since month?, months count, before number?, "
        "after number?, measured number?, noise number?, p number?, "
        "verdict |too_early|chance|as_expected|less|worse|not_in_force|no_kpi",
        key="id",
    ),
}
