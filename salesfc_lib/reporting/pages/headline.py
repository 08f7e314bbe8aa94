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
    one, text = len(scored) == 1, WRITER.text
    if not portfolio.published:
        return text("index.title.all_failed", month=month)
    if not scored:
        names = [summary.title for summary in portfolio.published]
        units = f"{wording.first_upper(wording.cardinal(len(names)))} units"
        units, their = (names[0], "its") if len(names) == 1 else (units, "their")
        first = text(
            "index.title.first",
            units_have=units,
            their=their,
            following=wording.add_months(month, 1),
        )
        return "; ".join([first, *worst])
    if not worst:
        some = "scored " if len(scored) < len(portfolio.published) else ""
        units = scored[0].title if one else f"All {wording.cardinal(len(scored))} {some}units"
        their = "its" if one else "their"
        return text("index.title.all_met", all_units=units, their=their, month=month)
    if portfolio.n_units == 1:
        return text("index.title.one_missed", unit=scored[0].title, month=month)
    met = len(scored) - len(portfolio.below_floor)
    counted = wording.first_upper(wording.cardinal(met)) if met else "None"
    of_all = f"{counted} of {wording.cardinal(portfolio.n_units)} units"
    return text("index.title.some", met=of_all, month=month, worst=worst)


def opening_sentences(portfolio: Portfolio) -> list[str]:
    """Accuracy and bias, what failed or is below its floor, the seasonal naive, what comes next."""
    sentences, text = [_accuracy(portfolio)], WRITER.text
    if portfolio.failed:
        sentences.append(text("index.summary.failed", units=_failed(portfolio)))
    if portfolio.below_floor:
        worst = portfolio.below_floor[0]
        gap = worst.floor - (worst.accuracy or 0.0)
        sentences.append(text("index.summary.gap", unit=short(worst.title), gap=gap))
    if portfolio.accuracy is not None and portfolio.naive is not None:
        gain = portfolio.accuracy - portfolio.naive
        way = "worse" if gain >= 0 else "better"
        sentences.append(text(f"index.summary.naive_{way}", gain=gain))
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
    accuracy, bias, text = portfolio.accuracy, portfolio.bias, WRITER.text
    if accuracy is None:
        following = wording.add_months(portfolio.month, 1)
        return text("index.summary.unscored", month=portfolio.month, following=following)
    change = _change(accuracy, portfolio.before)
    if bias is None:
        return text("index.summary.accuracy_only", accuracy=accuracy, change=change)
    side = "none" if abs(bias) < ZERO else "high" if bias > 0 else "low"
    in_words = text(f"index.bias.{side}", size=abs(bias))
    return text("index.summary.accuracy", accuracy=accuracy, change=change, bias=in_words)


def _change(now: float, then: Portfolio) -> str:
    before = then.accuracy
    if before is None:
        return ""
    same = wording.percent(now) == wording.percent(before)
    way = "same" if same else "up" if now > before else "down"
    return WRITER.text(f"index.change.{way}", before=before, month=then.month)


def _next(portfolio: Portfolio) -> list[str]:
    """What the units expect next month together; nothing where their measures differ."""
    ahead = [(summary, summary.next.y_hat) for summary in portfolio.published if summary.next]
    if len({(summary.currency, summary.quantity_unit) for summary, _ in ahead}) != 1:
        return []
    following = wording.add_months(portfolio.month, 1)
    year_ago = [summary.actual(wording.add_months(following, -12)) for summary, _ in ahead]
    known = [value for value in year_ago if value is not None]
    total, before = sum(y_hat for _, y_hat in ahead), sum(known)
    key = "index.summary.next_one" if len(ahead) == 1 else "index.summary.next"
    change = growth(total, before if len(known) == len(ahead) else None)
    writer = writer_of(ahead[0][0])
    return [writer.text(key, following=following, total=total, growth=change)]


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
    return worst


def _times(portfolio: Portfolio, unit: str) -> int:
    count, then = 0, portfolio
    while (summary := then.summary(unit)) is not None and summary.below_floor:
        count, then = count + 1, then.before
    return count


def _failed(portfolio: Portfolio) -> str:
    return _names([portfolio.name(failure.unit) for failure in portfolio.failed])


def _names(names: list[str]) -> str:
    few = len(names) <= NAMED
    return wording.listing([short(name) for name in names]) if few else wording.cardinal(len(names))
