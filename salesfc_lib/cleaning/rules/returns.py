"""Returns: whose they are, which sale they take back, and in which month they count.

Lines of returns (with their own amounts) and notices (which only name an order) enter; a batch in
which every return is a negative line of one month leaves. The unit's definition says when a return
counts; one without a date counts in its sale's month, which is hindsight, and its reason says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.batch import frames
from salesfc_lib.cleaning.batch.batch import Batch, LineIssue
from salesfc_lib.cleaning.batch.lines import KIND, NUMBERS, ORIGINALS, RETURN
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.cleaning.rules.cancellations import in_pair
from salesfc_lib.cleaning.rules.measures import with_cents
from salesfc_lib.foundation import Parameters, Source, say
from salesfc_lib.intake import Extract, layout, text_columns

NOT_FILLED = {"source", "name", "mark", "kind", "problem", "problem_rule", "reference", "cancels"}
NO_SALE = say("reason.notice_without_sale")
AGAIN = say("reason.repeated_return")
LOST = say("reason.undated_return_without_sale")


def drop_elsewhere(
    extract: Extract, source: Source, orders: Mapping[str, tuple[Source, Extract]]
) -> Extract:
    """Extract without returns of other units' orders; they are no part of this unit's opening."""
    if not source.join or not any(extract.elsewhere.num_rows for _, extract in orders.values()):
        return extract
    mine: set[object] = set()
    theirs: set[object] = set()
    for own, read in orders.values():
        if all(ours in own.columns for ours in source.join):
            headers = {ours: own.columns[ours] for ours in source.join}
            for known, rows in ((mine, read.rows), (theirs, read.elsewhere)):
                parts = _parts(rows, headers).drop_duplicates()
                known |= {*frames.key_tuples(parts, headers).dropna()}
    keys = frames.key_tuples(_parts(extract.rows, source.join), source.join)
    others = keys.isin(theirs - mine).to_numpy()
    return replace(extract, rows=extract.rows.filter(pa.array(~others)))


def _parts(rows: pa.Table, headers: Mapping[str, str]) -> pd.DataFrame:
    """Columns of a key under this project's names."""
    return pd.DataFrame(
        {
            ours: text_columns.as_category(rows[layout.exported(header)])
            for ours, header in headers.items()
        }
    )


def match_sales(batch: Batch, context: Context) -> pd.Series:
    """Position of the sale's line of each return that needs it, by position; -1 without one.

    A return needs its sale if it has no date, comes from a returns source, or counts in its sale's
    month; a dated one of a returns source that names no order needs none. A returns source is
    matched by its `join`, other returns by order and product; of several lines the earliest counts.
    """
    lines = batch.lines
    from_returns = lines["name"].isin([*context.with_role("returns")])
    everywhere = context.parameters.measure.returns == "month_of_sale"
    needing = lines["date"].isna() | from_returns | everywhere
    at = where(lines["kind"].eq("return") & needing & ~in_pair(lines))
    sale = pd.Series(-1, index=at, dtype=np.int64)
    nameless = pd.Series(False, index=at)
    names = lines["name"].iloc[at]
    for name in names.unique():
        mine = at[names.eq(name).to_numpy()]
        usual = [column for column in ("order_id", "product") if lines[column].notna().any()]
        columns = list(context.sources[name].join) or usual
        wanted = frames.key_tuples(lines[columns].iloc[mine], columns)
        sold = _find_sales(lines, columns, wanted)
        sale[mine] = [sold.get(key, -1) for key in wanted]
        nameless[mine] = wanted.isna().to_numpy() & lines["date"].iloc[mine].notna().to_numpy()
    return sale if everywhere else sale[~nameless]


def _find_sales(lines: pd.DataFrame, columns: list[str], wanted: pd.Series) -> dict[object, int]:
    """Position of the earliest sale of each wanted key, if it has one."""
    first = columns[0]
    near = where(lines["kind"].eq("sale") & lines[first].isin({key[0] for key in wanted.dropna()}))
    keys = frames.key_tuples(lines[columns].iloc[near], columns)
    latest_first = frames.order_by_content(lines.iloc[near])[::-1]
    found = dict(zip(keys.iloc[latest_first], near[latest_first].tolist(), strict=True))
    found.pop(None, None)
    return found


