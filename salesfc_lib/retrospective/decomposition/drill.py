"""From the whole difference down to names: at each step the dimension that explains most of it.

A dimension explains much where few of its members missed far more than their part of the forecast;
where all missed in proportion it explains nothing. (The idea of Adtributor, Bhagwan et al., NSDI
2014; amounts are weighed here in place of its divergence, which negative sales do not have.)
Dimensions, whose members were forecast, come before names, whose forecasts are shared out: what
customers buy in one month differs from their share of a year even where the forecast was right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.decomposition.attribution import Part
from salesfc_lib.retrospective.decomposition.sharing import VALUES

FEW = 3  # members shown a step; the others are one row
STEPS = 2  # of dimensions, and then of names
MATERIAL = 0.25  # of the largest difference of the first step: below, a member is not opened
EXPLAINS = 0.2  # of its members' differences that a dimension has to concentrate
MOSTLY = 0.5  # of its parent's difference: below, a name is not opened

Node = dict[str, Any]
Split = tuple[str, Part, pd.DataFrame]  # column, the part split by it, its members


def drill(month: Part, names: Sequence[str]) -> pd.DataFrame:
    """Table `drill`: the whole difference, its largest members, theirs and so on.

    One row per node of the tree, each followed by its children, which sum to it: path ('0', '0.1',
    '0.1.2'), parent (null at the top), depth, dimension and member (null at the top), kind (total,
    member, unnamed: what nobody by name sold, rest: all further members), members (number of those
    in the row), share (of the parent's difference; null where that is zero), shared (whether the
    forecast was shared out to names) and gross: the absolute differences of all members of the
    dimension below, of which the difference is what does not cancel out (null where none is below).
    """
    if month.rows.empty:
        return tables.empty("drill")
    whole = month.rows[VALUES].sum()
    top: Node = {"path": "0", "kind": "total", "members": 1, "depth": 0, "shared": False}
    top |= {**whole, "difference": whole["forecast"] - whole["actual"]}
    return tables.build([*_open(month, top, names, None)], "drill")


def concentration(members: pd.DataFrame) -> float:
    """What the `FEW` members farthest to one side missed beyond their part of the forecast.

    `members` has forecast and difference.

    >>> concentration(pd.DataFrame({"forecast": [60.0, 40.0], "difference": [6.0, 4.0]}))
    0.0
    >>> concentration(pd.DataFrame({"forecast": [60.0, 40.0], "difference": [0.0, 10.0]}))
    6.0
    """
    forecast, difference = members["forecast"], members["difference"]
    whole = forecast.sum()
    expected = difference.sum() * (forecast / whole if whole else 1 / len(members))
    excess = (difference - expected).sort_values()
    return float(max(excess.tail(FEW).clip(lower=0).sum(), -excess.head(FEW).clip(upper=0).sum()))


def _open(part: Part, node: Node, names: Sequence[str], least: float | None) -> Iterator[Node]:
    """The node and what is below; `least` is the smallest difference that is opened."""
    small = abs(node["difference"]) < (least or 0) or (node["shared"] and node["share"] < MOSTLY)
    best = None if small else _explaining(part) or _naming(part, names)
    if best is None:
        yield node
        return
    (name, inside, table), own = best, best[0] in part.rows
    yield node | {"gross": float(table["difference"].abs().sum())}
    least = MATERIAL * float(table["difference"].abs().max()) if least is None else least
    for place, child in enumerate(_children(table, node["difference"], signed=not own), start=1):
        child |= {"path": f"{node['path']}.{place}", "parent": node["path"]}
        child |= {"depth": node["depth"] + 1, "dimension": name, "shared": not own}
        if child["kind"] == "rest":
            yield child
        else:
            yield from _open(inside.only(name, child["member"]), child, names, least)


def _explaining(part: Part) -> Split | None:
    """By the dimension that concentrates most of the difference; none after `STEPS` or names."""
    if part.named or len(part.fixed) == STEPS:
        return None
    found = _splits(part, [name for name in part.dimensions if name not in part.fixed])
    best = max(found, key=lambda split: concentration(split[2]), default=None)
    if best is None:
        return None
    gross = float(best[2]["difference"].abs().sum())
    return best if concentration(best[2]) > EXPLAINS * gross else None


def _naming(part: Part, names: Sequence[str]) -> Split | None:
    """By the names that concentrate most of the difference, as far as they do not cancel out."""
    if len(part.named) == STEPS:
        return None

    def explained(split: Split) -> float:
        gross = float(split[2]["difference"].abs().sum())
        left = abs(float(split[2]["difference"].sum()))
        return concentration(split[2]) * left / gross if gross else 0.0

    found = _splits(part, [name for name in names if name not in part.named])
    return max(found, key=explained, default=None)


def _splits(part: Part, columns: Sequence[str]) -> list[Split]:
    """The part by each of the columns that has more than one member in it."""
    parts = {name: part.split(name) for name in columns}
    found = [(name, inside, inside.by(name)) for name, inside in parts.items()]
    return [split for split in found if len(split[2]) > 1]


def _children(table: pd.DataFrame, whole: float, *, signed: bool) -> Iterator[Node]:
    """The largest members, `signed` those in the direction of the whole; a row for the others."""
    size = table["difference"] * (1 if whole > 0 else -1) if signed else table["difference"].abs()
    table = table.loc[size.sort_values(ascending=False, kind="stable").index]
    shown = len(table) if len(table) <= FEW + 1 else FEW
    for row in table.head(shown).to_dict("records"):
        unnamed = pd.isna(row["member"])
        row |= {"member": None if unnamed else row["member"], "members": 1}
        yield row | {"kind": "unnamed" if unnamed else "member", "share": _share(row, whole)}
    if shown < len(table):
        rest = table.iloc[shown:][[*VALUES, "difference"]].sum().to_dict()
        yield rest | {"kind": "rest", "members": len(table) - shown, "share": _share(rest, whole)}


def _share(row: Node, whole: float) -> float:
    return float(row["difference"] / whole) if whole else math.nan
