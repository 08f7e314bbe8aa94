"""The affected steps run again at past cutoffs, with one parameter changed.

A unit's month enters with a key and a value; the gain leaves. Candidates, weights, drivers and the
treatment of outliers are run by the functions of the steps themselves, twice: as it is, and as it
would be. Only the candidates that take all series at once are run, because the others take minutes;
they are left out on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, say, tables, with_value
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.proposals.gain import compare, unmeasured

if TYPE_CHECKING:
    from salesfc_lib.forecasting import History

SAME_PANEL = ("candidates", "combine")  # first part of keys that leave the panel as it is
FACT = "calendar.closed_months"
MOST_SERIES = (
    1500  # of which a run takes 9 s of one core: two for the first proposal, then one each
)
SOURCES = ("transactions", "promotion", "event", "driver", "inventory")


@dataclass(frozen=True)
class Rerun:
    """A unit's month whose forecasts can be made again under other parameters."""

    run: UnitMonth

    def measure(self, key: str, value: Any, *, since: pd.Timestamp | None) -> dict[str, Any]:
        """The gain of `key` at `value`, judged on months before `since` where there are enough."""
        if key == FACT:
            return unmeasured(say("proposal.a_fact"))
        if len(self.series) > MOST_SERIES:
            return unmeasured(say("proposal.large", series=len(self.series), most=MOST_SERIES))
        try:
            now, then = self._forecast(key, with_value(self.run.parameters, key, value))
        except SalesForecastError as error:
            return unmeasured(say("proposal.rerun_failed", error=str(error)))
        return compare(now, then, self.run.read("panel"), since=since)

    def _forecast(self, key: str, proposed: Parameters) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Forecasts at past cutoffs as it is and as proposed: of the bottom series, or of all
        levels alike where the method of the hierarchy is in question.
        """
        if key == "reconcile.methods":
            return self._reconcile(proposed)
        now, then = self._model(key, proposed)
        return now.merge(bottom_series(self.series)[["unique_id"]]), then

    @cached_property
    def series(self) -> pd.DataFrame:
        return self.run.read("series")

    def _model(self, key: str, proposed: Parameters) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Combined forecasts at past cutoffs as it is and as proposed."""
        first, _, rest = key.partition(".")
        keep = rest.partition(".")[0] if first == "candidates" else ""
        changed = self.history if first in SAME_PANEL else self._build(proposed)
        now = self._combine(self.history, self.run.parameters, keep) if keep else self.current
        return now, self._combine(changed, proposed, keep)

    @cached_property
    def current(self) -> pd.DataFrame:
        """Combined forecasts at past cutoffs with the parameters as they are."""
        return self._combine(self.history, self.run.parameters, "")

    def _combine(self, history: History, parameters: Parameters, keep: str) -> pd.DataFrame:
        from salesfc_lib import forecasting

        kept = {
            name: block
            for name, block in parameters.candidates.items()
            if name in forecasting.QUICK or name == keep
        }
        modeled = forecasting.model_history(
            history,
            parameters.model_copy(update={"candidates": kept}),
            horizon=parameters.horizon,
            levels=list(parameters.levels),
            cache=forecasting.ForecastCache(self.run.reports / ".cache" / self.run.unit),
            extra={
                name: own
                for name, own in forecasting.load_own(parameters, self.run.project).items()
                if name == keep
            },
        )
        return forecasting.list_past(modeled)

    @cached_property
    def history(self) -> History:
        """The panel as this month's models saw it."""
        from salesfc_lib.forecasting import align_levels

        names = ("series", "panel", "future", "recalled")
        return align_levels(
            {name: self.run.read(name) for name in names}, self.run.parameters, end=self.run.cutoff
        )

    def _build(self, proposed: Parameters) -> History:
        """The panel as it would have been with other parameters."""
        from salesfc_lib.forecasting import align_levels
        from salesfc_lib.panel import build_tables

        run = self.run
        cleaned = {name: run.read(name) for name in SOURCES}
        built = build_tables(
            cleaned, proposed, run.month, unit=run.unit, known_before=run.publication_day
        )
        return align_levels(built, proposed, end=run.cutoff)

    def _reconcile(self, proposed: Parameters) -> tuple[pd.DataFrame, pd.DataFrame]:
        """All levels at past cutoffs by the method that was chosen and by the one proposed."""
        from salesfc_lib.reconciliation import reconcile_backtest

        run, backtest = self.run, self.run.read("backtest")
        chosen = run.read("reconciliation").query("chosen")["method"]
        if backtest.empty or chosen.empty:
            return tables.empty("forecast"), tables.empty("forecast")
        names = chosen.iloc[0], proposed.reconcile.methods[0]
        first, second = (
            reconcile_backtest(
                name, backtest, run.read("panel"), self.series, parameters=run.parameters
            )
            for name in names
        )
        return first, second