def fill_from_sales(batch: Batch, context: Context) -> Batch:
    """Batch in which a text that a returns source does not have is that of the sale taken back, or
    a dimension's member that of every sale of its product.
    """
    lines = batch.lines
    sale = match_sales(batch, context)
    from_returns = lines["name"].isin([*context.with_role("returns")]).to_numpy()
    sale = sale[sale.ge(0).to_numpy() & from_returns[sale.index]]
    alone = np.setdiff1d(where(from_returns & lines["kind"].eq("return")), sale.index)
    batch = _fill_of_product(batch, alone, context.parameters.dimensions)
    lines = batch.lines
    if sale.empty:
        return batch
    filled = {}
    for name in lines:
        if name in NOT_FILLED or not frames.is_category(lines[name]):
            continue
        own, sold = (
            lines[name].iloc[at].reset_index(drop=True)
            for at in (sale.index.to_numpy(), sale.to_numpy())
        )
        if own.isna().any():
            filled[name] = frames.fill_category(own, sold)
    reason = say("reason.members_of_sale")
    return batch.change("members_of_sale", sale.index.to_numpy(), reason, **filled)


def _fill_of_product(batch: Batch, at: np.ndarray, dimensions: Iterable[str]) -> Batch:
    """Batch in which blank members of the lines at `at` are those of all sales of their product."""
    sold = batch.lines[batch.lines["kind"].eq("sale")]
    for name in (name for name in dimensions if name in sold and name != "product"):
        pairs = sold[["product", name]].dropna().drop_duplicates()
        known = pairs[~pairs["product"].duplicated(keep=False)].set_index("product")[name]
        own = batch.lines[["product", name]].iloc[at].astype(object)
        found = own["product"].map(known.astype(object)).where(own[name].isna())
        filled = at[found.notna().to_numpy()]
        reason = say("reason.members_of_sale.product", column=name)
        batch = batch.change("members_of_sale", filled, reason, **{name: found.dropna().to_numpy()})
    return batch


def date_returns(batch: Batch, context: Context) -> Batch:
    """Batch in which every return has the date by which it counts, or is quarantined; one without
    an amount has its sale's, which is without tax and discounts by now where the unit's is.
    """
    sale = match_sales(batch, context)
    batch = _price_as_sold(batch, sale, context)
    lines = batch.lines
    at, sold = sale.index.to_numpy(), sale.to_numpy()
    undated, found = lines["date"].iloc[at].isna().to_numpy(), sold >= 0
    when = lines["date"].to_numpy()[sold[undated & found]]
    alone = np.union1d(at[~found & ~undated], find_alone(lines))
    reason = say("reason.return_without_sale")
    batch = batch.note("return_without_sale", alone, reason)
    now = at[undated & found]
    batch = batch.change("undated_return", now, say("reason.undated_return"), date=when, known=when)
    if context.parameters.measure.returns == "month_of_sale":
        reason = say("reason.month_of_sale")
        dates = batch.lines["date"].to_numpy()[sold[found]]
        batch = batch.change("month_of_sale", at[found], reason, date=dates)
    gone = at[undated & ~found]
    return batch.quarantine("undated_return_without_sale", gone, LOST)


def _price_as_sold(batch: Batch, sale: pd.Series, context: Context) -> Batch:
    """Batch in which returns of a source without amounts have their pieces' share of their sale's,
    to the cent at least.
    """
    bare = [name for name, one in context.with_role("returns").items() if not one.has_amount]
    sale = sale[sale.ge(0).to_numpy() & batch.lines["name"].iloc[sale.index].isin(bare).to_numpy()]
    if sale.empty:
        return batch
    batch = with_cents(batch)
    sold = batch.lines.iloc[sale.to_numpy()]
    counts = (sold["quantity"].ne(0) & sold["amount"].ne(0)).to_numpy()
    at, sold = sale.index.to_numpy()[counts], sold[counts]
    pieces = batch.lines["quantity"].to_numpy()[at]
    shares = zip(pieces.tolist(), sold["amount"].tolist(), sold["quantity"].tolist(), strict=True)
    amounts = [round(Fraction(own * amount, whole)) for own, amount, whole in shares]
    reason = say("reason.amount_of_sale")
    return batch.change("amount_of_sale", at, reason, amount=np.array(amounts, dtype=np.int64))


