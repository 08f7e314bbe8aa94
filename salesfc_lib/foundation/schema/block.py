"""What all blocks share: strictness, defaults, how units and months are written."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation.resources import DEFAULTS

UNIT_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

# the loader in C where there is one: every kernel waits for this
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEFAULTS = yaml.load(DEFAULTS.read_text(encoding="utf-8"), Loader=_LOADER)


def default(key: str) -> Any:
    """Value of a dotted key in `defaults.yml`."""
    value = _DEFAULTS
    for part in key.split("."):
        value = value[part]
    return value


class ParameterBlock(BaseModel):
    """A block of parameters: frozen, with declared keys and finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=True,
    )


def check_unit(unit: str) -> str:
    """The unit's id. Raises `RequestError` where it may not stand in a path."""
    if not UNIT_ID.match(unit):
        raise RequestError.of(
            f"'{unit}' cannot be a unit's id",
            "Lower-case letters, digits, '-' and '_', at most 32",
            "Rename the parameter file, and put the name that people read under `unit.title`",
        )
    return unit


def check_month(month: str) -> str:
    """The month. Raises `RequestError` where it is not written YYYY-MM."""
    if not MONTH.match(str(month)):
        raise RequestError.of(
            f"'{month}' is not a month", "YYYY-MM, such as 2026-06", "Correct the month"
        )
    return str(month)


def _day_text(value: Any) -> Any:
    """A day that YAML read as a date, as text; anything else as it is."""
    return value.isoformat() if type(value) is date else value


def _check_day(text: str) -> str:
    if not re.match(r"^\d{4}-\d{2}-\d{2}$", text):
        raise ValueError("expected a day, YYYY-MM-DD")
    return date.fromisoformat(text).isoformat()


def _check_reason(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a reason")
    return text


Positive = Annotated[Decimal, Field(gt=0)]
Reason = Annotated[str, AfterValidator(_check_reason)]
Month = Annotated[str, AfterValidator(check_month)]
Day = Annotated[str, BeforeValidator(_day_text), AfterValidator(_check_day)]
