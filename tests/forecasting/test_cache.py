"""Claims about the memory: exact, shared, and harmless when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from salesfc_lib.forecasting.cache import CacheEntry, ForecastCache, digest, fingerprint


def test_entry_comes_back_exactly_in_another_process(tmp_path: Path) -> None:
    values = np.array([0.1, 1 / 3, 1e-300])
    ForecastCache(tmp_path).put(
        {"k": CacheEntry(values), "f": CacheEntry(None, "5 months, 25 needed")}
    )
    other = ForecastCache(tmp_path)
    other.refresh()
    found, failed = other.entries.get("k"), other.entries.get("f")
    assert (
        found is not None and found.values is not None and found.values.tolist() == values.tolist()
    )
    assert failed == CacheEntry(None, "5 months, 25 needed")


def test_nothing_is_known_before_it_is_put(tmp_path: Path) -> None:
    memory = ForecastCache(tmp_path / "not-there")
    memory.refresh()
    assert memory.entries.get("k") is None


def test_two_writers_keep_both(tmp_path: Path) -> None:
    first, second = ForecastCache(tmp_path), ForecastCache(tmp_path)
    first.put({"a": CacheEntry(np.array([1.0]))})
    second.put({"b": CacheEntry(np.array([2.0]))})
    first.refresh()
    assert first.entries.get("b") is not None
    assert not list(tmp_path.glob(".*"))


def test_damaged_file_is_as_good_as_absent(tmp_path: Path) -> None:
    ForecastCache(tmp_path).put({"a": CacheEntry(np.array([1.0]))})
    ForecastCache(tmp_path).put({"b": CacheEntry(np.array([2.0]))})
    damaged = sorted(tmp_path.glob("*.parquet"))[0]
    damaged.write_bytes(damaged.read_bytes()[:40])
    memory = ForecastCache(tmp_path)
    memory.refresh()
    assert [memory.entries.get(key) is None for key in ("a", "b")].count(True) == 1


def test_known_entries_are_not_written_again(tmp_path: Path) -> None:
    memory = ForecastCache(tmp_path)
    memory.put({"a": CacheEntry(np.array([1.0]))})
    memory.put({"a": CacheEntry(np.array([1.0]))})
    assert len(list(tmp_path.glob("*.parquet"))) == 1


def test_digest_tells_where_parts_end() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab", b"c") == digest("ab", "c")
    assert fingerprint() == fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        "candidates/arima.py",
        "smoothing/seasonality.py",
        "forecasting/history.py",
        "tuning.py",
        "demand.py",
        "panel/gaps.py",
        "nan_statistics.py",
    ],
)
def test_a_change_of_what_candidates_are_built_of_changes_the_fingerprint(
    changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, before = Path.read_bytes, fingerprint.__wrapped__()
    monkeypatch.setattr(
        Path,
        "read_bytes",
        lambda path: read(path) + (b"#" if path.as_posix().endswith(changed) else b""),
    )
    assert fingerprint.__wrapped__() != before
