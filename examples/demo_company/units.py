"""The three units of the demo company, read from `units.yml` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from demo_company.company import Promotion, Unit
from demo_company.seasons import festivals

PATH = Path(__file__).with_name("units.yml")


def read_units() -> tuple[Unit, ...]:
    """Units in the file's order.

    Raises
    ------
    pydantic.ValidationError
        Where a key that a unit needs is missing or has the wrong type.
    """
    trees = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return tuple(map(_read_unit, trees))


def _read_unit(tree: dict[str, Any]) -> Unit:
    campaigns, shared = tree.pop("campaigns"), tree.pop("festivals")
    own = [
        Promotion(campaign["name"], start, end, *_lift(campaign))
        for campaign in campaigns
        for start, end in campaign["held"]
    ]
    promotions = (*festivals(shared.pop("where"), **shared), *own)
    return TypeAdapter(Unit).validate_python({"renames": (), **tree, "promotions": promotions})


def _lift(campaign: dict[str, Any]) -> tuple[int, dict[str, str], bool]:
    """Lift in thousandths, the series that it lifts, and whether the calendar lists it."""
    return campaign["lift"], campaign.get("where", {}), campaign.get("listed", True)
