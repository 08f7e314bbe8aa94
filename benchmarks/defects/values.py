"""Defects 17 to 24 and 31: how a number, an identifier or nothing at all is spelled.

A seed enters; cases leave. A spelling stands in a random share of the rows, or in the whole column
where systems write it so, and the true value is known to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from defects.company import PLAIN, TRICKY, Members, make_lines, seeded
from defects.feeds import HEADERS, Export, record_of
from defects.planting import change_cell, choose, is_free, plain_records, quarantine, spoil
from defects.projects import declare, text_case
from defects.truth import Case, Note, Record

Show = Callable[[Decimal], str]
WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


def group(value: Decimal, thousands: str, decimal: str) -> str:
    """Number with a mark between thousands and one before the cents."""
    return f"{value:,f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def show_in(record: Record, number: Show, columns: Sequence[str]) -> Record:
    """The record with these columns' numbers written as `number` says."""
    if record.line is None:
        return record
    return replace(
        record,
        cells={
            **record.cells,
            **{column: number(getattr(record.line, column)) for column in columns},
        },
    )


def _all(records: Sequence[Record], number: Show, *columns: str) -> list[Record]:
    """Every record written so; planted where its text is another than the plain one."""
    shown = [show_in(record, number, columns) for record in records]
    return [
        replace(new, planted=new.cells != old.cells)
        for new, old in zip(shown, records, strict=True)
    ]


def plant_separators(seed: int) -> list[Case]:
    """17: marks between thousands and before cents, another pair in each file; a column that cannot
    tell blocks.
    """
    records = plain_records(seed)
    cases = []
    for name, thousands, decimal in (
        ("comma, point", ",", "."),
        ("point, comma", ".", ","),
        ("space, comma", " ", ","),
        ("no-break space, comma", "\u00a0", ","),
        ("narrow space, comma", "\u202f", ","),
        ("apostrophe, point", "'", "."),
        ("typographic apostrophe, point", "’", "."),
        ("nothing, comma", "", ","),
    ):
        planted = _all(records, lambda value: group(value, thousands, decimal), "amount")
        cases.append(text_case(17, name, Export("orders.csv", planted)))
    whole = [_whole_thousands(record) for record in plain_records(seed, returns=False)]
    shown = [show_in(record, lambda value: group(value, ".", ","), ("amount",)) for record in whole]
    cases.append(
        text_case(17, "undecidable", Export("orders.csv", shown), blocked=("orders.csv", "decimal"))
    )
    declared = [replace(record, planted=True) for record in shown]
    cases.append(
        text_case(17, "declared", Export("orders.csv", declared), declare({"decimal": ","}))
    )
    return cases


def _whole_thousands(record: Record) -> Record:
    """The line at a whole amount from 1,000 to 9,999."""
    if record.line is None:
        return record
    return record_of(
        replace(
            record.line,
            amount=min(Decimal(9999), max(Decimal(1000), record.line.amount.quantize(Decimal(1)))),
        )
    )


def plant_trailing_minus(seed: int) -> list[Case]:
    """18: the minus stands behind the number."""
    records = plain_records(seed)
    return [
        text_case(18, name, Export("orders.csv", _all(records, show, *columns)))
        for name, show, columns in (
            (
                "bare",
                lambda value: f"{-value:f}-" if value < 0 else f"{value:f}",
                ("quantity", "amount"),
            ),
            (
                "spaced, grouped",
                lambda value: f"{-value:,f} -" if value < 0 else f"{value:,f}",
                ("amount",),
            ),
        )
    ]


def plant_parentheses(seed: int) -> list[Case]:
    """19: negatives in parentheses."""
    records = plain_records(seed)
    return [
        text_case(19, name, Export("orders.csv", _all(records, show, *columns)))
        for name, show, columns in (
            (
                "bare",
                lambda value: f"({-value:f})" if value < 0 else f"{value:f}",
                ("quantity", "amount"),
            ),
            (
                "grouped",
                lambda value: f"({-value:,f})" if value < 0 else f" {value:,f} ",
                ("amount",),
            ),
            (
                "full-width",
                lambda value: f"（{-value:f}）" if value < 0 else f"{value:f}",
                ("amount",),
            ),
            (
                "with a sign",
                lambda value: f"(¥{-value:,f})" if value < 0 else f"¥{value:,f}",
                ("amount",),
            ),
        )
    ]


