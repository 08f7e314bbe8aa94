"""A column of text parsed to days or months, with a reason for each text that is none.

Day and month are told apart where the column proves their order, or one is declared; a column of
which no row is certain is not read at all, and a moment with a time zone is no day until
`calendar.zone` is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.day_order import EQUAL, WORDS, Order, decide_order, undecidable
from salesfc_lib.intake.parse.day_spellings import (
    YEARS,
    WrittenDay,
    dissect_day,
    dissect_month,
    list_meanings,
    to_day,
)
from salesfc_lib.intake.parse.evidence import (
    BLANK,
    Unreadable,
    list_cells,
    place_problems,
    report_rule,
)
from salesfc_lib.intake.parse.nulls import require_value
from salesfc_lib.intake.parse.number_spellings import to_ascii

CLOCK = r"[ T](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
MOMENT = (  # years for which pyarrow knows when summer time begins
    r"^(?:19[89][0-9]|20[0-2][0-9]|203[0-6])-[01][0-9]-[0-3][0-9]"
    r"[ T][012][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:Z|[-+][0-9]{2}:[0-9]{2})$"
)
AMBIGUOUS = "may be day or month first; set `date_format` or `date_order`"

Read = Callable[[str], WrittenDay]


class Dates(NamedTuple):
    """A column's days; NaT where there is a problem."""

    days: np.ndarray  # (n_rows,) datetime64[ns]
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    issues: list[Issue]  # rules that read cells; `row` is the first position
    written: str | None = (
        None  # the order of day, month and year, where it was declared or the column proves it
    )


def read_dates(
    column: pa.ChunkedArray,
    date_format: str | None = None,
    *,
    order: str | None = None,
    date_system: int = 1900,
    zone: str | None = None,
) -> Dates:
    """Days of a column of text, dictionary-encoded or not, without nulls.

    Parameters
    ----------
    date_format
        As `datetime.strptime` takes it; None: found cell by cell.
    order
        'dmy', 'mdy' or 'ymd', of days whose form does not tell; None: proved by the column.
    date_system
        1900 or 1904: from when a workbook counts its days.
    zone
        IANA name of the zone in which the business's days begin; None: a moment with a zone is a
        problem.

    Raises
    ------
    SalesForecastError
        Cells prove contrary orders, or no day of the column is certain.

    >>> dates = read_dates(pa.chunked_array([["25/12/2019", "1/2/2020", "2020-02-30", "-"]]))
    >>> dates.days.astype("datetime64[D]").astype(str).tolist()
    ['2019-12-25', '2020-02-01', 'NaT', 'NaT']
    >>> dates.problems[2], dict(dates.rules)
    ("'2020-02-30' is no day of the calendar", {2: 'no_such_day', 3: 'unreadable'})
    """
    read = (
        partial(_read_format, date_format=date_format)
        if date_format
        else partial(dissect_day, date_system=date_system)
    )
    reasons = {
        "serial_date": f"a number of days as spreadsheets count them (date system {date_system})",
        "time_zone": f"the day that the moment belongs to in {zone}",
    }
    return _read_column(column, read, _Declared(order, zone, reasons))


def read_months(
    column: pa.ChunkedArray, date_format: str | None = None, *, order: str | None = None
) -> Dates:
    """First days of months of a column of months or days as text.

    >>> read_months(pa.chunked_array([["2024-07", "2024/7/31"]])).days.astype("datetime64[M]")
    array(['2024-07', '2024-07'], dtype='datetime64[M]')
    """
    read = (
        partial(_read_format, date_format=date_format)
        if date_format
        else (lambda text: dissect_month(text) or dissect_day(text))
    )
    reasons = {"serial_date": "a number of days as spreadsheets count them (date system 1900)"}
    dates = _read_column(column, read, _Declared(order, None, reasons))
    return dates._replace(days=dates.days.astype("datetime64[M]").astype("datetime64[ns]"))


class _Declared(NamedTuple):
    """What a source declares about a column."""

    order: str | None
    zone: str | None
    reasons: Mapping[str, str]


def _read_column(column: pa.ChunkedArray, read: Read, declared: _Declared) -> Dates:
    texts, places = list_cells(column)
    localised, moments = _localise(texts, declared.zone)
    encoded = _cut_clocks(localised).dictionary_encode()
    codes, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    written = [_try(text, read) for text in distinct]
    zone = ZoneInfo(declared.zone) if declared.zone else None
    order = _decide(list(zip(distinct, written, strict=True)), declared.order, zone)
    found = [_find_day(each, order, zone) for each in written]
    unread = [day if isinstance(day, Unreadable) else None for day in found]
    values = [None if isinstance(day, Unreadable) else day for day in found]
    days = np.array(values, dtype="datetime64[D]").astype("datetime64[ns]")
    wrong = np.flatnonzero(np.array([problem is not None for problem in unread], dtype=bool)[codes])
    whole = texts.take(pa.array(wrong)).to_pylist()  # with the time of day that was cut
    problems, rules = place_problems(
        places, wrong, np.arange(len(wrong)), whole, [unread[code] for code in codes[wrong]]
    )
    reasons = {
        **declared.reasons,
        "null_spelling": "stands for a blank cell",
        "full_width": "digits or signs of another script are read as the common ones",
        "date_order": order.reason or EQUAL,
    }
    used = {rule: mask[codes] for rule, mask in _list_used(distinct, written, unread).items()}
    if moments.any():
        used["time_zone"] = moments | used.get("time_zone", moments)
    issues = [
        report_rule(places, texts, np.flatnonzero(used[rule]), rule, reasons[rule])
        for rule in sorted(used)
    ]
    proved = order.order if order.proved else None
    return Dates(places.spread(days[codes]), problems, rules, issues, proved)


