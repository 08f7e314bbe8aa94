"""From candidates to publication: how models compete and are combined, how totals are made to
agree, what people change, which series have pages, what is looked back on and kept.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from salesfc_lib.foundation.schema.block import ParameterBlock, default

OWN_KEYS = ("code", "label", "needed", "seconds", "memory_gib")  # of a candidate of the project's
Method = Literal["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"]


class CandidateSettings(ParameterBlock):
    """A model that competes; all from `code` on are for one of the project's own."""

    enabled: bool = True
    levels: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    code: str = ""  # file under the project with the function; empty: a model of the library
    label: str = ""  # for people; empty: its name
    needed: int = Field(1, ge=1)  # months of history
    seconds: float = Field(900, gt=0)  # for all its forecasts of a run together
    memory_gib: float = Field(2, gt=0)  # that it may take beyond what the run holds

    @model_validator(mode="after")
    def _own_keys_go_with_code(self) -> CandidateSettings:
        fields = type(self).model_fields
        given = [name for name in OWN_KEYS if getattr(self, name) != fields[name].default]
        if given and not self.code:
            raise ValueError(
                f"`{given[0]}` is for a candidate of your own: name its file under `code`"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A model of the library has the three keys that it may set, in the manifest too."""
        return {
            name: value for name, value in dump(self).items() if self.code or name not in OWN_KEYS
        }


class Backtest(ParameterBlock):
    cutoffs: int = Field(default("backtest.cutoffs"), ge=1)
    step: int = Field(default("backtest.step"), ge=1)
    race: float | None = Field(default("backtest.race"), gt=1)


class Breaks(ParameterBlock):
    enabled: bool = default("breaks.enabled")
    least_change: float = Field(default("breaks.least_change"), ge=0)


class DriverEffects(ParameterBlock):
    """What drivers do, learnt and applied to forecasts."""

    enabled: bool = default("driver_effects.enabled")
    half_life: float = Field(default("driver_effects.half_life"), gt=0)


class Lifecycle(ParameterBlock):
    """When a series counts as ended."""

    silent_months: int = Field(default("lifecycle.silent_months"), ge=1)
    regular_share: float = Field(default("lifecycle.regular_share"), ge=0, le=1)


class Combine(ParameterBlock):
    own_weight: float = Field(default("combine.own_weight"), ge=0, le=1)
    power: float = Field(default("combine.power"), ge=0)
    min_weight: float = Field(default("combine.min_weight"), ge=0, lt=1)


class Reconcile(ParameterBlock):
    methods: list[Method] = Field(default("reconcile.methods"), min_length=1)


class DeclaredEffects(ParameterBlock):
    enabled: bool = default("effects.enabled")
    without: list[str] = default("effects.without")


class Adjust(ParameterBlock):
    enabled: bool = default("adjust.enabled")
    publication_day: int = Field(default("adjust.publication_day"), ge=1, le=28)


class Key(ParameterBlock):
    """Which series get a page: all key accounts, and of the other levels the largest."""

    levels: list[str] = default("key.levels")  # one that the unit does not have is passed over
    most: int = Field(default("key.most"), ge=0)


class Retrospective(ParameterBlock):
    lags: list[int] = default("retrospective.lags")
    accuracy_floor: float = Field(default("retrospective.accuracy_floor"), ge=0, le=1)
    bias_limit: float = Field(default("retrospective.bias_limit"), ge=0)
    largest: int = Field(default("retrospective.largest"), ge=1)


class Archive(ParameterBlock):
    keep_sources: bool = default("archive.keep_sources")
    records_env: str = default("archive.records_env")
