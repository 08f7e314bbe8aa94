"""The benchmark of faults runs, and counts nothing lost and nothing twice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import erp_faults


def test_the_tally_has_a_row_for_writing_and_reading_of_each_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(erp_faults, "PRODUCTS", 4)
    out = tmp_path / "faults.json"
    monkeypatch.setattr(sys, "argv", ["erp_faults", "--faults", "8", "--out", str(out)])
    erp_faults.main()
    rows = json.loads(out.read_text())
    pairs = [(row["system"], row["what"]) for row in rows]
    assert pairs == [(name, what) for name in erp_faults.FAKES for what in ("write", "read")]
    assert all(row["faults"] >= 8 for row in rows)
    assert {(row["lost"], row["twice"]) for row in rows} == {(0, 0)}
    assert all(row["lines"] > 0 for row in rows)
