"""What became of published months is asked of the month before, where it can be read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.steps import cleaning


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{", b'{"outputs": [], "parameters": []}'])
def test_a_month_before_whose_manifest_is_damaged_is_taken_as_none(
    tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "2026-05" / "north"
    (folder / "tables").mkdir(parents=True)
    pd.DataFrame().to_parquet(folder / "tables" / "transactions.parquet")
    if content is not None:
        (folder / "manifest.json").write_bytes(content)
    run: Any = SimpleNamespace(
        reports=tmp_path, month_before="2026-05", unit="north", folder=tmp_path / "new"
    )
    found = cleaning._restate(run)
    assert [len(table) for table in found.values()] == [0, 0]