def plant_suffixes(seed: int) -> list[Case]:
    """20: CR and DR behind amounts, and the currency's sign before or behind them."""
    records = plain_records(seed)
    cases = [
        text_case(
            20,
            name,
            Export("orders.csv", _all(records, show, "amount")),
            allowed=("debit_credit", "currency_sign"),
        )
        for name, show in (
            ("CR where negative", lambda value: f"{-value:f} CR" if value < 0 else f"{value:f}"),
            ("CR and DR", lambda value: f"{-value:f}CR" if value < 0 else f"{value:f}DR"),
            ("lower case", lambda value: f"{-value:f} cr" if value < 0 else f"{value:f} dr"),
        )
    ]
    books = _all(
        records, lambda value: f"{-value:f} DR" if value < 0 else f"{value:f} CR", "amount"
    )
    cases.append(
        text_case(
            20, "credit is income", Export("orders.csv", books), declare({"credit": "positive"})
        )
    )
    for sign, where in (
        ("¥", 0),
        ("￥", 0),
        ("$", 0),
        ("€", 1),
        ("元", 1),
        ("£", 0),
        ("CNY ", 0),
        (" RMB", 1),
    ):
        show = _with_sign(sign, behind=bool(where))
        cases.append(
            text_case(
                20,
                f"sign {sign.strip()}",
                Export("orders.csv", _all(records, show, "amount")),
                allowed=("currency_sign",),
            )
        )
    return cases


def plant_chinese_numbers(seed: int) -> list[Case]:
    """21: full-width digits, and amounts in 万 and 亿."""
    rng = seeded(seed, 21)
    records = plain_records(seed)
    cases = [
        text_case(
            21,
            "full-width",
            Export(
                "orders.csv",
                _all(records, lambda value: f"{value:f}".translate(WIDE), "quantity", "amount"),
            ),
        )
    ]
    chosen = choose(rng, records, 12, is_free(records))
    for name, unit, scale in (("万", "万", 4), ("万元", "万元", 4), ("亿", "亿", 8)):
        planted = spoil(
            records, chosen, partial(show_in, number=_in_unit(unit, scale), columns=("amount",))
        )
        cases.append(text_case(21, name, Export("orders.csv", planted)))
    return cases


def _with_sign(sign: str, *, behind: bool) -> Show:
    return lambda value: f"{value:,f}{sign}" if behind else f"{sign}{value:,f}"


def _in_unit(unit: str, scale: int) -> Show:
    return lambda value: f"{value.scaleb(-scale):f}{unit}"


def plant_units(seed: int) -> list[Case]:
    """22: amounts in thousands as the title says, declared; a title that says so and is not
    declared must not pass in silence.
    """
    records = plain_records(seed)
    cases = []
    for title, word, scale in (
        ("单位：千元", "thousand", 3),
        ("单位：万元", "wan", 4),
        ("in thousands", "thousand", 3),
    ):
        shown = _all(records, lambda value: f"{value.scaleb(-scale):f}", "amount")
        planted = [replace(record, planted=True) for record in shown]
        export = Export("orders.csv", planted, above=[["销售明细", title]])
        tree = declare(declared_unit("amount", word))
        cases.append(
            text_case(22, f"{title}, declared", export, tree, allowed=("title_rows", "stated_unit"))
        )
    silent = Export(
        "orders.csv",
        [replace(record, planted=False) for record in shown],
        above=[["销售明细", "单位：千元"]],
    )
    cases.append(text_case(22, "stated, not declared", silent, blocked=("orders.csv", "千元")))
    cases.append(_percent_case(seed))
    return cases


def declared_unit(column: str, unit: str) -> dict[str, Any]:
    """A source's key that says in which unit a column's numbers stand."""
    return {"units": {column: unit}}


def _percent_case(seed: int) -> Case:
    """Discounts in percent of the amount, still to be taken off."""
    headers = {**HEADERS, "discount": "折扣"}
    rng = seeded(seed, 22)
    records = []
    for record in plain_records(seed, returns=False):
        rate = Decimal(rng.choice((0, 5, 10, 25)))
        line = (
            replace(record.line, amount=record.line.amount * (100 - rate) / 100)
            if record.line
            else None
        )
        records.append(
            replace(
                record, cells={**record.cells, "discount": f"{rate}%"}, line=line, planted=rate > 0
            )
        )
    tree = declare(
        {"columns": headers, "discounts": "gross", **declared_unit("discount", "percent")}
    )
    return text_case(
        22, "percent", Export("orders.csv", records, headers), tree, allowed=("discount",)
    )


