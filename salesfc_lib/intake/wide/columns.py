"""Which columns of a sheet are periods, which are their totals, and which say what a row is.

The header enters with the rows above it and the first row below: a year may stand above its months,
names of measures above or below them. A period is read as a run reads dates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pyarrow as pa

from salesfc_lib.intake.parse.days.periods import MONTH, WEEK, dissect_period
from salesfc_lib.intake.parse.days.spellings import COUNTED
from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.survey import survey_days, survey_numbers
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.row_marks import find_words

FEWEST = 2  # different periods side by side
LOOKED_AT = 50  # rows that tell whether a column holds numbers
MOST_ABOVE = 3  # rows above the header that may belong to it
ANY_YEAR = "2000"  # of months whose rows say their year
MOST_YEARS = 0.6  # share of the filled cells of a column of years; others are words of sums
YEAR = re.compile(r"(?:FY\s?)?((?:19[89]|20\d)\d)(?:\s?年度?)?", re.IGNORECASE)
WITH_YEAR = ("{0} {1}", "{1}年{0}", "{1}-{0}")  # a month or week, and the year above it
FORMS = {MONTH: "{:%Y-%m}", WEEK: "{:%G-W%V}"}  # of a period that is no day
PARTS = re.compile(r"[\s_|-]+")

Level = list[str]  # a row of the header, as wide as the sheet


@dataclass(frozen=True)
class Across:
    """Columns of a sheet by their place.

    `periods` has the first day of each column of figures, `dates` the period as a row would write
    it (2025-01, 2025-W05, 2025-01-06), `labels` the text beside it that says
    which measure it holds ('' where all hold the same), `totals` the label of each column that adds
    up others, `years` the year that such a column is of, where it says one, `others` the columns
    that say what a row is, `years_at` the one of them that says the year of each row's months. It
    is None where the header says it. `above` and `below` count the rows above the header, and below
    it, that belong to it; `names` has the texts of each column together; `said` are texts that
    stand over all columns.
    """

    periods: Mapping[int, date]
    dates: Mapping[int, str]
    labels: Mapping[int, str]
    totals: Mapping[int, str]
    years: Mapping[int, int]
    others: Sequence[int]
    above: int
    below: int
    names: Mapping[int, str]
    said: Sequence[str]
    years_at: int | None = None


def find_across(grid: Grid, words: Sequence[str], named: Sequence[str] = ()) -> Across | None:
    """The columns of a sheet with periods side by side, None of any other; `words` mark totals.

    The year of months that have none is told by a column, by the titles, or by what is
    `named`: the sheet, or else the file.
    """
    width = len(grid.header)
    above = [[*row[:width], *[""] * (width - len(row))] for row in grid.above[-MOST_ABOVE:]]
    above = [row if _heads_columns(row) else [""] * width for row in above]
    first = [column[0].as_py() for column in grid.cells.columns] if len(grid.numbers) else []
    below = [first] if first and _is_label_row(first, grid.header, words) else []
    lines = [*above, [*grid.header], *below]
    levels = [_spread(line) for line in lines[:-1]] + [[cell.strip() for cell in lines[-1]]]
    found = _find_periods(levels) or _find_periods([*levels, [_find_title(grid)] * width])
    years_at = None if found else _find_years(grid, len(below))
    if found is None:
        years = [ANY_YEAR] if years_at is not None else [*filter(None, map(_say_year, named))]
        found = _find_periods([*levels, years[:1] * width]) if years else None
    if found is None or len({*found.days.values()}) < FEWEST:
        return None
    found = _take_months(found)
    labels, over = _find_labels(levels, found, [*found.days])
    if len({(day, labels[at]) for at, day in found.days.items()}) < len(found.days):
        return None
    free = [at for at in range(width) if at not in found.days]
    texts = {at: [level[at] for level in levels if level[at]] for at in free}
    start = min(found.days)
    totals = {
        at
        for at in free
        if _adds_up(texts[at], words) and (at > start or _holds_numbers(grid, at, len(below)))
    }
    known = sorted({*labels.values()}, key=len, reverse=True)
    used = [at for at in range(len(above)) if at in found.levels or _reaches(above[at], found)]
    corner = [level[at] for level in levels for at in range(start) if level[at]]
    return Across(
        found.days,
        {
            at: FORMS.get(found.forms[at], "{:%Y-%m-%d}").format(day)
            for at, day in found.days.items()
        },
        labels,
        {at: _match_label(texts[at], known) for at in sorted(totals)},
        {at: year for at in totals if (year := _find_year(texts[at]))},
        [at for at in free if at not in totals],
        len(above) - min(used, default=len(above)),
        len(below),
        {at: _name(cells, over) for at, cells in enumerate(zip(*levels, strict=True))},
        [*over, *corner, *grid.titles],
        years_at,
    )


@dataclass(frozen=True)
class _Periods:
    """First day of each column, the form of its period, what of its cell is no period, and the
    levels that say it.
    """

    days: dict[int, date]
    forms: dict[int, str]
    rests: dict[int, str]
    levels: set[int]


def _find_title(grid: Grid) -> str:
    """The year that the titles name, '' where they name none or several."""
    year = _find_year(grid.titles)
    return str(year) if year else ""


def _find_years(grid: Grid, below: int) -> int | None:
    """The column whose cells are years, or blank as merged ones are; None where none is."""
    for at, column in enumerate(grid.cells.columns):
        cells = column.slice(below).cast(pa.string()).to_pylist()
        years = [bool(YEAR.fullmatch(cell.strip())) for cell in cells if cell.strip()]
        if years and sum(years) >= MOST_YEARS * len(years):
            return at
    return None


def _find_periods(levels: Sequence[Level]) -> _Periods | None:
    """Periods of the level that has most of them, by itself or with the year of another."""
    found = []
    for at, level in enumerate(levels):
        found.append(_read_level(level, {at}))
        for other, years in enumerate(levels):
            if other != at and any(map(YEAR.fullmatch, years)):
                found.append(_read_level(_join_years(level, years), {at, other}))
    best = max(found, key=_rate, default=None)
    return best if best and best.days else None


def _rate(found: _Periods) -> tuple[int, int, int]:
    return len({*found.days.values()}), len(found.days), -len(found.levels)


def _read_level(level: Level, places: set[int]) -> _Periods:
    pairs = {at: _split_period(text) for at, text in enumerate(level) if text}
    texts = {at: pair[0] for at, pair in pairs.items() if pair[0]}
    days = survey_days([*texts.values()]).values if texts else []
    known = {at: day for at, day in zip(texts, days, strict=True) if day is not None}
    forms = {at: dissect_period(texts[at]).form for at in known}
    return _Periods(known, forms, {at: pairs[at][1] for at in known}, places)


def _take_months(found: _Periods) -> _Periods:
    """The periods, days as months where each is the first or each is the last of its month."""
    days = found.days.values()
    firsts = {day.replace(day=1) for day in days}
    is_end = all((day + timedelta(days=1)).day == 1 for day in days)
    is_month = is_end or all(day.day == 1 for day in days)
    if {*found.forms.values()} & {MONTH, WEEK} or not is_month or len(firsts) < FEWEST:
        return found
    months = {at: day.replace(day=1) for at, day in found.days.items()}
    return replace(found, days=months, forms=dict.fromkeys(months, MONTH))


def _join_years(level: Level, years: Level) -> Level:
    """Texts of a level with the years of another, where they make a period together."""
    joined = []
    for text, year in zip(level, years, strict=True):
        found = YEAR.fullmatch(year)
        tried = [form.format(text, found[1]) for form in WITH_YEAR] if found and text else []
        joined.append(next(filter(_is_period, tried), ""))
    return joined


def _split_period(text: str) -> tuple[str, str]:
    """The period in a text ('' for none) and what else it says.

    >>> _split_period("Jan 2025"), _split_period("qty_2025_01"), _split_period("Region")
    (('Jan 2025', ''), ('2025-01', 'qty'), ('', ''))
    """
    plain = text.replace("_", "-")
    gaps = [(gap.start(), gap.end()) for gap in PARTS.finditer(text)]
    halves = [(plain[end:], text[:start]) for start, end in gaps]
    halves += [(plain[:start], text[end:]) for start, end in gaps]
    return next((pair for pair in ((plain, ""), *halves) if _is_period(pair[0])), ("", ""))


def _is_period(text: str) -> bool:
    try:
        return dissect_period(text).form not in COUNTED
    except Unreadable:
        return False


def _find_labels(
    levels: Sequence[Level], found: _Periods, places: Sequence[int]
) -> tuple[dict[int, str], list[str]]:
    """What tells the columns of a period apart, and texts that are the same over all of them."""
    rest = [[found.rests.get(at, "") for at in range(len(levels[0]))]]
    free = [level for at, level in enumerate(levels) if at not in found.levels]
    lines = [[line[at] for at in places] for line in [*free, *rest]]
    telling = [line for line in lines if len({*line}) > 1]
    said = [line[0] for line in lines if len({*line}) == 1 and line[0]]
    labels = {
        at: " ".join(filter(None, texts)) for at, *texts in zip(places, *telling, strict=True)
    }
    return labels, said


def _holds_numbers(grid: Grid, at: int, below: int) -> bool:
    cells = grid.cells.column(at).slice(below, LOOKED_AT).cast(pa.string()).to_pylist()
    return survey_numbers([cell.strip() for cell in cells]).share == 1


def _adds_up(texts: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a column's texts say a sum, or a period of several months."""
    if not texts:
        return False
    return any(find_words(pa.table({"0": [*texts]}), words)) or _is_longer(texts[-1])


