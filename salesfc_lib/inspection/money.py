"""What an amount holds: tax or none, discounts or none, by its header's words and by arithmetic.

Columns and matches enter; a `Money` leaves, with the equations that hold. The decision made here: arithmetic goes before
words, and where the two disagree a person is asked; where neither says anything, a person is asked too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.columns import Column
from salesfc_lib.inspection.equations import Equation, Figure, list_equations
from salesfc_lib.inspection.mapping import Match

ROWS = 4_000  # looked at, from all over the sample
MOST_AMOUNTS = 4  # whose equations are tried
PARTS = ("quantity", "discount", "tax_amount", "tax_rate")


@dataclass(frozen=True)
class Money:
    """What was found about the amount: `tax` and `discounts` are '' where nothing says."""

    amount: str | None  # header
    tax: str = ""  # included, excluded
    tax_rate: Decimal | None = None
    discounts: str = ""  # net, gross
    share: str = ""  # header of a discount that is a share of the price, not money
    why: Sequence[str] = ()
    equations: Sequence[Equation] = ()
    asks: Sequence[str] = ()


def find_money(
    columns: Mapping[str, Column],
    matches: Mapping[str, Match],
    aliases: Aliases,
    *,
    titles: Sequence[str] = (),
) -> Money:
    """What the amount of an export holds."""
    if "amount" not in matches:
        return Money(None)
    header = matches["amount"].header
    amounts = _list_figures(matches["amount"], columns)[:MOST_AMOUNTS]
    prices = _list_figures(matches["price"], columns) if "price" in matches else []
    others = {
        name: found[0]
        for name in PARTS
        if name in matches and (found := _list_figures(matches[name], columns))
    }
    equations = list_equations(amounts, prices, others)
    tax, why, asks = _settle_tax(header, equations, aliases, titles=titles)
    discounts, said = _settle_discounts(header, equations, aliases)
    share = _find_share(columns.get(matches["discount"].header)) if "discount" in matches else ""
    if share:
        said = [*said, f"{share} is a share of the price, not money: not to be taken off"]
    rivals = [figure.header for figure in amounts if figure.header != header]
    if rivals:
        asks.append(f"which amount is sales: {header} (taken), or {', '.join(rivals)}?")
    if not tax:
        asks.append(f"does {header} include tax? Neither its header nor the arithmetic says")
    rate = _find_rate(equations, others.get("tax_rate"))
    if tax == "included" and rate is None and not {"tax_rate", "tax_amount"} & set(others):
        asks.append(f"{header} includes tax: at which rate?")
    return Money(header, tax, rate, discounts, share, [*why, *said], equations, asks)


def _list_figures(match: Match, columns: Mapping[str, Column]) -> list[Figure]:
    """Numbers of the header of a match and of its rivals, of rows from all over the sample."""
    headers = [
        header for header in (match.header, *match.rivals) if columns[header].looks == "number"
    ]
    return [
        Figure(
            header, columns[header].numbers.values[:: max(1, len(columns[header].cells) // ROWS)]
        )
        for header in headers
    ]


def _settle_tax(
    header: str, equations: Sequence[Equation], aliases: Aliases, *, titles: Sequence[str]
) -> tuple[str, list[str], list[str]]:
    """Whether the amount includes tax, why, and what to ask."""
    proofs = {
        tax: equation for equation in equations if (tax := _prove_tax(equation, header, aliases))
    }
    said, where = _read_tax(
        [(header, "its header"), *((title, "the title") for title in titles)], aliases
    )
    if len(proofs) != 1:
        return said, [f"tax {said}: {where}"] if said else [], []
    tax, equation = next(iter(proofs.items()))
    agrees = f", and {where}" if said == tax else ""
    asks = (
        [f"the arithmetic says that {header} has tax {tax}, but {where}"]
        if said not in ("", tax)
        else []
    )
    return tax, [f"tax {tax}: {equation.say()}{agrees}"], asks


def _prove_tax(equation: Equation, header: str, aliases: Aliases) -> str:
    """What an equation shows about the tax of an amount: included, excluded or ''."""
    what, *headers = equation.shows
    if what == "net and gross" and header in headers[:2]:
        return "excluded" if headers[0] == header else "included"
    if what in ("with tax", "without tax") and headers[0] == header:
        return "included" if what == "with tax" else "excluded"
    if what == "price" and headers[0] == header:
        return _read_tax([(headers[1], "")], aliases)[0]
    return ""


def _read_tax(texts: Sequence[tuple[str, str]], aliases: Aliases) -> tuple[str, str]:
    """What the first text that speaks of tax says, and where: included or excluded."""
    for text, where in texts:
        for meaning, tax in (("without_tax", "excluded"), ("with_tax", "included")):
            if word := aliases.means(text, meaning):
                return tax, f"{where} says '{word}'"
    return "", ""


def _settle_discounts(
    header: str, equations: Sequence[Equation], aliases: Aliases
) -> tuple[str, list[str]]:
    """Whether discounts are off the amount (net) or still in it (gross), and why."""
    for equation in equations:
        what, *headers = equation.shows
        if (what == "off" and headers[0] == header) or (
            what == "before and after" and headers[1] == header
        ):
            return "net", [f"discounts are off already: {equation.say()}"]
        if what == "before and after" and headers[0] == header:
            return "gross", [f"discounts are still to be taken off: {equation.say()}"]
    if word := aliases.means(header, "before_discount"):
        return "gross", [f"discounts are still to be taken off: its header says '{word}'"]
    if word := aliases.means(header, "after_discount"):
        return "net", [f"discounts are off already: its header says '{word}'"]
    return "", []


def _find_share(discount: Column | None) -> str:
    """Header of a discount that is a share of the price: none is above one, or they are in percent."""
    if discount is None or discount.looks != "number":
        return ""
    values = [abs(value) for value in discount.numbers.values if value is not None]
    return (
        discount.header
        if max(values, default=2) <= 1 or "percent" in discount.numbers.rules
        else ""
    )


def _find_rate(equations: Sequence[Equation], rate: Figure | None) -> Decimal | None:
    """The rate of tax, where a column says the same everywhere or an equation holds with it."""
    if rate is not None:
        rates = {value for value in rate.as_rate.values if value is not None}
        return rates.pop().normalize() if len(rates) == 1 else None
    shown = [
        equation.shows[-1]
        for equation in equations
        if equation.shows[0] in ("net and gross", "with tax", "without tax")
    ]
    return next((Decimal(text) for text in shown if text.replace(".", "", 1).isdigit()), None)
