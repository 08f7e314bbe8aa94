"""From bytes to values: exports are read as columns of text, and text is parsed with its evidence.

A declared source enters `sources` and leaves as an `Extract`, text as the export shows it. `parse`
turns such columns into days, numbers, units and codes for cleaning, inspection and hand-written
files alike. An `Issue` is one thing noticed on the way. Modules whose functions belong together are
handed on as they are.
"""

from __future__ import annotations

from salesfc_lib.intake.header_keys import fold_header, split_header, strip_header
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse import evidence, identifiers, mapped_columns
from salesfc_lib.intake.parse.cell import parse_moment, parse_moments, parse_month, parse_number
from salesfc_lib.intake.parse.days.reading import read_dates, read_months
from salesfc_lib.intake.parse.days.spellings import is_counted, is_year
from salesfc_lib.intake.parse.days.year_month import join_columns, join_periods
from salesfc_lib.intake.parse.nulls import is_null_spelling
from salesfc_lib.intake.parse.numbers import fixed_point
from salesfc_lib.intake.parse.numbers.currencies import CURRENCIES
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.parse.stated_scales import refuse_stated_unit
from salesfc_lib.intake.parse.survey import (
    CONTRARY,
    UNPROVED,
    DaySurvey,
    NumberSurvey,
    survey_days,
    survey_numbers,
)
from salesfc_lib.intake.sources import excerpts, layout, row_marks, snapshot, text_columns
from salesfc_lib.intake.sources.cell_text import cell_text
from salesfc_lib.intake.sources.databases.connection import begin as begin_writing
from salesfc_lib.intake.sources.extract import Extract, label_files, read_grid
from salesfc_lib.intake.sources.files import find_files, find_root
from salesfc_lib.intake.sources.header import header_of
from salesfc_lib.intake.sources.kinds import identify
from salesfc_lib.intake.sources.text import dialect, encodings
from salesfc_lib.intake.sources.text.charset import guess_encoding
from salesfc_lib.intake.sources.text.html import decode_page, read_tables
from salesfc_lib.intake.sources.text.mojibake import repair as repair_mojibake
from salesfc_lib.intake.wide import numbered
from salesfc_lib.intake.wide.columns import Across, find_across
from salesfc_lib.intake.wide.reading import read_source
from salesfc_lib.intake.wide.unpivot import CELL, PERIOD, unpivot

__all__ = [
    "Across",
    "CELL",
    "CONTRARY",
    "CURRENCIES",
    "Convention",
    "DaySurvey",
    "Extract",
    "Issue",
    "NumberSurvey",
    "PERIOD",
    "UNPROVED",
    "begin_writing",
    "cell_text",
    "decode_page",
    "dialect",
    "encodings",
    "evidence",
    "excerpts",
    "find_across",
    "find_files",
    "find_root",
    "fixed_point",
    "fold_header",
    "guess_encoding",
    "header_of",
    "identifiers",
    "identify",
    "is_null_spelling",
    "is_counted",
    "is_year",
    "join_columns",
    "join_periods",
    "label_files",
    "layout",
    "mapped_columns",
    "numbered",
    "parse_moment",
    "parse_moments",
    "parse_month",
    "parse_number",
    "read_dates",
    "read_grid",
    "read_months",
    "read_numbers",
    "read_source",
    "read_tables",
    "refuse_stated_unit",
    "repair_mojibake",
    "row_marks",
    "snapshot",
    "split_header",
    "strip_header",
    "survey_days",
    "survey_numbers",
    "text_columns",
    "unpivot",
]
