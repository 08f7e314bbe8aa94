"""What supply is planned with: lead times, stock, open orders, prices, costs and capacity.

Exports with these roles enter, tables of the unit's dimensions leave. A row is left out and counted
where a value is blank or below zero, nobody ever sold its member, a later row replaces it, or
nobody said how to convert its unit of measure; stock below zero counts as none. Rows by product
stand for the members that a product belongs to: pieces are added up, prices and costs weighted by
what was sold, and the slowest lead time counts for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.rules.conversions import fold_unit, read_factors
from salesfc_lib.cleaning.strict_columns import read_columns
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source, say, tables
from salesfc_lib.intake import Extract, Issue, layout, refuse_stated_unit

TABLES = {  # role -> table
    "lead_times": "lead_time",
    "stock": "on_hand",
    "open_orders": "open_order",
    "prices": "price",
    "costs": "cost",
    "capacity": "capacity",
}
TYPES = {"float64": "float", "datetime64[ns]": "day", "object": "text"}
KINDS = {"ds": "month", "start": "day"}  # of columns that the contract's types do not tell
PIECES = ("lot", "minimum", "stock", "quantity", "capacity")  # a conversion multiplies them
MONEY = ("price", "cost")  # and divides these
DATED = {"on_hand": "date", "price": "start", "cost": "start"}  # the last row of each counts
USED = ("", "unit_converted", "negative_stock")  # rules whose rows stay
ONE_PLACE = 0.9  # share of the products with one member of a dimension, for which they then stand
SOLD_MONTHS = 12  # by whose sales products are weighted

Supply = dict[str, pd.DataFrame]


def read_supply(context: Context) -> Supply:
    """Rows by table, of the roles that the unit has sources for, before a month is known.

    Beside the columns of the contract: `product` and dimensions, the `source`, the place of each
    row, and the `rule` that found something. Raises `SalesForecastError` for a missing column and a
    value that is neither blank nor can be read.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    for name, source in context.with_role(*TABLES).items():
        table, extract = TABLES[source.role], context.extracts[name]
        refuse_stated_unit(name, source, extract)
        rows = _convert(_read_source(source, extract, table), source, context)
        for column in _list_members(rows, context.parameters):
            rows[column] = context.mappings.rename(column, rows[column])
        found.setdefault(table, []).append(rows.assign(source=name))
    return {table: pd.concat(frames, ignore_index=True) for table, frames in found.items()}


def close_supply(
    supply: Mapping[str, pd.DataFrame],
    transactions: pd.DataFrame,
    parameters: Parameters,
    month: str,
) -> tuple[Supply, list[Issue]]:
    """Tables by name as known for `month`, and what was found in their rows."""
    closed, issues = {}, []
    days = parameters.adjust.publication_day - 1
    known = pd.Timestamp(month) + pd.DateOffset(months=1, days=days)
    for name, rows in supply.items():
        judged = _judge(rows, name, transactions, parameters, known)
        issues += _list_issues(judged, name)
        kept = judged[judged["rule"].isin(USED)]
        closed[name] = _gather(kept, name, transactions, parameters)
    return closed, issues


def _list_members(rows: pd.DataFrame, parameters: Parameters) -> list[str]:
    known = [*parameters.dimensions, "key_account", "product"]
    return [name for name in known if name in rows]


def _list_numbers(table: str) -> list[str]:
    """Columns of numbers that every row has to have."""
    columns = tables.CONTRACTS[table].columns.items()
    return [name for name, spec in columns if str(spec.dtype) == "float64" and not spec.nullable]


def _read_source(source: Source, extract: Extract, table: str) -> pd.DataFrame:
    contract = tables.CONTRACTS[table].columns
    if needed := [name for name in _list_numbers(table) if name not in source.columns]:
        where = ", ".join(str(file["path"]) for file in extract.files)
        raise SalesForecastError.missing_columns(
            needed, source.columns, f"`columns` of the source that reads '{where}'"
        )
    types = {each: TYPES[str(spec.dtype)] for each, spec in contract.items()} | KINDS
    asked = dict.fromkeys([*contract, *source.columns, *filter(None, [DATED.get(table)])])
    rows = read_columns(
        {name: types.get(name, "text") for name in asked}, source, extract, nullable=asked
    )
    if table != "open_order":
        return rows
    usual = "sale" if "customer" in rows else "purchase"
    partner = next(name for name in ("supplier", "customer", "partner") if name in rows)
    kind = rows["kind"].map(source.kinds).astype(object) if "kind" in source.columns else usual
    return rows.assign(kind=kind, partner=rows[partner])


def _convert(rows: pd.DataFrame, source: Source, context: Context) -> pd.DataFrame:
    """Rows with pieces and prices in the unit's unit of measure, and `rule` where they were not."""
    usual = context.parameters.measure.unit_of_measure or source.unit_of_measure
    blank = pd.Series(None, rows.index, dtype=object)
    labels = rows.get("unit_of_measure", blank).fillna(source.unit_of_measure or usual or "")
    labels = labels.map(fold_unit)
    base = fold_unit(usual) if usual else next(iter(labels.mode()), "")
    other = labels.ne(base)
    if not other.any():
        return rows.assign(rule="")
    known = read_factors("unit_of_measure", context, fold_unit)
    products = rows.get("product", blank)
    own = [(known.get(label, {}), each) for label, each in zip(labels, products, strict=True)]
    found = [float(one.get(each, one.get(None, "nan"))) for one, each in own]
    factors = pd.Series(found, rows.index).where(other, 1.0)
    changed = {name: rows[name] * factors for name in PIECES if name in rows}
    changed |= {name: rows[name] / factors for name in MONEY if name in rows}
    rule = np.where(factors.isna(), "unit_unknown", np.where(other, "unit_converted", ""))
    return rows.assign(**changed, rule=rule)


