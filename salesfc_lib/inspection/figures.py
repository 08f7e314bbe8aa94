"""Whether a column holds numbers, and which sign is their decimal point.

Cells enter; a `Figures` leaves, with the cell that proves the convention. The decision made here: `1.234` alone proves
nothing, `1.234,5`, `1.234.567` and `12,5` do; a column in which nothing proves it is undecidable, and the other columns of
the file are only named as a hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from salesfc_lib.foundation import POWERS

_SIGNS = re.compile(
    r"(?:[¥$€£₹元圆]|\b(?:RMB|CNY|USD|EUR|GBP|JPY|CHF|HKD|CAD|AUD|Rs)\b\.?|(?<=\d)(?:RMB|CNY|USD|EUR))",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?:\d[\d.,' ]*|[.,]\d+)")
_GROUPED = re.compile(
    r"\d{1,3}(?:(?P<sign>[.,' ])\d{3})(?:(?P=sign)\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}"
)
_SCIENTIFIC = re.compile(r"[-+]?\d(?:[.,]\d+)?[eE][+-]?\d+")
_SUFFIX = re.compile(r"\s*(?P<side>CR|DR|Cr|Dr|借|贷)\.?$")
_POWER = re.compile(rf"\s*({'|'.join(sorted(POWERS, key=len, reverse=True))})元?$")


@dataclass(frozen=True)
class Figures:
    """What a column's cells say about numbers; `decimal` is '.', ',', '' (nothing needs one), '?' (undecidable) or 'both'."""

    values: Sequence[Decimal | None]
    share: float  # of the filled cells that are numbers
    decimal: str = ""
    proof: Mapping[str, int] = field(
        default_factory=dict
    )  # decimal: position of the first cell that proves it
    proofs: Mapping[str, int] = field(default_factory=dict)
    open: Sequence[int] = ()  # positions of cells that two conventions explain
    forms: Mapping[str, Sequence[int]] = field(default_factory=dict)  # rule: positions
    grouping: str = ""  # thousands separator seen

    @property
    def places(self) -> int:
        """Digits behind the decimal point, at most."""
        return max(
            (max(0, -int(value.as_tuple().exponent)) for value in self.values if value is not None),
            default=0,
        )


@dataclass(frozen=True)
class _Read:
    digits: str = ""
    negative: bool = False
    power: int = 1
    percent: bool = False
    decimal: str = ""  # proved, '?' where open, '' where none is needed
    grouping: str = ""
    forms: tuple[str, ...] = ()


def read_figures(cells: Sequence[str], *, decimal: str = "") -> Figures:
    """Numbers of a column of text; `decimal` is what is taken where the column itself leaves it open."""
    distinct = {cell: _read(cell) for cell in dict.fromkeys(cells) if cell}
    reads = [distinct.get(cell) for cell in cells]
    proof: dict[str, int] = {}
    proofs: Counter[str] = Counter()
    forms: dict[str, list[int]] = {}
    undecided = []
    for position, read in enumerate(reads):
        if read is None:
            continue
        if read.decimal in (".", ","):
            proof.setdefault(read.decimal, position)
            proofs[read.decimal] += 1
        elif read.decimal == "?":
            undecided.append(position)
        for form in read.forms:
            forms.setdefault(form, []).append(position)
    found = "both" if len(proof) == 2 else next(iter(proof), "?" if undecided else "")
    used = (
        found
        if found in (".", ",")
        else max(proofs, key=lambda sign: proofs[sign])
        if proofs
        else decimal or "."
    )
    values = {cell: _value(read, used) if read else None for cell, read in distinct.items()}
    filled = [cell for cell in cells if cell]
    groupings = Counter(read.grouping for read in reads if read and read.grouping)
    share = sum(distinct[cell] is not None for cell in filled) / len(filled) if filled else 0.0
    return Figures(
        [values.get(cell) for cell in cells],
        share,
        found,
        proof,
        proofs,
        undecided,
        forms,
        groupings.most_common(1)[0][0] if groupings else "",
    )


def _read(cell: str) -> _Read | None:
    text = unicodedata.normalize("NFKC", cell).strip().replace("−", "-").replace("’", "'")
    forms = (
        ["full_width"]
        if text != cell and any("\uff10" <= sign <= "\uff19" for sign in cell)
        else []
    )
    if _SCIENTIFIC.fullmatch(text):
        return _Read(text, forms=(*forms, "scientific_id"))
    power = 1
    if found := _POWER.search(text):
        text, power, forms = text[: found.start()], 10 ** POWERS[found[1]], [*forms, "chinese_unit"]
    plain = _SIGNS.sub("", text)
    if plain != text:
        forms.append("currency_sign")
    text, negative = re.sub(r"[\u00a0\u202f\u2009]", " ", plain).strip(), False
    if found := _SUFFIX.search(text):
        text, negative, forms = (
            text[: found.start()],
            found["side"].upper() in ("CR", "贷"),
            [*forms, "debit_credit"],
        )
    percent = text.endswith("%")
    if percent:
        text, forms = text[:-1].strip(), [*forms, "percent"]
    if text.startswith("(") and text.endswith(")"):
        text, negative, forms = text[1:-1].strip(), True, [*forms, "parentheses"]
    elif text.endswith("-") and len(text) > 1:
        text, negative, forms = text[:-1].strip(), True, [*forms, "trailing_minus"]
    elif text[:1] in "+-":
        text, negative = text[1:].strip(), text[:1] == "-"
    if not _DIGITS.fullmatch(text) or not any(sign.isdigit() for sign in text):
        return None
    decimal, grouping = _find_signs(text)
    return (
        None
        if decimal is None
        else _Read(text, negative, power, percent, decimal, grouping, tuple(forms))
    )


def _find_signs(text: str) -> tuple[str | None, str]:
    """Decimal sign that digits prove ('' where they need none, '?' where it is open, None where they are no number), and the separator."""
    if text.isdigit():
        return "", ""
    if any(sign in text for sign in "' "):
        whole = re.fullmatch(r"(\d{1,3}(?:[' ]\d{3})+)([.,]\d+)?", text)
        return (None, "") if not whole else ((whole[2] or "")[:1], "'" if "'" in text else " ")
    dots, commas = text.count("."), text.count(",")
    if dots and commas:
        decimal = "." if text.rfind(".") > text.rfind(",") else ","
        other = "," if decimal == "." else "."
        return (
            (decimal, other)
            if text.count(decimal) == 1 and _GROUPED.fullmatch(text[: text.rfind(decimal)])
            else (None, "")
        )
    sign = "." if dots else ","
    if dots + commas > 1:
        return ("," if sign == "." else ".", sign) if _GROUPED.fullmatch(text) else (None, "")
    before, after = text.split(sign)
    is_open = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    return "?" if is_open else sign, ""


def _value(read: _Read, decimal: str) -> Decimal | None:
    if "scientific_id" in read.forms:
        return Decimal(read.digits.replace(",", "."))
    digits = re.sub(r"[' ]", "", read.digits)
    if read.decimal in (".", ","):
        decimal = read.decimal
    other = "," if decimal == "." else "."
    value = Decimal(digits.replace(other, "").replace(decimal, ".")) * read.power
    value = value / 100 if read.percent else value
    return -value if read.negative else value
