"""The checklist of defects: number, name, family, and the function that plants each.

A number and a seed enter; cases leave: a project's files, its unit's parameters as an analyst would
declare them, and what must become of every row. A plant does not know how the pipeline finds what
it planted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from defects import (
    business,
    calendar,
    days,
    extent,
    measures,
    members,
    structure,
    surroundings,
    together,
    values,
)
from defects import bytes as bytes_
from defects.clean import make_clean
from defects.truth import Case

CLEAN = 0  # number of the cases without a defect
COMBINED = together.TOGETHER  # of those in which many stand together

PLANTS: dict[int, Callable[[int], list[Case]]] = {
    **bytes_.PLANTS,
    **extent.PLANTS,
    **structure.PLANTS,
    **values.PLANTS,
    **days.PLANTS,
    **business.PLANTS,
    **measures.PLANTS,
    **members.PLANTS,
    **calendar.PLANTS,
    **surroundings.PLANTS,
    **together.PLANTS,
    CLEAN: make_clean,
}

# name of each defect, and the rules by which the pipeline says that it saw one: they may be
# reported wherever theirs is planted
DEFECTS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("encoding", ("encoding",)),
    2: ("lines in other encodings", ("other_encoding",)),
    3: ("byte-order mark", ("byte_order_mark",)),
    4: ("mojibake", ("mojibake",)),
    5: ("control characters", ("control_character",)),
    6: ("dialect drift", ("dialect_drift",)),
    7: ("separators inside fields", ("misfit",)),
    8: ("cut short", ("cut_short",)),
    9: ("row limit of a sheet", ("row_limit",)),
    10: ("title rows", ("title_rows",)),
    11: ("repeated header", ("repeated_header",)),
    12: ("subtotals", ("subtotal",)),
    13: ("merged cells", ("filled_down",)),
    14: ("hidden rows, columns, sheets", ("hidden",)),
    15: ("error cells, empty formulas", ("error_cell", "stale_formula")),
    16: ("renamed columns", ("renamed_column",)),
    17: ("separators of numbers", ("separators",)),
    18: ("trailing minus", ("trailing_minus",)),
    19: ("parentheses", ("parentheses", "currency_sign")),
    20: ("CR, DR, currency signs", ("debit_credit", "currency_sign")),
    21: ("full-width digits, 万, 亿", ("full_width", "chinese_unit", "currency_sign")),
    22: ("percent, thousands", ("percent", "stated_unit", "title_rows", "discount")),
    23: ("lost zeros", ("lost_zeros",)),
    24: ("scientific identifiers", ("scientific_id",)),
    25: ("serial dates", ("serial_date",)),
    26: ("1904 dates", ("date_system", "serial_date")),
    27: ("29 February 1900", ("no_such_day",)),
    28: ("day and month order", ("date_order", "half_converted_dates")),
    29: ("sentinel dates", ("sentinel_date",)),
    30: ("time zones", ("time_zone",)),
    31: ("spellings of null", ("null_spelling",)),
    32: ("duplicates", ("duplicate", "key_conflict", "possible_duplicate")),
    33: ("overlapping extracts", ("superseded",)),
    34: ("returns without sale", ("return_without_sale",)),
    35: ("cancellations, rebills", ("cancelled",)),
    36: ("future orders, mistyped years", ("after_month", "far_date")),
    37: ("samples", ("sample",)),
    38: ("implausible values, outliers", ("implausible", "outliers")),
    39: ("currencies", ("currency",)),
    40: ("tax", ("tax",)),
    41: ("units of measure", ("unit_of_measure",)),
    42: ("sales within the company", ("within_company",)),
    43: ("renamed members", ("renamed",)),
    44: ("reused codes", ("reused_code",)),
    45: ("reorganised regions", ("reorganised",)),
    46: ("late postings", ("restatement",)),
    47: ("month not complete", ()),
    48: ("missing month, zero month", ()),
    49: ("4-4-5 calendar, weeks", ()),
    50: ("trading days", ()),
    51: ("moving holidays", ()),
    52: ("stock-outs", ("stock_out",)),
    53: ("promotions", ()),
    54: ("launches, ends", ("launched", "discontinued")),
    55: ("general ledger", ("control_total",)),
}
NAMES = {number: name for number, (name, _) in DEFECTS.items()}

FAMILIES = {
    "bytes": range(1, 10),
    "structure": range(10, 17),
    "values": range(17, 32),
    "business": range(32, 49),
    "calendar": range(49, 56),
}


def family_of(number: int) -> str:
    """Family of a defect."""
    return next(
        (name for name, numbers in FAMILIES.items() if number in numbers),
        "together" if number == COMBINED else "clean",
    )


def list_cases(number: int, seed: int) -> list[Case]:
    """Cases of one defect; of none (`CLEAN`), and of many at a time (`COMBINED`)."""
    asked = frozenset(DEFECTS[number][1] if number in DEFECTS else ())
    return [
        replace(case, expected=replace(case.expected, allowed=case.expected.allowed | asked))
        for case in PLANTS[number](seed)
    ]
