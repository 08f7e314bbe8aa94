"""What departments and their systems receive of a published month, and how supply is planned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesfc_lib.foundation.schema.block import ParameterBlock, default
from salesfc_lib.foundation.schema.erp import Target


class Consumption(ParameterBlock):
    """How open sales orders take the forecast of months around the one they are due in."""

    mode: Literal["same", "backward", "forward", "both"] = default("handover.consumption.mode")
    before: int = Field(default("handover.consumption.before"), ge=0)
    after: int = Field(default("handover.consumption.after"), ge=0)


class Conformed(ParameterBlock):
    """Names of a unit's dimensions that stand for what all units share; the first it has counts."""

    product: list[str] = default("handover.conformed.product")
    customer: list[str] = default("handover.conformed.customer")
    region: list[str] = default("handover.conformed.region")
    channel: list[str] = default("handover.conformed.channel")


class Handover(ParameterBlock):
    """Decisions from sample paths: what is planned, for how long, and by which service level."""

    enabled: bool = default("handover.enabled")
    level: str | None = default("handover.level")
    site: str | None = default("handover.site")
    horizon: int = Field(default("handover.horizon"), ge=1, le=36)
    paths: int = Field(default("handover.paths"), ge=100, le=5000)
    service: Literal["cycle", "fill_rate"] = default("handover.service")
    service_level: float = Field(default("handover.service_level"), gt=0.5, lt=1)
    review_days: float = Field(default("handover.review_days"), gt=0)
    lead_days: float | None = Field(default("handover.lead_days"), gt=0)
    consumption: Consumption = Consumption()
    to: dict[str, Target] = default("handover.to")
    conformed: Conformed = Conformed()
