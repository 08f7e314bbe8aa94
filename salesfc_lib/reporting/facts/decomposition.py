"""Table `drill` as a tree: what is below a member, and in which of them most of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Node = Mapping[Any, Any]

MOSTLY = 0.5  # of the line above: what a member needs, so that most of it is there
CANCEL = 0.25  # of its members' differences: what a difference needs, or else they cancel out
CLEAR = 0.5  # the same for names, which differ from their part in every month


@dataclass(frozen=True)
class Tree:
    """The nodes of table `drill`; differences are forecast - actual."""

    nodes: pd.DataFrame

    @property
    def top(self) -> Node:
        """The whole difference."""
        return self.nodes.iloc[0].to_dict()

    def below(self, node: Node) -> pd.DataFrame:
        """Children of a node."""
        return self.nodes[self.nodes["parent"] == node["path"]]

    def under(self, node: Node) -> pd.DataFrame:
        """Everything below a node, each member followed by its own."""
        return self.nodes[self.nodes["path"].str.startswith(f"{node['path']}.")]

    def opened(self, node: Node) -> bool:
        """Whether anything is below a node."""
        return bool(self.nodes["parent"].eq(node["path"]).any())

    @property
    def cancelling(self) -> dict[str, bool]:
        """Whether the members below cancel out, by path."""
        rows = self.nodes.to_dict("records")
        return {row["path"]: cancels(row) for row in rows}

    def walk(self, node: Node) -> list[Node]:
        """The member with most of the node, the one with most of that, and so on."""
        steps: list[Node] = []
        while True:
            children = self.below(node)
            most = children[(children["kind"] != "rest") & (children["share"] >= MOSTLY)]
            if most.empty or (most["shared"].iloc[0] and cancels(node, CLEAR)):
                return steps
            node = most.loc[most["share"].idxmax()].to_dict()
            steps.append(node)


def cancels(node: Node, limit: float = CANCEL) -> bool:
    """Whether the members below differ so much both ways that little of it is left."""
    return bool(abs(node["difference"]) < limit * node["gross"])
