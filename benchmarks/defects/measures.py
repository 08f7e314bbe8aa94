"""Defects 37 and 39 to 42: what an amount or a quantity holds.

A seed enters; cases leave. The unit's definition is declared, the truth is the amount under it, and
numbers are chosen so that no conversion has to round.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from defects.company import CENT, seeded
from defects.feeds import HEADERS, Export, record_of
from defects.planting import choose, is_free, plain_records, spoil
from defects.projects import declare, text_case
from defects.truth import Case, Note, Record

RATES = {"USD": {"2023-01-01": "7.12", "2024-01-01": "7.08"}, "EUR": {"2000-01-01": "7.75"}}
PIECES = {"箱": 12, "盒": 6}


def _whole(amount: Decimal) -> Decimal:
    """The amount without cents, still written with two places."""
    return amount.quantize(Decimal(1)).quantize(CENT)


def plant_samples(seed: int) -> list[Case]:
    """37: lines at no price: their pieces count, and they are told apart; a unit may leave them
    out.
    """
    rng = seeded(seed, 37)
    records = plain_records(seed)
    chosen = choose(rng, records, 8, is_free(records))
    kept = spoil(records, chosen, _give_away)
    out = [replace(item, fate="dropped", rule="sample") if item.planted else item for item in kept]
    note = Note("sample", rows=8)
    return [
        text_case(37, "in", Export("orders.csv", kept), notes=(note,)),
        text_case(37, "out", Export("orders.csv", out), declare(measure={"samples": "out"})),
    ]


def _give_away(record: Record) -> Record:
    return record_of(replace(record.line, amount=Decimal(0))) if record.line else record


def plant_currencies(seed: int) -> list[Case]:
    """39: some customers are billed in other currencies; dated rates make one of them, and a
    missing rate stops the unit.
    """
    rng = seeded(seed, 39)
    headers = {**HEADERS, "currency": "币种"}
    records = [_bill(record, "CNY") for record in plain_records(seed)]
    chosen = {place: rng.choice(("USD", "EUR")) for place in choose(rng, records, 30)}
    planted = [
        _bill(record, chosen[place]) if place in chosen else record
        for place, record in enumerate(records)
    ]
    source = {"columns": headers}
    tree = declare(source, measure={"currency": "CNY", "rates": RATES})
    odd = [
        _bill(record, "JPY") if place == min(chosen) else record
        for place, record in enumerate(planted)
    ]
    unplanted = [replace(record, planted=False) for record in odd]
    table = "".join(
        f"{code},{day},{rate}\r\n" for code, rates in RATES.items() for day, rate in rates.items()
    )
    more = {"rates.csv": f"币种,起始日,汇率\r\n{table}".encode()}
    columns = {"currency": "币种", "date": "起始日", "rate": "汇率"}
    kept = {"rates": {"kind": "csv", "role": "rates", "path": "rates.csv", "columns": columns}}
    by_table = declare(source, kept, measure={"currency": "CNY"})
    return [
        text_case(
            39, "rates in a table", Export("orders.csv", planted, headers), by_table, more=more
        ),
        text_case(
            39, "dated rates", Export("orders.csv", planted, headers), tree, allowed=("currency",)
        ),
        text_case(
            39,
            "missing rate",
            Export("orders.csv", unplanted, headers),
            tree,
            blocked=("JPY", "rate"),
        ),
    ]


def _bill(record: Record, currency: str) -> Record:
    """The line in another currency: a whole amount there, its worth here the truth."""
    line = record.line
    if line is None or currency == "CNY":
        return replace(record, cells={**record.cells, "currency": currency})
    rates = RATES.get(currency, {"1900-01-01": "1"})
    rate = Decimal(
        [value for day, value in rates.items() if date.fromisoformat(day) <= line.date][-1]
    )
    shown = replace(line, amount=_whole(line.amount))
    made = record_of(shown)
    return replace(
        made,
        cells={**made.cells, "currency": currency},
        line=replace(shown, amount=shown.amount * rate, more={"amount_original": shown.amount}),
        planted=True,
    )


def plant_tax(seed: int) -> list[Case]:
    """40: the source's amounts hold tax, the unit's measure does not; and the other way round."""
    cases = []
    for held, wanted in (("included", "excluded"), ("excluded", "included")):
        for rate in (Decimal("0.13"), Decimal("0.06")):
            records = [_tax(record, rate, wanted) for record in plain_records(seed)]
            tree = declare({"tax": held, "tax_rate": str(rate)}, measure={"tax": wanted})
            cases.append(
                text_case(
                    40, f"{held}, {rate}", Export("orders.csv", records), tree, allowed=("tax",)
                )
            )
    return cases


def _tax(record: Record, rate: Decimal, wanted: str) -> Record:
    """The line net; the export shows it with tax, or the truth has it."""
    line = record.line
    if line is None:
        return record
    net = line if wanted == "excluded" else replace(line, amount=_whole(line.amount))
    gross = replace(net, amount=net.amount * (1 + rate))
    shown, true = (gross, net) if wanted == "excluded" else (net, gross)
    return replace(record_of(shown), line=true, planted=True)


def plant_units_of_measure(seed: int) -> list[Case]:
    """41: quantities in boxes and cartons; a conversion makes pieces of them, and a unit without
    one stops the unit.
    """
    rng = seeded(seed, 41)
    headers = {**HEADERS, "unit_of_measure": "单位"}
    records = [_pack(record, "件", 1) for record in plain_records(seed)]
    chosen = {place: rng.choice(list(PIECES)) for place in choose(rng, records, 24)}
    planted = [
        _pack(record, chosen[place], PIECES[chosen[place]]) if place in chosen else record
        for place, record in enumerate(records)
    ]
    source = {"columns": headers}
    tree = declare(source, measure={"unit_of_measure": "件", "conversions": PIECES})
    odd = [
        replace(_pack(record, "托盘", 1) if place == min(chosen) else record, planted=False)
        for place, record in enumerate(planted)
    ]
    table = "".join(f"{name},{pieces}\r\n" for name, pieces in PIECES.items())
    more = {"units.csv": f"单位,件数\r\n{table}".encode()}
    kept = {
        "units": {
            "kind": "csv",
            "role": "conversions",
            "path": "units.csv",
            "columns": {"unit": "单位", "factor": "件数"},
        }
    }
    by_table = declare(source, kept, measure={"unit_of_measure": "件"})
    return [
        text_case(
            41,
            "conversions in a table",
            Export("orders.csv", planted, headers),
            by_table,
            more=more,
        ),
        text_case(
            41,
            "conversions",
            Export("orders.csv", planted, headers),
            tree,
            allowed=("unit_of_measure",),
        ),
        text_case(
            41,
            "missing entry",
            Export("orders.csv", odd, headers),
            tree,
            blocked=("托盘", "conversion"),
        ),
    ]


def _pack(record: Record, unit: str, pieces: int) -> Record:
    line = record.line
    cells = {**record.cells, "unit_of_measure": unit}
    if line is None or pieces == 1:
        return replace(record, cells=cells)
    return replace(
        record,
        cells=cells,
        line=replace(
            line, quantity=line.quantity * pieces, more={"quantity_original": line.quantity}
        ),
        planted=True,
    )


def plant_within_company(seed: int) -> list[Case]:
    """42: sales to the company's own houses: out where the unit says so, else in."""
    records = plain_records(seed)
    own = seeded(seed, 42).sample(["金桥百货", "Baker Stores", "青山贸易"], 2)
    planted = [
        replace(item, planted=True) if item.cells["customer"] in own else item for item in records
    ]
    out = [
        replace(item, fate="dropped", rule="within_company") if item.planted else item
        for item in planted
    ]
    named = {"own_company": {"customer": own}}
    return [
        text_case(42, "out", Export("orders.csv", out), declare(measure=named)),
        text_case(
            42,
            "in",
            Export("orders.csv", planted),
            declare(measure={**named, "within_company": "in"}),
            allowed=("within_company",),
        ),
    ]


PLANTS = {
    37: plant_samples,
    39: plant_currencies,
    40: plant_tax,
    41: plant_units_of_measure,
    42: plant_within_company,
}
