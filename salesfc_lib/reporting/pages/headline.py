"""Title, opening sentences and status of the index: what is worst comes first."""

from __future__ import annotations

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.pages.page import WRITER
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import growth, writer_of

LONGEST = 40  # characters of a name in a title
NAMED = 3  # units named in a title before they are counted
ZERO = 5e-4  # a share below it rounds to 0.0 %


def title(portfolio: Portfolio) -> str:
    """The month in one line: who met the floor, and who is worst."""
    month, scored, worst = portfolio.month, portfolio.scored, _worst(portfolio)
    published, text = portfolio.published, WRITER.text
    if not published:
        return text(f"index.title.all_{'failed' if portfolio.failed else 'damaged'}", month=month)
    if not scored:
        key = "index.title.first" if len(published) > 1 else "index.title.first.one"
        facts = {"unit": published[0].title, "n": len(published), "following": portfolio.following}
        return wording.semicolons([text(key, **facts), *worst])
    if not worst:
        several = ".scored" if len(scored) < len(published) else ""
        key = f"index.title.all_met{several if len(scored) > 1 else '.one'}"
        return text(key, unit=scored[0].title, n=len(scored), month=month)
    if portfolio.n_units == 1:
        return text("index.title.one_missed", unit=scored[0].title, month=month)
    met = len(scored) - len(portfolio.below_floor)
    key = "index.title.some" if met else "index.title.none_met"
    return text(key, met=met, n=portfolio.n_units, month=month, worst=worst)


def opening_sentences(portfolio: Portfolio) -> list[str]:
    """Accuracy and bias, what failed or is below its floor, the seasonal naive, what comes next."""
    sentences, text = [_accuracy(portfolio)], WRITER.text
    if portfolio.failed:
        sentences.append(text("index.summary.failed", units=_failed(portfolio)))
    if portfolio.damaged:
        sentences.append(text("index.summary.damaged", units=_damaged(portfolio)))
    if portfolio.below_floor:
        worst = portfolio.below_floor[0]
        gap = worst.floor - (worst.accuracy or 0.0)
        sentences.append(text("index.summary.gap", unit=short(worst.title), gap=gap))
    if portfolio.accuracy is not None and portfolio.naive is not None:
        gain = portfolio.accuracy - portfolio.naive
        sentences.append(
            text(f"index.summary.naive_{'worse' if gain >= 0 else 'better'}", gain=gain)
        )
    return [*sentences, *_next(portfolio)]


def short(name: str) -> str:
    """A name that fits a title: cut where it is longer than forty characters."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def status(portfolio: Portfolio, unit: str) -> tuple[str, bool]:
    """A unit's word of state, and whether it is bad."""
    summary = portfolio.summary(unit)
    text = WRITER.text
    if unit in portfolio.damaged:
        return text("index.damaged"), True
    if summary is None:
        failed = unit in portfolio.failed
        return text("index.failed" if failed else "index.status.not_run"), failed
    if summary.accuracy is None:
        return text("index.status.first"), False
    if summary.below_floor:
        return text("index.status.below"), True
    if summary.bias is not None and abs(summary.bias.value) > summary.bias_limit:
        return text("index.status.biased"), True
    return text("index.status.met"), False


def direction(now: float, before: float, *, same: bool) -> str:
    """The part of a sentence's key that says where a number went."""
    return "same" if same else "up" if now > before else "down"


def _accuracy(portfolio: Portfolio) -> str:
    accuracy, bias, before = portfolio.accuracy, portfolio.bias, portfolio.before
    month, following, text = portfolio.month, portfolio.following, WRITER.text
    if accuracy is None:
        return text("index.summary.unscored", month=month, following=following)
    change = ""
    if before.accuracy is not None:
        same = wording.percent(accuracy) == wording.percent(before.accuracy)
        key = f"index.change.{direction(accuracy, before.accuracy, same=same)}"
        change = text(key, before=before.accuracy, month=before.month)
    if bias is None:
        return text("index.summary.accuracy_only", accuracy=accuracy, change=change)
    side = "none" if abs(bias) < ZERO else "high" if bias > 0 else "low"
    in_words = text(f"index.bias.{side}", size=abs(bias))
    return text("index.summary.accuracy", accuracy=accuracy, change=change, bias=in_words)


def _next(portfolio: Portfolio) -> list[str]:
    """What the units expect next month together; nothing where their measures differ."""
    ahead = [summary for summary in portfolio.published if summary.next]
    measures = {writer_of(summary).measure for summary in ahead}
    if len(measures) != 1:
        return []
    a_year_before = wording.add_months(portfolio.following, -12)
    known = [y for summary in ahead if (y := summary.actual(a_year_before)) is not None]
    total = sum(summary.next.y_hat for summary in ahead if summary.next)
    change = growth(total, sum(known) if len(known) == len(ahead) else None)
    key = "index.summary.next_one" if len(ahead) == 1 else "index.summary.next"
    facts = {"following": portfolio.following, "total": total, "growth": change}
    return [writer_of(ahead[0]).text(key, **facts)]


def _worst(portfolio: Portfolio) -> list[str]:
    """Who missed the floor (for the how manieth month, where it is one unit), and who failed."""
    worst, missed, text = [], portfolio.below_floor, WRITER.text
    times = _times(portfolio, missed[0].unit) if len(missed) == 1 else 1
    if times > 1:
        worst.append(text("index.worst.short_again", unit=short(missed[0].title), times=times))
    elif missed:
        worst.append(text("index.worst.short", units=_names([unit.title for unit in missed])))
    if portfolio.failed:
        worst.append(text("index.worst.failed", units=_failed(portfolio)))
    if portfolio.damaged:
        worst.append(text("index.worst.damaged", units=_damaged(portfolio)))
    return worst


def _times(portfolio: Portfolio, unit: str) -> int:
    count, then = 0, portfolio
    while (summary := then.summary(unit)) is not None and summary.below_floor:
        count, then = count + 1, then.before
    return count


def _failed(portfolio: Portfolio) -> str:
    return _names([portfolio.name(unit) for unit in portfolio.failed])


def _damaged(portfolio: Portfolio) -> str:
    return _names([portfolio.name(unit) for unit in portfolio.damaged])


def _names(names: list[str]) -> str:
    if len(names) > NAMED:
        return WRITER.text("index.units.many", n=len(names))
    return wording.listing([short(name) for name in names])
