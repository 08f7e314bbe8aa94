"""What one unit's published month says about itself: the `summary` block of its manifest.

The unit's page, the index pages and the next months read it. It holds ratios as numerator and
denominator (so that units can be pooled), sentences, and None where a first month has nothing to
compare yet.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, Field, TypeAdapter

from salesfc_lib.foundation import check_month, language, wording

COVERED = (0.70, 0.90)  # what an 80 % interval may hold over a year of months
SENTENCES = AliasChoices("sentences", "lede")  # the second in manifests of earlier versions


def _check_moment(text: str) -> str:
    if text:
        datetime.fromisoformat(text)
    return text


def _check_language(text: str) -> str:
    with language.speaking(text):
        return text


Month = Annotated[str, AfterValidator(check_month)]
Moment = Annotated[str, AfterValidator(_check_moment)]  # ISO; empty: not known
Languages = Annotated[
    tuple[Annotated[str, AfterValidator(_check_language)], ...], Field(min_length=1)
]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Ratio:
    """A pooled ratio: both parts are summed before dividing."""

    numerator: Number
    denominator: Number

    @property
    def value(self) -> float:
        """Numerator over denominator; infinite over zero, unless the numerator is zero too."""
        if self.denominator == 0:
            return 0.0 if self.numerator == 0 else float("inf")
        return self.numerator / self.denominator

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.numerator + other.numerator, self.denominator + other.denominator)


@dataclass(frozen=True)
class MonthForecast:
    """Published total of one month ahead with its intervals."""

    month: Month
    y_hat: Number
    lo80: Number | None = None
    hi80: Number | None = None
    lo95: Number | None = None
    hi95: Number | None = None


@dataclass(frozen=True)
class MonthActual:
    """Total of one month; null where the month has no source row at all."""

    month: Month
    y: Number | None


@dataclass(frozen=True)
class StepSummary:
    """One of the steps: up to three short sentences, its notebook's page, its checks."""

    title: str
    href: str
    sentences: tuple[str, ...]
    passed: int
    total: int


@dataclass(frozen=True)
class AttentionItem:
    """What needs a person; `kind` orders the index, `due` is an ISO date or empty."""

    kind: Literal["overdue", "floor", "bias", "other"]
    what: str
    why: str
    who: str = ""
    due: Moment = ""
    href: str = ""
    do: str = ""  # one thing to do; empty in manifests of earlier versions


@dataclass(frozen=True)
class Change:
    """One override of a series and month as applied or refused."""

    series: str
    month: str
    old: Number
    asked: Number
    final: Number
    author: str
    reason: str
    applied: bool
    remark: str = ""


@dataclass(frozen=True)
class Download:
    """A file of the month's folder; `sha256` empty where it is named in the manifest only."""

    path: str
    audience: str
    holds: str
    bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class Revision:
    """Why a coming month's total is not what was published with the data of month `since`.

    `causes` in the order in which a forecast is made, with the signed effect of each: before and
    all effects add up to after.
    """

    month: Month
    since: Month
    before: Number
    after: Number
    causes: tuple[tuple[str, Number], ...]


@dataclass(frozen=True)
class KeyLink:
    """A key account or product: its next month and its page, empty in a backfill."""

    label: str
    level: str
    href: str
    share: Number  # of the unit's sales in the last twelve months
    y_hat: Number
    lo80: Number | None = None
    hi80: Number | None = None


@dataclass(frozen=True)
class KpiOver:
    """A KPI over the `window` months that end with the month: a row of table `kpis`."""

    kpi: str
    window: int
    value: Number | None
    before: Number | None  # a year earlier
    months: int  # of the window that are known
    first: Month | None
    last: Month | None
    source: str
    needs: str = ""


