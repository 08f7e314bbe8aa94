"""Days of columns that only number their periods."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import model_validator

from salesfc_lib.foundation.schema.block import ParameterBlock


class PeriodDates(ParameterBlock):
    """Days of columns that only number their periods (d_1, d_2 …): those of a file that has a row
    for each header, or counted from the first of them.
    """

    path: str = ""  # under the root of the source
    key: str = ""  # its header of the column that names the headers
    date: str = ""  # and of the column that has the day of each
    first: datetime.date | None = None  # day of the first of the columns
    step: Literal["day", "week", "month"] = "day"  # what a column stands for

    @model_validator(mode="after")
    def _one_way(self) -> PeriodDates:
        named = [bool(text) for text in (self.path, self.key, self.date)]
        if any(named) == (self.first is not None) or any(named) != all(named):
            raise ValueError(
                "expected either `path`, `key` and `date` (a file that has the day of each header) "
                "or `first` (the day of the first of the columns) and `step`"
            )
        return self