CODED = Members(
    ("00731", "00145", "10044", "00028", "20911"), ("0042", "0108", "3301", "0007"), PLAIN.regions
)


def plant_lost_zeros(seed: int) -> list[Case]:
    """23: some rows lost the zeros before their customer's code; text stays text, and the repair is
    proposed.
    """
    rng = seeded(seed, 23)
    records = [record_of(line) for line in make_lines(seed, CODED)]
    codes = sorted(
        {
            str(record.cells["customer"])
            for record in records
            if str(record.cells["customer"]).startswith("0")
        }
    )
    cases = []
    for count in (1, len(codes)):
        damaged = set(rng.sample(codes, count))
        places = [
            place
            for place, record in enumerate(records)
            if record.cells["customer"] in damaged and is_free(records)(record)
        ]
        planted = spoil(records, places[::3], _lose_zeros)
        notes = tuple(Note("lost_zeros", words=(code.lstrip("0"),)) for code in sorted(damaged)[:1])
        cases.append(text_case(23, f"{count} codes", Export("orders.csv", planted), notes=notes))
    kept = [replace(record, planted=True) for record in records]
    cases.append(text_case(23, "zeros kept", Export("orders.csv", kept)))
    return cases


def _lose_zeros(record: Record) -> Record:
    code = str(record.cells["customer"]).lstrip("0")
    line = replace(record.line, customer=code) if record.line else None
    return replace(record, cells={**record.cells, "customer": code}, line=line)


def plant_scientific_ids(seed: int) -> list[Case]:
    """24: identifiers that a spreadsheet turned into 2.02E+11: they cannot be recovered."""
    cases = []
    for column, count in (("order_id", 5), ("product", 3), ("customer", 1), ("order_id", 60)):
        rng = seeded(seed, 24, column, count)
        records = plain_records(seed)
        shown = [
            f"{rng.randrange(1, 10)}.{rng.randrange(10000, 99999)}E+{rng.randrange(10, 16)}"
            for _ in range(3)
        ]
        planted = spoil(
            records,
            choose(rng, records, count),
            lambda record: change_cell(record, column, rng.choice(shown)),
        )
        cases.append(
            text_case(
                24,
                f"{column}, {count} rows",
                Export("orders.csv", planted),
                blocked=("orders.csv", "E+"),
            )
        )
    return cases


NULLS = ("NULL", "null", "N/A", "n/a", "None", "-", "--", "无", "空", "#N/A N/A", "(blank)")


def plant_nulls(seed: int) -> list[Case]:
    """31: spellings of nothing, declared for the column that has them, while the region NA is a
    region.
    """
    rng = seeded(seed, 31)
    records = [record_of(line) for line in make_lines(seed, TRICKY)]
    chosen = choose(rng, records, len(NULLS), is_free(records))
    planted = list(records)
    for place, text in zip(chosen, NULLS, strict=True):
        record = records[place]
        line = replace(record.line, customer="") if record.line else None
        planted[place] = replace(
            record, cells={**record.cells, "customer": text}, line=line, planted=True
        )
    planted = [
        replace(item, planted=True) if item.cells["region"] == "NA" else item for item in planted
    ]
    cases = [
        text_case(
            31,
            "customer",
            Export("orders.csv", planted),
            declare({"nulls": {"customer": list(NULLS)}}),
        )
    ]
    chosen = choose(rng, records, 6, is_free(records))
    blank = list(records)
    for place, text in zip(chosen, ("NULL", "N/A", "-", "", "null", "--"), strict=True):
        blank[place] = replace(quarantine("unreadable", amount=text)(records[place]), planted=True)
    cases.append(text_case(31, "amount", Export("orders.csv", blank)))
    return cases


PLANTS = {
    17: plant_separators,
    18: plant_trailing_minus,
    19: plant_parentheses,
    20: plant_suffixes,
    21: plant_chinese_numbers,
    22: plant_units,
    23: plant_lost_zeros,
    24: plant_scientific_ids,
    31: plant_nulls,
}
