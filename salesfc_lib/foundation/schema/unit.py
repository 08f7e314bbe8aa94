"""The complete set of one unit and month, and what its blocks must agree on."""

from __future__ import annotations

from pydantic import Field, model_validator

from salesfc_lib.foundation.schema.block import ParameterBlock, default
from salesfc_lib.foundation.schema.business import (
    KeyAccounts,
    Members,
    Reorganised,
    SalesMeasure,
    Unit,
)
from salesfc_lib.foundation.schema.calendar import Calendar
from salesfc_lib.foundation.schema.cleaning import Cleaning
from salesfc_lib.foundation.schema.coordination import Alerts, Cycle, Notify, Roles
from salesfc_lib.foundation.schema.forecast import (
    Adjust,
    Archive,
    Backtest,
    Breaks,
    CandidateSettings,
    Combine,
    DeclaredEffects,
    DriverEffects,
    Key,
    Lifecycle,
    Reconcile,
    Retrospective,
)
from salesfc_lib.foundation.schema.handover import Handover
from salesfc_lib.foundation.schema.report import Report
from salesfc_lib.foundation.schema.sources import Driver, Source

# columns of the panel
RESERVED = {"unique_id", "ds", "y", "y_raw", "event", "trading_days"}
RESERVED |= {"chinese_new_year", "easter", "ramadan", "key_account", "announced"}


class Parameters(ParameterBlock):
    """The complete resolved set of one unit and month."""

    unit: Unit = Unit()
    sources: dict[str, Source] = default("sources")
    measure: SalesMeasure = SalesMeasure()
    dimensions: list[str] = default("dimensions")
    renames: dict[str, Members] = default("renames")
    reorganised: dict[str, Reorganised] = default("reorganised")
    key_accounts: KeyAccounts = KeyAccounts()
    levels: dict[str, list[str]] = default("levels")
    calendar: Calendar = Calendar()
    drivers: dict[str, Driver] = default("drivers")
    horizon: int = Field(default("horizon"), ge=1, le=36)
    cleaning: Cleaning = Cleaning()
    candidates: dict[str, CandidateSettings] = default("candidates")
    backtest: Backtest = Backtest()
    breaks: Breaks = Breaks()
    driver_effects: DriverEffects = DriverEffects()
    lifecycle: Lifecycle = Lifecycle()
    combine: Combine = Combine()
    reconcile: Reconcile = Reconcile()
    effects: DeclaredEffects = DeclaredEffects()
    adjust: Adjust = Adjust()
    key: Key = Key()
    retrospective: Retrospective = Retrospective()
    handover: Handover = Handover()
    roles: Roles = Roles()
    alerts: Alerts = Alerts()
    notify: Notify = Notify()
    cycle: Cycle = Cycle()
    report: Report = Report()
    archive: Archive = Archive()

    @property
    def bottom(self) -> str:
        """Name of the level whose series partition the business."""
        return list(self.levels)[-1]

    @model_validator(mode="after")
    def _levels_cross_known_dimensions(self) -> Parameters:
        if next(iter(self.levels.values()), None) != []:
            raise _wrong("levels", "the first level is the whole unit, such as `total: []`")
        known = {*self.dimensions, "key_account"}
        for level, crossed in self.levels.items():
            for name in set(crossed) - known:
                raise _wrong(
                    f"levels.{level}", f"'{name}' is not among `dimensions` {sorted(known)}"
                )
        used = {name for crossed in self.levels.values() for name in crossed}
        if lacking := used - set(self.levels[self.bottom]):
            raise _wrong(
                "levels",
                f"the last level must cross every dimension used; it lacks {sorted(lacking)}",
            )
        return self

    @model_validator(mode="after")
    def _stock_is_planned_along_the_levels(self) -> Parameters:
        level, site = self.handover.level or self.bottom, self.handover.site
        if level not in self.levels:
            raise _wrong("handover.level", f"'{level}' is not among `levels` {[*self.levels]}")
        if site is not None and site not in self.levels[level]:
            crossed = self.levels[level]
            raise _wrong("handover.site", f"'{site}' is not a dimension of '{level}' {crossed}")
        return self

    @model_validator(mode="after")
    def _watermarks_have_an_archive(self) -> Parameters:
        named = sorted(name for name, source in self.sources.items() if source.watermark)
        if named and not self.archive.keep_sources:
            raise _wrong(
                f"sources.{named[0]}.watermark",
                "needs `archive.keep_sources: true`, because earlier extracts are kept there",
            )
        return self

    @model_validator(mode="after")
    def _drivers_have_a_source(self) -> Parameters:
        found: set[str] = set()
        for name, source in self.sources.items():
            if source.role == "drivers":
                found |= self._driver_columns(name, source)
        if reserved := sorted(set(self.drivers) & {*RESERVED, *self.dimensions}):
            raise _wrong(
                f"drivers.{reserved[0]}",
                "the panel has a column or dimension of this name, or a "
                "source a column of its own; choose another",
            )
        if idle := sorted(set(self.drivers) - found):
            raise _wrong(
                f"drivers.{idle[0]}", "no source with the role `drivers` has it among its `columns`"
            )
        others = [source for source in self.sources.values() if source.role != "drivers"]
        if "promotion" in self.drivers and any(
            source.role == "promotions" or "promotion" in source.columns for source in others
        ):
            raise _wrong(
                "drivers.promotion",
                "a calendar of promotions or a flag of the orders already says when they run",
            )
        return self

    def _driver_columns(self, name: str, source: Source) -> set[str]:
        """Drivers that a source has: beside dimensions and one column of days or months."""
        place = f"sources.{name}.columns"
        if len({"date", "ds"} & set(source.columns)) != 1:
            raise _wrong(place, "a source of drivers has one column `date` (days) or `ds` (months)")
        own = {"date", "ds", "announced", "key_account"}
        columns = set(source.columns) - {*own, *self.dimensions}
        if unknown := sorted(columns - set(self.drivers)):
            raise _wrong(
                place, f"'{unknown[0]}' is neither a dimension nor declared under `drivers`"
            )
        if not columns:
            raise _wrong(place, "no column of it is declared under `drivers`")
        return columns


def _wrong(key: str, expected: str) -> ValueError:
    """Error about one key of the whole set, which has no place of its own."""
    return ValueError(f"{key}: {expected}")
