"""Defects 1 to 7: how an export's bytes go wrong.

A seed enters; cases leave. Every case is a file of a few hundred records, most of them untouched,
so that a treatment that harms the neighbours is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from defects.company import Members, make_lines, seeded
from defects.feeds import HEADERS, Dialect, Export, record_of
from defects.planting import choose, is_free, plain_records, quarantine, spoil
from defects.projects import declare, text_case
from defects.truth import Case, Cell, Note, Record

CRLF = b"\r\n"
WESTERN = Members(
    ("Müller & Söhne", "Café Olé", "Ångström AB", "Baker"),
    ("Kännchen", "Tasse", "Krug"),
    ("Köln", "Genève", "Málaga"),
)
WESTERN_HEADERS = dict(
    zip(
        HEADERS,
        ("Datum", "Beleg", "Pos", "Käufer", "Artikel", "Gebiet", "Menge", "Betrag", "Art"),
        strict=True,
    )
)
WESTERN_KINDS = {"sale": "sale", "return": "return"}
CONTROLS = ("\x00", "\x01", "\x07", "\x0b", "\x1a", "\x1f", "\x7f")


def plant_encodings(seed: int) -> list[Case]:
    """1: the same books in each encoding; every name must arrive."""
    records = [replace(record, planted=True) for record in plain_records(seed)]
    western = [replace(record, planted=True) for record in western_records(seed)]
    cases = []
    for encoding in ("utf-8", "gb18030", "gbk"):
        export = Export("orders.csv", records, dialect=Dialect(encoding))
        cases.append(
            text_case(
                1,
                encoding,
                export,
                cells=(_recorded("utf-8" if encoding == "utf-8" else "gb18030"),),
            )
        )
    for encoding, mark, delimiter in (
        ("windows-1252", b"", ";"),
        ("utf-16-le", b"", "\t"),
        ("utf-16-le", b"\xff\xfe", "\t"),
        ("utf-16-be", b"\xfe\xff", ","),
    ):
        export = Export("orders.csv", western, WESTERN_HEADERS, Dialect(encoding, mark, delimiter))
        said = {} if mark else {"encoding": encoding}
        tree = declare(
            {"columns": WESTERN_HEADERS, "kinds": {kind: kind for kind in WESTERN_KINDS}, **said}
        )
        marked = {"allowed": ("byte_order_mark",)} if mark else {"cells": (_recorded(encoding),)}
        cases.append(
            text_case(1, f"{encoding} {'marked' if mark else 'declared'}", export, tree, **marked)
        )
    return cases


def western_records(seed: int) -> list[Record]:
    """Records of books in a language of Western Europe."""
    records = plain_records(seed, WESTERN)
    return [
        replace(record, cells={**record.cells, "kind": record.line.kind})
        for record in records
        if record.line is not None
    ]


def _recorded(encoding: str) -> Cell:
    """Which encoding a file had stands in the table of files."""
    return Cell("files", {"path": "orders.csv"}, "encoding", encoding)


def plant_other_encoding(seed: int) -> list[Case]:
    """2: some lines come from another system, in its encoding."""
    chinese, western = plain_records(seed), western_records(seed)
    tree = declare({"columns": WESTERN_HEADERS, "kinds": {kind: kind for kind in WESTERN_KINDS}})
    cases = []
    for encoding, foreign, records, count in (
        ("utf-8", "gb18030", chinese, 5),
        ("utf-8", "gbk", chinese, 1),
        ("utf-8", "gbk", chinese, 60),
        ("gb18030", "utf-8", chinese, 5),
        ("utf-8", "windows-1252", western, 5),
    ):
        chosen = choose(
            seeded(seed, 2, encoding, foreign, count), records, count, _is_foreign(records)
        )
        planted = spoil(records, chosen, partial(_in_encoding, encoding=foreign))
        headers = HEADERS if records is chinese else WESTERN_HEADERS
        export = Export("orders.csv", planted, headers, Dialect(encoding))
        cases.append(
            text_case(
                2,
                f"{count} lines of {foreign} in {encoding}",
                export,
                None if records is chinese else tree,
            )
        )
    return cases


def _is_foreign(records: Sequence[Record]) -> Callable[[Record], bool]:
    """Whether a record can be spoilt, and shows its encoding by its customer's name."""
    free = is_free(records)
    return lambda record: free(record) and not str(record.cells["customer"]).isascii()


