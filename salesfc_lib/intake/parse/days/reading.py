"""A column of text parsed to days or months, with a reason for each text that is none.

Day and month are told apart where the column proves their order, or one is declared; a column of
which no row is certain is not read at all, and a moment with a time zone is no day until
`calendar.zone` is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.intake.parse.days.calendars import BUDDHIST, ERA_YEAR, ROC, YEARS
from salesfc_lib.intake.parse.days.half_converted import HALF_CONVERTED, REASON, settle_converted
from salesfc_lib.intake.parse.days.order import EQUAL, WORDS, Order, decide_order
from salesfc_lib.intake.parse.days.periods import MONTH, WEEK, dissect_period
from salesfc_lib.intake.parse.days.spellings import DaySpelling, list_meanings, to_day
from salesfc_lib.intake.parse.evidence import (
    ParsedColumn,
    Undecidable,
    Unreadable,
    find_used,
    list_cells,
    place_problems,
    report_rules,
)
from salesfc_lib.intake.parse.nulls import read_cell
from salesfc_lib.intake.parse.numbers.spellings import to_ascii

CLOCK = r"[ T](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
MOMENT = (  # years for which pyarrow knows when summer time begins
    r"^(?:19[89][0-9]|20[0-2][0-9]|203[0-6])-[01][0-9]-[0-3][0-9]"
    r"[ T][012][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:Z|[-+][0-9]{2}:[0-9]{2})$"
)
REFUSED = {MONTH: "is a month in a column of days", WEEK: "is a week in a column of days"}
AMBIGUOUS = "may be day or month first; set `date_format` or `date_order`"

Read = Callable[[str], DaySpelling]


def read_dates(  # noqa: PLR0913  what a source declares of its days
    column: pa.ChunkedArray,
    date_format: str | None = None,
    *,
    order: str | None = None,
    exchanged: bool | None = None,
    date_system: int = 1900,
    zone: str | None = None,
    periods: bool = False,
) -> ParsedColumn:
    """Days of a column of text, dictionary-encoded or not, without nulls.

    With `periods`, in a column without any day a month is its first day and a week its Monday;
    elsewhere they are problems.

    Parameters
    ----------
    date_format
        As `datetime.strptime` takes it; None: found cell by cell.
    order
        'dmy', 'mdy' or 'ymd', of days whose form does not tell; None: proved by the column.
    exchanged
        Whether day and month of real dates among texts were exchanged; None: proved by the column.
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
    >>> dates.values.astype("datetime64[D]").astype(str).tolist()
    ['2019-12-25', '2020-02-01', 'NaT', 'NaT']
    >>> dates.problems[2], dict(dates.rules)
    ("'2020-02-30' is no day of the calendar", {2: 'no_such_day', 3: 'unreadable'})
    """
    read: Read = partial(dissect_period, date_system=date_system)
    if date_format:
        read = partial(_read_format, date_format=date_format)
    allowed = 1 if periods else 0
    return _read_column(
        column, read, order, zone, date_system, allowed=allowed, exchanged=exchanged
    )


def read_months(
    column: pa.ChunkedArray,
    date_format: str | None = None,
    *,
    order: str | None = None,
    exchanged: bool | None = None,
) -> ParsedColumn:
    """First days of months of a column of months or days as text.

    >>> read_months(pa.chunked_array([["2024-07", "2024/7/31"]])).values.astype("datetime64[M]")
    array(['2024-07', '2024-07'], dtype='datetime64[M]')
    """
    read = partial(_read_format, date_format=date_format) if date_format else dissect_period
    months = _read_column(column, read, order, exchanged=exchanged)
    return months._replace(values=months.values.astype("datetime64[M]").astype("datetime64[ns]"))


def _read_column(  # noqa: PLR0913  as `read_dates`
    column: pa.ChunkedArray,
    read: Read,
    declared: str | None,
    zone: str | None = None,
    date_system: int = 1900,
    *,
    allowed: int | None = None,
    exchanged: bool | None = None,
) -> ParsedColumn:
    """Days of a column; `allowed` as in `refuse_periods`, None: periods and days may be mixed."""
    texts, places = list_cells(column)
    localised, moments = _localise(texts, zone)
    encoded = _cut_clocks(localised).dictionary_encode()
    codes, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    written = [read_cell(text, read) for text in distinct]
    written = written if allowed is None else refuse_periods(written, allowed)
    written = settle_converted(distinct, written, exchanged)
    order = _decide_order(distinct, written, declared)
    found = [_find_day(each, order, ZoneInfo(zone) if zone else None) for each in written]
    _require_certain(distinct, written, found)
    unread = np.array([isinstance(day, Unreadable) for day in found], dtype=bool)
    values = [None if isinstance(day, Unreadable) else day for day in found]
    days = np.array(values, dtype="datetime64[D]").astype("datetime64[ns]")
    rules = [
        day.rules if isinstance(day, Unreadable) else each.rules
        for day, each in zip(found, written, strict=True)
    ]
    used = find_used(rules, codes)
    if moments.any():
        used["time_zone"] = moments | used.get("time_zone", moments)
    reasons = {
        "serial_date": f"a number of days as spreadsheets count them (date system {date_system})",
        "time_zone": f"the day that the moment belongs to in {zone}",
        "roc_year": f"years of the Republic of China, to which {ROC:,} is added",
        ERA_YEAR: "years of a Japanese era, by the year in which it began",
        "buddhist_year": f"years of the Buddhist era, from which {BUDDHIST} is taken",
        "epoch": "time counted since 1970-01-01, universal time",
        MONTH: "months without a day: each row counts in its month",
        WEEK: "weeks without a day: each row begins on its Monday (ISO 8601)",
        "null_spelling": "stands for a blank cell",
        "full_width": "digits or signs of another script are read as the common ones",
        "date_order": order.reason or EQUAL,
        HALF_CONVERTED: REASON,
    }
    return ParsedColumn(
        places.spread(days[codes]),
        *place_problems(
            places, texts, np.flatnonzero(unread[codes]), lambda cell: found[codes[cell]]
        ),
        report_rules(places, texts, used, reasons),
        order.order if order.proved else None,
    )


def refuse_periods(
    written: Sequence[DaySpelling | Unreadable], allowed: int = 1
) -> list[DaySpelling | Unreadable]:
    """The cells of a column; months and weeks are problems where it has more than so many forms of
    them, or days beside them.
    """
    forms = {each.form for each in written if isinstance(each, DaySpelling)}
    periods = forms & {MONTH, WEEK}
    if len(periods) <= allowed and periods in (set(), forms):
        return [*written]
    return [
        Unreadable(REFUSED[each.form])
        if isinstance(each, DaySpelling) and each.form in periods
        else each
        for each in written
    ]


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


def _read_format(text: str, date_format: str) -> DaySpelling:
    """A day as `date_format` says."""
    try:
        moment = datetime.strptime(to_ascii(text)[0], date_format)
    except ValueError:
        raise Unreadable(f"is not written as `date_format` '{date_format}' says") from None
    offset = moment.utcoffset()
    minutes = None if offset is None else int(offset.total_seconds() // 60)
    rules = () if offset is None else ("time_zone",)
    return DaySpelling(
        (moment.year, moment.month, moment.day),
        ("ymd",),
        date_format,
        clock=3600 * moment.hour + 60 * moment.minute + moment.second,
        offset=minutes,
        rules=rules,
    )


def _decide_order(
    texts: Sequence[str], written: Sequence[DaySpelling | Unreadable], declared: str | None
) -> Order:
    """Order of the column's days whose form does not tell it."""
    pairs = zip(texts, written, strict=True)
    loose = [(t, day) for t, day in pairs if isinstance(day, DaySpelling) and len(day.orders) > 1]
    order = Order(declared, f"{WORDS[declared]}, as declared") if declared else decide_order(loose)
    if order.reason and any(day.short for _, day in loose):
        return order._replace(reason=f"{order.reason}; years of two digits begin at {YEARS[0]}")
    return order


