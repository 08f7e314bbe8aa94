"""Which models compete, how they are tested and combined, and how totals are made to agree."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from salesfc_lib.foundation.schema.section import Section, default

Method = Literal["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"]


class Candidate(Section):
    """A model that competes; `code`, `label` and `needed` are for one of the project's own."""

    enabled: bool = True
    levels: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    code: str = ""  # file under the project with the function; empty: a model of the library
    label: str = ""  # for people; empty: its name
    needed: int = Field(1, ge=1)  # months of history

    @model_validator(mode="after")
    def _own_keys_go_with_code(self) -> Candidate:
        if not self.code and (self.label or self.needed != 1):
            raise ValueError(
                "`label` and `needed` are for a candidate of your own: name its file under `code`"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A model of the library has the three keys that it may set, in the manifest too."""
        own = ("code", "label", "needed")
        return {name: value for name, value in dump(self).items() if self.code or name not in own}


class Backtest(Section):
    cutoffs: int = Field(default("backtest.cutoffs"), ge=1)
    step: int = Field(default("backtest.step"), ge=1)
    race: float | None = Field(default("backtest.race"), gt=1)


class Breaks(Section):
    enabled: bool = default("breaks.enabled")
    least_change: float = Field(default("breaks.least_change"), ge=0)


class Lifecycle(Section):
    """When a series counts as ended."""

    silent_months: int = Field(default("lifecycle.silent_months"), ge=1)
    regular_share: float = Field(default("lifecycle.regular_share"), ge=0, le=1)


class Combine(Section):
    own_weight: float = Field(default("combine.own_weight"), ge=0, le=1)
    power: float = Field(default("combine.power"), ge=0)
    min_weight: float = Field(default("combine.min_weight"), ge=0, lt=1)


class Reconcile(Section):
    methods: list[Method] = Field(default("reconcile.methods"), min_length=1)
