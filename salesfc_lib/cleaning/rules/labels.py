"""What each line is counted in: its currency or unit of measure, as a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context


def is_said(column: str, lines: pd.DataFrame, context: Context) -> bool:
    """Whether the lines have the column (`currency`, `unit_of_measure`), or a source has."""
    return column in lines or any(getattr(source, column) for source in context.sources.values())


def code_labels(
    column: str, lines: pd.DataFrame, context: Context, *, fold: Callable[[str], str], base: str
) -> tuple[np.ndarray, list[str]]:
    """Number of each line's label (n_lines,), -1 where none is given, and the labels, base first.

    `fold` makes one label of its spellings. A source without the column and without a declared
    label counts in the base.
    """
    usual = []
    for name in lines["name"].cat.categories:
        source = context.sources[name]
        declared = getattr(source, column)
        usual.append(fold(declared) if declared else "" if column in source.columns else base)
    found = [fold(text) for text in lines[column].cat.categories] if column in lines else []
    labels = [label for label in dict.fromkeys([base, *found, *usual]) if label]
    place = {label: code for code, label in enumerate(labels)} | {"": -1}
    codes = np.array([place[label] for label in usual], dtype=np.int32)[lines["name"].cat.codes]
    if found:
        own = np.array([*(place[label] for label in found), -1], dtype=np.int32)
        own = own[lines[column].cat.codes]
        codes = np.where(own >= 0, own, codes)
    return codes, labels


def list_used(codes: np.ndarray, labels: list[str], counted: np.ndarray) -> list[str]:
    """Labels of the lines that are counted."""
    return [labels[code] for code in np.unique(codes[counted & (codes >= 0)])]


def keep_original(batch: Batch, measure: str) -> Batch:
    """Batch with a copy of a measure beside it, as it is before it is converted."""
    copy = f"{measure}_original"
    scales = {**batch.scales, copy: batch.scales[measure]}
    return replace(batch.with_columns(**{copy: batch.lines[measure].to_numpy()}), scales=scales)