def _localise(texts: pa.Array, zone: str | None) -> tuple[pa.Array, np.ndarray]:
    """Texts with their ISO moments as days in the business's zone, and which cells those are."""
    none = np.zeros(len(texts), dtype=bool)
    if zone is None or not pc.any(moments := pc.match_substring_regex(texts, MOMENT)).as_py():
        return texts, none
    try:
        local = pc.local_timestamp(
            pc.cast(
                pc.cast(texts.filter(moments), pa.timestamp("us", "UTC")), pa.timestamp("us", zone)
            )
        )
    except pa.ArrowInvalid:  # a day that never was, or no database of zones: each text by itself
        return texts, none
    days = pc.cast(pc.cast(local, pa.date32(), safe=False), texts.type)
    return pc.replace_with_mask(texts, moments, days), moments.to_numpy(zero_copy_only=False)


def _cut_clocks(texts: pa.Array) -> pa.Array:
    """Texts without a plain time of day, which changes nothing where there is no zone."""
    clocked = pc.match_substring_regex(texts, f"^[^ T:]{{10}}{CLOCK}$")
    if pc.any(clocked).as_py():
        texts = pc.if_else(clocked, pc.utf8_slice_codeunits(texts, 0, 10), texts)
    if pc.any(pc.match_substring_regex(texts, f"^[^ T:]+{CLOCK}$")).as_py():
        texts = pc.replace_substring_regex(texts, f"^([^ T:]+){CLOCK}$", r"\1")
    return texts


def _try(text: str, read: Read) -> WrittenDay | Unreadable:
    try:
        require_value(text)
        return read(text)
    except Unreadable as problem:
        return problem


def _read_format(text: str, date_format: str) -> WrittenDay:
    """A day as `date_format` says."""
    try:
        moment = datetime.strptime(to_ascii(text)[0], date_format)
    except ValueError:
        raise Unreadable(f"is not written as `date_format` '{date_format}' says") from None
    offset = moment.utcoffset()
    minutes = None if offset is None else int(offset.total_seconds() // 60)
    rules = () if offset is None else ("time_zone",)
    return WrittenDay(
        (moment.year, moment.month, moment.day),
        ("ymd",),
        date_format,
        clock=3600 * moment.hour + 60 * moment.minute + moment.second,
        offset=minutes,
        rules=rules,
    )


def _decide(
    cells: Sequence[tuple[str, WrittenDay | Unreadable]],
    declared: str | None,
    zone: ZoneInfo | None,
) -> Order:
    """Order of the column's days whose form does not tell it."""
    days = [(text, each) for text, each in cells if isinstance(each, WrittenDay)]
    loose = [(text, each) for text, each in days if len(each.orders) > 1]
    order = Order(declared, f"{WORDS[declared]}, as declared") if declared else decide_order(loose)
    found = [(text, each, _find_day(each, order, zone)) for text, each in days]
    ambiguous = [text for text, _, day in found if str(day) == AMBIGUOUS]
    certain = (isinstance(day, date) for _, each, day in found if len(each.orders) == 1)
    if ambiguous and not any(certain):
        raise undecidable(ambiguous[0])
    if order.reason and any(each.short for _, each in loose):
        return order._replace(reason=f"{order.reason}; years of two digits begin at {YEARS[0]}")
    return order


def _find_day(
    written: WrittenDay | Unreadable, column: Order, zone: ZoneInfo | None
) -> date | Unreadable:
    """Day in the business's zone, or why there is none."""
    try:
        return _settle(written, column, zone)
    except Unreadable as problem:
        return problem


def _settle(written: WrittenDay | Unreadable, column: Order, zone: ZoneInfo | None) -> date:
    if isinstance(written, Unreadable):
        raise written
    order = written.orders[0] if len(written.orders) == 1 else column.order
    if order is not None and order not in written.orders:
        raise Unreadable(f"is not written with {WORDS[order]}, as its column is", "date_order")
    days = {to_day(written, order)} if order else set(list_meanings(written).values())
    if len(days) > 1:
        raise Unreadable(AMBIGUOUS, "date_order")
    day = days.pop()
    if written.offset is None:
        return day
    if zone is None:
        raise Unreadable("has a time zone; set `calendar.zone`", "time_zone")
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = midnight + timedelta(seconds=written.clock, minutes=-written.offset)
    return moment.astimezone(zone).date()


def _list_used(
    texts: Sequence[str],
    written: Sequence[WrittenDay | Unreadable],
    unread: Sequence[Unreadable | None],
) -> dict[str, np.ndarray]:
    """Which of the distinct texts each rule was used for."""
    used: dict[str, np.ndarray] = {}
    for place, (text, each, problem) in enumerate(zip(texts, written, unread, strict=True)):
        rules: Sequence[str] = each.rules if isinstance(each, WrittenDay) and not problem else ()
        if str(problem) == BLANK and text.strip():
            rules = ["null_spelling"]
        for rule in rules:
            used.setdefault(rule, np.zeros(len(texts), dtype=bool))[place] = True
    return used
