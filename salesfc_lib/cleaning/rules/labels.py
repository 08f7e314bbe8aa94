"""What each line is counted in: its currency or unit of measure, as a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.errors import SalesForecastError, shorten

NOUNS = {  # of a column: one label, several in a measure, what makes one of them another
    "currency": ("currency", "amounts are in several currencies", "rates"),
    "unit_of_measure": ("unit", "quantities are in several units of measure", "conversions"),
}


def find_other(
    column: str, measure: str, batch: Batch, context: Context, fold: Callable[[str], str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Positions of lines that are not counted in the unit's label, each line's label, the labels.

    `fold` makes one label of its spellings. Raises `SalesForecastError` where the unit forecasts
    this measure, has several labels in it and names none as its own.
    """
    lines, definition, none = batch.lines, context.parameters.measure, np.empty(0, dtype=np.int64)
    base = getattr(definition, column)
    declared = any(getattr(source, column) for source in context.sources.values())
    if column not in lines and not declared:
        return none, none, []
    codes, labels = code_labels(column, lines, context, fold=fold, base=fold(base) if base else "")
    counted = lines[measure].to_numpy() != 0
    if base is not None:
        return where(counted & (codes != labels.index(fold(base)))), codes, labels
    used = [labels[code] for code in np.unique(codes[counted & (codes >= 0)])]
    if len(used) > 1 and definition.value == measure:
        one, several, factors = NOUNS[column]
        raise SalesForecastError.say(
            f"The {several} ({shorten(used, 5)}), which cannot be added",
            f"One {one} in which the unit counts, and {factors} to it",
            f"Set `measure.{column}` and `measure.{factors}`, or add a source with the role "
            f"`{factors}`",
        )
    return none, codes, labels


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


def keep_original(batch: Batch, measure: str) -> Batch:
    """Batch with a copy of a measure beside it, as it is before it is converted."""
    copy = f"{measure}_original"
    scales = {**batch.scales, copy: batch.scales[measure]}
    return replace(batch.with_columns(**{copy: batch.lines[measure].to_numpy()}), scales=scales)
