"""Amounts of an export that has quantities and prices alone, exact to the last decimal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from salesfc_lib.cleaning.batch.frames import fit_int64, multiply_each
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import say
from salesfc_lib.intake import Issue, fixed_point

PLACES = 6  # decimal places that an amount made of quantity and price keeps


def make_amounts(
    name: str, units: Mapping[str, np.ndarray], scales: Mapping[str, int], *, less: bool
) -> tuple[np.ndarray, int, list[tuple[str, Issue]]]:
    """Quantity times price, `less` the share that the discount is, as units of 10**-scale, the
    scale, and what was rounded.
    """
    made, scale = multiply_each(units["quantity"], units["price"]), scales["quantity"]
    scale += scales["price"]
    if less:
        whole, shares = 10 ** scales["discount"], np.abs(units["discount"])
        if len(wrong := np.flatnonzero(shares > whole)):
            raise SalesForecastError.of(
                f"{len(wrong):,} discounts of source '{name}' are above one, the first "
                f"{fixed_point.to_decimals(shares[wrong[:1]], scales['discount'])[0]}",
                "Shares of the price, from 0 to 1",
                f"Set `sources.{name}.units: {{discount: percent}}` where 15 says 15 %; where it "
                "is money, `amount: quantity * price` with `discounts: gross`",
            )
        made, scale = multiply_each(made, whole - shares), scale + scales["discount"]
    issues = []
    if (more := scale - PLACES) > 0 and len(made):
        made = fixed_point.round_half_even(made, 1, 10**more)
        reason = say("reason.rounded_amount", places=scale, kept=PLACES)
        issues.append(("amount", Issue("rounded_amount", reason, 0, len(made), "read")))
        scale = PLACES
    return fit_int64(made, f"An amount of source '{name}'", scale), scale, issues
