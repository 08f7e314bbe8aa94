"""Series that came to an end: regular ones only, and never by what comes later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.lifecycle import find_ended

MONTHS = pd.date_range("2023-01-01", periods=36, freq="MS")


def panel(**series: list[float]) -> pd.DataFrame:
    frames = [pd.DataFrame({"unique_id": name, "ds": MONTHS[-len(values) :], "y_raw": values}) for name, values in series.items()]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(("silent", "ended"), [(2, False), (3, True), (12, True)])
def test_a_regular_series_ends_after_three_silent_months(silent: int, ended: bool) -> None:
    found = find_ended(panel(a=[5.0] * (36 - silent) + [0.0] * silent, other=[1.0] * 36), MONTHS[-1])
    assert found.to_dict() == ({"a": silent} if ended else {})


def test_a_lumpy_or_seasonal_series_has_not_ended() -> None:
    lumpy = [float(k % 3 == 0) for k in range(33)] + [0.0] * 3
    summer = [float(k % 12 in (4, 5, 6, 7, 8)) for k in range(36)]
    assert find_ended(panel(lumpy=lumpy, summer=summer), MONTHS[-1]).empty


def test_a_short_series_cannot_be_said_to_have_ended() -> None:
    assert find_ended(panel(young=[5.0] * 8 + [0.0] * 3, other=[1.0] * 36), MONTHS[-1]).empty


def test_what_comes_later_changes_nothing() -> None:
    values = [5.0] * 30 + [0.0] * 3 + [9.0] * 3
    assert find_ended(panel(a=values, other=[1.0] * 36), MONTHS[32]).to_dict() == {"a": 3}
    assert find_ended(panel(a=values, other=[1.0] * 36), MONTHS[-1]).empty


def test_months_missing_for_the_whole_unit_are_not_silence() -> None:
    values = [5.0] * 34 + [np.nan] * 2
    assert find_ended(panel(a=values, other=values), MONTHS[-1]).empty
