"""Series that began and ended: regular ones only, never by what comes later, as declared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.cleaning.side_tables.reading import list_declared
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import Lifecycle, Parameters
from salesfc_lib.panel.lifecycle import count_silent, count_silent_months, list_lifecycles

MONTHS = pd.date_range("2023-01-01", periods=36, freq="MS")


def panel(**series: list[float]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"unique_id": name, "ds": MONTHS[-len(values) :], "y_raw": values})
        for name, values in series.items()
    ]
    return pd.concat(frames, ignore_index=True)


def ended(frame: pd.DataFrame, through: pd.Timestamp) -> pd.Series:
    """Months without a sale of the series that ended by `through`."""
    return count_silent(
        frame[frame["ds"] <= through].pivot(index="ds", columns="unique_id", values="y_raw")
    )


@pytest.mark.parametrize(("silent", "over"), [(2, False), (3, True), (12, True)])
def test_a_regular_series_ends_after_three_silent_months(silent: int, over: bool) -> None:
    found = ended(panel(a=[5.0] * (36 - silent) + [0.0] * silent, other=[1.0] * 36), MONTHS[-1])
    assert found.to_dict() == ({"a": silent} if over else {})


def test_parameters_say_when_a_series_has_ended() -> None:
    y = np.array([[5.0] * 34 + [0.0] * 2, [5.0, 5.0, 0.0] * 11 + [0.0] * 3])
    assert count_silent_months(y).tolist() == [0, 0]
    assert count_silent_months(y, Lifecycle(silent_months=2)).tolist() == [2, 0]
    assert count_silent_months(y, Lifecycle(regular_share=0.6)).tolist() == [0, 4]
    history = History(np.array(["a", "b"], dtype=object), y, np.full(2, np.datetime64("2025-12")))
    sooner = defaults().model_copy(update={"lifecycle": Lifecycle(silent_months=2)})
    assert model_history(history, sooner, horizon=3).ended == {0: 2}


def test_a_lumpy_or_seasonal_series_has_not_ended() -> None:
    lumpy = [float(k % 3 == 0) for k in range(33)] + [0.0] * 3
    summer = [float(k % 12 in (4, 5, 6, 7, 8)) for k in range(36)]
    assert ended(panel(lumpy=lumpy, summer=summer), MONTHS[-1]).empty


def test_a_short_series_cannot_be_said_to_have_ended() -> None:
    assert ended(panel(young=[5.0] * 8 + [0.0] * 3, other=[1.0] * 36), MONTHS[-1]).empty


def test_what_comes_later_changes_nothing() -> None:
    values = [5.0] * 30 + [0.0] * 3 + [9.0] * 3
    assert ended(panel(a=values, other=[1.0] * 36), MONTHS[32]).to_dict() == {"a": 3}
    assert ended(panel(a=values, other=[1.0] * 36), MONTHS[-1]).empty


def test_months_missing_for_the_whole_unit_are_not_silence() -> None:
    values = [5.0] * 34 + [np.nan] * 2
    assert ended(panel(a=values, other=values), MONTHS[-1]).empty


def ends(
    frame: pd.DataFrame, declared: pd.DataFrame | None = None, **crossed: str
) -> tuple[str, str, str]:
    """Launch, end and evidence of series a, beside one that sells throughout."""
    series = pd.DataFrame(
        {
            "unique_id": ["a", "other"],
            **{name: [member, "else"] for name, member in crossed.items()},
        }
    )
    row = list_lifecycles(frame, series, MONTHS[-1], declared).set_index("unique_id").loc["a"]
    launched, discontinued = (
        "" if pd.isna(day) else f"{day:%Y-%m}" for day in row[["launched", "discontinued"]]
    )
    return launched, discontinued, in_words(row["evidence"])


def test_a_series_lives_from_its_first_sale_to_its_last() -> None:
    sold = panel(a=[0.0] * 6 + [5.0] * 20 + [0.0] * 10, other=[1.0] * 36)
    assert ends(sold) == (
        "2023-07",
        "2025-02",
        "first sale in 2023-07; sold regularly until 2025-02, and not in the 10 months since",
    )
    late = panel(a=[5.0] * 30, other=[1.0] * 36)
    assert ends(late) == ("2023-07", "", "first sale in 2023-07"), "absent before its first sale"
    assert ends(panel(a=[0.0] * 36, other=[1.0] * 36)) == ("", "", "never sold")


def test_what_the_data_begin_with_may_be_older_and_what_pauses_has_not_ended() -> None:
    assert ends(panel(a=[5.0] * 36, other=[1.0] * 36)) == (
        "",
        "",
        "sold from the first month of the data on",
    )
    assert ends(panel(a=[5.0] * 34 + [0.0] * 2, other=[1.0] * 36))[1] == ""


def test_a_declared_date_goes_before_what_sales_suggest() -> None:
    declared = pd.DataFrame(
        {
            "dimension": ["product", "product", "brand"],
            "member": ["kettle", "fan", "K"],
            "launched": pd.to_datetime(["2022-11-15", None, "2023-02-01"]).astype("datetime64[ns]"),
            "discontinued": pd.to_datetime(["2026-03-31", "2025-01-01", None]).astype(
                "datetime64[ns]"
            ),
        }
    )
    sold = panel(a=[0.0] * 6 + [5.0] * 20 + [0.0] * 10, other=[1.0] * 36)
    launched, discontinued, evidence = ends(sold, declared, product="kettle")
    assert (launched, discontinued) == ("2022-11", "2026-03")
    assert evidence.startswith(
        "discontinued 2026-03-31 as declared; launched 2022-11-15 as declared; "
        "first sale in 2023-07"
    )
    assert ends(sold, declared, product="kettle", brand="K")[0] == "2023-02", (
        "a series begins with the last of its members"
    )
    assert ends(sold, declared, product="toaster")[:2] == ("2023-07", "2025-02")


MASTER = {
    "kind": "csv",
    "role": "lookup",
    "path": "master.csv",
    "join": {"product": "sku"},
    "columns": {"launched": "launch", "discontinued": "end"},
}


def clean_with_master(
    folder: Path, rows: list[tuple[str, str, str]]
) -> tuple[pd.DataFrame, Parameters]:
    columns = {name: name for name in ("date", "product", "amount")}
    sources = {
        "orders": {"kind": "csv", "path": "orders.csv", "columns": columns},
        "master": MASTER,
    }
    parameters = Parameters.model_validate(
        {"sources": sources, "calendar": {"closed_through": "2024-12"}}
    )
    orders = [
        ("2024-06-03", "kettle", "1"),
        ("2024-06-03", "fan", "1"),
        ("2024-06-03", "toaster", "1"),
    ]
    pd.DataFrame(orders, columns=[*columns]).to_csv(folder / "orders.csv", index=False)
    pd.DataFrame(rows, columns=["sku", "launch", "end"]).to_csv(folder / "master.csv", index=False)
    return clean(parameters, folder, "2024-12").transactions, parameters


def test_declared_dates_come_from_the_lookup_of_a_product_master(tmp_path: Path) -> None:
    transactions, parameters = clean_with_master(
        tmp_path, [("kettle", "2024-03-15", ""), ("fan", "", "2024年9月30日"), ("toaster", "", "")]
    )
    declared = list_declared(transactions, parameters).sort_values("member").astype(str)
    assert declared.values.tolist() == [
        ["product", "fan", "NaT", "2024-09-30"],
        ["product", "kettle", "2024-03-15", "NaT"],
    ]
    transactions, parameters = clean_with_master(tmp_path, [("kettle", "soon", "")])
    with pytest.raises(SalesForecastError, match=r"Source 'master': `launched` 'soon'"):
        list_declared(transactions, parameters)


def forecast_silent(series: np.ndarray, silent: int) -> tuple[float, float]:
    """Twelve months' forecast of a series that fell silent, and the one made six months before."""
    others = np.random.default_rng(3).uniform(80, 120, (30, len(series)))
    y = np.vstack([series, others])
    y[0, len(series) - silent :] = 0.0
    modeled = model_history(
        History(
            np.array([f"s{k:02d}" for k in range(len(y))], dtype=object),
            y,
            np.full(len(y), np.datetime64("2025-12", "M")),
        ),
        defaults(),
        horizon=12,
    )
    return float(modeled.combined[0][0].sum()), float(
        modeled.combined[silent + 6 - silent % 3][0].sum()
    )


def test_what_ended_is_forecast_at_zero_and_was_not_before_it_ended() -> None:
    ahead, before = forecast_silent(np.random.default_rng(4).uniform(80, 120, 60), silent=3)
    assert ahead == 0.0
    assert before > 900


def test_what_sold_now_and_then_fades_with_its_silence() -> None:
    lumpy = np.where(np.arange(60) % 3 == 0, 30.0, 0.0)  # 120 a year
    ahead, before = forecast_silent(lumpy, silent=12)
    assert 0.0 <= ahead < 0.2 * before
