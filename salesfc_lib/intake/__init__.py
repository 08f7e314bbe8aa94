"""From bytes to values: exports are read as columns of text, and text is parsed with its evidence.

A declared source enters `sources` and leaves as an `Extract`, text as the export shows it. `parse`
turns such columns into days, numbers, units and codes for cleaning, inspection and hand-written
files alike. An `Issue` is what was found on the way.
"""

from __future__ import annotations

from salesfc_lib.intake.header_keys import fold_header, split_header, strip_header
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.cell import parse_moment, parse_moments, parse_month, parse_number
from salesfc_lib.intake.parse.columns import (
    check_identifiers,
    find_error_cells,
    read_days,
    read_measures,
    read_texts,
)
from salesfc_lib.intake.parse.currencies import CURRENCIES
from salesfc_lib.intake.parse.dates import Dates, read_dates, read_months
from salesfc_lib.intake.parse.day_spellings import is_serial, is_year
from salesfc_lib.intake.parse.evidence import BLANK, Unreadable, name_place, prefix
from salesfc_lib.intake.parse.fixed_point import (
    INT64,
    exactly,
    from_decimals,
    largest,
    rescale,
    round_half_even,
    to_decimals,
    whole,
)
from salesfc_lib.intake.parse.identifiers import find_lost_zeros, find_scientific
from salesfc_lib.intake.parse.nulls import is_null_spelling
from salesfc_lib.intake.parse.numbers import Convention, Numbers, read_numbers
from salesfc_lib.intake.parse.stated_scales import refuse_stated_unit
from salesfc_lib.intake.parse.survey import (
    CONTRARY,
    UNPROVED,
    DaySurvey,
    NumberSurvey,
    survey_days,
    survey_numbers,
)
from salesfc_lib.intake.sources.cell_text import cell_text
from salesfc_lib.intake.sources.excerpts import (
    Excerpt,
    excerpt_parquet,
    excerpt_table,
    list_tables,
    peek_sheets,
    take_excerpt,
)
from salesfc_lib.intake.sources.extract import Extract, label_files, read_grid, read_source
from salesfc_lib.intake.sources.files import find_files, find_root
from salesfc_lib.intake.sources.header import header_of
from salesfc_lib.intake.sources.kinds import identify
from salesfc_lib.intake.sources.layout import FILE, MARK, ROW, Grid, exported, is_plain
from salesfc_lib.intake.sources.snapshot import check_kept, find_archive, keep_file
from salesfc_lib.intake.sources.text.charset import guess_encoding
from salesfc_lib.intake.sources.text.dialect import (
    DELIMITERS,
    count_headers,
    find_dialect,
    list_top,
)
from salesfc_lib.intake.sources.text.encodings import MARKS, UTF8, list_encodings
from salesfc_lib.intake.sources.text.html import decode_page, read_tables
from salesfc_lib.intake.sources.text.mojibake import repair as repair_mojibake
from salesfc_lib.intake.sources.text_columns import (
    as_category,
    category_of,
    constant,
    encode,
    map_texts,
    missing_category,
    one_category,
    stack,
)

__all__ = [
    "BLANK",
    "CONTRARY",
    "CURRENCIES",
    "Convention",
    "DELIMITERS",
    "Dates",
    "DaySurvey",
    "Excerpt",
    "Extract",
    "FILE",
    "Grid",
    "INT64",
    "Issue",
    "MARK",
    "MARKS",
    "NumberSurvey",
    "Numbers",
    "ROW",
    "UNPROVED",
    "UTF8",
    "Unreadable",
    "as_category",
    "category_of",
    "cell_text",
    "check_identifiers",
    "check_kept",
    "constant",
    "count_headers",
    "decode_page",
    "encode",
    "exactly",
    "excerpt_parquet",
    "excerpt_table",
    "exported",
    "find_archive",
    "find_dialect",
    "find_error_cells",
    "find_files",
    "find_lost_zeros",
    "find_root",
    "find_scientific",
    "fold_header",
    "from_decimals",
    "guess_encoding",
    "header_of",
    "identify",
    "is_null_spelling",
    "is_plain",
    "is_serial",
    "is_year",
    "keep_file",
    "label_files",
    "largest",
    "list_encodings",
    "list_tables",
    "list_top",
    "map_texts",
    "missing_category",
    "name_place",
    "one_category",
    "parse_moment",
    "parse_moments",
    "parse_month",
    "parse_number",
    "peek_sheets",
    "prefix",
    "read_dates",
    "read_days",
    "read_grid",
    "read_measures",
    "read_months",
    "read_numbers",
    "read_source",
    "read_tables",
    "read_texts",
    "refuse_stated_unit",
    "repair_mojibake",
    "rescale",
    "round_half_even",
    "split_header",
    "stack",
    "strip_header",
    "survey_days",
    "survey_numbers",
    "take_excerpt",
    "to_decimals",
    "whole",
]
