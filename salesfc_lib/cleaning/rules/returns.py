"""Returns: whose they are, which sale they take back, and in which month they count.

Lines of returns (with their own amounts) and notices (which only name an order) enter; an account in which every return is
a negative line of one month leaves. The decision made here: the unit's definition says when a return counts; one
without a date counts in its sale's month, which is hindsight, and its reason says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.account.frames import with_month
from salesfc_lib.cleaning.account.lines import KIND, NUMBERS, ORIGINALS, key_tuples
from salesfc_lib.cleaning.basic_rules import Context, fill_category, where
from salesfc_lib.cleaning.rules.cancellations import in_pair
from salesfc_lib.cleaning.rules.content_order import order_by_content
from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import Extract, as_category, exported

NOT_FILLED = {"source", "name", "mark", "kind", "problem", "problem_rule", "reference", "cancels"}
NO_SALE = "its sale is not in the export, and it has no amount of its own"
AGAIN = "the order is returned by an earlier notice"
HINDSIGHT = "without a date of their own: counted in the month of the sale, with hindsight"


def drop_elsewhere(
    extract: Extract, source: Source, orders: Mapping[str, tuple[Source, Extract]]
) -> Extract:
    """Extract without returns of other units' orders; they are no part of this unit's opening."""
    if not source.join or not any(extract.elsewhere.num_rows for _, extract in orders.values()):
        return extract
    mine, theirs = (
        _order_keys(orders, source, elsewhere=False),
        _order_keys(orders, source, elsewhere=True),
    )
    parts = pd.DataFrame(
        {ours: as_category(extract.rows[exported(header)]) for ours, header in source.join.items()}
    )
    others = key_tuples(parts, source.join).isin(theirs - mine).to_numpy()
    return replace(extract, rows=extract.rows.filter(pa.array(~others)))


def _order_keys(
    orders: Mapping[str, tuple[Source, Extract]], returns: Source, *, elsewhere: bool
) -> set[object]:
    keys: set[object] = set()
    for source, extract in orders.values():
        rows = extract.elsewhere if elsewhere else extract.rows
        if all(ours in source.columns for ours in returns.join):
            parts = pd.DataFrame(
                {ours: as_category(rows[exported(source.columns[ours])]) for ours in returns.join}
            )
            keys |= set(key_tuples(parts.drop_duplicates(), returns.join).dropna())
    return keys


def match_sales(account: Account, context: Context) -> pd.Series:
    """For each return that needs its sale, by position, the position of that sale's line; -1 where there is none.

    A return needs its sale if it has no date, comes from a returns source, or counts in its sale's month. A returns
    source is matched by its `join`, other returns by order and product; of several lines the earliest counts.
    """
    lines, sources = account.lines, context.sources
    from_returns = lines["name"].isin(
        [name for name, source in sources.items() if source.role == "returns"]
    )
    everywhere = context.parameters.measure.returns == "month_of_sale"
    at = where(
        lines["kind"].eq("return")
        & (lines["date"].isna() | from_returns | everywhere)
        & ~in_pair(lines)
    )
    sale = pd.Series(-1, index=at, dtype=np.int64)
    names = lines["name"].iloc[at]
    for name in names.unique():
        mine = at[names.eq(name).to_numpy()]
        columns = list(sources[name].join) or [
            column for column in ("order_id", "product") if lines[column].notna().any()
        ]
        wanted = key_tuples(lines[columns].iloc[mine], columns)
        sold = _sold(lines, columns, wanted)
        sale[mine] = [sold.get(key, -1) for key in wanted]
    return sale


def _sold(lines: pd.DataFrame, columns: list[str], wanted: pd.Series) -> dict[object, int]:
    """Position of the earliest sale of each wanted key; only sales that share their first part are looked at."""
    first = columns[0]
    near = where(lines["kind"].eq("sale") & lines[first].isin({key[0] for key in wanted.dropna()}))
    keys = key_tuples(lines[columns].iloc[near], columns)
    several = keys.duplicated(keep=False).to_numpy() & keys.notna().to_numpy()
    found = dict(zip(keys[~several], near[~several].tolist(), strict=True))
    order = order_by_content(lines.iloc[near[several]])[::-1] if several.any() else slice(0, 0)
    found |= dict(zip(keys[several].iloc[order], near[several][order].tolist(), strict=True))
    found.pop(None, None)
    return found


def fill_from_sales(account: Account, context: Context) -> Account:
    """Account in which a text that a returns source does not have is that of the sale taken back."""
    lines = account.lines
    sale = match_sales(account, context)
    returns = [name for name, source in context.sources.items() if source.role == "returns"]
    sale = sale[sale.ge(0).to_numpy() & lines["name"].iloc[sale.index].isin(returns).to_numpy()]
    if sale.empty:
        return account
    at, sold = sale.index.to_numpy(), sale.to_numpy()
    texts = [
        name
        for name in lines
        if isinstance(lines[name].dtype, pd.CategoricalDtype) and name not in NOT_FILLED
    ]
    parts = {
        name: (
            lines[name].iloc[at].reset_index(drop=True),
            lines[name].iloc[sold].reset_index(drop=True),
        )
        for name in texts
    }
    filled = {
        name: fill_category(own, theirs)
        for name, (own, theirs) in parts.items()
        if own.isna().any()
    }
    return account.apply(
        Finding(
            "members_of_sale",
            "change",
            at,
            "returns have the members of the sale that they take back",
            values=filled,
        )
    )


def date_returns(account: Account, context: Context) -> Account:
    """Account in which every return has the date by which it counts; one with neither date nor sale is quarantined."""
    lines = account.lines
    sale = match_sales(account, context)
    at, sold = sale.index.to_numpy(), sale.to_numpy()
    undated = lines["date"].iloc[at].isna().to_numpy()
    dates = lines["date"].to_numpy()
    kept = "the sale is not in the export: kept in its own month"
    lost = "a return without a date, and its sale is not in the export"
    now = at[undated & (sold >= 0)]
    when = dates[sold[undated & (sold >= 0)]]
    alone = np.union1d(at[(sold < 0) & ~undated], find_alone(lines))
    account = account.apply(Finding("return_without_sale", "note", alone, kept))
    account = account.apply(
        Finding(
            "undated_return",
            "change",
            now,
            f"returns {HINDSIGHT}",
            values={"date": when, "known": when},
        )
    )
    if context.parameters.measure.returns == "month_of_sale":
        found = sold >= 0
        values = {"date": account.lines["date"].to_numpy()[sold[found]]}
        account = account.apply(
            Finding(
                "month_of_sale",
                "change",
                at[found],
                "returns counted in the month of their sale",
                values=values,
            )
        )
    gone = at[undated & (sold < 0)]
    return account.apply(
        Finding("undated_return_without_sale", "quarantine", gone, lost, [lost] * len(gone))
    )


def find_alone(lines: pd.DataFrame) -> np.ndarray:
    """Positions of dated returns whose document (the one they refer to, else their own) has no sale in the data.

    Only sources are asked of which another return does have its sale: elsewhere returns have documents of their own.
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
        said = reference.codes.to_numpy()[at]
        place = np.append(documents.categories.get_indexer(reference.categories), -1)
        document, named = np.where(said >= 0, place[said], document), named | (said >= 0)
    names = lines["name"].cat.codes.to_numpy()[at]
    proven = np.bincount(names, sold[document], minlength=len(lines["name"].cat.categories)) > 0
    return at[named & ~sold[document] & proven[names]]