def _in_encoding(record: Record, encoding: str) -> Record:
    text = ",".join(str(cell) for cell in record.cells.values()) + "\r\n"
    return replace(record, raw=text.encode(encoding), fate="quarantined", rule="other_encoding")


def plant_byte_order_marks(seed: int) -> list[Case]:
    """3: a byte-order mark stands before the first header, quoted or not."""
    records = plain_records(seed)
    cases = []
    for quote_all in (False, True):
        dialect = Dialect(mark=b"\xef\xbb\xbf", quote_all=quote_all)
        planted = [replace(record, planted=True) for record in records]
        note = Note("byte_order_mark", "orders")
        cases.append(
            text_case(
                3,
                "quoted" if quote_all else "bare",
                Export("orders.csv", planted, dialect=dialect),
                notes=(note,),
            )
        )
    return cases


def garble(name: str) -> str | None:
    """The name as GBK shows its UTF-8 bytes; None where it has no such reading."""
    try:
        garbled = name.encode("utf-8").decode("gbk")
    except UnicodeDecodeError:
        return None
    return garbled if garbled != name else None


def plant_mojibake(seed: int) -> list[Case]:
    """4: names were read as GBK somewhere on the way; noted, and repaired where the source asks for
    it.
    """
    names = ["远大商贸", "金桥百货", "北辰连锁", "惠民超市", "青山贸易", "上海分公司店"]
    garbled = {name: wrong for name in names if (wrong := garble(name))}
    cases = []
    for repair in (False, True):
        rng = seeded(seed, 4, repair)
        records = plain_records(seed)
        chosen = choose(
            rng,
            records,
            8,
            lambda record: is_free(records)(record) and record.cells["customer"] in garbled,
        )
        planted = spoil(records, chosen, lambda record: _garble(record, garbled, repair))
        tree = declare({"mojibake": "repair"} if repair else {})
        action = "changed" if repair else "noted"
        note = Note("mojibake", action=action)
        cases.append(
            text_case(
                4,
                "repaired" if repair else "noted",
                Export("orders.csv", planted),
                tree,
                notes=(note,),
            )
        )
    return cases


def _garble(record: Record, garbled: dict[str, str], repair: bool) -> Record:
    if record.line is None:
        return record
    wrong = garbled[record.line.customer]
    line = record.line if repair else replace(record.line, customer=wrong)
    return replace(record, cells={**record.cells, "customer": wrong}, line=line)


def plant_control_characters(seed: int) -> list[Case]:
    """5: NUL and its kin inside a cell."""
    rng = seeded(seed, 5)
    records = plain_records(seed)
    chosen = choose(rng, records, len(CONTROLS), is_free(records))
    controls = dict(zip(chosen, rng.sample(CONTROLS, len(CONTROLS)), strict=True))
    planted = []
    for place, record in enumerate(records):
        if place in controls:
            column = rng.choice(("customer", "product", "region", "order_id"))
            text = str(record.cells[column])
            at = rng.randrange(len(text) + 1)
            change = quarantine(
                "control_character", **{column: text[:at] + controls[place] + text[at:]}
            )
            record = replace(change(record), planted=True)  # noqa: PLW2901
        planted.append(record)
    return [text_case(5, "in cells", Export("orders.csv", planted))]


