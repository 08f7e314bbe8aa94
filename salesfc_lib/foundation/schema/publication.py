"""What people change, which series have pages, what is looked back on, and what is kept."""

from __future__ import annotations

from pydantic import Field

from salesfc_lib.foundation.schema.section import Section, default


class Effects(Section):
    enabled: bool = default("effects.enabled")
    without: list[str] = default("effects.without")


class Adjust(Section):
    enabled: bool = default("adjust.enabled")
    publication_day: int = Field(default("adjust.publication_day"), ge=1, le=28)


class Key(Section):
    """Which series get a page: all key accounts, and of the other levels the largest."""

    levels: list[str] = default("key.levels")  # one that the unit does not have is passed over
    most: int = Field(default("key.most"), ge=0)


class Retrospective(Section):
    lags: list[int] = default("retrospective.lags")
    accuracy_floor: float = Field(default("retrospective.accuracy_floor"), ge=0, le=1)
    bias_limit: float = Field(default("retrospective.bias_limit"), ge=0)
    largest: int = Field(default("retrospective.largest"), ge=1)


class Archive(Section):
    keep_sources: bool = default("archive.keep_sources")
