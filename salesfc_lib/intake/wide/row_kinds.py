"""What each row of a sheet with periods side by side is: business, a sum of others, or neither.

The texts of the columns that hold no period enter; a mark for each row leaves, which the figures
have still to prove (`totals`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources.row_marks import HEADER, SUBTOTAL
from salesfc_lib.intake.wide.totals import MAYBE, NO_ROW, PLAIN, STATED

MOST_ALIKE = 2  # rows, of which the last may well be the sum of the others
MEAN = re.compile(
    r"(?:average|avg\.?|mean|durchschnitt|mittelwert|moyenne|promedio|media|平均值?)[:：]?",
    re.IGNORECASE,
)
# what a column that names the measure of each row says
MEASURES = re.compile(
    r"(?:sum of |summe von |somme de )?(?:qty|quantity|units?|pieces|pcs|volume|menge|stück|anzahl"
    r"|quantité|cantidad|unidades|数量|件数|销量|销售数量"
    r"|(?:net |gross |sales )?(?:amount|revenue|value|sales|turnover)"
    r"|umsatz|betrag|wert|montant|chiffre d'affaires|importe|ventas|金额|销售额|销售金额|收入)"
    r"[.:：]?",
    re.IGNORECASE,
)

Texts = Sequence[Sequence[str]]  # of a sheet, by column


def tell_sums(codes: np.ndarray, texts: Texts, source: Source) -> tuple[list[int], np.ndarray]:
    """Whether each row adds up others by its words, and whether it is one at all (n_rows,).

    A word of sums alone, or beside a member of its column, says so; a row without one that stands
    last may add up all others where it says no more than one thing. `codes` are the marks of the
    rows (see `row_marks`), `texts` the columns that hold no period.
    """
    said = [[cells[row].strip() for cells in texts] for row in range(len(codes))]
    business = [
        row for row, code in zip(said, codes, strict=True) if code not in (SUBTOTAL, HEADER)
    ]
    members = {cell.casefold() for row in business for cell in row if cell}
    marks = [
        (STATED if _says_sum(row, source.subtotals, members) else MAYBE)
        if code == SUBTOTAL
        else PLAIN
        for row, code in zip(said, codes, strict=True)
    ]
    few = sum(map(bool, said[-1])) <= (len(texts) > 1) if said else False
    if len(business) > MOST_ALIKE and few and not source.fill_down:
        marks[-1] = MAYBE
    is_mean = np.array([any(map(MEAN.fullmatch, row)) for row in said], dtype=bool)
    is_row = (codes != HEADER) & ~is_mean
    return [mark if own else NO_ROW for mark, own in zip(marks, is_row, strict=True)], is_row


def _says_sum(cells: Sequence[str], words: Sequence[str], members: set[str]) -> bool:
    for word in words:
        key = word.casefold()
        for cell in cells:
            text = (cell if word.isascii() else "".join(cell.split())).casefold()
            rests = text.removeprefix(key), text.rstrip(":： ").removesuffix(key)
            plain = (
                rest.strip(" :：-()") for rest in rests if len(rest) < len(text.rstrip(":： "))
            )
            if any(not rest or rest in members for rest in plain):
                return True
    return False


def find_measures_in_rows(
    header: Sequence[str], texts: Texts, is_row: np.ndarray, source: Source, where: str
) -> SalesForecastError | None:
    """Error for a column that names a measure in each row, unless the source's `where` chooses one.

    `header` and `texts` are those of the columns that hold no period.
    """
    rows = np.flatnonzero(is_row).tolist()
    for name, cells in zip(header, texts, strict=True):
        members = [*dict.fromkeys(cells[row].strip() for row in rows)]
        are_measures = len(members) > 1 and all(map(MEASURES.fullmatch, members))
        if are_measures and name not in source.where:
            return SalesForecastError.of(
                f"The column '{name}' of '{where}' names a measure in each row "
                f"({shorten(members, 4)}): they would be added up",
                "Rows of one measure",
                f'Set `where: {{"{name}": "{members[0]}"}}` of this source',
            )
    return None
