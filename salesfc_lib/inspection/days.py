"""Whether a column holds days, and in which order day and month stand.

Cells enter; a `Days` leaves, with the cell that proves the order. The decision made here: a 25 can only be a day, so a cell
proves an order or it does not; what is only likely (most rows would then be in order) is said and decides nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

YEARS = (1980, 2100)
SENTINELS = (
    "0000-00-00",
    "0000/00/00",
    "9999-12-31",
    "9999/12/31",
    "99991231",
    "00000000",
    "1900-01-00",
    "1900-01-01",
    "1900/1/1",
    "1970-01-01",
)
EPOCHS = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
_TIME = r"(?:[T ]\s*(?P<time>\d{1,2}[:时]\d{1,2}.*))?"
_YEAR_FIRST = re.compile(
    r"(\d{4})\s*(?P<sign>[-/.年])\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?" + _TIME
)
_YEAR_LAST = re.compile(r"(\d{1,2})(?P<sign>[-/. ])(\d{1,2})[-/. ](\d{4}|\d{2})" + _TIME)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})\s*(?:[-/.年]\s*(\d{1,2})月?|(\d{2}))")
_MONTH_LAST = re.compile(r"(\d{1,2})[/.-](\d{4})")
_NAMED = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?(?:(\d{1,2})[-. /]\s*([a-zäéûç]{3,9})\.?|([a-zäéûç]{3,9})\.?[- ](\d{1,2}),?)[-, /]\s*'?(\d{4}|\d{2})"
    + _TIME,
    re.IGNORECASE,
)
_NAMED_MONTH = re.compile(r"([a-zäéûç]{3,9})\.?[- /,]\s*'?(\d{4}|\d{2})", re.IGNORECASE)
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ["jan,janv", "feb,fev,fév,febr", "mar,mär,mars,mrz", "apr,avr", "may,mai,maj", "jun,juin", "jul,juil", "aug,aou,aoû,août", "sep,sept", "oct,okt", "nov", "dec,dez,déc"], 1
    )
    for name in names.split(",")
}  # fmt: skip


@dataclass(frozen=True)
class Days:
    """What a column's cells say about days; `order` is '' where no cell needs one (year first), 'dmy', 'mdy', '?' or 'both'."""

    values: Sequence[date | None]
    share: float  # of the filled cells that are days
    order: str = ""
    proof: Mapping[str, int] = field(
        default_factory=dict
    )  # order: position of the first cell that proves it
    proofs: Mapping[str, int] = field(default_factory=dict)  # order: number of such cells
    open: int = 0  # cells that two orders explain
    forms: Mapping[str, int] = field(default_factory=dict)
    strange: Mapping[str, Sequence[int]] = field(default_factory=dict)  # rule: positions
    months: bool = False  # the cells are months, not days

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day."""
        days = [day for day in self.values if day is not None]
        return (min(days), max(days)) if days else None


@dataclass(frozen=True)
class _Read:
    form: str
    first: date | None = None  # year first, or day before month
    second: date | None = None  # month before day
    rule: str = ""
    time: str = ""


def read_days(cells: Sequence[str], *, serial: int | None = None) -> Days:
    """Days of a column of text; with `serial` (1900 or 1904) numbers are days counted from there."""
    distinct = {cell: _read(cell, serial) for cell in dict.fromkeys(cells) if cell}
    reads = [distinct.get(cell) for cell in cells]
    filled = sum(bool(cell) for cell in cells)
    proof: dict[str, int] = {}
    proofs: Counter[str] = Counter()
    strange: dict[str, list[int]] = {}
    undecided = 0
    for position, read in enumerate(reads):
        if read is None:
            continue
        if read.rule:
            strange.setdefault(read.rule, []).append(position)
        if read.form.startswith("year last"):
            order = (
                "dmy"
                if read.second is None and read.first
                else "mdy"
                if read.first is None and read.second
                else ""
            )
            if order:
                proof.setdefault(order, position)
                proofs[order] += 1
            elif read.first != read.second:
                undecided += 1
        if _ZONE.search(read.time):
            strange.setdefault("time_zone", []).append(position)
    order = "both" if len(proof) == 2 else next(iter(proof), "?" if undecided else "")
    values = [_choose(read, order) for read in reads]
    good = sum(read is not None and bool(read.form) for read in reads)
    forms = Counter(read.form for read in reads if read is not None and read.form)
    months = bool(forms) and all(form == "month" for form in forms)
    return Days(
        values,
        good / filled if filled else 0.0,
        order,
        proof,
        proofs,
        undecided,
        dict(forms),
        strange,
        months,
    )


def say_order(days: Days) -> str:
    """The order of day and month in words."""
    return {
        "dmy": "day first",
        "mdy": "month first",
        "?": "undecidable",
        "both": "contradictory",
    }.get(days.order, "year first" if days.forms else "")


def count_in_order(days: Sequence[date | None]) -> float:
    """Share of neighbouring rows whose days do not go back; a list that systems write is mostly in order."""
    known = [day for day in days if day is not None]
    steps = [later >= earlier for earlier, later in zip(known, known[1:], strict=False)]
    return sum(steps) / len(steps) if steps else 0.0


def read_as(cells: Sequence[str], order: str) -> list[date | None]:
    """Days of the cells, read in the given order."""
    distinct = {
        cell: _choose(_read(cell, None), order) if cell else None for cell in dict.fromkeys(cells)
    }
    return [distinct[cell] for cell in cells]


def _choose(read: _Read | None, order: str) -> date | None:
    if read is None:
        return None
    if not read.form.startswith("year last"):
        return read.first
    if read.first == read.second:
        return read.first
    return read.first if order == "dmy" else read.second if order == "mdy" else None


def _read(cell: str, serial: int | None) -> _Read:
    text = unicodedata.normalize("NFKC", cell).strip()
    if text in SENTINELS:
        return _Read("sentinel", rule="sentinel_date")
    readers = (_read_year_first, _read_compact, _read_year_last, _read_named, _read_month)
    found = next((read for reader in readers if (read := reader(text)) is not None), None)
    return found or _read_serial(text, serial) or _Read("")


def _read_year_first(text: str) -> _Read | None:
    if (found := _YEAR_FIRST.fullmatch(text)) is None:
        return None
    sign = found["sign"]
    form = "年月日" if sign == "年" else f"YYYY{sign}MM{sign}DD"
    return _day(form, int(found[1]), int(found[3]), int(found[4]), found["time"] or "")


def _read_compact(text: str) -> _Read | None:
    if (found := _COMPACT.fullmatch(text)) is None:
        return None
    year, month, day = (int(digits) for digits in found.groups())
    return (
        _day("YYYYMMDD", year, month, day)
        if YEARS[0] <= year < YEARS[1] and month <= 12 and day <= 31
        else None
    )


def _read_year_last(text: str) -> _Read | None:
    if (found := _YEAR_LAST.fullmatch(text)) is None:
        return None
    first, second, year = int(found[1]), int(found[3]), _full_year(found[4])
    form = f"year last, with {found['sign']!r}" + (" and two digits" if len(found[4]) == 2 else "")
    day_first, month_first = _make(year, second, first), _make(year, first, second)
    if day_first is None and month_first is None:
        return _Read("", rule="no_such_day" if first <= 31 and second <= 31 else "")
    return _Read(form, day_first, month_first, time=found["time"] or "")


def _read_named(text: str) -> _Read | None:
    if (found := _NAMED.fullmatch(text)) is None:
        return None
    month = _month_named((found[2] or found[3]).casefold())
    return (
        _day(
            "month by name",
            _full_year(found[5]),
            month,
            int(found[1] or found[4]),
            found["time"] or "",
        )
        if month
        else None
    )


def _read_month(text: str) -> _Read | None:
    if (found := _MONTH.fullmatch(text)) and YEARS[0] <= int(found[1]) < YEARS[1]:
        day = _make(int(found[1]), int(found[2] or found[3]), 1)
        return _Read("month", day, day) if day else None
    if found := _MONTH_LAST.fullmatch(text):
        day = _make(int(found[2]), int(found[1]), 1)
        return _Read("month", day, day) if day else None
    if (found := _NAMED_MONTH.fullmatch(text)) and (month := _month_named(found[1].casefold())):
        day = _make(_full_year(found[2]), month, 1)
        return _Read("month", day, day) if day else None
    return None


def _read_serial(text: str, serial: int | None) -> _Read | None:
    if serial is None or not re.fullmatch(r"\d{4,5}(?:\.\d+)?", text):
        return None
    number = int(float(text))
    day = EPOCHS[serial] + timedelta(days=number)
    return (
        _Read("serial number", day, day, "serial_date") if YEARS[0] <= day.year < YEARS[1] else None
    )


def _day(form: str, year: int, month: int, day: int, time: str = "") -> _Read:
    made = _make(year, month, day)
    if made is None:
        return _Read("", rule="sentinel_date" if not YEARS[0] <= year < YEARS[1] else "no_such_day")
    return _Read(form, made, made, time=time)


def _make(year: int, month: int, day: int) -> date | None:
    if not YEARS[0] <= year < YEARS[1]:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _full_year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _month_named(name: str) -> int:
    return _MONTHS.get(name) or _MONTHS.get(name[:4]) or _MONTHS.get(name[:3]) or 0
