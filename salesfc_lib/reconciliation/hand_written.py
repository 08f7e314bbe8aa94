"""Tables that people write by hand and save from a spreadsheet: overrides and declared effects.

A file is taken in any encoding and with any separator that a spreadsheet saves. A cell that could
mean two things is an error that names file, line and column; all errors of a file are raised at
once, and then none of its lines is used.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import hide_written
from salesfc_lib.intake import evidence, guess_encoding, parse_moment, parse_month, parse_number

BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # of what a spreadsheet calls Unicode text
SEPARATORS = (",", ";", "\t")
MAX_ERRORS = 12  # errors listed of one file


class CellKind(NamedTuple):
    """How a cell is read: a parser that raises `Unreadable`, and what its error says."""

    parse: Callable[[str], Any]
    expected: str
    do: str


def _parse_plain(text: str) -> float:
    number, is_percent = parse_number(text)
    if is_percent:
        raise evidence.Unreadable("is in percent")
    return float(number)


MONTH = CellKind(
    lambda text: pd.Timestamp(parse_month(text)),
    "A month as YYYY-MM, such as 2026-07",
    "Correct the month",
)
DATE = CellKind(
    lambda text: pd.Timestamp(parse_moment(text)),
    "A date as YYYY-MM-DD, with or without a time",
    "Correct the date",
)
NUMBER = CellKind(
    _parse_plain,
    "A plain number, such as 1250.5 or -10",
    "Write digits without separators or units",
)
PERCENT = NUMBER._replace(parse=lambda text: float(parse_number(text)[0]))


@dataclass(frozen=True)
class Line:
    """One line of a file: where it stands, its cells as text, and what is wrong with them."""

    where: str
    cells: dict[str, str]
    errors: list[SalesForecastError] = field(default_factory=list)

    def read(self, column: str, kind: CellKind) -> Any:
        """Value of a cell; None, with an error, where it cannot be read."""
        try:
            return kind.parse(self.cells.get(column, ""))
        except evidence.Unreadable:
            self.refuse(column, kind.expected, kind.do)
            return None

    def read_if_any(self, column: str, kind: CellKind, blank: Any) -> Any:
        """Value of a cell, or `blank` where it is blank or the file has no such column."""
        return self.read(column, kind) if self.cells.get(column) else blank

    def refuse(self, column: str, expected: str, do: str) -> None:
        """Add the error of a cell that cannot be used."""
        wrong = f"{self.where}: `{column}` is '{self.cells.get(column, '')}'"
        self.errors.append(SalesForecastError.of(wrong, expected, do))


def read_lines(
    project: Path, name: str, heads: Callable[[list[str]], Sequence[str]]
) -> Iterator[Line]:
    """Lines of file `name` that are not blank; none without the file.

    `heads` turns the first line's cells into column names, or raises.

    UTF-8, UTF-16 with a byte order mark, or the encoding that explains the bytes
    (`guess_encoding`); cells are separated by whichever of comma, semicolon and tab stands most
    often in the first line.
    """
    path = project / name
    if not path.is_file():
        return
    text, _ = _read_text(path)
    reader = csv.DictReader(
        io.StringIO(text, newline=""), strict=True, delimiter=_find_separator(text)
    )
    try:
        reader.fieldnames = heads([head.strip() for head in reader.fieldnames or []])
        for record in reader:
            if any(record.values()):
                yield _read_line(record, f"{name} line {reader.line_num}")
    except csv.Error as error:
        why = f"line {reader.reader.line_num}: {error}"
        do = "Correct the quotes on that line"
        raise SalesForecastError.unreadable_file(path, why, do) from error


def add_lines(
    project: Path,
    name: str,
    rows: Sequence[Mapping[str, str]],
    heads: Callable[[list[str]], Sequence[str]],
) -> bytes:
    """Content of file `name` with further lines at its end; nothing is written.

    It keeps its encoding, separator and columns; `heads` as in `read_lines`. A cell whose column
    the file lacks gets one at its end. UTF-8 where there is no file, or where the file's encoding
    cannot hold the text.
    """
    path = project / name
    text, encoding = _read_text(path) if path.is_file() else (",".join(rows[0]), "utf-8-sig")
    separator, end = _find_separator(text), "\r\n" if "\r\n" in text else "\n"
    first, _, rest = text.partition(end)
    columns = heads([head.strip() for head in next(csv.reader([first], delimiter=separator))])
    new = [key for key in rows[0] if key not in columns]
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, delimiter=separator, lineterminator=end)
    writer.writerows([[row.get(key, "") for key in [*columns, *new]] for row in rows])
    whole = separator.join([first, *new]) + end + rest
    whole += "" if whole.endswith(end) else end
    try:
        return (whole + lines.getvalue()).encode(encoding)
    except UnicodeEncodeError:
        return (whole + lines.getvalue()).encode("utf-8-sig")


def raise_all(errors: Sequence[SalesForecastError], name: str, what: str) -> None:
    """Raise what is wrong with the `what` of a file as one error; return where nothing is."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        more = f" And {len(errors) - MAX_ERRORS} more." if len(errors) > MAX_ERRORS else ""
        listed = " ".join(str(error) for error in errors[:MAX_ERRORS])
        raise SalesForecastError(
            f"{name} has {len(errors)} problems, and none of its {what} is used. {listed}{more}"
        )


def _find_separator(text: str) -> str:
    return max(SEPARATORS, key=text.partition("\n")[0].count)


def _read_text(path: Path) -> tuple[str, str]:
    """Text of a file, and the encoding that writes it as it was."""
    content = path.read_bytes()
    guess = guess_encoding(content.splitlines())
    for encoding in ("utf-16",) if content.startswith(BOMS) else ("utf-8-sig", guess.encoding):
        with suppress(UnicodeDecodeError):
            if encoding:
                text = content.decode(encoding)
                marked = encoding != "utf-8-sig" or content.startswith(codecs.BOM_UTF8)
                return text, encoding if marked else "utf-8"
    raise SalesForecastError.unreadable_file(
        path, f"it is not UTF-8, and {guess.why}: {guess.show()}", "Save it as 'CSV UTF-8'"
    )


def _read_line(record: dict[Any, Any], where: str) -> Line:
    if None in record:
        raise SalesForecastError.of(
            f"{where} has more cells than the first line has columns",
            "One cell for each column",
            "Put text that holds a comma or a semicolon in double quotes",
        )
    cells = {key: hide_written((value or "").strip()) for key, value in record.items()}
    return Line(where, cells)
