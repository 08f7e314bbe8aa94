"""What an amount holds: tax or none, discounts or none, by its header's words and by arithmetic.

Arithmetic goes before words; where the two disagree, or neither says anything, a person is asked.
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
    found = [columns[header] for header in (match.header, *match.rivals)]
    return [
        Figure(column.header, column.numbers.values[:: max(1, len(column.cells) // ROWS)])
        for column in found
        if column.looks == "number"
    ]


def _settle_tax(
    header: str, equations: Sequence[Equation], aliases: Aliases, *, titles: Sequence[str]
) -> tuple[str, list[str], list[str]]:
    """Whether the amount includes tax, why, and what to ask."""
    texts = [(header, "its header"), *((title, "the title") for title in titles)]
    said, where = _read_tax(texts, aliases)
    proofs = {
        tax: equation for equation in equations if (tax := _prove_tax(equation, header, aliases))
    }
    if len(proofs) != 1:
        return said, [f"tax {said}: {where}"] if said else [], []
    ((tax, equation),) = proofs.items()
    agrees = f", and {where}" if said == tax else ""
    contrary = f"the arithmetic says that {header} has tax {tax}, but {where}"
    return (
        tax,
        [f"tax {tax}: {equation.say()}{agrees}"],
        [contrary] if said not in ("", tax) else [],
    )


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
    said = {"net": "discounts are off already", "gross": "discounts are still to be taken off"}
    for equation in equations:
        what, *headers = equation.shows
        is_pair = what == "before and after"
        if (what == "off" and headers[0] == header) or (is_pair and headers[1] == header):
            return "net", [f"{said['net']}: {equation.say()}"]
        if is_pair and headers[0] == header:
            return "gross", [f"{said['gross']}: {equation.say()}"]
    for meaning, discounts in (("before_discount", "gross"), ("after_discount", "net")):
        if word := aliases.means(header, meaning):
            return discounts, [f"{said[discounts]}: its header says '{word}'"]
    return "", []


def _find_share(discount: Column | None) -> str:
    """Header of a discount that is a share of the price: none is above one, or they are in
    percent.
    """
    if discount is None or discount.looks != "number":
        return ""
    values = [abs(value) for value in discount.numbers.values if value is not None]
    is_share = max(values, default=2) <= 1 or "percent" in discount.numbers.rules
    return discount.header if is_share else ""


def _find_rate(equations: Sequence[Equation], rate: Figure | None) -> Decimal | None:
    """The rate of tax, where a column says the same everywhere or an equation holds with it."""
    if rate is not None:
        rates = {value for value in rate.as_rate.values if value is not None}
        return rates.pop().normalize() if len(rates) == 1 else None
    of_tax = ("net and gross", "with tax", "without tax")
    shown = (equation.shows[-1] for equation in equations if equation.shows[0] in of_tax)
    return next((Decimal(text) for text in shown if text.replace(".", "", 1).isdigit()), None)
