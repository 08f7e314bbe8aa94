"""A unit of less than a year: its second month looks back without a seasonal naive."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from salesfc_lib.running.run import Request, backfill

UNIT = {
    "sources": {
        "orders": {
            "kind": "csv",
            "path": "orders.csv",
            "columns": {"date": "date", "amount": "amount", "region": "region"},
        }
    },
    "dimensions": ["region"],
    "levels": {"total": [], "region": ["region"]},
    "calendar": {"closed_through": "2024-07"},
}


def test_the_second_month_of_a_short_history_is_published(tmp_path: Path) -> None:
    rows = [f"2024-{month:02}-15,{100 + month},east" for month in range(1, 8)]
    text = "\n".join(["date,amount,region", *rows, ""])
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    file = tmp_path / "parameters" / "units" / "north.yml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(UNIT, sort_keys=False), encoding="utf-8")
    outcomes = backfill(Request(tmp_path, workers=1), "2024-06", "2024-07")
    assert [(each.state, each.message) for each in outcomes] == [("published", "")] * 2
    manifest = tmp_path / "reports" / "2024-07" / "north" / "manifest.json"
    summary = json.loads(manifest.read_text(encoding="utf-8"))["summary"]
    assert summary["wape"] is not None and summary["naive"] is None
