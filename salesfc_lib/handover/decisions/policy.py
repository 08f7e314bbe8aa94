"""When and how much to order: safety stock, reorder point and order-up-to level by service level.

Demand by path and the supply of each stocked series enter; table `stock_policy` and what it was
made from leave. Stock is reviewed every `review` days: what is not ordered now is ordered at the
next review and arrives a lead time later, so that stock has to last over both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import say, say_all, schema, tables
from salesfc_lib.handover.decisions.service import (
    demand_over,
    draw_lead_days,
    stock_for_cycle_service,
    stock_for_fill_rate,
)
from salesfc_lib.handover.decisions.supply import MONTH_DAYS, Supply, value_by


@dataclass(frozen=True)
class Terms:
    """How each stocked series is ordered, (n_items,) each: days and spread null where not known,
    lot 1 and minimum 0 where there is none, shelf life infinite; drawn: lead times by path, (count,
    n_items), 0 where not known.
    """

    days: np.ndarray
    spread: np.ndarray
    lot: np.ndarray
    minimum: np.ndarray
    shelf_life: np.ndarray
    review: float
    assumed: np.ndarray  # whether the days are the parameter's
    drawn: np.ndarray

    @classmethod
    def of(
        cls, supply: Supply, items: pd.DataFrame, settings: schema.Handover, count: int
    ) -> Terms:
        """Terms for so many paths, by the table lead_time, else `handover.lead_days`."""

        def told(name: str) -> np.ndarray:
            return value_by(supply.lead_time, items, name, of_several="max")

        days, fallback = told("days"), settings.lead_days
        assumed = np.isnan(days) & (fallback is not None)
        days = np.where(assumed, fallback or np.nan, days)
        spread = np.nan_to_num(told("spread"))
        return cls(
            days=days,
            spread=spread,
            lot=np.where(told("lot") > 0, told("lot"), 1.0),
            minimum=np.nan_to_num(told("minimum")),
            shelf_life=np.where(told("shelf_life") > 0, told("shelf_life"), np.inf),
            review=settings.review_days,
            assumed=assumed,
            drawn=draw_lead_days(np.nan_to_num(days), spread, count),
        )

    def round_up(self, quantity: np.ndarray) -> np.ndarray:
        """Least order of at least `quantity`: whole lots, above the minimum; 0 and null stay."""
        least = np.ceil(np.maximum(quantity, self.minimum) / self.lot - 1e-9) * self.lot
        return np.where(quantity <= 1e-9, 0.0, least)


@dataclass(frozen=True)
class Levels:
    """Stock levels in pieces at the start of a month, (n_items,) each; null where not known."""

    demand: np.ndarray
    deviation: np.ndarray
    reorder_point: np.ndarray
    order_up_to: np.ndarray
    cycle_service: np.ndarray
    fill_rate: np.ndarray
    capped: np.ndarray  # whether shelf life and not service sets the level

    @property
    def safety_stock(self) -> np.ndarray:
        """What is held above expected demand."""
        return np.asarray(self.reorder_point - self.demand)


def set_levels(
    demand: np.ndarray, terms: Terms, settings: schema.Handover, start: int = 0
) -> Levels:
    """Levels at the start of month `start`; demand: (n_paths, n_items, n_months) in pieces.

    reorder point: the stock that lasts over lead time and review at the service level; order-up-to:
    an order's least quantity above it where it comes in lots; neither is above what is expected to
    be sold by the end of the shelf life of what is ordered now. Null where the lead time is not
    known, or goes beyond the last month.
    """
    horizon = (demand.shape[2] - start) * MONTH_DAYS
    exposed = demand_over(demand, terms.drawn + terms.review, start)
    mean = demand.mean(axis=0, dtype=np.float64)[None]
    cycle = demand_over(mean, np.full((1, len(terms.lot)), terms.review), start)[0]
    batch = np.where(terms.lot > 1, terms.lot, 0.0)
    cycle = np.maximum(cycle, np.maximum(batch, terms.minimum))
    if settings.service == "cycle":
        wanted = stock_for_cycle_service(exposed, settings.service_level)
    else:
        wanted = stock_for_fill_rate(exposed, settings.service_level, cycle)
    sold = demand_over(mean, (np.nan_to_num(terms.days) + terms.shelf_life)[None], start)[0]
    limit = np.where(np.isfinite(terms.shelf_life), sold, np.inf)
    point = np.minimum(wanted, limit)
    up_to = np.minimum(point + np.maximum(batch, terms.minimum), limit).clip(point)
    short = np.maximum(exposed - point, 0.0).mean(axis=0)
    unknown = np.isnan(terms.days) | (terms.days + terms.review > horizon + 1e-6)
    found = {
        "demand": exposed.mean(axis=0),
        "deviation": exposed.std(axis=0),
        "reorder_point": point,
        "order_up_to": up_to,
        "cycle_service": (exposed <= point + 1e-9).mean(axis=0),
        "fill_rate": np.clip(1 - short / np.where(cycle > 0, cycle, np.inf), 0.0, 1.0),
    }
    known = {name: np.where(unknown, np.nan, each) for name, each in found.items()}
    return Levels(**known, capped=wanted > limit)


def list_policy(
    items: pd.DataFrame,
    levels: Levels,
    terms: Terms,
    settings: schema.Handover,
    *,
    position: np.ndarray,
) -> pd.DataFrame:
    """Table `stock_policy`. position: stock and what suppliers owe, null where not known."""
    below = position < levels.reorder_point
    quantity = terms.round_up(np.where(below, levels.order_up_to - position, 0.0))
    known = np.isfinite(position) & np.isfinite(levels.reorder_point)
    rows = pd.DataFrame(
        {
            "unique_id": items["unique_id"].to_numpy(),
            "kind": settings.service,
            "service": settings.service_level,
            "days": terms.days,
            "spread": np.where(np.isnan(terms.days), np.nan, terms.spread),
            "review": terms.review,
            "lot": np.where(terms.lot > 1, terms.lot, np.nan),
            "minimum": np.where(terms.minimum > 0, terms.minimum, np.nan),
            "shelf_life": np.where(np.isfinite(terms.shelf_life), terms.shelf_life, np.nan),
            "demand": levels.demand,
            "deviation": levels.deviation,
            "safety_stock": levels.safety_stock,
            "reorder_point": levels.reorder_point,
            "order_up_to": levels.order_up_to,
            "position": position,
            "quantity": np.where(known, quantity, np.nan),
            "cycle_service": levels.cycle_service,
            "fill_rate": levels.fill_rate,
        }
    )
    basis = [
        _basis(row, bool(capped), bool(assumed))
        for row, capped, assumed in zip(
            rows.to_dict("records"), levels.capped, terms.assumed, strict=True
        )
    ]
    return tables.build(rows.join(pd.DataFrame(basis)), "stock_policy")


def _basis(row: dict[str, object], capped: bool, assumed: bool) -> dict[str, str]:
    """Formula, assumptions and inputs of a row of `stock_policy`."""
    known = pd.notna(row["reorder_point"])
    lead = "known" if known else ("beyond" if pd.notna(row["days"]) else "unknown")
    formula = {
        "known": say(f"decision.formula.policy.{row['kind']}", **_facts(row)),
        "beyond": say("decision.formula.policy.beyond", days=row["days"], review=row["review"]),
        "unknown": say("decision.formula.policy.unknown"),
    }[lead]
    spread = "gamma" if known and row["spread"] else "fixed"
    assumptions = [
        say(f"decision.assumption.lead_time.{spread}"),
        say("decision.assumption.days") if known else "",
        say("decision.assumption.lead_days", days=row["days"]) if assumed else "",
        say("decision.assumption.shelf_life", days=row["shelf_life"]) if capped else "",
    ]
    stock = "known" if pd.notna(row["position"]) else "unknown"
    inputs = say(f"decision.inputs.policy.{stock}", **_facts(row))
    return {"formula": formula, "assumptions": say_all(assumptions), "inputs": inputs}


def _facts(row: dict[str, object]) -> dict[str, object]:
    """What a sentence tells of a row: numbers to three places, without what is not known."""
    numbers = {key: value for key, value in row.items() if isinstance(value, int | float)}
    return {key: round(float(value), 3) for key, value in numbers.items() if pd.notna(value)}
