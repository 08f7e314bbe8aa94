"""All units of one month, and how to look back from it.

Summaries and failures of all months enter; the pooled numbers of any of them leave. The decision made here: units are
pooled by summing numerators and denominators, and only those that have both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.summary import Failure, Summary, pool


@dataclass(frozen=True)
class Portfolio:
    """The units of `month`; `all` and `failures` hold every month up to any later one."""

    month: str
    all: Mapping[tuple[str, str], Summary]  # by month, unit
    failures: Sequence[Failure]

    @classmethod
    def of(cls, summaries: Sequence[Summary], failures: Sequence[Failure], month: str) -> Portfolio:
        """The portfolio of a month, with every other month in reach."""
        return cls(
            month, {(summary.month, summary.unit): summary for summary in summaries}, failures
        )

    def at(self, month: str) -> Portfolio:
        """The same units in another month."""
        return Portfolio(month, self.all, self.failures)

    @property
    def before(self) -> Portfolio:
        """The month before."""
        return self.at(wording.add_months(self.month, -1))

    @cached_property
    def units(self) -> list[str]:
        """Units seen up to this month, always in this order."""
        seen = {unit for month, unit in self.all if month <= self.month} | {
            f.unit for f in self.failures if f.month <= self.month
        }
        return sorted(seen)

    @property
    def n_units(self) -> int:
        """Units of this month, published or not."""
        return len(self.published) + len(self.failed)

    @cached_property
    def published(self) -> list[Summary]:
        """This month's summaries in the order of units."""
        return [
            self.all[self.month, unit]
            for unit in sorted(unit for month, unit in self.all if month == self.month)
        ]

    @cached_property
    def failed(self) -> list[Failure]:
        """Units that did not publish this month."""
        return [
            f for f in self.failures if f.month == self.month and (f.month, f.unit) not in self.all
        ]

    @property
    def any(self) -> bool:
        """Whether anything happened in this month."""
        return bool(self.published or self.failed)

    @cached_property
    def scored(self) -> list[Summary]:
        """Units whose forecast of this month can be compared."""
        return [summary for summary in self.published if summary.wape is not None]

    @cached_property
    def below_floor(self) -> list[Summary]:
        """Scored units below their floor, the largest gap first."""
        return sorted(
            (s for s in self.scored if s.below_floor), key=lambda s: (s.accuracy or 0) - s.floor
        )

    def summary(self, unit: str) -> Summary | None:
        """The unit's summary of this month."""
        return self.all.get((self.month, unit))

    def name(self, unit: str) -> str:
        """The unit's title, as it was last published up to this month."""
        titles = [
            s.title for (month, u), s in self.all.items() if u == unit and month <= self.month
        ]
        return (
            titles[-1]
            if titles
            else next((f.title for f in self.failures if f.unit == unit and f.title), unit)
        )

    @cached_property
    def accuracy(self) -> float | None:
        """1 - pooled WAPE, not below 0."""
        wape = pool([s.wape for s in self.scored])
        return None if wape is None else max(0.0, 1 - wape.value)

    @cached_property
    def naive(self) -> float | None:
        """The seasonal naive's accuracy on the same units."""
        wape = pool([s.naive for s in self.scored])
        return None if wape is None else max(0.0, 1 - wape.value)

    @cached_property
    def bias(self) -> float | None:
        """Pooled bias; above zero is too high."""
        bias = pool([s.bias for s in self.scored])
        return None if bias is None else bias.value

    def months(self, n: int) -> list[str]:
        """The last n months that end here, from the first in which anything happened."""
        first = min(
            [*(month for month, _ in self.all), *(f.month for f in self.failures)],
            default=self.month,
        )
        return [
            month
            for back in range(n - 1, -1, -1)
            if (month := wording.add_months(self.month, -back)) >= first
        ]
