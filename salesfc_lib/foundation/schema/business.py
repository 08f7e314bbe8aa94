"""The unit, what its sales mean, and who its members are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from salesfc_lib.foundation.schema.block import Day, ParameterBlock, Positive, default

FOR_EVER = "1900-01-01"  # a rate without a day holds from then on
InOrOut = Literal["in", "out"]
Included = Literal["excluded", "included"]


class Unit(ParameterBlock):
    title: str = default("unit.title")
    owner: str = default("unit.owner")
    currency: str = default("unit.currency")
    quantity_unit: str = default("unit.quantity_unit")


class PromotionWindow(ParameterBlock):
    """Days before and after that are agreed to be influenced."""

    before: int = Field(default("measure.promotion_window.before"), ge=0, le=366)
    after: int = Field(default("measure.promotion_window.after"), ge=0, le=366)


class SalesMeasure(ParameterBlock):
    value: Literal["amount", "quantity"] = default("measure.value")
    returns: Literal["month_of_return", "month_of_sale", "apart"] = default("measure.returns")
    discounts: Literal["net", "gross"] = default("measure.discounts")
    tax: Included = default("measure.tax")
    freight: Included = default("measure.freight")
    samples: InOrOut = default("measure.samples")
    within_company: InOrOut = default("measure.within_company")
    own_company: dict[str, list[str]] = default("measure.own_company")
    currency: str | None = Field(default("measure.currency"), pattern="^[A-Z]{3}$")
    rates: dict[str, dict[Day, Positive]] = default("measure.rates")
    unit_of_measure: str | None = default("measure.unit_of_measure")
    conversions: dict[str, Positive] = default("measure.conversions")
    promotion_window: PromotionWindow = PromotionWindow()

    @field_validator("rates", mode="before")
    @classmethod
    def _rates_have_days(cls, value: Any) -> Any:
        """`USD: 7.1` holds for ever; `USD: {2024-01-01: 7.1}` from that day on."""
        if not isinstance(value, dict):
            return value
        return {
            code: rates if isinstance(rates, dict) else {FOR_EVER: rates}
            for code, rates in value.items()
        }


class Renamed(ParameterBlock):
    """New name of the lines of a window of days that have an old name; no window: all lines."""

    to: str = Field(min_length=1)
    start: Day | None = Field(None, validation_alias=AliasChoices("from", "start"))  # first day
    until: Day | None = None  # last day
    reason: str = ""

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Renamed:
        if self.start and self.until and self.until < self.start:
            raise ValueError(f"ends {self.until}, before it starts ({self.start})")
        return self


Members = dict[str, str | list[Renamed]]  # old name: new name, or new names with their windows


class Reorganised(ParameterBlock):
    """A dimension whose members were cut anew, and which view of it the levels use.

    `as_was` keeps what the lines say and adds `<dimension>_restated`; `restated` keeps
    `<dimension>_as_was` beside.
    """

    view: Literal["restated", "as_was"] = "restated"
    by: str = ""  # column whose members moved, such as a city; empty: the dimension itself
    members: Members = Field(default_factory=dict)  # member of `by`: member of the dimension now


class KeyAccounts(ParameterBlock):
    column: str = default("key_accounts.column")
    members: list[str] = default("key_accounts.members")
