"""Claims about overlapping re-exports: the newest extract counts, nothing else is lost."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.cleaning.batch.frames import key_codes
from salesfc_lib.cleaning.rules.repeats import find_superseded, rank_files, rank_moments
from salesfc_lib.errors import SalesForecastError

ROWS = st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 3)), max_size=30)


def obvious(keys: list[int], ages: list[int]) -> list[bool]:
    return [
        key >= 0
        and any(other == key and newer > age for other, newer in zip(keys, ages, strict=True))
        for key, age in zip(keys, ages, strict=True)
    ]


@given(ROWS)
def test_it_agrees_with_the_slow_loop(rows: list[tuple[int, int]]) -> None:
    keys, ages = [key for key, _ in rows], [age for _, age in rows]
    assert find_superseded(
        np.array(keys, dtype=np.int64), np.array(ages, dtype=np.int64)
    ).tolist() == obvious(keys, ages)


@given(ROWS)
def test_every_key_keeps_the_rows_of_its_newest_extract(rows: list[tuple[int, int]]) -> None:
    keys, ages = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    kept = ~find_superseded(keys, ages)
    assert set(keys[kept]) == set(keys)
    for key in set(keys[keys >= 0].tolist()):
        assert set(ages[kept & (keys == key)]) == {ages[keys == key].max()}
        assert (kept & (keys == key)).sum() == (
            (keys == key) & (ages == ages[keys == key].max())
        ).sum()


def test_a_repeat_inside_one_extract_is_not_superseded() -> None:
    assert not find_superseded(np.array([7, 7, 7]), np.array([2, 2, 2])).any()


def test_keys_are_equal_where_every_part_is_and_incomplete_where_one_is_missing() -> None:
    orders = pd.Series(["a", "a", "b", "a", None], dtype="category")
    rows = pd.DataFrame({"order_id": orders, "line": ["1", "2", "1", "1", "1"]})
    keys = key_codes(rows, ["order_id", "line"])
    assert keys[0] == keys[3]
    assert len(set(keys.tolist())) == 4
    assert keys[4] == -1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["s_2024-07.csv", "s_2023-12.csv"], ["s_2023-12.csv", "s_2024-07.csv"]),
        (["第10期.csv", "第9期.csv"], ["第9期.csv", "第10期.csv"]),
        (["a.csv", "a (2).csv", "a (10).csv"], ["a.csv", "a (2).csv", "a (10).csv"]),
        (["07.csv", "7.csv"], ["07.csv", "7.csv"]),
    ],
)
def test_numbers_in_names_count_as_numbers(names: list[str], expected: list[str]) -> None:
    assert list(rank_files([{"path": name} for name in names])) == expected
    assert list(rank_files([{"path": name} for name in reversed(names)])) == expected


def test_files_written_at_the_same_moment_are_of_the_same_age() -> None:
    files = [
        {"path": "b", "modified": 20},
        {"path": "a", "modified": 30},
        {"path": "c", "modified": 20},
    ]
    assert rank_files(files, "modified") == {"b": 0, "a": 1, "c": 0}


def test_a_column_says_when_each_row_was_extracted_or_the_unit_stops() -> None:
    days = pd.Series(["2024-07-02", "2024-07-01", None], dtype="category")
    assert rank_moments(days[:2], "导出时间").tolist() == [1, 0]
    with pytest.raises(
        SalesForecastError, match="'导出时间'.*cannot be read in 1 rows, e.g. row '3'"
    ):
        rank_moments(days, "导出时间")


def test_three_million_rows_take_seconds() -> None:
    keys, ages = np.arange(3_000_000) % 1_500_000, np.repeat([0, 1], 1_500_000)
    started = time.process_time()
    assert find_superseded(keys, ages).sum() == 1_500_000
    assert time.process_time() - started < 10  # the loop over rows takes minutes
