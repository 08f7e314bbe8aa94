"""Which series get a page of their own.

A unit's series and panel enter; the key accounts and key products leave, each with the name of its page. The decisions made here:
accounts are declared by people, so all of them are key; of any other level the largest by sales are; and a page is named by a hash of
its series, the same in every month, because a member's name must never reach a path.
"""

from __future__ import annotations

import hashlib

import pandas as pd

from salesfc_lib.foundation import SEASON, Key

ACCOUNTS, OTHER = "key_account", "other"
DIGITS = 12  # of the hash: two of a thousand series share a name once in ten to the ninth


def choose_key_series(series: pd.DataFrame, panel: pd.DataFrame, settings: Key) -> pd.DataFrame:
    """Table key_series: unique_id, page, sales (last twelve months), share of the unit's; levels as the parameters order them, largest first.

    A level that the unit does not have is passed over.
    """
    recent = panel[panel["ds"] > panel["ds"].max() - pd.DateOffset(months=SEASON)]
    sales = series["unique_id"].map(recent.groupby("unique_id")["y_raw"].sum()).fillna(0.0)
    table = series.assign(sales=sales, share=sales / sales.iloc[0] if sales.iloc[0] else 0.0)
    found = [
        _choose(table[table["level"] == level], level, settings.most) for level in settings.levels
    ]
    chosen = pd.concat(found, ignore_index=True) if found else table.head(0)
    pages = pd.Series(
        [name_page(each) for each in chosen["unique_id"]], index=chosen.index, dtype=object
    )
    return chosen.assign(page=pages)[["unique_id", "page", "sales", "share"]]


def name_page(unique_id: str) -> str:
    """File name of a series' page, without its folder.

    >>> name_page("key_account:优选商城")
    'kb6bea967c8bb.html'
    """
    return f"k{hashlib.sha256(unique_id.encode()).hexdigest()[:DIGITS]}.html"


def _choose(members: pd.DataFrame, level: str, most: int) -> pd.DataFrame:
    if level == ACCOUNTS and ACCOUNTS in members:
        return members[members[ACCOUNTS] != OTHER].sort_values(
            "sales", ascending=False, kind="stable"
        )
    return members.sort_values("sales", ascending=False, kind="stable").head(most)