@dataclass(frozen=True)
class Summary:
    """One unit's month.

    `wape`, `bias`, `naive` (WAPE of the seasonal naive) and `before_people` (WAPE of the reconciled
    forecast) are of the forecast made one month ahead, over the bottom series. All four are None
    where no archived forecast of this month exists.
    """

    unit: str
    title: str
    month: Month
    version: int
    published_at: Moment  # with zone
    kind: Literal["run", "backfill"] = "run"
    owner: str = ""
    currency: str = "¥"
    quantity_unit: str = ""  # set where quantities are forecast; currency is then empty
    replaces: str = ""  # reason why an earlier version was replaced
    headline: str = ""  # the page's title
    sentences: Annotated[tuple[str, ...], Field(validation_alias=SENTENCES)] = ()
    floor: Number = 0.0
    bias_limit: Number = 0.05
    loss_budget: Number = 0.02
    wape: Ratio | None = None
    bias: Ratio | None = None
    naive: Ratio | None = None
    before_people: Ratio | None = None
    further: tuple[tuple[int, Ratio], ...] = ()  # WAPE at other lags: (months ahead, ratio)
    covered80: Ratio | None = None  # actuals inside the 80 % interval / numbers compared
    loss: Ratio | None = None  # rows set aside in cleaning / rows read
    forecast: tuple[MonthForecast, ...] = ()
    history: tuple[MonthActual, ...] = ()  # the last three years
    earlier: Number | None = None  # what was published one month before for this month's total
    revision: Revision | None = None
    stages: str = ""  # from the models' own total of the next month to the published one
    steps: tuple[StepSummary, ...] = ()
    attention: tuple[AttentionItem, ...] = ()
    changes: tuple[Change, ...] = ()
    before_changes: Number | None = None  # next month's total before people's changes
    keys: tuple[KeyLink, ...] = ()
    downloads: tuple[Download, ...] = ()
    files: int = 0  # files that matched the manifest when the page was published
    record: tuple[tuple[str, str], ...] = ()
    kpis: tuple[KpiOver, ...] = ()
    money: str = "¥"  # currency of KPIs in money, also where quantities are forecast
    languages: Languages = (language.SOURCE,)  # of the month's pages, the default one first
    live: bool = False  # whether the unit has a page of its state now
    signed_by: str = ""  # reviewer of this version, from its sign-off; empty: not signed off

    @property
    def accuracy(self) -> float | None:
        """1 - WAPE, not below 0; None without an archived forecast."""
        return None if self.wape is None else max(0.0, 1 - self.wape.value)

    @property
    def gain(self) -> float | None:
        """Accuracy above the seasonal naive's, in shares of one."""
        return self._above(self.naive)

    @property
    def people(self) -> float | None:
        """Accuracy that people's changes added (below zero: took away)."""
        return self._above(self.before_people)

    def _above(self, wape: Ratio | None) -> float | None:
        return None if self.wape is None or wape is None else wape.value - self.wape.value

    @property
    def below_floor(self) -> bool:
        """Whether accuracy is known and below the floor."""
        return self.accuracy is not None and self.accuracy < self.floor

    @property
    def next(self) -> MonthForecast | None:
        """The forecast of the month after."""
        return self.forecast[0] if self.forecast else None

    @property
    def changes_apply(self) -> bool:
        """Whether people changed any number that is published."""
        return any(change.applied for change in self.changes)

    def actual(self, month: str) -> float | None:
        """Total of a month of the history."""
        return next((row.y for row in self.history if row.month == month), None)

    def year_before(self, month: str) -> float | None:
        """Total of the same month a year before."""
        return self.actual(wording.add_months(month, -12))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self), allow_nan=False))
        return found

    @classmethod
    def read(cls, manifest: Mapping[str, Any], **more: Any) -> Summary:
        """Summary of a manifest in the current language, where its month was written in it."""
        block = manifest.get("summary") or {}
        said = manifest.get("translations", {}).get(language.current(), {})
        return cls.from_json({**block, **said, **more})

    @classmethod
    def from_json(cls, block: Mapping[str, Any]) -> Summary:
        """Summary from a manifest's block; keys of a later version are left out."""
        return _reader().validate_python(block)


@cache
def _reader() -> TypeAdapter[Summary]:
    return TypeAdapter(Summary)


def pool(ratios: Sequence[Ratio | None]) -> Ratio | None:
    """All ratios that there are, summed; None where there is none.

    >>> pool([Ratio(1, 10), None, Ratio(2, 20)]).value
    0.1
    """
    found = [ratio for ratio in ratios if ratio is not None]
    return sum(found, Ratio(0, 0)) if found else None
