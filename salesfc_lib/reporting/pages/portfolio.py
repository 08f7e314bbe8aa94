"""All units of one month, and how to look back from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.published import FailedMonth
from salesfc_lib.reporting.facts.summary import Ratio, Summary, pool


@dataclass(frozen=True)
class Portfolio:
    """The units of `month`; `all` and `failures` hold every month up to any later one.

    Units are pooled by summing numerators and denominators, and only those that have both.
    """

    month: str
    all: Mapping[tuple[str, str], Summary]  # by month, unit
    failures: Sequence[FailedMonth]

    @classmethod
    def of(
        cls, summaries: Sequence[Summary], failures: Sequence[FailedMonth], month: str
    ) -> Portfolio:
        """The portfolio of a month, with every other month in reach."""
        return cls(month, {(each.month, each.unit): each for each in summaries}, failures)

    @property
    def before(self) -> Portfolio:
        """The month before."""
        return replace(self, month=wording.add_months(self.month, -1))

    @property
    def following(self) -> str:
        """The month after, 'YYYY-MM'."""
        return wording.add_months(self.month, 1)

    @cached_property
    def units(self) -> list[str]:
        """Units seen up to this month, always in this order."""
        published = {unit for month, unit in self.all if month <= self.month}
        return sorted(published | {f.unit for f in self.failures if f.month <= self.month})

    @cached_property
    def published(self) -> list[Summary]:
        """This month's summaries in the order of units."""
        return [self.all[key] for key in sorted(self.all) if key[0] == self.month]

    @cached_property
    def failed(self) -> list[str]:
        """Units that did not publish this month."""
        failed = {failure.unit for failure in self.failures if failure.month == self.month}
        published = {unit for month, unit in self.all if month == self.month}
        return sorted(failed - published - {*self.damaged})

    @cached_property
    def damaged(self) -> list[str]:
        """Units of whose month a record cannot be read, and that have no other one."""
        here = [each for each in self.failures if each.month == self.month and each.is_damaged]
        return sorted({each.unit for each in here if (self.month, each.unit) not in self.all})

    @property
    def n_units(self) -> int:
        """Units of this month, published or not."""
        return len(self.published) + len(self.failed) + len(self.damaged)

    @property
    def published_at(self) -> str:
        """When the last of the units was published, ISO; empty where none was."""
        return max((summary.published_at for summary in self.published), default="")

    @cached_property
    def scored(self) -> list[Summary]:
        """Units whose forecast of this month can be compared."""
        return [summary for summary in self.published if summary.wape is not None]

    @cached_property
    def below_floor(self) -> list[Summary]:
        """Scored units below their floor, the largest gap first."""
        missed = [summary for summary in self.scored if summary.below_floor]
        return sorted(missed, key=lambda summary: (summary.accuracy or 0) - summary.floor)

    def summary(self, unit: str) -> Summary | None:
        """The unit's summary of this month."""
        return self.all.get((self.month, unit))

    def name(self, unit: str) -> str:
        """The unit's title, as it was last published up to this month."""
        months = [month for month, name in self.all if name == unit and month <= self.month]
        if months:
            return self.all[months[-1], unit].title
        return next((f.title for f in self.failures if f.unit == unit and f.title), unit)

    @cached_property
    def accuracy(self) -> float | None:
        """1 - pooled WAPE, not below 0."""
        return _accuracy(summary.wape for summary in self.scored)

    @cached_property
    def naive(self) -> float | None:
        """The seasonal naive's accuracy on the same units."""
        return _accuracy(summary.naive for summary in self.scored)

    @cached_property
    def bias(self) -> float | None:
        """Pooled bias; above zero is too high."""
        bias = pool([summary.bias for summary in self.scored])
        return None if bias is None else bias.value

    def back(self, n: int) -> list[Portfolio]:
        """The last n months that end here, from the first in which anything happened."""
        known = [*(month for month, _ in self.all), *(failure.month for failure in self.failures)]
        months = [wording.add_months(self.month, -back) for back in range(n - 1, -1, -1)]
        first = min(known, default=self.month)
        return [replace(self, month=month) for month in months if month >= first]


def _accuracy(wapes: Iterable[Ratio | None]) -> float | None:
    pooled = pool(list(wapes))
    return None if pooled is None else max(0.0, 1 - pooled.value)
