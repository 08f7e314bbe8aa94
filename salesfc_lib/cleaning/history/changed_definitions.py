"""Whether a unit's definitions changed between two months: then a difference is no late posting.

Every key of the parameters counts as a definition but those that are known not to touch a
transaction; a key that one of the months did not have yet has its default there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from salesfc_lib.foundation import Parameters, Source, flatten

EVERY = ""  # stands for all sources
# blocks and keys of what happens after cleaning, and of what only bounds it
FORECASTING = ("backtest", "breaks", "candidates", "combine", "horizon", "intervals", "lifecycle")
LATER = (
    *("adjust", "archive", "effects", "handover", "key", "levels", "reconcile", "retrospective"),
    "unit",
)
CALENDAR = tuple(
    f"calendar.{key}" for key in ("closed_months", "closed_through", "country", "holidays")
)
NEUTRAL = (*FORECASTING, *LATER, *CALENDAR, "cleaning.loss_budget", "cleaning.outliers")
# keys of a source that say where it is
PLACES = {
    *("aliases", "delimiter", "encoding", "erp", "path", "root", "table_schema", "url_env"),
    "watermark",
}


def find_redefined(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """Changed keys by the source that they define, under `EVERY` those that define all.

    >>> find_redefined({"measure.tax": "excluded", "horizon": 6}, {"measure.tax": "included"})
    {'': ['measure.tax']}
    """
    then, today = _list_sources(before), _list_sources(now)
    found = {name: [f"sources.{name}"] for name in sorted(then ^ today)}
    for key in sorted(before.keys() | now.keys()):
        name, field = _split(key, then | today)
        neutral = any(f"{key}.".startswith(f"{each}.") for each in NEUTRAL)
        if name in then ^ today or (field.split(".")[0] in PLACES if name else neutral):
            continue
        default = (_OF_SOURCE if name else _OF_UNIT).get(field)
        if before.get(key, default) != now.get(key, default):
            found.setdefault(name, []).append(key)
    return found


def _list_sources(flat: Mapping[str, Any]) -> set[str]:
    """Names of the sources: every one has a `kind` of its own."""
    return {
        key.removeprefix("sources.").removesuffix(".kind")
        for key in flat
        if key.startswith("sources.") and key.endswith(".kind")
    }


def _split(key: str, sources: Iterable[str]) -> tuple[str, str]:
    """The source that a key belongs to (EVERY: none) and what it is there."""
    names = [name for name in sources if key.startswith(f"sources.{name}.")]
    name = max(names, key=len, default=EVERY)
    return name, key.removeprefix(f"sources.{name}.") if names else key


_OF_UNIT = flatten(Parameters().model_dump(mode="json"))
_OF_SOURCE = flatten(Source(kind="csv", path="*").model_dump(mode="json"))