def expand_notices(
    account: Account, notices: Account, source: Source, parameters: Parameters
) -> tuple[Account, Account]:
    """Both accounts after every sale line of a returned order has a return line, negative, under the sale's own row.

    A notice whose sale is not in the export, or that names an order that an earlier one names, is quarantined.
    """
    join = list(source.join)
    asked = key_tuples(notices.lines, join)
    near = where(
        account.lines["kind"].eq("sale")
        & account.lines[join[0]].isin({key[0] for key in asked.dropna()})
    )
    sold = key_tuples(account.lines[join].iloc[near], join)
    unknown = where(~asked.isin(set(sold.dropna())))
    order = order_by_content(notices.lines)
    again = where(asked.iloc[order].duplicated().sort_index() & asked.isin(set(sold.dropna())))
    notices = notices.apply(
        Finding("notice_without_sale", "quarantine", unknown, NO_SALE, [NO_SALE] * len(unknown)),
        Finding("repeated_return", "quarantine", again, AGAIN, [AGAIN] * len(again)),
    )
    dates = dict(zip(key_tuples(notices.lines, join), notices.lines["date"], strict=True))
    returned = sold.isin(set(dates)).to_numpy()
    sales = account.lines.iloc[near[returned]].reset_index(drop=True)
    own = pd.to_datetime(sold[returned].map(dates)).astype("datetime64[ns]").to_numpy()
    undated = notices.lines["date"].isna().any()
    when = f", {HINDSIGHT}" if undated else ""
    account = account.put(
        _take_back(sales, own, parameters),
        "returned_order",
        f"lines of returned orders, entered as returns{when}",
    )
    done = "returned orders, entered as returns of every line of the order"
    return account, notices.apply(Finding("expanded", "drop", np.arange(len(notices.lines)), done))


def take_apart(account: Account, context: Context) -> tuple[Account, pd.DataFrame]:
    """Account without returns where the unit counts them apart, and those returns."""
    if context.parameters.measure.returns != "apart":
        return account, account.lines.iloc[:0]
    at = where(account.lines["kind"].eq("return") & ~in_pair(account.lines))
    apart = account.lines.iloc[at].reset_index(drop=True)
    return account.apply(
        Finding("returns_apart", "drop", at, "returns are counted apart in this unit")
    ), apart


def _take_back(sales: pd.DataFrame, own: np.ndarray, parameters: Parameters) -> pd.DataFrame:
    """Return lines of sales: `own` is each return's own date, NaT where it has none."""
    sold = sales["date"].to_numpy()
    known = np.where(np.isnat(own), sold, own)
    date = sold if parameters.measure.returns == "month_of_sale" else known
    kind = pd.Categorical.from_codes(np.full(len(sales), 1, dtype=np.int8), dtype=KIND)
    measures = {name: -sales[name].to_numpy() for name in (*NUMBERS, *ORIGINALS) if name in sales}
    return with_month(
        sales.assign(kind=kind, date=date, known=known, **measures), parameters.calendar
    )
