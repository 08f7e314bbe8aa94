"""Checks and readings that several steps share."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import STAGES
from salesfc_lib.reporting import Check

MODELED = STAGES[: STAGES.index("reconciled")]  # stages of the modeling step
COHERENT = 1e-6  # relative gap between a total and the sum of its parts that counts as none


def check_complete(run: UnitMonth, forecast: pd.DataFrame, panel: pd.DataFrame) -> Check:
    """Check that every series of the panel has a forecast for every month of the horizon."""
    expected = panel["unique_id"].nunique() * run.parameters.horizon
    found = f"{len(forecast)} / {expected}"
    return Check("Every series has a forecast for every month", len(forecast) == expected, found)


def check_sign(forecast: pd.DataFrame, panel: pd.DataFrame) -> Check:
    """Check that no forecast is negative where the series never was."""
    never = forecast["unique_id"].map(panel.groupby("unique_id")["y_raw"].min()).ge(0)
    below = int((forecast.loc[never, "y_hat"] < 0).sum())
    name = "No forecast is below zero where history is not"
    return Check(name, below == 0, f"{below} below zero")


def read_if_any(run: UnitMonth, name: str, like: str = "") -> pd.DataFrame:
    """Table of an earlier step; empty (as table `like`) for a month that was published without."""
    return run.read_if_any(name, like)


def read_modeled_stages(run: UnitMonth) -> pd.DataFrame:
    """Forecasts of the modeling step's stages."""
    forecast = run.read("forecast")
    return forecast[forecast["stage"].isin(MODELED)]
