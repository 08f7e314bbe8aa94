"""What is lost or there twice after many faults between this library and fake ERP systems.

    python benchmarks/erp_faults.py --faults 1000 --seed S --out FILE.json

Writes a list of rows. system; what: `write` (forecasts handed over) or `read` (sales orders); seed;
faults (drawn, by kind too, as `fault_…`); requests; sends or reads, and how many of them had to be
repeated; lines, lost (not there or with another quantity at the end), twice. The fakes are
`fake_erp`; no live system was asked. U8 Cloud is read only: its forecast is a workbook, written
here while the process is interrupted at a random place instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fake_erp import FAKES, KINDS, Fake, wire
from salesfc_lib.foundation import Source
from salesfc_lib.handover import erp
from salesfc_lib.intake.sources.erp.door import Unclear
from salesfc_lib.intake.sources.erp.extract import open_door
from tests.handover.erp import months

RATE = 0.3  # of the requests that fail
PRODUCTS = 60
ORDERS = {"jiandaoyun": {"entry": "orders"}}  # the form that orders are read from
Row = dict[str, Any]


def count_written(system: str, faults: int, seed: int, project: Path) -> Row:
    """Forecasts handed over, each time with other quantities, until so many faults were met."""
    fake = FAKES[system](seed=seed, rate=RATE, most=faults)
    run = months.make_month(project, fake, system, products=PRODUCTS, **fake.active)
    found: Counter[str] = Counter()
    while sum(fake.tally.values()) < faults:
        products, add = PRODUCTS - found["rounds"] % 3, found["rounds"]
        months.publish(project, products, add=add)
        if add % 4:  # mostly, so that all of it is new again
            fake.clear()
        found["rounds"] += 1
        found["sends"] += _send_until_complete(run, fake)
        fake.settle()
        wanted = months.wanted(products, add)
        there = fake.contents()
        found["twice"] += sum(len(values) > 1 for values in there.values())
        flat = {(key[0], key[2]): float(values[0]) for key, values in there.items()}
        keys = wanted.keys() | {key for key, value in flat.items() if value}
        found["lines"] += len(wanted)
        found["lost"] += sum(flat.get(key, 0.0) != wanted.get(key, 0.0) for key in keys)
    return _row(system, "write", seed, fake, found)


def count_interrupted(system: str, faults: int, seed: int, project: Path) -> Row:
    """Import workbooks whose writing is broken off at a random place, so many times."""
    fake, dice = FAKES[system](), random.Random(seed)
    run = months.make_month(project, fake, system, products=5)
    found: Counter[str] = Counter()
    places = ("write_bytes", "replace")
    while found["faults"] < faults:
        months.publish(project, 5, add=found["rounds"])
        found["rounds"] += 1
        for _ in range(dice.randint(1, 4)):
            found["sends"] += 1
            found["faults"] += 1
            with patch.object(Path, dice.choice(places), side_effect=OSError("disk full")):
                try:
                    erp.send(run, months.NAME, wire=wire(fake))
                except OSError:
                    continue
        found["sends"] += 1
        sent = erp.send(run, months.NAME, wire=wire(fake))
        wanted = months.wanted(5, found["rounds"] - 1)
        rows = Counter((row["product"], row["month"]) for row in sent.receipt["rows"])
        read = {(r["product"], r["month"]): float(r["read_back"]) for r in sent.receipt["rows"]}
        found["lines"] += len(wanted)
        found["lost"] += sum(read.get(key) != value for key, value in wanted.items())
        found["twice"] += sum(count > 1 for count in rows.values())
    row = _row(system, "write", seed, fake, found)
    return {**row, "faults": found["faults"], "fault_interrupted": found["faults"]}


def count_read(system: str, faults: int, seed: int) -> Row:
    """Sales orders read again and again until so many faults were met."""
    fake = FAKES[system](seed=seed + 1, rate=RATE, most=faults)
    connection = {**fake.connection, **ORDERS.get(system, {}), "url": fake.url}
    connection.pop("plant", None)
    source = Source.model_validate({"kind": system, "erp": connection, "columns": {"a": "a"}})
    found: Counter[str] = Counter()
    while sum(fake.tally.values()) < faults:
        door = open_door(source, wire(fake))
        found["sends"] += 1
        try:
            rows = Counter(map(fake.identify, door.read_orders(None)))  # type: ignore[attr-defined]
        except Unclear:
            continue
        found["rounds"] += 1
        wanted = fake.orders()
        found["lines"] += sum(wanted.values())
        found["lost"] += sum((wanted - rows).values())
        found["twice"] += sum((rows - wanted).values())
    return _row(system, "read", seed, fake, found)


def _send_until_complete(run: Any, fake: Fake) -> int:
    """Number of sends until one was complete."""
    for number in range(1, 51):
        try:
            sent = erp.send(run, months.NAME, wire=wire(fake))
        except erp.ErpError:
            continue
        if sent.receipt.get("status") == erp.COMPLETE:
            return number
    raise RuntimeError("50 sends did not bring it there")


def _row(system: str, what: str, seed: int, fake: Fake, found: Counter[str]) -> Row:
    return {
        "system": system,
        "what": what,
        "seed": seed,
        "faults": sum(fake.tally.values()),
        "requests": fake.requests,
        "rounds": found["rounds"],
        "sends": found["sends"],
        "lines": found["lines"],
        "lost": found["lost"],
        "twice": found["twice"],
        **{f"fault_{kind}": fake.tally[kind] for kind in KINDS},
    }


def main() -> None:
    """Run all systems and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows: list[Row] = []
    for system, fake in FAKES.items():
        os.environ |= fake.environment
        count = count_interrupted if system == "u8_cloud" else count_written
        with tempfile.TemporaryDirectory() as folder:
            rows.append(count(system, options.faults, options.seed, Path(folder)))
        rows.append(count_read(system, options.faults, options.seed))
        for row in rows[-2:]:
            shown = ("system", "what", "faults", "requests", "lines", "lost", "twice")
            print("  ".join(f"{name} {row[name]}" for name in shown), flush=True)
    options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
