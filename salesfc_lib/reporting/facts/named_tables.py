"""Tables that are kept by name, as attributes."""

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