def _judge(
    rows: pd.DataFrame, table: str, sold: pd.DataFrame, parameters: Parameters, known: pd.Timestamp
) -> pd.DataFrame:
    """Rows with the rule that found something, the gravest where there are several."""
    columns = [name for name in tables.CONTRACTS[table].columns if name in rows]
    below = rows[columns].select_dtypes("number").lt(0).any(axis=1)
    members, is_stock = _list_members(rows, parameters), table == "on_hand"
    rules = {  # the later goes before
        "negative_stock": below & is_stock,
        "supply_outdated": _find_outdated(rows, table, members, known),
        "supply_negative": below & (not is_stock),
        "supply_member": _find_unsold(rows, members, sold),
        "supply_blank": rows[_list_numbers(table)].isna().any(axis=1),
    }
    if table == "open_order":
        rules["supply_kind"] = ~rows["kind"].isin(["sale", "purchase"])
    rule = rows["rule"]
    for name, hit in rules.items():
        rule = rule.mask(hit & rule.ne("unit_unknown"), name)
    judged = rows.assign(rule=rule)
    return judged.assign(stock=judged["stock"].clip(lower=0)) if is_stock else judged


def _find_outdated(
    rows: pd.DataFrame, table: str, members: list[str], known: pd.Timestamp
) -> pd.Series:
    """Whether a later row stands for the same members, or it is later than `known`."""
    if table not in DATED:
        return pd.Series(False, rows.index)
    days = rows[DATED[table]].fillna(pd.Timestamp.min)
    groups = [rows[name].fillna("") for name in members] or [rows["source"]]
    return days.ne(days.where(days <= known).groupby(groups).transform("max"))


def _find_unsold(rows: pd.DataFrame, members: list[str], sold: pd.DataFrame) -> pd.Series:
    unknown = pd.Series(False, rows.index)
    for name in members:
        unknown |= rows[name].notna() & ~rows[name].isin(sold[name].dropna().unique())
    return unknown


def _list_issues(rows: pd.DataFrame, table: str) -> list[Issue]:
    """What each rule found in each source, with its first row."""
    column = _list_numbers(table)[0]
    issues = []
    for (source, rule), found in rows[rows["rule"].ne("")].groupby(["source", "rule"], sort=False):
        action = "noted" if rule == "supply_outdated" else "changed" if rule in USED else "dropped"
        first, about = int(found[layout.ROW].iloc[0]), {"source": source, "column": column}
        issues.append(Issue(rule, say(f"reason.{rule}"), first, len(found), action, **about))
    return issues


def _gather(
    rows: pd.DataFrame, table: str, transactions: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Table of the rows, by the dimensions that they name or that their products belong to."""
    if "product" in rows:
        rows = _place_products(rows, transactions, parameters)
    members = [name for name in _list_members(rows, parameters) if name != "product"]
    columns = [*tables.CONTRACTS[table].columns]
    rows = rows.assign(**{name: rows[name].where(rows[name].notna(), None) for name in members})
    key = [*members, *(["ds"] if table == "capacity" else [])]
    if table != "open_order" and (not key or rows.duplicated(key).any()):
        keys = [rows[name] for name in key] or [pd.Series(0, rows.index)]
        merged = [_merge(part) for _, part in rows.groupby(keys, dropna=False, sort=False)]
        rows = pd.DataFrame(merged, columns=rows.columns)
    types = {name: str(spec.dtype) for name, spec in tables.CONTRACTS[table].columns.items()}
    return tables.check(rows[[*columns, *members]].astype(types).reset_index(drop=True), table)


def _place_products(
    rows: pd.DataFrame, transactions: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Rows with each dimension that products have one member of, and `sold`, their weight."""
    lately = transactions["month"].gt(
        transactions["month"].max() - pd.DateOffset(months=SOLD_MONTHS)
    )
    pieces = transactions[lately].groupby("product", observed=True)["quantity"].sum()
    sold = rows["product"].map(pieces.astype("float64")).astype("float64").clip(lower=0)
    rows = rows.assign(sold=sold.fillna(0.0))
    for name in [each for each in parameters.dimensions if each not in rows]:
        pairs = transactions[["product", name]].dropna().drop_duplicates(keep="last")
        several = pairs["product"].duplicated(keep=False)
        if pairs.loc[several, "product"].nunique() <= (1 - ONE_PLACE) * pairs["product"].nunique():
            place = pairs.drop_duplicates("product", keep="last").set_index("product")[name]
            rows[name] = rows["product"].map(place.astype(object)).astype(object)
    return rows


def _merge(rows: pd.DataFrame) -> dict[str, Any]:
    """One row of those of a member."""
    first = rows.iloc[0].to_dict()
    weights = rows.get("sold", pd.Series(1.0, rows.index)).clip(lower=1e-9)
    how = {
        **dict.fromkeys(("stock", "capacity", "minimum"), lambda one: one.sum(min_count=1)),
        **dict.fromkeys(("days", "spread", "lot", "terms", "date"), "max"),
        **dict.fromkeys(MONEY, lambda one: np.average(one, weights=weights)),
        "shelf_life": "min",
    }
    return first | {name: rows[name].agg(one) for name, one in how.items() if name in rows}
