"""What an amount holds: tax or none, discounts or none, by its header's words and by arithmetic.

Arithmetic goes before words; where the two disagree, or neither says anything, a person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.evidence.equations import Equation, Figures, list_equations, to_figures
from salesfc_lib.inspection.evidence.mapping import Match

ROWS = 4_000  # looked at, from all over the sample
MOST_BLANK = 0.1  # share of the priced rows that may lack their amount
MOST_AMOUNTS = 4  # whose equations are tried
PERCENT = re.compile(r"[%％‰]|\b(?:percent|pct|prozent|satz|rate)\b|率", re.IGNORECASE)
PRICE_UNIT = re.compile(  # 100, beside the price of a hundred
    r"price[ _]?unit|per|price[ _]per|pricing unit|preiseinheit|PEINH|KPEIN|unité de prix"
    r"|价格单位|计价单位数量|每",
    re.IGNORECASE,
)
PARTS = ("quantity", "discount", "tax_amount", "tax_rate")
DISCOUNTS = {"net": "discounts are off already", "gross": "discounts are still to be taken off"}


@dataclass(frozen=True)
class Money:
    """What was found about the amount: `tax` and `discounts` are '' where nothing says, `why_tax`
    and `why_discounts` the words for them. `made` says why it is quantity times price, '' where the
    export has one, or nothing to make it of.
    """

    amount: str | None = None  # header, or the two that make it
    tax: str = ""  # included, excluded
    why_tax: str = ""
    tax_rate: Decimal | None = None
    discounts: str = ""  # net, gross
    why_discounts: str = ""
    share: str = ""  # header of a discount that is a share of the price, not money
    equations: Sequence[Equation] = ()
    questions: Sequence[str] = ()
    made: str = ""
    formula: str = "quantity * price"

    @property
    def why(self) -> list[str]:
        """Everything that tells what the amount holds."""
        tax = [f"tax {self.tax}: {self.why_tax}"] if self.tax else []
        off = [f"{DISCOUNTS[self.discounts]}: {self.why_discounts}"] if self.discounts else []
        taken = "to be taken off" if "discount" in self.formula else "not to be taken off"
        share = f"{self.share} is a share of the price, not money: {taken}"
        return [*tax, *off, *([share] if self.share else [])]


def find_money(
    columns: Mapping[str, ColumnEvidence],
    matches: Mapping[str, Match],
    aliases: Aliases,
    *,
    titles: Sequence[str] = (),
) -> Money:
    """What the amount of an export holds."""
    if lacking := _find_lack(columns, matches):
        made = _make_amount(columns, matches, aliases, titles=titles, lacking=lacking)
        if made.made or "amount" not in matches:
            return made
    header = matches["amount"].header
    figures = {
        name: _list_figures(matches[name], columns)
        for name in ("amount", "price", *PARTS)
        if name in matches
    }
    amounts = figures["amount"][:MOST_AMOUNTS]
    others = {name: figures[name][0] for name in PARTS if figures.get(name)}
    equations = list_equations(amounts, figures.get("price", []), others)
    tax, why_tax, questions = _settle_tax(header, equations, aliases, titles=titles)
    discounts, why_discounts = _settle_discounts(header, equations, aliases)
    if rivals := [figure.header for figure in amounts if figure.header != header]:
        questions.append(f"which amount is sales: {header} (taken), or {', '.join(rivals)}?")
    figures_of_amount = columns[header].figures
    is_whole = bool(figures_of_amount) and all(one % 1 == 0 for one in figures_of_amount)
    if is_whole and "price" in matches and "quantity" not in matches:
        questions.append(
            f"are the whole numbers of {header}, beside {matches['price'].header}, pieces "
            "(map the column as `quantity`) or money?"
        )
    if not tax:
        questions.append(f"does {header} include tax? Neither its header nor the arithmetic says")
    rate = next((one.rate for one in equations if one.rate), None)
    if "tax_rate" in others:
        rates = {*columns[others["tax_rate"].header].figures}
        rate = next(iter(rates)).normalize() if len(rates) == 1 else None
        rate = rate / 100 if rate and abs(rate) > 1 else rate
    if tax == "included" and rate is None and not {"tax_rate", "tax_amount"} & {*others}:
        questions.append(f"{header} includes tax: at which rate?")
    share = "discount" in matches and columns[matches["discount"].header].is_share
    share_of = matches["discount"].header if share else ""
    return Money(
        *(header, tax, why_tax, rate, discounts, why_discounts, share_of, equations, questions)
    )


def _find_lack(columns: Mapping[str, ColumnEvidence], matches: Mapping[str, Match]) -> str:
    """What speaks against an amount of the export's own: there is none, or it stands once for the
    lines of a document; '' where nothing does.
    """
    if "amount" not in matches:
        return "no column is an amount"
    if not {"quantity", "price"} <= matches.keys():
        return ""
    header = matches["amount"].header
    names = ("quantity", "price", "amount")
    rows = [*zip(*(columns[matches[name].header].cells for name in names), strict=True)]
    both = [amount for quantity, price, amount in rows if quantity and price]
    blank = both.count("")
    text = f"{header} is blank in {blank:,} of {len(both):,} rows with a price: the document's"
    return text if blank > MOST_BLANK * len(both) else ""


def _make_amount(
    columns: Mapping[str, ColumnEvidence],
    matches: Mapping[str, Match],
    aliases: Aliases,
    *,
    titles: Sequence[str],
    lacking: str,
) -> Money:
    """The amount of an export that has quantities and prices of its lines alone."""
    found = [match for name in ("quantity", "price") if (match := matches.get(name))]
    if len(found) < 2 or any(columns[match.header].content != "number" for match in found):
        return Money()
    quantity, price = (match.header for match in found)
    tax, why_tax, questions = _settle_tax(price, (), aliases, titles=titles)
    if not tax:
        questions.append(f"does {price} include tax? Its header does not say")
    if rivals := [*found[1].rivals]:
        questions.append(f"which price was paid: {price} (taken), or {', '.join(rivals)}?")
    off = matches.get("discount")
    share = off.header if off and is_share(columns[off.header]) else ""
    discounts, why = _settle_discounts(price, (), aliases)
    is_taken = bool(share) and discounts != "net"
    if share and not discounts:
        questions.append(
            f"{share} is a share of the price: is it off {price} already? The amounts are made as "
            "if it were not"
        )
    elif off and not share and any(columns[off.header].figures):
        questions.append(f"is {off.header} money or percent, and is it off {price} already?")
    if of_several := _find_price_unit(columns):
        text = f"{of_several} says of how many pieces {price} is: can the amount be exported?"
        return Money(questions=[text])
    of_one, of_row = _count_prices(columns, quantity, price, matches.get("product"))
    if of_row > of_one:
        text = f"{price} rises with {quantity} in {of_row:,} rows: is it the amount of the row?"
        return Money(questions=[text])
    proof = f"; {price} is the same at other quantities in {of_one:,} rows" if of_one else ""
    return Money(
        *(f"{quantity} x {price}", tax, why_tax, None, discounts, why, share, (), questions),
        made=f"{lacking}{proof}",
        formula=f"{Money.formula} * (1 - discount)" if is_taken else Money.formula,
    )


def _find_price_unit(columns: Mapping[str, ColumnEvidence]) -> str:
    """The header of a column that says of how many pieces the prices are, if one is not of one."""
    units = (one for one in columns.values() if PRICE_UNIT.fullmatch(one.header.strip()))
    return next((one.header for one in units if any(figure != 1 for figure in one.figures)), "")


def is_share(column: ColumnEvidence) -> bool:
    """Whether discounts are shares of a price: by their values, or percent by their header."""
    return column.is_share or (column.content == "number" and bool(PERCENT.search(column.header)))


def _count_prices(
    columns: Mapping[str, ColumnEvidence], quantity: str, price: str, product: Match | None
) -> tuple[int, int]:
    """Rows of another quantity than the product's row above, in which the price is the same, and in
    which it is as much higher as the quantity.
    """
    above: dict[str, tuple[Decimal, Decimal]] = {}
    of_one = of_row = 0
    values = (columns[header].numbers.values for header in (quantity, price))
    products = columns[product.header].cells if product else ()
    for item, pieces, cost in zip(products, *values, strict=False):
        if not item or not pieces or not cost:
            continue
        before = above.get(item)
        above[item] = (pieces, cost)
        if before is None or before[0] == pieces:
            continue
        of_one += cost == before[1]
        of_row += cost * before[0] == before[1] * pieces
    return of_one, of_row


def _list_figures(match: Match, columns: Mapping[str, ColumnEvidence]) -> list[Figures]:
    """Numbers of the header of a match and of its rivals, of rows from all over the sample."""
    found = [columns[header] for header in (match.header, *match.rivals)]
    return [
        to_figures(one.header, one.numbers.values[:: max(1, len(one.cells) // ROWS)])
        for one in found
        if one.content == "number"
    ]


def _settle_tax(
    header: str, equations: Sequence[Equation], aliases: Aliases, *, titles: Sequence[str]
) -> tuple[str, str, list[str]]:
    """Whether the amount includes tax, why, and what to ask."""
    by_words, where = _read_tax(header, "its header", aliases)
    for title in titles:
        if not by_words:
            by_words, where = _read_tax(title, "the title", aliases)
    proofs = {}
    for one in equations:
        price = one.price.get(header, "")
        if tax := one.tax.get(header) or _read_tax(price, "", aliases)[0]:
            proofs[tax] = one
    if len(proofs) != 1:
        return by_words, where, []
    ((tax, equation),) = proofs.items()
    agrees = f"; {where}" if by_words == tax else ""
    contrary = f"the arithmetic says that {header} has tax {tax}, but {where}"
    return tax, equation.describe() + agrees, [contrary] if by_words not in ("", tax) else []


def _read_tax(text: str, where: str, aliases: Aliases) -> tuple[str, str]:
    """What a text says about tax, included or excluded, and by which word."""
    for meaning, tax in (("without_tax", "excluded"), ("with_tax", "included")):
        if word := aliases.means(text, meaning):
            return tax, f"{where} says '{word}'"
    return "", ""


def _settle_discounts(
    header: str, equations: Sequence[Equation], aliases: Aliases
) -> tuple[str, str]:
    """Whether discounts are off the amount (net) or still in it (gross), and why."""
    for one in equations:
        if header in one.discounts:
            return one.discounts[header], one.describe()
    for meaning, discounts in (("before_discount", "gross"), ("after_discount", "net")):
        if word := aliases.means(header, meaning):
            return discounts, f"its header says '{word}'"
    return "", ""