def _require_certain(
    texts: Sequence[str],
    written: Sequence[DaySpelling | Unreadable],
    found: Sequence[date | Unreadable],
) -> None:
    """Raise `Undecidable` for a column with ambiguous days where no day is certain by its form."""
    ambiguous = [text for text, day in zip(texts, found, strict=True) if str(day) == AMBIGUOUS]
    certain = (
        isinstance(day, date) and isinstance(each, DaySpelling) and len(each.orders) == 1
        for day, each in zip(found, written, strict=True)
    )
    if ambiguous and not any(certain):
        raise Undecidable.of_cell(
            ambiguous[0],
            "may be day or month first, and no cell of the column proves which",
            expected="A day that can be read in one way only, such as 25/12/2019 or 2019-12-25",
            do="Set `date_format` (%d/%m/%Y or %m/%d/%Y) or `date_order` (dmy or mdy) of this "
            "source",
        )


def _find_day(
    written: DaySpelling | Unreadable, column: Order, zone: ZoneInfo | None
) -> date | Unreadable:
    """Day in the business's zone, or why there is none."""
    if isinstance(written, Unreadable):
        return written
    try:
        return _settle(written, column, zone)
    except Unreadable as problem:
        return problem


def _settle(written: DaySpelling, column: Order, zone: ZoneInfo | None) -> date:
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
