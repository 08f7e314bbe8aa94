"""What several steps share: tables by name, and sales of one series by month."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd


class NamedTables:
    """Tables of the dict in the field `NAMED` as attributes, so that a notebook shows them by
    name.
    """

    NAMED: ClassVar[str] = "tables"

    def __getattr__(self, name: str) -> pd.DataFrame:
        found = self.__dict__.get(self.NAMED, {})
        if name not in found:
            raise AttributeError(f"{type(self).__name__} has no table '{name}'")
        table: pd.DataFrame = found[name]
        return table

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.__dict__.get(self.NAMED, {})]


def sales_of(panel: pd.DataFrame, unique_id: str) -> pd.Series:
    """Sales of a series by `ds`; missing in a month without any source row."""
    return panel[panel["unique_id"] == unique_id].set_index("ds")["y_raw"].sort_index()


def year_before(sold: pd.Series, ds: pd.Timestamp) -> float | None:
    """Sales of the same month a year before, None where they are not known."""
    found = sold.get(ds - pd.DateOffset(years=1))
    return None if found is None or pd.isna(found) else float(found)


def year_change(sold: pd.Series, ds: pd.Timestamp, value: float) -> float | None:
    """`value` against sales a year before, as a share of them; None without such sales."""
    before = year_before(sold, ds)
    return value / before - 1 if before else None


def months_silent(sold: pd.Series) -> int:
    """Months since the last sale."""
    return int(sold.iloc[::-1].fillna(0.0).le(0).cumprod().sum())
