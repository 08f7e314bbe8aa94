"""Regressors of a row at an earlier cutoff: plans that were announced later are taken out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd


def recall(
    regressors: Mapping[str, np.ndarray],
    recalled: pd.DataFrame,
    rows: np.ndarray,
    ids: np.ndarray,
    width: int,
) -> None:
    """Set in `rows` of regressors (n, width + ahead), whose cutoff is that of the rows of table
    `recalled`, what was known then of the months after it.
    """
    place = pd.Index(ids[rows]).get_indexer(recalled["unique_id"])
    ds, cutoff = (recalled[name].to_numpy().astype("datetime64[M]") for name in ("ds", "cutoff"))
    column = width - 1 + (ds - cutoff).astype(int)
    for name, known in regressors.items():
        ok = (place >= 0) & (column < known.shape[1]) & recalled["name"].eq(name).to_numpy()
        known[rows[place[ok]], column[ok]] = recalled["value"].to_numpy()[ok]
