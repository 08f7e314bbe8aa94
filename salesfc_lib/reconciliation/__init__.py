"""Coherent, non-negative numbers: what the business assumes, reconciliation methods and their
choice, overrides.

Forecasts of all series enter with the hand-written files; forecasts that add up leave, with what
people changed."""

from __future__ import annotations

from salesfc_lib.reconciliation import hand_written
from salesfc_lib.reconciliation.adjustment import adjust
from salesfc_lib.reconciliation.assumptions.application import (
    apply_effects,
    intervals_with_effects,
    sum_gap,
)
from salesfc_lib.reconciliation.assumptions.reading import add_effects, list_heads, read_effects
from salesfc_lib.reconciliation.assumptions.selection import list_ends, select_effects
from salesfc_lib.reconciliation.methods import mean_wape, reconcile, reconcile_backtest
from salesfc_lib.reconciliation.overrides import add_overrides, read_overrides, select_overrides

__all__ = [
    "add_effects",
    "add_overrides",
    "adjust",
    "apply_effects",
    "hand_written",
    "intervals_with_effects",
    "list_ends",
    "list_heads",
    "mean_wape",
    "read_effects",
    "read_overrides",
    "reconcile",
    "reconcile_backtest",
    "select_effects",
    "select_overrides",
    "sum_gap",
]
