"""How the rules of cleaning read: a name in a table to words for people.

A rule's name enters, words leave.
"""

from __future__ import annotations

from salesfc_lib.foundation import wording

RULES = {  # those whose name alone would not say it
    "opening": "Read", "kept": "Kept", "unreadable": "Could not be read", "duplicate": "Repeated line", "key_conflict": "Key repeated with other values",
    "possible_duplicate": "Possibly repeated", "superseded": "Replaced by a newer extract", "subtotal": "Subtotal", "repeated_header": "Repeated header",
    "tax": "Tax taken out or put in", "discount": "Discount", "freight": "Freight", "after_month": "Dated after the month",
    "returns_apart": "Return, counted apart", "return_sign": "Sign of returns", "return_without_sale": "Return without a sale",
    "returned_order": "Returned order, written out", "expanded": "Notice of a return, written out", "undated_return": "Return without a date",
    "renamed": "Member renamed", "reused_code": "Code used twice", "reorganised": "Member reorganised", "unknown_member": "Dimension without a member",
    "missing_month": "Month without any row", "sample": "Sample", "within_company": "Sold within the company", "cancelled": "Cancelled in pairs", "currency": "Converted to the unit's currency",
    "unit_of_measure": "Converted to the base unit", "implausible": "Implausible", "misfit": "Does not fit the header", "other_encoding": "Line in another encoding",
    "control_character": "Control character", "error_cell": "Spreadsheet error", "stale_formula": "Stale formula", "no_such_day": "Day that never was",
    "sentinel_date": "Date that stands for none", "encoding": "Encoding", "byte_order_mark": "Byte-order mark", "mojibake": "Garbled text",
    "dialect_drift": "Files written differently", "cut_short": "File cut short", "title_rows": "Titles above the header", "filled_down": "Merged cells filled",
    "hidden": "Hidden rows, columns or sheets", "renamed_column": "Column renamed", "separators": "Decimal and thousands marks", "trailing_minus": "Minus after the number",
    "parentheses": "Negative in brackets", "debit_credit": "Debit and credit marks", "currency_sign": "Currency signs", "full_width": "Full-width digits",
    "chinese_unit": "千, 万, 亿", "percent": "Percent signs", "stated_unit": "Stated unit", "lost_zeros": "Lost leading zeros", "serial_date": "Serial dates",
    "date_system": "1904 date system", "date_order": "Order of day and month", "time_zone": "Time zones", "null_spelling": "Spellings of nothing",
    "driver": "Driver in the months ahead", "promotion_flag": "Flag of promotion",
    "month_of_sale": "Moved to the month of the sale",
}  # fmt: skip


def rule_name(rule: str) -> str:
    """How a rule reads."""
    return RULES.get(rule, wording.first_upper(rule.replace("_", " ")))