def _is_longer(text: str) -> bool:
    try:
        dissect_period(text)
    except Unreadable as problem:
        return "a monthly forecast needs" in str(problem)
    return False


def _match_label(texts: Sequence[str], labels: Sequence[str]) -> str:
    joined = " ".join(texts).casefold()
    return next((label for label in labels if label.casefold() in joined), "")


def _find_year(texts: Sequence[str]) -> int:
    """The year that a total is of; 0 where it says none."""
    words = [word for text in texts for word in PARTS.split(text)]
    years = {found[1] for word in words if (found := YEAR.fullmatch(word))}
    return int(years.pop()) if len(years) == 1 else 0


def _say_year(name: str) -> str:
    return str(_find_year([name]) or "")


def _name(cells: Sequence[str], over: Sequence[str]) -> str:
    """A column's texts from top to bottom, each once, without what stands over all columns."""
    return " ".join(dict.fromkeys(cell for cell in cells if cell and cell not in over))


def _spread(line: Sequence[str]) -> Level:
    """A row of headers in which a blank cell takes the text to its left, as merged cells show."""
    texts: Level = []
    for cell in line:
        texts.append(cell.strip() or (texts[-1] if texts else ""))
    return texts


def _reaches(line: Sequence[str], found: _Periods) -> bool:
    """Whether a row of headers has several texts over the periods, as a title has not."""
    return sum(bool(line[at].strip()) for at in found.days) >= FEWEST


def _heads_columns(row: Sequence[str]) -> bool:
    """Whether a row above the header is more than a title: several texts, or a year."""
    texts = [cell.strip() for cell in row if cell.strip()]
    return len(texts) > 1 or any(map(YEAR.fullmatch, texts))


def _is_label_row(first: Sequence[str], header: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the row below the header names measures: texts under periods and sums alone."""
    texts = [cell.strip() for cell in first]
    pairs = [(head, text) for head, text in zip(header, texts, strict=True) if text]
    if any(_names_row(head) and not _adds_up([head], words) for head, _ in pairs):
        return False
    numbers = survey_numbers([text for _, text in pairs]).share if pairs else 1
    return len(pairs) >= FEWEST and not numbers


def _names_row(head: str) -> bool:
    """Whether a header is one of a column that says what a row is."""
    return bool(head.strip()) and not _split_period(head.strip())[0] and not YEAR.fullmatch(head)
