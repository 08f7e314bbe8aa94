"""An order of lines that their places in the files do not decide."""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST, LAST = ("known", "date"), ("source", "row")


def order_by_content(lines: pd.DataFrame) -> np.ndarray:
    """Positions of lines (n_lines,) by day (missing last), then content, then source and row."""
    between = sorted(name for name in lines if name not in (*FIRST, *LAST))
    names = [name for name in (*FIRST, *between, *LAST) if name in lines]
    return np.lexsort([_rank(lines[name]) for name in reversed(names)])


def _rank(column: pd.Series) -> np.ndarray:
    """A number for each value that does not depend on the order of rows."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.to_numpy()
    used, place = np.unique(column.cat.codes.to_numpy(), return_inverse=True)
    labels = column.cat.categories.to_numpy().astype(object)
    texts = ["" if code < 0 else f"={labels[code]}" for code in used.tolist()]
    return np.asarray(np.argsort(np.argsort(np.array(texts, dtype=object)))[place])
