"""What the amounts of an export are: sales or returns, with tax and discounts or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from salesfc_lib import cleaning
from salesfc_lib.inspection.evidence.columns import join_some
from salesfc_lib.inspection.findings.proposal import Fact, Finding, Line, Proposal, Setting, ask
from salesfc_lib.intake import Issue

MOST_LISTED = 12
BUSINESS = ("orders", "returns")  # roles whose rows are sales or returns


def describe_measure(found: Proposal) -> Iterator[Finding]:
    """Tax and discounts of the amount, kinds of rows, signs of returns."""
    money = found.money
    equations = [{"says": one.text, "holds": one.holds, "of": one.of} for one in money.equations]
    yield Fact(
        "measure",
        {
            "amount": money.amount,
            "made": money.made,
            "tax": money.tax,
            "tax_rate": None if money.tax_rate is None else str(money.tax_rate),
            "discounts": money.discounts,
            "why": money.why,
            "equations": equations,
        },
    )
    if money.made and found.role in BUSINESS:
        yield Setting("amount", money.formula, money.made)
    if money.amount is not None:
        why = "; ".join(money.why) or "nothing says whether tax or discounts are in it"
        held = [f"holds: {equation.describe()}" for equation in money.equations[:4]]
        yield Line("measure", "\n".join([f"{money.amount}: {why}", *held]))
    yield from _describe_kinds(found)
    yield from _describe_signs(found)
    if found.role in BUSINESS:
        yield from (ask("measure", question) for question in money.questions)
    if money.amount is not None and found.role in BUSINESS:
        yield from _describe_tax(found)
        yield from _describe_discounts(found)


def _describe_kinds(found: Proposal) -> Iterator[Finding]:
    yield Fact("kinds", dict(found.kinds))
    if known := {value: kind for value, kind in found.kinds.items() if kind}:
        yield Setting("kinds", known, "values of the column `kind`")
    if unknown := [value for value, kind in found.kinds.items() if not kind]:
        more = f" and {len(unknown) - MOST_LISTED} more" if len(unknown) > MOST_LISTED else ""
        listed = ", ".join(unknown[:MOST_LISTED])
        lacking = "kinds to complete, each as sale, return or adjustment"
        if found.role == "open_orders":
            lacking = "kinds to complete, each as sale or purchase"
        yield Setting(lacking, None, f"{listed}{more}")
        if (column := found.column("kind")) and found.is_sided:
            first, *others = [value for value, _ in column.members.most_common()]
            sides = {first: "sale", **dict.fromkeys(others, "return")}
            yield Setting("kinds", sides, "if the side with most rows is sales", proved=False)
            if not found.signs.negative_rows:
                why = "with it: no amount has a minus sign"
                yield Setting("returns_are_positive", True, why, proved=False)
        text = "which of these are sales, returns, adjustments"
        if found.role == "open_orders":
            text = "which of these are sales, purchases"
        yield ask("kinds", f"{found.names['kind']}: {text}: {join_some(unknown, 6)}?")


def _describe_signs(found: Proposal) -> Iterator[Finding]:
    signs = found.signs
    yield Fact("returns", {"are_positive": signs.are_positive, **asdict(signs)})
    count = signs.returns_negative + signs.returns_positive
    if signs.are_positive:
        why = f"{signs.returns_positive:,} of {count:,} returns stand without a minus sign"
        yield Setting("returns_are_positive", True, why)
    free = [head for head in found.assignment.returned if head not in found.names.values()]
    if found.role == "orders" and (filled := [head for head in free if found.columns[head].filled]):
        text = (
            f"{join_some(filled, 3)}: a run takes nothing off for it; does it say what came back? "
            "Export returns as rows below zero, or as a file of their own"
        )
        yield ask("returns", text)
    if found.is_credit_sale:
        credits, marked = found.credited
        why = f"{credits:,} of {marked:,} marked amounts are credits: sales, as an account has them"
        yield Setting("credit", "positive", why)
        return
    below = f"{signs.negative_rows:,} rows are below zero"
    if found.role == "orders" and signs.negative_rows and "return" not in found.kinds.values():
        is_net = not cleaning.DOCUMENTED & {*found.names} and "date" in found.key.columns
        what = "is the net of its period" if is_net else "counts as a return"
        text = f"rows below zero: {signs.negative_rows:,}; a sale of less than nothing {what}"
        yield Issue("returns", text)
    if found.role not in BUSINESS:
        return
    if count:
        how = "without a minus sign" if signs.are_positive else "below zero"
        yield Line("returns", f"{count:,} rows are returns, most {how}")
    elif found.role == "returns":
        yield Line("returns", "the export names what came back, without amounts")
    else:
        none = "none among the rows looked at: are they in another export?"
        yield Line("returns", below if signs.negative_rows else none)


def _describe_tax(found: Proposal) -> Iterator[Setting]:
    money, mapped = found.money, found.list_mapped()
    proved = bool(money.tax_rate) or bool({"tax_amount", "tax_rate"} & {*mapped})
    if money.tax == "included":
        yield Setting("tax", "included", money.why_tax, proved)
        if money.tax_rate:
            yield Setting("tax_rate", f"{money.tax_rate:f}")
        elif not proved:
            yield Setting("tax_rate", "0.13", "at which rate?", proved=False)
    elif money.tax:
        yield Setting("tax", "excluded", money.why_tax)


def _describe_discounts(found: Proposal) -> Iterator[Setting]:
    discounts, is_mapped = found.money.discounts, "discount" in found.list_mapped()
    before = "the amounts are before discounts"
    if "discount" in found.money.formula:
        return
    if discounts == "gross" and is_mapped:
        yield Setting("discounts", "gross", f"{before}: {found.money.why_discounts}")
    elif discounts == "gross":
        why = "map `discount` (money, not a share) and say `discounts: gross`"
        yield Setting(before, None, why)
    elif discounts:
        yield Setting("discounts", "net", found.money.why_discounts)
    elif is_mapped:
        why = "if the discount is still to be taken off the amount"
        yield Setting("discounts", "gross", why, proved=False)
