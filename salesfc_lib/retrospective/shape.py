"""Rows into the columns and types of their contract, so that an empty table has them too."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import tables


def shape(rows: pd.DataFrame | list[dict[str, object]], name: str) -> pd.DataFrame:
    """The rows with the columns of table `name`, in their order and with their types."""
    columns = tables.empty(name).dtypes.to_dict()
    return pd.DataFrame(rows, columns=list(columns)).astype(columns).reset_index(drop=True)
