"""A made-up state at one moment for the live pages: three units, one of them in trouble, hostile
names, in the shape that `coordination` gives.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from salesfc_lib.foundation import people, say, tables
from salesfc_lib.reporting.facts.now.state import State, UnitNow
from salesfc_lib.reporting.pages.now import write_live
from tests.pages import LONG, NASTY

AT = datetime(2026, 7, 14, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LANGUAGES = ("en", "zh")
PEOPLE = {
    "hanlei": people.Person(name="韩磊", next="liuhui", department="sales"),
    "liuhui": people.Person(name="刘慧", department="purchasing"),
    "nobody": people.Person(name=NASTY),
}
SAYS = say("reasons", reasons=[f"{NASTY} sold 18 % less"])


def moment(day: int, hour: int = 9) -> str:
    """A moment of July 2026 as the log keeps it."""
    return f"2026-07-{day:02d}T{hour:02d}:00:00+00:00"


def month_path(*ids: str, known: int = 13) -> pd.DataFrame:
    """Paths of July: the first falls off on the 12th, the others keep to theirs."""
    days = pd.date_range("2026-07-01", "2026-07-31")
    expected = 1.6e6 * np.arange(1, 32)
    parts = []
    for at, unique_id in enumerate(ids):
        sold = expected * (1.01 if at else 1.0)
        sold = sold - (0 if at else 4.5e6) * (np.arange(1, 32) >= 12)
        part = {"unique_id": unique_id, "date": days, "expected": expected}
        part |= {"lo": expected * 0.9 - 2e6, "hi": expected * 1.1 + 2e6}
        parts.append(pd.DataFrame(part | {"actual": np.where(np.arange(31) < known, sold, np.nan)}))
    return pd.concat(parts, ignore_index=True)


def alert(number: int, kind: str, state: str, **more: object) -> dict[str, object]:
    """An alert as `fold_alerts` gives it."""
    row: dict[str, object] = {"number": number, "kind": kind, "unique_id": "total", "says": SAYS}
    row |= {"unit": "kitchen", "month": "2026-07", "direction": "", "note": "", "escalations": 0}
    row |= {"opened_at": moment(13), "data_at": moment(13, 7), "size": 1.2e6, "owner": "韩磊"}
    row |= {"state": state, "due": "2026-07-15", "overdue_days": 0}
    keys = ("escalated_to", "acknowledged_by", "acknowledged_at", "explained", "became")
    row |= dict.fromkeys([*keys, "closed_by", "closed_at", "outcome", "gone_since"])
    return row | more


def events() -> pd.DataFrame:
    """Records of the log as `read_records` gives them."""
    done = [("alert.open", "salesfc watch", "total"), ("alert.acknowledge", "韩磊", "12")]
    done += [("cycle.done", "刘慧", "collection"), ("view.enter", "韩磊", "sales")]
    rows = [
        {"number": at, "at": moment(13, at - 10), "who": who, "what": what, "subject": subject}
        for at, (what, who, subject) in enumerate(done, 12)
    ]
    return pd.DataFrame(rows).assign(reason=NASTY)


def in_trouble() -> UnitNow:
    """A unit with an alert overdue, a late step, open questions, and views that disagree."""
    series = pd.DataFrame(
        [("total", "All", "total"), ("r1", f"{NASTY} · 华东", "region"), ("r2", LONG, "region")],
        columns=["unique_id", "label", "level"],
    )
    late = {"overdue_days": 2, "due": "2026-07-12", "escalated_to": "liuhui"}
    seen = {"acknowledged_by": "韩磊", "acknowledged_at": moment(13, 12), "unique_id": "r1"}
    alerts = [alert(12, "sales", "open", **late), alert(13, "sales", "acknowledged", **seen)]
    over = {"closed_by": "刘慧", "closed_at": moment(14, 1), "outcome": "false_alarm"}
    alerts.append(alert(9, "stock", "closed", due=None, **over))
    cycle = [
        ("collection", "done", "刘慧", moment(4), 0, ()),
        ("consultation", "open", None, None, 3, (SAYS,)),
        ("decision", "waiting", None, None, 0, ()),
        ("tracking", "waiting", None, None, 0, ()),
    ]
    steps = [
        {"step": step, "owner": "韩磊", "due": "2026-07-09", "state": state, "done_by": by}
        | {"done_at": at, "late_days": late_days, "missing": missing, "reason": ""}
        for step, state, by, at, late_days, missing in cycle
    ]
    waits = [
        ("alert", 12, "sales", SAYS, "open", 2, ("hanlei",), "liuhui"),
        ("alert", 13, "sales", SAYS, "acknowledged", 0, ("hanlei",), ""),
        ("step", 0, "consultation", "consultation", "open", 3, ("hanlei",), ""),
        ("question", "Q21", "sales", SAYS, "open", 0, ("hanlei", "liuhui"), ""),
        ("action", "A4", "price", NASTY, "open", 0, ("liuhui",), ""),
    ]
    names = ["kind", "number", "about", "says", "state", "overdue_days", "people", "escalated_to"]
    waiting = pd.DataFrame(waits, columns=names).assign(month="2026-07", due="2026-07-12")
    questions = pd.DataFrame(
        {
            **{"number": [21, 22], "department": "sales", "kind": ["missing_promotion", "account"]},
            **{"unique_id": "r1", "says": SAYS, "asked_at": moment(6), "answer": ["", NASTY]},
            **{"answered_by": [None, "韩磊"], "answered_at": [None, moment(8)]},
            "became": [None, "E3"],
        }
    )
    months = pd.date_range("2024-07-01", "2026-06-01", freq="MS")
    sales = pd.DataFrame(
        [
            (each, ds, 4e7 * (1 + 0.1 * np.sin(at)))
            for each in series["unique_id"]
            for at, ds in enumerate(months)
        ],
        columns=["unique_id", "ds", "y"],
    )
    ahead = pd.date_range("2026-07-01", periods=6, freq="MS")
    forecast = pd.DataFrame(
        [
            (each, ds, 4.8e7, 4.4e7, 5.2e7, 4.2e7, 5.4e7)
            for each in series["unique_id"]
            for ds in ahead
        ],
        columns=["unique_id", "ds", "y_hat", "lo-80", "hi-80", "lo-95", "hi-95"],
    )
    entered = [("sales", 1.12), ("finance", 0.95)]
    views = pd.concat(
        [
            forecast.assign(version=1, department=name, y_hat=4.8e7 * factor)
            for name, factor in entered
        ]
    ).assign(author="韩磊", entered_at=moment(8), reason=NASTY)
    compared = views.assign(other="statistical", value=views["y_hat"], base=4.8e7)
    compared = compared.merge(series, on="unique_id")
    gap = {"value": 53.76e6, "base": 48.0e6, "units": 8_100, "percent": 0.12, "money": 5.76e6}
    gap |= {"department": "sales", "other": "statistical", "ds": pd.NaT, "unique_id": "r1"}
    gap |= {"level": "region", "label": NASTY}
    taken = {"takes": {"sales": 0.5, "statistical": 0.5}, "reason": NASTY}
    decided = pd.DataFrame([{"at": moment(9), "who": "刘慧", **taken}])
    actions = pd.DataFrame(
        [{"number": 4, "what": NASTY, "owner": "刘慧", "due": "2026-07-20", "state": "open"}]
    ).assign(overdue_days=0, closed_by=None, outcome=None)
    frames = {
        **{
            "alerts": tables.build(alerts, "alert"),
            "path": month_path("total", "r1"),
            "series": series,
        },
        **{"cycle": pd.DataFrame(steps), "waiting": waiting, "questions": questions},
        **{"sales": sales, "forecast": forecast, "views": views, "compared": compared},
        **{"disagreements": pd.DataFrame([gap]), "decisions": decided},
        **{"events": events(), "alert_events": events().head(2), "actions": actions},
    }
    return UnitNow(
        "kitchen",
        NASTY,
        "2026-07",
        "2026-06",
        owner="刘慧",
        currency="¥",
        languages=LANGUAGES,
        has_cycle=True,
        departments={"sales": ("hanlei", "liuhui"), "finance": ()},
        levels={"sales": ("total", "region")},
        frames=frames,
    )


def state() -> State:
    """The unit in trouble, one of which nothing is known, and one that cannot be read."""
    new = UnitNow("online", "Online", "2026-07", languages=LANGUAGES)
    torn = UnitNow("north", LONG, "2026-07", languages=LANGUAGES, error=f"{NASTY} is torn.")
    return State(AT, (in_trouble(), torn, new), PEOPLE)


def write_pages(folder: Path) -> list[Path]:
    """A reports folder with one page of each kind, in one language or the other."""
    write_live(folder, state())
    live = folder / "now"
    return [
        live / "index.html",
        live / "kitchen" / "index.zh.html",
        live / "kitchen" / "sales.html",
        live / "people" / "hanlei.zh.html",
    ]
