"""Which of several exports are the orders, and which of the others may be returns of them.

What a header or a file's name says is decided export by export; here they stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from salesfc_lib.inspection.findings.proposal import Proposal, Setting, ask
from salesfc_lib.intake import Issue

MOST = 0.9  # share of the members that also stand in the orders, from which it is asked


def choose_orders(found: Sequence[Proposal]) -> Proposal | None:
    """The orders that the other exports belong to: of several those that lack least of what orders
    need, then those with order numbers, then those with most rows.
    """

    def fit(one: Proposal) -> tuple[int, bool, int]:
        return -len(one.missing), "order_id" in one.names, one.sample.total

    return max((one for one in found if one.role == "orders"), key=fit, default=None)


def list_further(others: Sequence[Proposal], orders: Proposal) -> list[Proposal]:
    """Sheets or tables beside the orders that hold further rows of them: the same columns, and
    months that no other has.
    """
    own, known = {*filter(None, orders.sample.header)}, {*orders.months.rows}
    further = []
    for other in others:
        months = {*other.months.rows}
        is_same = own == {*filter(None, other.sample.header)} and other.role == orders.role
        if is_same and other.sample.path == orders.sample.path and months and not months & known:
            further.append(other)
            known |= months
    return further


def tell_further(orders: Proposal, further: Sequence[Proposal]) -> Proposal:
    """The orders, which say of further sheets that they are sources, instead of asking."""
    same = [one for one in orders.beside if {*one.sample.header} == {*orders.sample.header}]
    if not further or len(further) < len(same):
        return orders
    text = f"{len(further)} with the same columns and other months are sources of their own"
    said = Setting("further sheets", None, f"{text}; one to come has to be added")
    left = [one for one in orders.findings if not isinstance(one, Issue) or one.rule != "sheet"]
    return replace(orders, findings=[*left, said])


def ask_role(found: Proposal, orders: Proposal) -> Proposal:
    """The proposal, with a question where it may be returns or some of the orders again, or where
    it is returns that take nothing off the amounts.
    """
    if found is orders:
        return found
    is_counted = "quantity" in found.names and not found.has_amount
    is_matched = {"order_id", "product"} <= {*found.names} & {*orders.names}
    if found.role == "returns" and is_counted and orders.has_amount and not is_matched:
        text = "the returns count pieces, not money: no amount comes off; can it be exported?"
        return replace(found, findings=[*found.findings, ask("role", text)])
    if found.role == "orders" and (why := _doubt(found, orders)):
        file = orders.files[0].name
        text = f"{why}: more orders, returns (`role: returns`), or orders of {file} again?"
        return replace(found, findings=[*found.findings, ask("role", text)])
    return found


def _doubt(found: Proposal, orders: Proposal) -> str:
    """What speaks against more orders; '' where nothing does."""
    value = found.column("amount") or found.column("quantity")
    if value is not None and value.figures and max(value.figures) <= 0:
        return f"nothing in {value.header} is above zero"
    name = "order_id" if "order_id" in found.names else "product"
    mine, theirs = found.column(name), orders.column(name)
    is_less = found.sample.total < orders.sample.total and "order_id" in orders.names
    if mine is None or theirs is None or not is_less:
        return ""
    shared = sum(member in theirs.members for member in mine.members)
    often = shared >= MOST * len(mine.members)
    return (
        f"{shared:,} of {len(mine.members):,} in {mine.header} are in the orders" if often else ""
    )