def plant_dialect_drift(seed: int) -> list[Case]:
    """6: one file of a feed comes with another delimiter or quote; found, or blocked where the
    delimiter is declared.
    """
    rng = seeded(seed, 6)
    lines = make_lines(seed)
    years = [[record_of(line) for line in lines if line.date.year == year] for year in (2023, 2024)]
    cases = []
    for name, dialect in (
        ("semicolon", Dialect(delimiter=";")),
        ("tab", Dialect(delimiter="\t")),
        ("pipe", Dialect(delimiter="|", quote_all=True)),
        ("all quoted", Dialect(quote_all=True)),
        ("newline alone", Dialect(end="\n")),
    ):
        drifting = rng.randrange(2)
        exports = [
            Export(
                f"orders_{2023 + place}.csv",
                [replace(record, planted=place == drifting) for record in records],
                dialect=dialect if place == drifting else Dialect(),
            )
            for place, records in enumerate(years)
        ]
        notes = (Note("dialect_drift"),) if dialect.delimiter != "," else ()
        cases.append(text_case(6, name, exports, notes=notes, allowed=("dialect_drift",)))
    exports = [
        Export("orders_2023.csv", years[0]),
        Export("orders_2024.csv", years[1], dialect=Dialect(delimiter=";")),
    ]
    tree = declare({"path": "orders_*.csv", "delimiter": ","})
    cases.append(
        text_case(6, "declared", exports, tree, blocked=("orders_2024.csv", "delimiter|;|;"))
    )
    return cases


def plant_misfits(seed: int) -> list[Case]:
    """7: separators, quotes and newlines inside fields: quoted they are read, bare they make a row
    that does not fit.
    """
    rng = seeded(seed, 7)
    records = plain_records(seed)
    chosen = choose(rng, records, 12, is_free(records))
    bad, good = chosen[::2], chosen[1::2]
    planted = list(records)
    for place, spoiler in zip(
        bad, (_extra, _short, _stray_quote, _extra, _cut_by_newline, _short), strict=True
    ):
        planted[place] = replace(spoiler(planted[place]), planted=True)
    for place, text in zip(
        good,
        ("a,b 店", "第一行\n第二行", 'say "hi" 店', "a;b|c", '"quoted"', '两\r\n行, 与 "引号"'),
        strict=True,
    ):
        record = planted[place]
        if record.line is not None:
            line = replace(record.line, customer=text)
            planted[place] = replace(
                record, cells={**record.cells, "customer": text}, line=line, planted=True
            )
    return [text_case(7, "in fields", Export("orders.csv", _split_cut(planted)))]


def _raw(record: Record, text: str) -> Record:
    return replace(record, raw=text.encode() + CRLF, fate="quarantined", rule="misfit")


def _bare(record: Record, **cells: str) -> str:
    return ",".join(str({**record.cells, **cells}[column]) for column in HEADERS)


def _extra(record: Record) -> Record:
    return _raw(record, _bare(record, customer="Li, Wang"))


def _short(record: Record) -> Record:
    return _raw(record, _bare(record).rsplit(",", 2)[0])


def _stray_quote(record: Record) -> Record:
    return _raw(record, _bare(record, customer='"Stray'))


def _cut_by_newline(record: Record) -> Record:
    return _raw(record, _bare(record, customer="first\r\nsecond"))


def _split_cut(records: Sequence[Record]) -> list[Record]:
    """A record that a bare newline cuts is two rows that do not fit."""
    found: list[Record] = []
    for record in records:
        parts = (record.raw or b"").split(CRLF)
        if record.rule == "misfit" and len(parts) > 2:
            found += [replace(record, raw=part + CRLF) for part in parts[:-1]]
        else:
            found.append(record)
    return found


PLANTS = {
    1: plant_encodings,
    2: plant_other_encoding,
    3: plant_byte_order_marks,
    4: plant_mojibake,
    5: plant_control_characters,
    6: plant_dialect_drift,
    7: plant_misfits,
}
