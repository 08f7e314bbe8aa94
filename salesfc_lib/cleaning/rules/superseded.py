"""Overlapping re-exports: which rows a newer extract has again, and which extract is newer.

A row is superseded when its key stands in a newer extract, never by a row of its own extract, so
that a legitimate repeat stays; a row without a complete key supersedes nothing and is not
superseded; extracts of the same age are both kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten

NAME, MODIFIED = "name", "modified"  # values of `extracted` that are no column
NUMBER = re.compile(r"(\d+)")
ENDING = re.compile(r"(\.[A-Za-z][A-Za-z0-9]*)+$")  # .csv, .csv.gz


def find_superseded(keys: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """Whether each row (n_rows,) stands under the same key in a newer extract.

    `keys` (n_rows,) are codes as `key_codes` gives them, -1 where a key is incomplete; `ages`
    (n_rows,) rank the rows' extracts, the oldest first.

    >>> find_superseded(np.array([0, 0, 1, -1, 0, 0]), np.array([0, 0, 0, 0, 1, 1])).tolist()
    [True, True, False, False, False, False]
    """
    if not len(keys) or (ages == ages[0]).all():
        return np.zeros(len(keys), dtype=bool)
    order = np.argsort(ages, kind="stable")
    newest = np.zeros(int(keys.max()) + 2, dtype=ages.dtype)  # the last is that of the code -1
    newest[keys[order]] = ages[order]  # of several, the last one stays: the newest
    return (newest[keys] > ages) & (keys >= 0)


def rank_files(files: Sequence[Mapping[str, Any]], extracted: str = NAME) -> dict[str, int]:
    """Age rank of each file by its path, the oldest first: by name, or by time (`modified`).

    >>> rank_files([{"path": "sales_10.csv"}, {"path": "sales_9.csv"}])
    {'sales_9.csv': 0, 'sales_10.csv': 1}
    """
    paths = [str(file["path"]) for file in files]
    if extracted == MODIFIED:
        times = np.array([file["modified"] for file in files])
        return dict(zip(paths, rank(times).tolist(), strict=True))
    return {path: place for place, path in enumerate(sorted(paths, key=split_numbers))}


def split_numbers(name: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Sort key of a file's name, in which numbers count as numbers and the ending not at all.

    >>> sorted(["a (2).csv", "a.csv", "a (10).csv"], key=split_numbers)
    ['a.csv', 'a (2).csv', 'a (10).csv']
    """
    parts = NUMBER.split(ENDING.sub("", name))
    pairs = zip(parts[::2], [*parts[1::2], "-1"], strict=True)
    return tuple((text, int(number)) for text, number in pairs), name


def rank_column(values: pd.Series, header: str) -> np.ndarray:
    """Age rank of each row (n_rows,) by its moment of extraction: days, moments or numbers.

    Raises `SalesForecastError` where a row does not say it.
    """
    missing = np.flatnonzero(values.isna().to_numpy())
    if len(missing):
        raise SalesForecastError.say(
            f"'{header}' (`extracted`) cannot be read in {len(missing)} rows, e.g. row "
            f"{shorten(missing + 1)}",
            "The moment of its extract in every row",
            "Correct the export, or set `extracted: name` or `modified` for this source",
        )
    return rank(values.to_numpy())


def rank(values: np.ndarray) -> np.ndarray:
    """Rank of each value (n_values,) among the distinct ones, from 0.

    >>> rank(np.array([30, 10, 30])).tolist()
    [1, 0, 1]
    """
    return np.unique(values, return_inverse=True)[1]
