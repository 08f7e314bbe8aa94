"""Who and what made the difference: members down to names; volume, mix and price; customers.

Differences are shown as actual - forecast, as in the other tables of misses.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import amounts, level_name, wording
from salesfc_lib.reporting.blocks import Cell, Prose, Table
from salesfc_lib.reporting.facts.decomposition import CLEAR, Tree, cancels
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.retrospective.causes import lay_out_fall, scored
from salesfc_lib.reporting.narrative.writer import (
    Blocks,
    BlockWriter,
    Row,
    draw,
    tone_of,
    writer_of,
)
from salesfc_lib.retrospective import read_facts

KEY = "decomposition"
INDENT = "\u2003"  # an em space, which a page does not collapse
SOME = 0.2  # of the whole: below, no member stands out
NOTED = 0.1  # of the largest step: below, no price of an item is spoken of
WHOLE = 1.005  # of the whole: above, others made up for a part
SAID = ("lost", "pausing", "new", "kept")
CHANGES = (*SAID, "returned", "unnamed")
NAMED = 3  # customers named in a row
SPLIT, UNSPLIT = ("volume", "mix", "price"), ("no_reference", "no_quantity")


@scored
@in_languages
def who(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Where the difference is, by the members that made it, and each of them down to names."""
    tree = Tree(compared["drill"])
    children = tree.below(tree.top)
    writer = writer_of(run).at([*children["forecast"], *children["actual"]])
    rules = wording.paragraph(_rules(writer, compared))
    text = Prose("\n\n".join(filter(None, [_conclude(writer, tree), rules])))
    if children.empty:
        return Blocks(text)
    facts = {"month": run.month, "axis": writer.axis, "dimension": children["dimension"].iloc[0]}
    nodes = children.to_dict("records")
    rows = _rows(writer, tree, children).assign(
        mostly=[_mostly(writer, tree, node) for node in nodes]
    )
    table = writer.table(f"{KEY}.members", rows, **facts)
    return Blocks(text, table, *(_open(writer, tree, node) for node in nodes if tree.opened(node)))


def _conclude(writer: BlockWriter, tree: Tree) -> str:
    """Where most of the difference is, as one or two sentences."""
    top, children = tree.top, tree.below(tree.top)
    if children.empty or not top["gross"]:
        return writer.text(f"{KEY}.{'alone' if children.empty else 'hit'}")
    ways = ("less", "more") if top["difference"] > 0 else ("more", "less")
    facts = {"way": writer.text(f"{KEY}.{ways[0]}"), "other_way": writer.text(f"{KEY}.{ways[1]}")}
    facts |= {"side": writer.text(f"{KEY}.side.{ways[0]}"), "size": abs(top["difference"])}
    known = children[children["kind"] != "rest"]
    if cancels(top):
        ends = [known.loc[at].to_dict() for at in _ends(known["difference"])]
        ends = [[node, *tree.walk(node)] for node in ends]
        places = [_place(writer, steps) for steps in ends]
        sizes = [abs(steps[-1]["difference"]) for steps in ends]
        facts |= dict(zip(("low", "high", "below", "above"), (*places, *sizes), strict=True))
        return writer.text(f"{KEY}.cancel", **facts)
    steps = tree.walk(top) or [known.loc[known["share"].idxmax()].to_dict()]
    shares = [step["difference"] / top["difference"] for step in steps]
    beyond = sum(share > WHOLE for share in shares)  # steps down, others have made up for a part
    first, further = (steps[:beyond], steps[beyond:]) if beyond else (steps, [])
    end = first[-1]
    facts |= {"share": shares[len(first) - 1], "part": abs(end["difference"])}
    facts |= {"other": abs(top["difference"] - end["difference"]), "place": _place(writer, first)}
    key = f"{KEY}.{'beyond' if beyond else 'share' if shares[-1] >= SOME else 'spread'}"
    said = [writer.text(key, dimension=end["dimension"], **facts)]
    if further:
        part = abs(further[-1]["difference"])
        said.append(writer.text(f"{KEY}.most", place=_place(writer, further), part=part))
    return wording.paragraph([*said, _names(writer, tree, steps[-1])])


