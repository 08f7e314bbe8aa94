"""An order of lines that their places in the files do not decide.

Lines enter; positions leave. The decision made here: where a rule takes "the first" of several lines, it is the earliest by
day, then by what the lines hold; a line's source and row come last, between lines that are worth the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST, LAST = ("known", "date"), ("source", "row")


def order_by_content(lines: pd.DataFrame) -> np.ndarray:
    """Positions of lines (n_lines,) by their days and then all that they hold; a line without a day comes last."""
    between = sorted(name for name in lines if name not in (*FIRST, *LAST))
    names = [name for name in (*FIRST, *between, *LAST) if name in lines]
    return np.lexsort([_rank(lines[name]) for name in reversed(names)])


def _rank(column: pd.Series) -> np.ndarray:
    """A number for each value that does not depend on the order of rows; days and whole numbers are their own."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used, place = np.unique(column.cat.codes.to_numpy(), return_inverse=True)
        labels = column.cat.categories.to_numpy().astype(object)
        texts = np.array(
            ["" if code < 0 else f"={labels[code]}" for code in used.tolist()], dtype=object
        )
        return np.asarray(np.argsort(np.argsort(texts))[place])
    if column.dtype == object:
        return np.asarray(pd.factorize(column.astype(str), sort=True)[0])
    return column.to_numpy()
