"""The business calendar: kinds of months, holidays, closed months, time zone."""

from __future__ import annotations

from typing import Any, Literal, get_args
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from salesfc_lib.foundation.schema.block import Month, ParameterBlock, default

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Festival = Literal["chinese_new_year", "easter", "ramadan"]
MONTH_AND_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class Calendar(ParameterBlock):
    kind: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = default("calendar.kind")
    year_begins: str = Field(default("calendar.year_begins"), pattern=MONTH_AND_DAY)
    moving_holidays: list[Festival] | None = default("calendar.moving_holidays")
    week_begins: Weekday = default("calendar.week_begins")
    trading_weekdays: list[Weekday] = Field(default("calendar.trading_weekdays"), min_length=1)
    closed_through: Month | None = default("calendar.closed_through")
    closed_months: list[Month] = default("calendar.closed_months")
    holidays: list[str] = default("calendar.holidays")
    country: str | None = default("calendar.country")
    zone: str | None = default("calendar.zone")

    @property
    def weekmask(self) -> str:
        """`trading_weekdays` as numpy writes them, from Monday on."""
        return "".join(str(int(day in self.trading_weekdays)) for day in get_args(Weekday))

    @field_validator("country", mode="before")
    @classmethod
    def _country_is_known(cls, value: Any) -> Any:
        if value is None:
            return None
        from holidays.utils import list_supported_countries

        country, _, part = str(value).partition("-")
        known = list_supported_countries()
        if country not in known or (part and part not in known[country]):
            raise ValueError(
                f"'{value}' is no country whose holidays are known; expected an ISO code such as "
                "CN, or of a part of a country, such as DE-BY, in quotes where YAML reads it as "
                'no ("NO")'
            )
        return value

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            expected = "expected an IANA name such as Asia/Shanghai"
            raise ValueError(f"'{value}' is no time zone; {expected}")
        return value
