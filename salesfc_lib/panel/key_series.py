"""Series with a page of their own: all declared key accounts, the largest of other levels."""

from __future__ import annotations

import hashlib

import pandas as pd

from salesfc_lib.foundation import SEASON, schema

ACCOUNTS, OTHER = "key_account", "other"
DIGITS = 12  # of the hash: two of a thousand series share a name once in ten to the ninth


def choose_key_series(
    series: pd.DataFrame, panel: pd.DataFrame, settings: schema.Key
) -> pd.DataFrame:
    """Table key_series, by level in the parameters' order, largest first.

    A level that the unit does not have is passed over.
    """
    recent = panel[panel["ds"] > panel["ds"].max() - pd.DateOffset(months=SEASON)]
    sales = series["unique_id"].map(recent.groupby("unique_id")["y_raw"].sum()).fillna(0.0)
    table = series.assign(sales=sales, share=sales / sales.iloc[0] if sales.iloc[0] else 0.0)
    parts = [_choose(table, level, settings.most) for level in settings.levels]
    key = pd.concat(parts, ignore_index=True) if parts else table.head(0)
    pages = [name_page(each) for each in key["unique_id"]]
    key = key.assign(page=pd.Series(pages, index=key.index, dtype=object))
    return key[["unique_id", "page", "sales", "share"]]


def name_page(unique_id: str) -> str:
    """File name of a series' page: a hash, because a member's name must not reach a path.

    >>> name_page("key_account:优选商城")
    'kb6bea967c8bb.html'
    """
    return f"k{hashlib.sha256(unique_id.encode()).hexdigest()[:DIGITS]}.html"


def _choose(table: pd.DataFrame, level: str, most: int) -> pd.DataFrame:
    members = table[table["level"] == level]
    members = members.sort_values("sales", ascending=False, kind="stable")
    if level == ACCOUNTS and ACCOUNTS in members:
        return members[members[ACCOUNTS] != OTHER]
    return members.head(most)