def _ends(difference: pd.Series) -> tuple[Hashable, Hashable]:
    """Where the forecast was farthest too high, and farthest too low."""
    return difference.idxmax(), difference.idxmin()


def _rules(writer: BlockWriter, compared: ComparedMonth) -> list[str]:
    """What could not be placed as it is, a sentence a rule."""
    rows = compared["decomposition_rules"].to_dict("records")
    return [
        writer.text(f"{KEY}.rule.{row['rule']}", **row, **read_facts(row["facts"])) for row in rows
    ]


def _place(writer: BlockWriter, steps: Sequence[Row]) -> str:
    """Members one inside another: the last with its dimension, and where it is."""
    *around, member = [_member(writer, step) for step in steps]
    facts = {"member": member, "around": " · ".join(around)}
    key = f"{KEY}.place.{'in' if around else 'alone'}"
    return writer.text(key, dimension=steps[-1]["dimension"], **facts)


def _member(writer: BlockWriter, node: Row) -> str:
    """A node's name: of its member, of those without one, or of all others."""
    if node["kind"] == "member":
        return str(node["member"])
    return writer.text(f"{KEY}.{node['kind']}", members=node["members"])


def _names(writer: BlockWriter, tree: Tree, node: Row) -> str:
    """The largest names inside a node, where its children are names."""
    children = tree.below(node)
    if children.empty or not children["shared"].iloc[0]:
        return ""
    named = children[children["kind"] == "member"].head(2).to_dict("records")
    listed = [writer.text(f"{KEY}.name", gap=-row["difference"], **row) for row in named]
    key = f"{KEY}.names{'.both' if cancels(node, CLEAR) else ''}"
    return writer.text(key, listed=listed, dimension=children["dimension"].iloc[0])


def _rows(writer: BlockWriter, tree: Tree, nodes: pd.DataFrame) -> pd.DataFrame:
    """The nodes with cells for their place, difference and size, and their part of the parent."""
    largest = nodes["difference"].abs().max() or 1.0
    bars = [
        Cell(bar=abs(difference) / largest, tone=tone_of(difference))
        for difference in nodes["difference"]
    ]
    of = nodes["share"].mask(nodes["parent"].map(tree.cancelling))
    rows = nodes.assign(gap=-nodes["difference"], of=of, bar=bars, place=_places(writer, nodes))
    return rows.assign(toned=writer.toned("{gap:signed_scaled}", rows, "difference"))


def _places(writer: BlockWriter, nodes: pd.DataFrame) -> list[Cell]:
    """Names of the nodes, indented below the first, over their dimensions where they have many."""
    first, many = int(nodes["depth"].min()), nodes["dimension"].nunique() > 1
    cells = []
    for node in nodes.to_dict("records"):
        indent, member = INDENT * (node["depth"] - first), node["kind"] != "rest"
        below = f"{indent}{level_name(node['dimension'])}" if many and member else ""
        cells.append(Cell(indent + _member(writer, node), below, bold=member))
    return cells


def _mostly(writer: BlockWriter, tree: Tree, node: Row) -> str:
    """Where most of a node is, step by step."""
    steps = tree.walk(node)
    return " › ".join(
        writer.text(f"{KEY}.step", member=_member(writer, step), share=step["share"])
        for step in steps
    )


def _open(writer: BlockWriter, tree: Tree, node: Row) -> Table:
    """Everything below a member, folded under its name, in a scale for its differences."""
    under = tree.under(node)
    writer = writer.at(under["difference"])
    steps = [level_name(name) for name in under["dimension"].unique()]
    facts = {"member": _member(writer, node), "gap": -node["difference"], "steps": steps}
    table = writer.table(f"{KEY}.down", _rows(writer, tree, under), axis=writer.axis, **facts)
    return replace(table, folded=True)


