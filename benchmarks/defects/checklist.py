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

CLEAN, COMBINED = (
    0,
    together.TOGETHER,
)  # numbers of the cases without a defect, and of those in which many stand together

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

# the rules by which the pipeline says that it saw a defect; they may stand wherever theirs is planted
RULES: dict[int, tuple[str, ...]] = {
    1: ("encoding",), 2: ("other_encoding",), 3: ("byte_order_mark",), 4: ("mojibake",), 5: ("control_character",), 6: ("dialect_drift",),
    7: ("misfit",), 8: ("cut_short",), 9: ("row_limit",), 10: ("title_rows",), 11: ("repeated_header",), 12: ("subtotal",), 13: ("filled_down",),
    14: ("hidden",), 15: ("error_cell", "stale_formula"), 16: ("renamed_column",), 17: ("separators",), 18: ("trailing_minus",),
    19: ("parentheses", "currency_sign"), 20: ("debit_credit", "currency_sign"), 21: ("full_width", "chinese_unit", "currency_sign"),
    22: ("percent", "stated_unit", "title_rows", "discount"), 23: ("lost_zeros",), 24: ("scientific_id",), 25: ("serial_date",),
    26: ("date_system", "serial_date"), 27: ("no_such_day",), 28: ("date_order",), 29: ("sentinel_date",), 30: ("time_zone",),
    31: ("null_spelling",), 32: ("duplicate", "key_conflict", "possible_duplicate"), 33: ("superseded",), 34: ("return_without_sale",),
    35: ("cancelled",), 36: ("after_month",), 37: ("sample",), 38: ("implausible", "outliers"), 39: ("currency",), 40: ("tax",),
    41: ("unit_of_measure",), 42: ("within_company",), 43: ("renamed",), 44: ("reused_code",), 45: ("reorganised",), 46: ("restatement",),
    52: ("stock_out",), 54: ("launched", "discontinued"), 55: ("control_total",),
}  # fmt: skip

FAMILIES = {
    "bytes": range(1, 10),
    "structure": range(10, 17),
    "values": range(17, 32),
    "business": range(32, 49),
    "calendar": range(49, 56),
}

NAMES = {
    1: "encoding", 2: "lines in other encodings", 3: "byte-order mark", 4: "mojibake", 5: "control characters", 6: "dialect drift",
    7: "separators inside fields", 8: "cut short", 9: "row limit of a sheet", 10: "title rows", 11: "repeated header", 12: "subtotals",
    13: "merged cells", 14: "hidden rows, columns, sheets", 15: "error cells, stale formulas", 16: "renamed columns", 17: "separators of numbers",
    18: "trailing minus", 19: "parentheses", 20: "CR, DR, currency signs", 21: "full-width digits, 万, 亿", 22: "percent, thousands",
    23: "lost zeros", 24: "scientific identifiers", 25: "serial dates", 26: "1904 dates", 27: "29 February 1900", 28: "day and month order",
    29: "sentinel dates", 30: "time zones", 31: "spellings of null", 32: "duplicates", 33: "overlapping extracts", 34: "returns without sale",
    35: "cancellations, rebills", 36: "future orders", 37: "samples", 38: "implausible values, outliers", 39: "currencies", 40: "tax",
    41: "units of measure", 42: "sales within the company", 43: "renamed members", 44: "reused codes", 45: "reorganised regions",
    46: "late postings", 47: "month not complete", 48: "missing month, zero month", 49: "4-4-5 calendar", 50: "trading days",
    51: "moving holidays", 52: "stock-outs", 53: "promotions", 54: "launches, ends", 55: "general ledger",
}  # fmt: skip


def family_of(number: int) -> str:
    """Family of a defect."""
    return next(
        (name for name, numbers in FAMILIES.items() if number in numbers),
        "together" if number == COMBINED else "clean",
    )


def list_cases(number: int, seed: int) -> list[Case]:
    """Cases of one defect; of none (`CLEAN`), and of many at a time (`COMBINED`)."""
    asked = frozenset(RULES.get(number, ()))
    return [
        replace(case, expected=replace(case.expected, allowed=case.expected.allowed | asked))
        for case in PLANTS[number](seed)
    ]
