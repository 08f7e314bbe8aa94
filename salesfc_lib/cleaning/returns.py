"""Returns: whose they are, which sale they take back, and in which month they count.

Lines of returns (with their own amounts) and notices (which only name an order) enter; an account in which every return is
a negative line of one month leaves. The decision made here: the unit's definition says when a return counts; one
without a date counts in its sale's month, which is hindsight, and its reason says so.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

import pandas as pd

from salesfc_lib.cleaning.ledger import Account
from salesfc_lib.cleaning.lines import blank_to_none, fill_missing, flag, key_tuples, with_month
from salesfc_lib.schema import Parameters, Source
from salesfc_lib.sources import Extract
from salesfc_lib.sources.layout import exported

NOT_FILLED = {"source", "name", "mark", "kind", "quantity", "amount", "discount", "problem", "problem_rule"}
NO_SALE = "its sale is not in the export, and it has no amount of its own"
AGAIN = "the order is returned by an earlier row"
HINDSIGHT = "without a date of their own: counted in the month of the sale, with hindsight"


def drop_elsewhere(extract: Extract, source: Source, orders: Mapping[str, tuple[Source, Extract]]) -> Extract:
    """Extract without returns of other units' orders; they are no part of this unit's opening."""
    if not source.join:
        return extract
    mine, theirs = _order_keys(orders, source, elsewhere=False), _order_keys(orders, source, elsewhere=True)
    parts = pd.DataFrame({ours: blank_to_none(extract.rows[exported(header)]) for ours, header in source.join.items()})
    others = key_tuples(parts, source.join).isin(theirs - mine)
    return Extract(extract.rows[~others].reset_index(drop=True), extract.rejected, extract.files, extract.elsewhere)


def _order_keys(orders: Mapping[str, tuple[Source, Extract]], returns: Source, *, elsewhere: bool) -> set[object]:
    keys: set[object] = set()
    for source, extract in orders.values():
        rows = extract.elsewhere if elsewhere else extract.rows
        if all(ours in source.columns for ours in returns.join):
            parts = pd.DataFrame({ours: blank_to_none(rows[exported(source.columns[ours])]) for ours in returns.join})
            keys |= set(key_tuples(parts, returns.join).dropna())
    return keys


def match_sales(lines: pd.DataFrame, sources: Mapping[str, Source], parameters: Parameters) -> pd.Series:
    """For each return that needs its sale, the index of that sale's line, -1 where there is none; missing for other lines.

    A return needs its sale if it has no date, comes from a returns source, or counts in its sale's month. A returns
    source is matched by its `join`, other returns by order and product; of several lines the first counts.
    """
    from_returns = lines["name"].isin([name for name, source in sources.items() if source.role == "returns"])
    everywhere = parameters.measure.returns == "month_of_sale"
    wanted = lines["kind"].eq("return") & (lines["date"].isna() | from_returns | everywhere)
    sale = pd.Series(float("nan"), index=lines.index)
    for name in lines.loc[wanted, "name"].unique():
        columns = list(sources[name].join) or [column for column in ("order_id", "product") if lines[column].notna().any()]
        sales = key_tuples(lines[lines["kind"].eq("sale")], columns)
        first = dict(zip(sales.iloc[::-1], sales.index[::-1], strict=True))
        first.pop(None, None)
        mine = wanted & lines["name"].eq(name)
        sale[mine] = [first.get(key, -1) for key in key_tuples(lines[mine], columns)]
    return sale


def fill_from_sales(account: Account, sources: Mapping[str, Source], parameters: Parameters) -> Account:
    """Account in which a text that a returns source does not have is that of the sale taken back."""
    lines = account.lines
    sale = match_sales(lines, sources, parameters)
    found = sale[sale.ge(0) & lines["name"].isin([name for name, source in sources.items() if source.role == "returns"])]
    if found.empty:
        return account
    texts = [column for column in lines if lines[column].dtype == object and column not in NOT_FILLED]
    filled = {column: fill_missing(lines[column], found.map(lines[column].to_dict())) for column in texts}
    return account.relabel(lines.assign(**filled))


def date_returns(account: Account, sources: Mapping[str, Source], parameters: Parameters) -> Account:
    """Account in which every return has the date by which it counts; one with neither date nor sale is quarantined."""
    lines = account.lines
    sale = match_sales(lines, sources, parameters)
    sold = pd.to_datetime(sale.map(lines["date"].to_dict()))
    undated = lines["kind"].eq("return") & lines["date"].isna()
    account = account.remark(sale.eq(-1) & ~undated, "return_without_sale", "the sale is not in the export: kept in its own month")
    dated = lines.assign(date=lines["date"].mask(undated, sold), known=lines["known"].mask(undated, sold))
    account = account.change(with_month(dated), "undated_return", f"returns {HINDSIGHT}")
    if parameters.measure.returns == "month_of_sale":
        moved = with_month(dated.assign(date=dated["date"].mask(sold.notna(), sold)))
        account = account.change(moved, "month_of_sale", "returns counted in the month of their sale")
    lost = "a return without a date, and its sale is not in the export"
    return account.quarantine(flag(undated & sold.isna(), lost), "undated_return_without_sale", lost)


def expand_notices(account: Account, notices: Account, source: Source, parameters: Parameters) -> tuple[Account, Account]:
    """Both accounts after every sale line of a returned order has a return line, negative, under the sale's own row.

    A notice whose sale is not in the export, or that names an order again, is quarantined.
    """
    sales = account.lines[account.lines["kind"].eq("sale")]
    sold = key_tuples(sales, source.join)
    known = key_tuples(notices.lines, source.join).isin(set(sold.dropna()))
    notices = notices.quarantine(flag(~known, NO_SALE), "notice_without_sale", NO_SALE)
    notices = notices.quarantine(flag(key_tuples(notices.lines, source.join).duplicated(), AGAIN), "repeated_return", AGAIN)
    dates = dict(zip(key_tuples(notices.lines, source.join), notices.lines["date"], strict=True))
    returned = sold.isin(set(dates))
    lines = _take_back(sales[returned], pd.to_datetime(sold[returned].map(dates)), parameters)
    undated = notices.lines["date"].isna().any()
    when = f", {HINDSIGHT}" if undated else ""
    account = account.put(lines, "returned_order", f"lines of returned orders, entered as returns{when}")
    everything = pd.Series(True, index=notices.lines.index)
    return account, notices.take(everything, "expanded", "returned orders, entered as returns of every line of the order")


def take_apart(account: Account, parameters: Parameters) -> tuple[Account, pd.DataFrame]:
    """Account without returns where the unit counts them apart, and those returns."""
    apart = account.lines["kind"].eq("return") & (parameters.measure.returns == "apart")
    taken = account.take(apart, "returns_apart", "returns are counted apart in this unit")
    return taken, account.lines[apart].reset_index(drop=True)


def _take_back(sales: pd.DataFrame, own: pd.Series, parameters: Parameters) -> pd.DataFrame:
    """Return lines of sales: `own` is each return's own date, NaT where it has none."""
    known = own.where(own.notna(), sales["date"])
    date = sales["date"] if parameters.measure.returns == "month_of_sale" else known
    return with_month(
        sales.assign(
            kind="return",
            date=date,
            known=known,
            quantity=sales["quantity"].map(operator.neg),
            amount=sales["amount"].map(operator.neg),
        )
    )