def find_alone(lines: pd.DataFrame) -> np.ndarray:
    """Positions of dated returns whose document (referred to, or their own) has no sale.

    Only in sources of which another return does have its sale: elsewhere returns have documents of
    their own.
    """
    at = where(lines["kind"].eq("return") & lines["date"].notna() & ~in_pair(lines))
    documents = lines["order_id"].cat
    sold = np.zeros(len(documents.categories) + 1, dtype=bool)
    sold[documents.codes.to_numpy()[lines["kind"].eq("sale").to_numpy()]] = True
    sold[-1] = False  # that of lines without a document
    document = documents.codes.to_numpy()[at]
    named = document >= 0
    if "reference" in lines:
        reference = lines["reference"].cat
        codes = reference.codes.to_numpy()[at]
        place = np.append(documents.categories.get_indexer(reference.categories), -1)
        document, named = np.where(codes >= 0, place[codes], document), named | (codes >= 0)
    names = lines["name"].cat.codes.to_numpy()[at]
    proven = np.bincount(names, sold[document], minlength=len(lines["name"].cat.categories)) > 0
    return at[named & ~sold[document] & proven[names]]


def expand_notices(batch: Batch, notices: Batch, source: Source, parameters: Parameters) -> Batch:
    """Batch in which each sale line of a returned order has a negative line of its row.

    A notice whose sale is not in the export, or that names an order that an earlier one names, is
    quarantined.
    """
    join, lines = list(source.join), batch.lines
    wanted = frames.key_tuples(notices.lines, join)
    firsts = {key[0] for key in wanted.dropna()}
    near = where(lines["kind"].eq("sale") & lines[join[0]].isin(firsts))
    sold = frames.key_tuples(lines[join].iloc[near], join)
    known = wanted.isin(set(sold.dropna()))
    order = frames.order_by_content(notices.lines)
    unknown, again = where(~known), where(wanted.iloc[order].duplicated().sort_index() & known)
    notices = notices.apply(
        LineIssue("notice_without_sale", "quarantine", unknown, NO_SALE),
        LineIssue("repeated_return", "quarantine", again, AGAIN),
    )
    dates = dict(zip(frames.key_tuples(notices.lines, join), notices.lines["date"], strict=True))
    returned = sold.isin(set(dates)).to_numpy()
    sales = lines.iloc[near[returned]].reset_index(drop=True)
    own = pd.to_datetime(sold[returned].map(dates)).astype("datetime64[ns]").to_numpy()
    undated = ".undated" if notices.lines["date"].isna().any() else ""
    reason = say(f"reason.returned_order{undated}")
    batch = batch.put(_take_back(sales, own, parameters), "returned_order", reason)
    done = say("reason.expanded")
    return batch.absorb(notices.drop("expanded", np.arange(len(notices.lines)), done))


def drop_returns(batch: Batch, context: Context) -> Batch:
    """Batch without returns where the unit does not count them with its sales (`apart`)."""
    if context.parameters.measure.returns != "apart":
        return batch
    at = where(batch.lines["kind"].eq("return") & ~in_pair(batch.lines))
    return batch.drop("returns_apart", at, say("reason.returns_apart"))


def _take_back(sales: pd.DataFrame, own: np.ndarray, parameters: Parameters) -> pd.DataFrame:
    """Return lines of sales: `own` is each return's own date, NaT where it has none."""
    sold = sales["date"].to_numpy()
    known = np.where(np.isnat(own), sold, own)
    date = sold if parameters.measure.returns == "month_of_sale" else known
    kind = pd.Categorical.from_codes(np.full(len(sales), RETURN, dtype=np.int8), dtype=KIND)
    measures = {name: -sales[name].to_numpy() for name in (*NUMBERS, *ORIGINALS) if name in sales}
    returns = sales.assign(kind=kind, date=date, known=known, **measures)
    return frames.with_month(returns, parameters.calendar)
