"""Claims about a scan: what a month would find is seen before it is run, and nothing is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import yaml
from typer.testing import CliRunner

from salesfc_lib import steps
from salesfc_lib.cleaning.clean import clean, read_all
from salesfc_lib.cleaning.scan import scan_unit
from salesfc_lib.cli import app
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.reporting.narrative.cleaning import exports

UNIT: Mapping[str, Any] = {
    "sources": {
        "orders": {
            "kind": "csv",
            "path": "orders.csv",
            "key": ["order_id"],
            "columns": {
                name: name for name in ("date", "order_id", "customer", "amount", "region")
            },
        }
    },
    "dimensions": ["region"],
    "levels": {"total": [], "region": ["region"]},
    "calendar": {"closed_through": "2024-12"},
    "renames": {"region": {"old": "new"}},
}


def project(folder: Path, rows: list[tuple[str, ...]], **more: Any) -> Path:
    columns = ["date", "order_id", "customer", "amount", "region"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "orders.csv", index=False)
    file = folder / "parameters" / "units" / "north.yml"
    file.parent.mkdir(parents=True)
    file.write_text(
        yaml.safe_dump({**UNIT, **more}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return folder


def ask(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments])
    return done.exit_code, done.output


GOOD = [
    (f"2024-{month:02}-05", f"A{month}{region}", "李", "10", region)
    for month in range(1, 13)
    for region in ("east", "old")
]
REPEATED = [*GOOD, GOOD[0]]


def test_a_scan_says_what_the_month_then_does(tmp_path: Path) -> None:
    folder = project(tmp_path, REPEATED)
    parameters = resolve(folder, "north").parameters
    extracts = read_all(parameters, folder)
    found = scan_unit(parameters, folder, "north").problems
    done = clean(parameters, folder, "2024-12", extracts)
    pd.testing.assert_frame_equal(found, done.problems)
    assert set(found["rule"]) == {"duplicate", "renamed"}


def test_the_verb_prints_by_source_what_happens_and_writes_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path, REPEATED)
    before = sorted(folder.rglob("*"))
    status, said = ask("scan", "north", "--project", str(folder))
    assert status == 0
    assert "orders\n" in said
    assert (
        "dropped     duplicate            1 row        "
        "first row 26: the key (order_id) stands again" in said
    )
    assert (
        "changed     renamed              12 rows      "
        "`region`, first row 3: region 'old' is now 'new', e.g. old → new" in said
    )
    assert sorted(folder.rglob("*")) == before


def test_a_unit_that_would_stop_is_told_with_everything_that_is_wrong(tmp_path: Path) -> None:
    folder = project(tmp_path, [*GOOD, ("soon", "B1", "李", "10", "east")])
    status, said = ask("scan", "north", "--project", str(folder))
    assert status == 1
    assert "Stops the unit: 1 of 25 rows (4.0 %) cannot be used" in said
    assert "quarantined" in said, "what the budget weighs is shown"
    (folder / "orders.csv").unlink()
    status, said = ask("scan", "north", "--project", str(folder))
    assert status == 1
    assert "Stops the unit: orders: " in said


def test_nothing_found_is_said_as_well(tmp_path: Path) -> None:
    folder = project(tmp_path, [row for row in GOOD if row[4] == "east"], renames={})
    assert ask("scan", "north", "--project", str(folder)) == (0, "Nothing was found.\n")
    assert ask("proposals", "north", "--project", str(folder)) == (
        0,
        "No member ends where another one begins.\n",
    )


def test_proposals_come_with_the_yaml_that_accepts_them(tmp_path: Path) -> None:
    rows = [
        (f"2024-{month:02}-05", f"B{month}", "李", "10", "north" if month < 7 else "North.")
        for month in range(1, 13)
    ]
    folder = project(tmp_path, [*GOOD, *rows])
    status, said = ask("proposals", "north", "--project", str(folder))
    assert status == 0
    assert "region: 'north' -> 'North.' from 2024-07" in said
    block = yaml.safe_load(said.split("this:\n")[1])
    file = folder / "parameters" / "units" / "north.yml"
    file.write_text(
        yaml.safe_dump({**UNIT, **block}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    parameters = resolve(folder, "north").parameters
    assert set(clean(parameters, folder, "2024-12").transactions["region"]) == {
        "east",
        "old",
        "North.",
    }
    assert ask("proposals", "north", "--project", str(folder)) == (
        0,
        "No member ends where another one begins.\n",
    )


def test_each_file_of_a_feed_speaks_for_its_own_rows(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        [row for row in GOOD if row[4] == "east"],
        renames={},
        cleaning={"loss_budget": 0.5},
    )
    text = (folder / "orders.csv").read_text()
    unit = folder / "parameters" / "units" / "north.yml"
    unit.write_text(unit.read_text().replace("orders.csv", "orders*.csv"))
    (folder / "orders_1.csv").write_text(text.replace("2024-03-05", "soon"))
    (folder / "orders_2.csv").write_text(
        text.replace("2024-0", "2023-0").replace(",A", ",B").replace("李,10", '李,"1.234,50"')
    )
    (folder / "orders_3.csv").write_text(
        text.replace("2024-04-05", "0000-00-00").replace(",A", ",C").replace("2024-05-05", "later")
    )
    (folder / "orders.csv").unlink()
    parameters = resolve(folder, "north").parameters
    found = (
        scan_unit(parameters, folder, "north").problems.map(in_words).set_index(["source", "rule"])
    )
    assert ("orders: orders_2.csv", "separators") in found.index, (
        "the file that is written so is named, not the feed's first"
    )
    assert found.loc[("orders: orders_1.csv", "unreadable"), "example"] == "date 'soon' is no date"
    assert found.loc[("orders: orders_3.csv", "unreadable"), "example"] == "date 'later' is no date"
    assert "counts 0" in found.loc[("orders: orders_3.csv", "sentinel_date"), "reason"]
    assert (
        "its amount counts 0" not in found.loc[("orders: orders_3.csv", "sentinel_date"), "reason"]
    ), "its amount could be read"
    status, said = ask("scan", "north", "--project", str(folder))
    assert status == 0
    assert "quarantined unreadable           2 rows       first row 4 in orders_1.csv: " in said, (
        "a feed is told together"
    )


def test_a_page_says_that_nothing_was_found_though_later_rows_wait_for_their_month(
    tmp_path: Path,
) -> None:
    folder = project(
        tmp_path,
        [*[row for row in GOOD if row[4] == "east"], ("2025-01-05", "L1", "李", "10", "east")],
        renames={},
    )
    parameters = resolve(folder, "north").parameters
    problems = clean(parameters, folder, "2024-12").problems
    assert set(problems["rule"]) == {"after_month"}
    section = exports.scan(
        SimpleNamespace(parameters=parameters), SimpleNamespace(problems=problems)
    )  # type: ignore[arg-type]
    assert "Nothing" in str(section.blocks)
    assert "0 kinds" not in str(section.blocks)


def test_a_month_without_any_row_is_told_unless_it_was_closed(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        [row for row in GOOD if row[4] == "east" and row[0] not in ("2024-05-05", "2024-12-05")],
        renames={},
    )
    said = "noted       missing_month        2 months     no row at all"
    assert said in ask("scan", "north", "--project", str(folder))[1]
    parameters = resolve(folder, "north").parameters
    assert clean(parameters, folder, "2024-12").problems["example"].map(in_words).tolist() == [
        "2024-05 and 2024-12"
    ]
    assert clean(parameters, folder, "2024-04").problems.query("rule == 'missing_month'").empty, (
        "a backfill sees no later month"
    )
    closed = ["--set", "calendar.closed_months=[2024-05, 2024-12]"]
    assert ask("scan", "north", "--project", str(folder), *closed) == (0, "Nothing was found.\n")


def test_a_scan_says_what_the_end_of_the_month_finds_and_what_stops_there(tmp_path: Path) -> None:
    rows = [*[row for row in GOOD if row[4] == "east"], ("2024-03-07", "R1", "李", "-10", "east")]
    ledger = {
        "kind": "csv",
        "path": "gl.csv",
        "role": "control_totals",
        "columns": {"ds": "month", "amount": "amount"},
    }
    orders = {
        **UNIT["sources"]["orders"],
        "columns": {**UNIT["sources"]["orders"]["columns"], "reference": "reference"},
    }
    folder = project(tmp_path, rows, renames={}, sources={"orders": orders, "ledger": ledger})
    frame = pd.read_csv(folder / "orders.csv").assign(reference="")
    frame.loc[frame["order_id"].eq("R1"), "reference"] = "A3east"
    frame.to_csv(folder / "orders.csv", index=False)
    totals = {f"2024-{month:02}": 0 if month == 3 else 10 for month in range(1, 13)}
    pd.DataFrame(totals.items(), columns=["month", "amount"]).to_csv(folder / "gl.csv", index=False)
    status, said = ask("scan", "north", "--project", str(folder))
    assert (status, "dropped     cancelled            2 rows" in said) == (0, True), said
    pd.DataFrame({**totals, "2024-05": 30}.items(), columns=["month", "amount"]).to_csv(
        folder / "gl.csv", index=False
    )
    status, said = ask("scan", "north", "--project", str(folder))
    assert status == 1
    assert (
        "Stops the unit: The amount of 2024-05 (kept) is 10, the general ledger in 'gl.csv' says 30"
        in said
    )


LATE = [
    ("2025-01-03", "B1", "李", "7.50", "east"),
    ("2025-01-07", "B2", "李", "2", "east"),
    ("2026-03-07", "B3", "李", "1234", "east"),
]


def test_what_waits_for_its_month_is_counted_and_the_advice_takes_it_in(tmp_path: Path) -> None:
    more = [(row[0], f"{row[1]}{at}", *row[2:]) for row in GOOD for at in range(4)]
    folder = project(tmp_path, [*more, *LATE], calendar={})
    code, said = ask("scan", "north", "--project", str(folder))
    assert code == 0
    assert (
        "2024-12 is the latest closed month. Left out: 3 rows, amount 1,243.50: "
        "2025-01 (2 rows, amount 9.50), 2026-03 (1 row, amount 1,234.00). Where 2025-01 is"
    ) in said
    line, command = re.findall(r"`([^`]+)`", said.splitlines()[0])
    parts = shlex.split(command)
    assert parts[:4] == ["salesfc", "run", "--unit", "north"] and parts[-1] == str(folder)
    assert steps.find_closed(folder, "north")[0] == "2024-12"
    assert steps.find_closed(folder, "north", [parts[5]])[0] == "2025-01"
    file = folder / "parameters" / "units" / "north.yml"
    own = yaml.safe_load(file.read_text(encoding="utf-8")) | yaml.safe_load(line)
    file.write_text(yaml.safe_dump(own, sort_keys=False), encoding="utf-8")
    month, left_out = steps.find_closed(folder, "north")
    assert month == "2025-01", "the line in the unit's file does the same"
    assert "Left out: 2026-03 (1 row, amount 1,234.00). No month after 2025-01" in left_out


def test_a_declared_month_that_is_older_than_the_data_is_told(tmp_path: Path) -> None:
    folder = project(tmp_path, GOOD, calendar={"closed_through": "2024-09"})
    said = ask("scan", "north", "--project", str(folder))[1]
    assert "2024-09 is the latest closed month. Left out: 6 rows, amount 60: 2024-10" in said
    assert 'Where 2024-11 is complete, `calendar: {closed_through: "2024-11"}`' in said


def test_nothing_is_said_where_nothing_waits(tmp_path: Path) -> None:
    folder = project(tmp_path, GOOD)
    assert steps.find_closed(folder, "north") == ("2024-12", "")
