"""Tables of the handover: sample paths, and what each department is to do.

Quantities are in the unit's unit of measure, money in its currency. What a missing source leaves
unknown is null, and a row of `asked` names it. formula, assumptions and inputs are sentences
(`say`) with the numbers that the row was computed from.
"""

from __future__ import annotations

from salesfc_lib.foundation.contracts.columns import table

_BASIS = "formula text, assumptions text, inputs text"

TABLES = {
    # Possible courses of coming sales of each bottom series in the unit's measure, all as likely as
    # each other; every total of a path is the sum of its parts.
    "paths": table("unique_id text, ds month, path count, y number", key="unique_id ds path"),
    # Unit price by which money became pieces: of the last 12 months of the transactions; `origin`:
    # of the series itself, agreed, or the mean of the unit. 1 where pieces are forecast.
    "piece_price": table(
        "unique_id text, price number?, origin own|prices|unit|none, pieces number?",
        key="unique_id",
    ),
    # A series of the level that is stocked, as it stands at the start of the first month. days,
    # spread: lead time; review: days; demand: expected over lead time and review, its deviation;
    # position: stock and what suppliers owe; quantity: to order now; cycle_service and fill_rate:
    # of the reorder point, over the paths.
    "stock_policy": table(
        "unique_id text, kind cycle|fill_rate, service share, days number?, spread number?, "
        "review number, lot number?, minimum number?, shelf_life number?, demand number?, "
        "deviation number?, safety_stock number?, reorder_point number?, order_up_to number?, "
        "position number?, quantity number?, cycle_service share?, fill_rate share?, " + _BASIS,
        key="unique_id",
    ),
    # A month of such a series. ordered: open sales orders due (overdue ones in the first month);
    # consumed: of the forecast by them; demand = ordered + forecast - consumed, lo-80 and hi-80 of
    # it; received: open purchase orders due; opening, closing: stock with planned orders; net:
    # lacking without them; planned: to arrive, in lots; release: day on which to order it; late:
    # that day is over; runs_out: share of the paths in which stock is gone by the month's end
    # without further orders.
    "requirements": table(
        "unique_id text, ds month, forecast number?, ordered number, consumed number?, "
        "demand number?, lo-80 number?, hi-80 number?, received number?, safety_stock number?, "
        "opening number?, net number?, planned number?, closing number?, release day?, late flag, "
        "runs_out share?, " + _BASIS,
        key="unique_id ds",
    ),
    # What to do first, rank 1 the first. out_on: day by which half of the paths are out of stock
    # without further orders, early_on: a tenth; null: not within the months planned. short: pieces
    # expected to be lacking if nothing is ordered until the next review; money: what they bring
    # (margin, or revenue where costs are not known). expire: pieces not expected to be sold within
    # their shelf life.
    "urgent": table(
        "rank count, unique_id text, action expedite|order|wait|surplus, out_on day?, "
        "early_on day?, risk share?, quantity number?, short number?, money number?, "
        "valued margin|revenue|none, expire number?, " + _BASIS,
        key="unique_id",
    ),
    # What can be made in a month beside what is to be made. member: label of what the capacity is
    # of; plan: planned orders, or demand where stock is not known; over: share of the paths in
    # which demand is above the capacity.
    "capacity_plan": table(
        "member text, ds month, capacity number, plan number?, basis planned|demand, "
        "demand number?, lo-80 number?, hi-80 number?, used number?, over share, " + _BASIS,
        key="member ds",
    ),
    # Money of a month and its range over the paths. revenue, cost of what is sold, margin; cash =
    # received - paid, each after its terms; null where no cost is known. known: share of revenue
    # of series whose price and cost are known, which cost and margin are of.
    "finance": table(
        "item revenue|cost|margin|received|paid|cash, ds month, mean number?, lo-80 number?, "
        "hi-80 number?, lo-95 number?, hi-95 number?, known share, " + _BASIS,
        key="item ds",
    ),
    # Sums of three months of the backtest that lay in their 80 % interval: of paths, or of the
    # monthly intervals added up. width: of these intervals, and sold: both summed over all n.
    "sum_coverage": table(
        "level text, way paths|added, inside count, n count, width number, sold number",
        key="level way",
    ),
    # The whole unit over all months planned, its sum and range over the paths; capital: what the
    # stock at the beginning cost.
    "outlook": table(
        "name pieces|revenue|capital, first month, last month, mean number, lo-80 number, "
        "hi-80 number",
        key="name",
    ),
    # A source that would say more: its role, what is not said without it, and what is said instead.
    "asked": table("role text, lacking text, instead text", key="role"),
}
