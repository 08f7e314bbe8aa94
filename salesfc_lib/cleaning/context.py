"""What a rule may look at beside the lines, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.mappings import Mappings, read_mappings
from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import Extract


@dataclass(frozen=True)
class Context:
    """A unit's parameters, what was read of its sources, and its mappings, read once."""

    parameters: Parameters
    extracts: Mapping[str, Extract]

    @property
    def sources(self) -> dict[str, Source]:
        """Sources by name."""
        return self.parameters.sources

    @cached_property
    def mappings(self) -> Mappings:
        """Names of members by day; raises `SalesForecastError` as `read_mappings` does."""
        return read_mappings(self.parameters, self.extracts)

    def with_role(self, *roles: str) -> dict[str, Source]:
        """Sources of these roles, by name."""
        return {name: source for name, source in self.sources.items() if source.role in roles}


Rule = Callable[[Batch, Context], Batch]


def where(mask: pd.Series | np.ndarray) -> np.ndarray:
    """Positions at which a mask is set."""
    return np.flatnonzero(np.asarray(mask, dtype=bool))


def lines_of(batch: Batch, name: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Positions and lines of one source of the batch."""
    mine = where(batch.lines["name"].eq(name))
    return mine, batch.lines if len(mine) == len(batch.lines) else batch.lines.iloc[mine]
