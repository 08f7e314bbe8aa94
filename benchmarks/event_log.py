"""What the event log costs with a million events, what tampering it finds, what roles let through.

    python benchmarks/event_log.py --out event_log.json

Events are made up (seed 16): 40 units, 36 months, 1,000 series, 12 kinds. Questions are asked five
times, and the median counts. PostgreSQL is a server of the benchmark's own; where there is none,
its rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from salesfc_lib import archive
from salesfc_lib.archive import Record, append_record, read_records
from salesfc_lib.archive.event_log.chain import link
from salesfc_lib.archive.event_log.table import open_log
from tests import forbidden_acts as acts
from tests import postgres, tampering

SEED = 16
KINDS = ("alert.open", "alert.acknowledge", "alert.close", "cycle.done", "action.add",
         "action.close", "cause.confirm", "override.enter", "effect.declare", "consult.answer",
         "sign_off", "notify.sent")  # fmt: skip
SAID = Record(what="action.add", who="韩磊", unit="unit07", month="2026-05", reason="断货")
PIECE = 50_000
MOST_FORBIDDEN, MOST_ALLOWED = 240, 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--tamperings", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = {"sqlite": measure(Path(folder) / "sqlite", given.events, "")}
        found["tampering"] = count_found(Path(folder) / "tampered", given.tamperings)
        if postgres.can_run():
            with postgres.running_server() as server:
                os.environ["BENCH_LOG"] = server.address()
                found["postgresql"] = measure(Path(folder) / "pg", given.events, "BENCH_LOG")
            with postgres.running_server() as server:
                found["roles"] = count_acts(Path(folder) / "team", server.address())
    given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, ensure_ascii=False, indent=1))


def measure(project: Path, count: int, address: str) -> dict[str, float]:
    """Seconds of writing, asking, verifying, exporting and importing."""
    seconds: dict[str, float] = {}
    seconds["put"] = clock(lambda: fill(project, count, address))
    one = [clock(lambda: append_record(project, SAID, address_env=address)) for _ in range(20)]
    seconds["append_one"] = statistics.median(one)
    for name, asked in {
        "by_unit_and_kind": {"unit": "unit07", "what": "alert"},
        "by_unit_and_month": {"unit": "unit07", "month": "2025-05"},
        "by_unit": {"unit": "unit07"},
        "by_series": {"series": "line017/item0417"},
        "by_kind_and_month": {"what": "sign_off", "month": "2025-05"},
        "last_50": {"last": 50},
    }.items():
        rows = len(read_records(project, address_env=address, **asked))  # type: ignore[arg-type]
        times = [
            clock(lambda asked=asked: read_records(project, address_env=address, **asked))
            for _ in range(5)
        ]
        seconds[f"{name} ({rows:,} events)"] = statistics.median(times)
    seconds["verify"] = clock(lambda: check(project, address))
    file = project / "log.jsonl"
    seconds["export"] = clock(lambda: archive.export_log(project, file, address_env=address))
    if not address:
        seconds["import"] = clock(lambda: archive.import_log(project / "new", file))
    return {name: round(value, 3) for name, value in seconds.items()}


def fill(project: Path, count: int, address: str) -> None:
    project.mkdir(parents=True)
    with open_log(project, address) as log:
        rows = link(make_rows(count))
        while piece := list(islice(rows, PIECE)):
            log.put(piece)


def make_rows(count: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(SEED)
    for number in range(1, count + 1):
        month = f"{2023 + number * 36 // count // 12 % 4}-{number * 36 // count % 12 + 1:02d}"
        item = dice.randrange(1000)
        yield {
            "number": number, "at": f"{month}-{1 + number % 28:02d}T01:00:00+00:00", "clock": "",
            "who": "韩磊", "what": KINDS[dice.randrange(len(KINDS))],
            "unit": f"unit{dice.randrange(40):02d}", "month": month,
            "series": f"line{item // 24:03d}/item{item:04d}", "version": "1", "subject": f"s{item}",
            "old": "{}", "new": '{"value": 12345.6, "note": "促销提前"}', "reason": "渠道反馈",
            "once": None,
        }  # fmt: skip


def check(project: Path, address: str) -> None:
    fault = archive.verify_log(project, address_env=address)
    assert fault is None, fault


def count_found(project: Path, count: int) -> dict[str, str]:
    """Tamperings found, of those tried, by their kind."""
    whole = project / "whole"
    for number in range(40):
        append_record(whole, replace(SAID, new={"n": number}, once=f"{number}"))
    tried, found = Counter[str](), Counter[str]()
    for seed in range(count):
        copy = project / "copy"
        shutil.copytree(whole, copy)
        way = tampering.tamper(copy, seed)
        tried[way] += 1
        found[way] += archive.verify_log(copy) is not None
        shutil.rmtree(copy)
    tally = {way: f"{found[way]} of {tried[way]}" for way in sorted(tried)}
    return tally | {"all": f"{found.total()} of {tried.total()}"}


def count_acts(project: Path, address: str) -> dict[str, Any]:
    """Forbidden acts that went through, by way; allowed ones that did; four writers at once."""
    acts.set_up(project, address)
    dice = random.Random(SEED)
    forbidden = dice.sample(acts.list_acts(forbidden=True), MOST_FORBIDDEN)
    through, tried = Counter[str](), Counter[str]()
    for act in forbidden:
        tried[act.way] += 1
        through[act.way] += acts.try_act(project, act, address)
    allowed = dice.sample(acts.list_acts(forbidden=False), MOST_ALLOWED)
    passed = sum(acts.try_act(project, act, address) for act in allowed)
    own = address.replace("//owner@", "//owner_east@")
    direct = [each for each in acts.DIRECT if acts.run_sql(own, each)]
    tally = {way: f"{through[way]} of {tried[way]} through" for way in sorted(tried)}
    return {
        "forbidden": tally | {"all": f"{through.total()} of {tried.total()} through"},
        "statements against the log itself": f"{len(direct)} of {len(acts.DIRECT)} through",
        "allowed": f"{passed} of {len(allowed)} through",
        "four writers": write_at_once(project, address),
        "verified": archive.verify_log(project, address_env=acts.VARIABLE) is None,
    }


def write_at_once(project: Path, address: str) -> str:
    before = acts.count_events(address)

    def write(login: str) -> None:
        own, unit = address.replace("//owner@", f"//{login}@"), login.partition("_")[2]
        for _ in range(100):
            acts.run_sql(own, acts.INSERT.format(who="", what="action.add", unit=unit))

    seconds = clock(
        lambda: list(
            ThreadPoolExecutor(4).map(
                write, ("owner_east", "owner_west", "planner_east", "planner_west")
            )
        )
    )
    return f"{acts.count_events(address) - before} of 400 events in {seconds:.1f} s"


def clock(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