@scored
@in_languages
def price_volume_mix(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """The difference by volume, mix and price, and what has no quantity or reference price."""
    table, key, whole = compared["price_volume_mix"], f"{KEY}.pvm", Tree(compared["drill"]).top
    writer, unit = writer_of(run).at([whole["forecast"], whole["actual"]]), run.parameters.unit
    if table.empty:
        in_pieces = run.parameters.measure.value == "quantity"
        return Blocks(writer.prose(f"{key}.{'pieces' if in_pieces else 'none'}"))
    effects = table.set_index("cause")["effect"]
    names = {cause: writer.text(f"{key}.{cause}") for cause in effects.index}
    steps = [
        (names[cause], effect, "unexplained" if cause in UNSPLIT else "cause")
        for cause, effect in effects.items()
        if effect or cause in SPLIT
    ]
    fall = lay_out_fall(writer, whole["forecast"], steps, whole["actual"])
    volume, price = (read_facts(table["facts"].iloc[at]) for at in (0, SPLIT.index("price")))
    pieces, first = amounts.AmountFormat("", unit.quantity_unit), effects[[*SPLIT]].abs().idxmax()
    facts = {name: pieces.amount(volume[name]) for name in ("planned", "sold")} | {**effects}
    facts |= {"month": run.month, "axis": writer.axis, "name": names[first], "most": effects[first]}
    listed = [
        writer.text(f"{KEY}.name", member=item["product"], gap=item["effect"])
        for item in price["largest"]
        if abs(item["effect"]) >= NOTED * effects.abs().max()
    ]
    also = {"whole": volume["whole"], "rest": effects[[*UNSPLIT]].sum(), "prices": listed}
    said = [writer.text(f"{key}.{name}", **also, **effects) for name, of in also.items() if of]
    said = [writer.text(key, **facts), *said]
    drawn = draw("waterfall", fall, scale=writer.scale)
    title = f"{key}.title.{_reading(effects)}"
    figure = writer.figure(f"{key}.figure", drawn, fall, title_key=title, **facts)
    return Blocks(Prose(wording.paragraph(said)), figure)


def _reading(effects: pd.Series) -> str:
    """Whether quantity and mix mean more of cheaper or fewer of dearer goods, or neither."""
    small, large = sorted(effects[["volume", "mix"]].abs())
    if effects["volume"] * effects["mix"] >= 0 or small < 0.5 * large:
        return "first"
    return "cheaper" if effects["mix"] < 0 else "dearer"


@scored
@in_languages
def customers(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """The difference by new, lost, pausing and kept customers, the largest by name."""
    table, key = compared["customer_change"], f"{KEY}.customers"
    groups = {change: rows for change, rows in table.groupby("change")}
    found = [
        _group(writer_of(run), change, groups[change]) for change in CHANGES if change in groups
    ]
    writer = writer_of(run).at(row["forecast"] for row in found)
    rows = pd.DataFrame(found)
    if len(rows):
        rows["toned"] = writer.toned("{gap:signed_scaled}", rows, "difference")
    said = [
        writer.text(f"{key}.part.{row['change']}", **row) for row in found if row["change"] in SAID
    ]
    return writer.section(
        key, rows, month=run.month, axis=writer.axis, said=wording.semicolons(said)
    )


def _group(writer: BlockWriter, change: str, rows: pd.DataFrame) -> Row:
    """A row of the customers of one kind: how many, their sums, and the largest by name."""
    key, size = f"{KEY}.customers", rows["difference"].abs().sort_values(ascending=False)
    sums = {name: float(rows[name].sum()) for name in ("forecast", "actual", "difference")}
    named = rows.loc[size.index].dropna(subset="customer").head(NAMED).to_dict("records")
    largest = [
        writer.text(f"{KEY}.name", member=row["customer"], gap=-row["difference"]) for row in named
    ]
    facts = {"change": change, "n": len(rows), "gap": -sums["difference"], **sums}
    return facts | {"kind": writer.text(f"{key}.{change}"), "largest": wording.semicolons(largest)}
