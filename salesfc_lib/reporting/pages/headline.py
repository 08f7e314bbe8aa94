"""Title, lede and status of the index, from the facts of a month.

A portfolio enters, sentences leave. The decision made here: what is worst is said first, and no sentence is written for
a number that does not exist.
"""

from __future__ import annotations

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.catalogue import say
from salesfc_lib.reporting.facts.summary import Summary
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import growth, measure_of

LONGEST = 40  # characters of a name in a title
NAMED = 3  # units named in a title before they are counted


def title(portfolio: Portfolio) -> str:
    """The month in one line: who met the floor, and who is worst."""
    month = wording.month_word(portfolio.month)
    worst = _worst(portfolio)
    if not portfolio.published:
        return say("index.title.all_failed", month=wording.month_name(portfolio.month))
    if not portfolio.scored:
        units, their = _have(portfolio)
        first = say(
            "index.title.first",
            units_have=units,
            their=their,
            next_month=wording.month_name(wording.add_months(portfolio.month, 1)),
        )
        return f"{first}; {'; '.join(worst)}" if worst else first
    met = len(portfolio.scored) - len(portfolio.below_floor)
    if not worst:
        return say(
            "index.title.all_met",
            all_units=_all(portfolio),
            their="its" if len(portfolio.scored) == 1 else "their",
            month=month,
        )
    if portfolio.n_units == 1:
        return say("index.title.one_missed", unit=portfolio.scored[0].title, month=month)
    counted = f"{wording.first_upper(wording.cardinal(met)) if met else 'None'} of {wording.cardinal(portfolio.n_units)} units"
    return say("index.title.some", met=counted, month=month, worst=wording.listing(worst))


def lede(portfolio: Portfolio) -> list[str]:
    """Three to four sentences: accuracy and bias, what is below its floor or failed, the seasonal naive, what comes next."""
    sentences = [_accuracy(portfolio)]
    if portfolio.failed:
        sentences.append(
            say(
                "index.lede.failed",
                units=_names([portfolio.name(f.unit) for f in portfolio.failed]),
            )
        )
    if portfolio.below_floor:
        worst = portfolio.below_floor[0]
        gap = wording.points(worst.floor - (worst.accuracy or 0.0)).lstrip("+")
        sentences.append(say("index.lede.gap", unit=short(worst.title), gap=gap))
    if portfolio.accuracy is not None and portfolio.naive is not None:
        gain = portfolio.accuracy - portfolio.naive
        sentences.append(
            say(
                "index.lede.naive_worse" if gain >= 0 else "index.lede.naive_better",
                gain=wording.points(abs(gain)).lstrip("+"),
            )
        )
    return [*sentences, *_next(portfolio)]


def short(name: str) -> str:
    """A name that fits a title: cut where it is longer than forty characters."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def status(portfolio: Portfolio, unit: str) -> tuple[str, bool]:
    """A unit's word of state, and whether it is bad."""
    summary = portfolio.summary(unit)
    if summary is None:
        failed = any(failure.unit == unit for failure in portfolio.failed)
        return ("did not publish", True) if failed else ("not run", False)
    if summary.accuracy is None:
        return "nothing to compare yet", False
    if summary.below_floor:
        return "below floor", True
    if summary.bias is not None and abs(summary.bias.value) > summary.bias_limit:
        return "bias outside its limit", True
    return "floor met", False


def _accuracy(portfolio: Portfolio) -> str:
    if portfolio.accuracy is None:
        names = {
            "month": wording.month_name(portfolio.month),
            "next_month": wording.month_name(wording.add_months(portfolio.month, 1)),
        }
        return say("index.lede.unscored", **names)
    facts = {"accuracy": wording.percent(portfolio.accuracy), "change": _change(portfolio)}
    if portfolio.bias is None:
        return say("index.lede.accuracy_only", **facts)
    side = (
        "none" if abs(portfolio.bias) < 5e-4 else "high" if portfolio.bias > 0 else "low"
    )  # rounds to 0.0 %
    return say(
        "index.lede.accuracy",
        **facts,
        bias=say(f"index.bias.{side}", bias=wording.percent(abs(portfolio.bias))),
    )


def _change(portfolio: Portfolio) -> str:
    now, before = portfolio.accuracy, portfolio.before.accuracy
    if now is None or before is None:
        return ""
    how = (
        "same"
        if wording.percent(now) == wording.percent(before)
        else "up"
        if now > before
        else "down"
    )
    return say(
        f"index.change.{how}",
        before=wording.percent(before),
        month=wording.month_word(portfolio.before.month),
    )


def _next(portfolio: Portfolio) -> list[str]:
    ahead = [summary for summary in portfolio.published if summary.next is not None]
    measures = {(s.currency, s.quantity_unit) for s in ahead}
    if not ahead or len(measures) > 1:
        return []
    total = sum(s.next.y_hat for s in ahead if s.next)
    year_ago = [_year_ago(s) for s in ahead]
    before = (
        sum(value for value in year_ago if value is not None)
        if all(value is not None for value in year_ago)
        else None
    )
    month = wording.month_word(wording.add_months(portfolio.month, 1))
    key = "index.lede.next_one" if len(ahead) == 1 else "index.lede.next"
    return [
        say(
            key,
            next_month=month,
            total=measure_of(ahead[0]).amount(total),
            growth=growth(total, before),
        )
    ]


def _year_ago(summary: Summary) -> float | None:
    return summary.actual(wording.add_months(summary.month, -11))


def _worst(portfolio: Portfolio) -> list[str]:
    worst = []
    if portfolio.below_floor:
        missed = portfolio.below_floor
        times = _times(portfolio, missed[0].unit) if len(missed) == 1 else 1
        if times > 1:
            worst.append(
                say(
                    "index.worst.short_again",
                    unit=short(missed[0].title),
                    times=wording.ordinal(times),
                )
            )
        else:
            worst.append(say("index.worst.short", units=_names([s.title for s in missed])))
    if portfolio.failed:
        worst.append(
            say(
                "index.worst.failed",
                units=_names([portfolio.name(f.unit) for f in portfolio.failed]),
            )
        )
    return worst


def _times(portfolio: Portfolio, unit: str) -> int:
    count, then = 0, portfolio
    while (summary := then.summary(unit)) is not None and summary.below_floor:
        count, then = count + 1, then.before
    return count


def _names(names: list[str]) -> str:
    return (
        wording.listing([short(name) for name in names])
        if len(names) <= NAMED
        else wording.cardinal(len(names))
    )


def _all(portfolio: Portfolio) -> str:
    if len(portfolio.scored) == 1:
        return portfolio.scored[0].title
    if len(portfolio.scored) < len(portfolio.published):
        return f"All {wording.cardinal(len(portfolio.scored))} scored units"
    return f"All {wording.cardinal(len(portfolio.scored))} units"


def _have(portfolio: Portfolio) -> tuple[str, str]:
    names = [summary.title for summary in portfolio.published]
    return (
        (names[0], "its")
        if len(names) == 1
        else (f"{wording.first_upper(wording.cardinal(len(names)))} units", "their")
    )
