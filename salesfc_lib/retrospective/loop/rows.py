"""Which series a decision is about: the whole unit, a member of a dimension, or one series."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.errors import RequestError
from salesfc_lib.retrospective.members import bottom_series, dimensions


def find_rows(series: pd.DataFrame, text: str) -> list[str]:
    """Series that `text` means.

    Empty: all bottom series; `region=华东`: the bottom series of that member; else the series of
    that id, of any level.

    Raises `RequestError`, with what there is, where no series is meant.
    """
    bottom = bottom_series(series)
    if not text.strip():
        return bottom["unique_id"].tolist()
    if text in set(series["unique_id"]):
        return [text]
    name, is_member, member = (part.strip() for part in text.partition("="))
    if not is_member:
        raise RequestError.unknown_key(text, series["unique_id"], "the unit's series")
    if name not in (known := dimensions(series)):
        raise RequestError.unknown_key(name, known, "the unit's dimensions")
    found = bottom.loc[bottom[name].astype(str) == member, "unique_id"].tolist()
    if not found:
        members = bottom[name].dropna().astype(str).unique()
        raise RequestError.unknown_key(member, members, f"the members of `{name}`")
    return found
