"""Which bottom series a declared effect holds for.

Effects and the series table enter; places of bottom series leave, or why an effect is refused. A
member without series is new: an amount for it is carried by the series that the effect names until
the member sells by itself. Without that name it is an error, because it may as well be a slip of
the pen.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import say
from salesfc_lib.panel import Summing, list_levels
from salesfc_lib.reconciliation.hand_written import raise_all

Members = Mapping[str, Mapping[str, np.ndarray]]  # places of bottoms by dimension and member


def find_scopes(
    effects: pd.DataFrame, series: pd.DataFrame, summing: Summing
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Places (n,) of the bottoms that effects hold for, and why the others are refused, by id.

    Raises `SalesForecastError` naming every effect that holds for nothing there is.
    """
    bottom = series.set_index("unique_id").reindex(summing.bottom_ids)
    members = {
        name: bottom.groupby(name, sort=False).indices
        for name in list_levels(series)[str(bottom["level"].iat[0])]
    }
    places, refusals, errors = {}, {}, []
    for effect in effects.itertuples():
        scope: dict[str, str] = json.loads(str(effect.scope))
        found = np.arange(len(bottom))
        for name, member in scope.items():
            found = np.intersect1d(found, members[name].get(member, []), assume_unique=True)
        try:
            if effect.carried_by and len(found):
                members = {"scope": _name_members(scope)} if scope else {}
                refusals[effect.id] = say(
                    "effect.sells" if scope else "effect.sells.whole", **members
                )
            elif effect.carried_by:
                carrier = _find_carrier(effect, series)
                places[effect.id] = np.sort(summing.matrix[carrier].indices)
            elif len(found):
                places[effect.id] = found
            else:
                raise _unknown_member(effect, scope, members)
        except SalesForecastError as error:
            errors.append(error)
    raise_all(errors, "What the unit assumes", "effects")
    return places, refusals


def _name_members(scope: dict[str, str]) -> str:
    return ", ".join(f"{name} '{member}'" for name, member in scope.items()) or "the whole unit"


def _unknown_member(effect: Any, scope: dict[str, str], members: Members) -> SalesForecastError:
    """Error for an effect without series: a member unknown, or members that never met."""
    new = (
        "or, if it is new, declare an amount and name in `carried_by` the series that has it "
        "until it sells by itself"
    )
    for name, member in scope.items():
        if member not in members[name]:
            nearest = difflib.get_close_matches(member, list(members[name]), n=3, cutoff=0.0)
            return SalesForecastError.of(
                f"{effect.source}: effect '{effect.id}' is for {name} '{member}', which does "
                "not exist",
                f"A member with sales; the nearest are {shorten(nearest)}",
                f"Correct it, {new}",
            )
    return SalesForecastError.of(
        f"{effect.source}: effect '{effect.id}' is for {_name_members(scope)}, and no series is "
        "all of that",
        "Members that have been sold together",
        f"Leave one of them blank, {new}",
    )


def _find_carrier(effect: Any, series: pd.DataFrame) -> int:
    """Row of the series that `carried_by` names, by its id or by a label that only one has."""
    name, ids = effect.carried_by, pd.Index(series["unique_id"])
    labels = np.flatnonzero(series["label"].eq(name))
    if name in ids:
        return int(ids.get_loc(name))
    if len(labels) == 1:
        return int(labels[0])
    nearest = list(ids[labels]) or difflib.get_close_matches(name, list(ids), n=3, cutoff=0.0)
    raise SalesForecastError.of(
        f"{effect.source}: effect '{effect.id}' is carried by '{name}', which "
        f"{'several series are called' if len(labels) else 'does not exist'}",
        f"The id of a series, such as {shorten(nearest)}",
        "Correct its `carried_by`",
    )
