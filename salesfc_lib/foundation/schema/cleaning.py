"""How rows become transactions: rules, exceptions, outliers, control totals."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from salesfc_lib.foundation.schema.block import Month, ParameterBlock, Reason, default


class Outliers(ParameterBlock):
    enabled: bool = default("cleaning.outliers.enabled")
    threshold: float = Field(default("cleaning.outliers.threshold"), gt=0)
    ratio: float = Field(default("cleaning.outliers.ratio"), gt=1)
    min_history: int = Field(default("cleaning.outliers.min_history"), ge=6)
    treatment: Literal["replace", "keep"] = default("cleaning.outliers.treatment")


class KeptRow(ParameterBlock):
    """A row that a rule leaves alone, because a person knows better."""

    source: str  # as in the tables: the source's name, and the file's where it has several
    row: int
    rule: str
    reason: Reason
    author: str = ""


class Implausible(ParameterBlock):
    price_factor: float = Field(default("cleaning.implausible.price_factor"), gt=1)
    quantity_factor: float = Field(default("cleaning.implausible.quantity_factor"), gt=1)
    deviations: float = Field(default("cleaning.implausible.deviations"), gt=0)
    min_lines: int = Field(default("cleaning.implausible.min_lines"), ge=3)


class Tolerance(ParameterBlock):
    relative: Decimal = Field(default("cleaning.control.tolerance.relative"), ge=0)
    absolute: Decimal = Field(default("cleaning.control.tolerance.absolute"), ge=0)


class Control(ParameterBlock):
    """How the unit is compared with the general ledger, if a source has role `control_totals`."""

    basis: Literal["kept", "opening"] = default("cleaning.control.basis")
    tolerance: Tolerance = Tolerance()
    accepted: dict[Month, Reason] = default("cleaning.control.accepted")


class Cleaning(ParameterBlock):
    loss_budget: float = Field(default("cleaning.loss_budget"), ge=0, le=1)
    far_months: int = Field(default("cleaning.far_months"), ge=1)
    order: list[str] = default("cleaning.order")
    skip: list[str] = default("cleaning.skip")
    keep: list[KeptRow] = default("cleaning.keep")
    outliers: Outliers = Outliers()
    stock_outs: Literal["note", "replace"] = default("cleaning.stock_outs")
    implausible: Implausible = Implausible()
    control: Control = Control()
