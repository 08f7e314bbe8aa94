"""A department's consultation: the numbers that concern it, what it is asked and answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.foundation import level_name, wording
from salesfc_lib.reporting.blocks import Cell, Fact, Prose, Table
from salesfc_lib.reporting.facts.now.state import State, UnitNow, is_missing
from salesfc_lib.reporting.facts.shared import year_before
from salesfc_lib.reporting.narrative.now.parts import WRITER, moment, writer_of_unit
from salesfc_lib.reporting.narrative.writer import SHOWN


def department_name(department: str) -> str:
    """How a department is called: by the catalogue, else its id with spaces."""
    return WRITER.name("department", department)


def department_title(unit: UnitNow, department: str) -> str:
    """The finding: questions that are open, or that all are answered."""
    asked, ahead = _questions(unit, department)
    key = "none" if asked.empty else "answered" if ahead.empty else "open"
    if len(ahead) == 1:
        key = "open.one"
    facts = {"n": len(ahead), "all": len(asked), "unit": unit.title, "month": unit.closed}
    name = department_name(department)
    return WRITER.text(f"now.department.title.{key}", name=name, **facts)


def department_opening(state: State, unit: UnitNow, department: str) -> list[str]:
    """Who answers for it, what its forecast is, what was decided."""
    people = [state.name(each) for each in unit.departments.get(department, ())]
    one = ".one" if len(people) == 1 else ""
    who = WRITER.text(f"now.department.people{one if people else '.none'}", people=people)
    ahead, writer = unit["forecast"], writer_of_unit(unit)
    own = ahead[ahead["unique_id"].eq(unit.top)].sort_values("ds").head(1)
    sentences = [who]
    for row in own.to_dict("records"):
        facts = {"label": unit.label(unit.top), "ds": row["ds"], "y_hat": row["y_hat"]}
        sentences.append(writer.text("now.department.forecast", **facts))
    return [*sentences, say_decision(state, unit)]


def department_facts(unit: UnitNow, department: str) -> list[Fact]:
    """Questions answered, and views that the department entered."""
    asked, ahead = _questions(unit, department)
    views = unit["views"].drop_duplicates(["department", "version"])
    own = int(views["department"].eq(department).sum())
    counts: dict[str, Any] = {"answered": len(asked) - len(ahead), "n": len(asked)}
    return [
        WRITER.fact("now.fact.questions", **counts),
        WRITER.fact("now.fact.views", own=own, n=len(views)),
    ]


def number_table(unit: UnitNow, levels: tuple[str, ...]) -> Table | Prose:
    """Series of the department's levels: sold last month and a year before, and the forecast."""
    series, ahead, sales = unit["series"], unit["forecast"], unit["sales"]
    if ahead.empty:
        return Prose(WRITER.text("now.numbers.unknown"))
    own = series[series["level"].isin(levels or series["level"].unique()[:3])]
    ds = ahead["ds"].min()
    first = ahead[ahead["ds"].eq(ds)].set_index("unique_id")
    shown = own[own["unique_id"].isin(first.index)]
    sales = sales[sales["unique_id"].isin(shown["unique_id"])]
    sold = {key: each.set_index("ds")["y"].sort_index() for key, each in sales.groupby("unique_id")}
    writer = writer_of_unit(unit).at(first.loc[shown["unique_id"], "y_hat"])
    last = ds - pd.DateOffset(months=1)
    rows = []
    for row in shown.to_dict("records"):
        found = first.loc[row["unique_id"]]
        history = sold.get(row["unique_id"], pd.Series(dtype=float))
        before = year_before(history, ds)
        rows.append(
            {
                "name": Cell(str(WRITER.said(row["label"])), level_name(row["level"]), bold=True),
                "last": history.get(last),
                "before": before,
                "y_hat": found["y_hat"],
                "change": found["y_hat"] / before - 1 if before else None,
                "lo": found["lo-80"],
                "hi": found["hi-80"],
            }
        )
    notable = [at < SHOWN for at in range(len(rows))]
    facts = {"axis": writer.axis, "ds": ds, "last": last, "n": len(rows)}
    return writer.table("now.numbers", rows, notable=notable, **facts)


def question_table(state: State, unit: UnitNow, department: str) -> Table | Prose:
    """What the department is asked, the open questions first; what its answers became."""
    asked, ahead = _questions(unit, department)
    if asked.empty:
        key = "none" if unit.knows("questions") else "unknown"
        return Prose(WRITER.text(f"now.questions.{key}", unit=unit.unit, month=unit.closed))
    is_open = asked["number"].isin(ahead["number"])
    rows = [
        _question(state, unit, row)
        for row in pd.concat([asked[is_open], asked[~is_open]]).to_dict("records")
    ]
    return WRITER.table("now.questions", rows, n=len(asked), open=len(ahead))


def say_decision(state: State, unit: UnitNow) -> str:
    """Which forecast was decided on, by whom and why; that nobody has decided yet."""
    decided = unit["decisions"]
    if decided.empty:
        return WRITER.text("now.decision.none", month=unit.closed)
    row = decided.iloc[-1]
    takes = [_describe_take(name, share) for name, share in row["takes"].items()]
    facts = {"who": state.name(row["who"]), "at": moment(state, row["at"])}
    return WRITER.text("now.decision", takes=takes, reason=row["reason"], **facts)


def _describe_take(view: str, share: float) -> str:
    """A part of a decision: a view, or a share of it."""
    name = view_name(view)
    return name if share == 1 else WRITER.text("now.decision.share", name=name, share=share)


def view_name(view: str) -> str:
    """How a view is called: the statistical forecast, or a department's."""
    return WRITER.find(f"now.view.{view}") or department_name(view)


def _question(state: State, unit: UnitNow, row: dict[Any, Any]) -> dict[str, Any]:
    kind = WRITER.name("question.kind", row["kind"])
    says = str(WRITER.said(row["says"]))
    if is_missing(row["answered_by"]):
        facts = {"unit": unit.unit, "subject": f"Q{row['number']}"}
        ask = WRITER.text("now.do.question", **facts)
        return {"says": Cell(says, kind), "answer": ask, "by": "", "became": ""}
    by = Cell(state.name(row["answered_by"]), moment(state, row["answered_at"]))
    became = "" if is_missing(row["became"]) else WRITER.said(row["became"])
    answer = str(WRITER.said(row["answer"]))
    return {"says": Cell(says, kind), "answer": answer, "by": by, "became": str(became)}


def _questions(unit: UnitNow, department: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All questions to a department, and those without an answer."""
    questions = unit["questions"]
    asked = questions[questions["department"].eq(department)]
    return asked, asked[asked["answered_by"].map(is_missing).astype(bool)]


def department_list(unit: UnitNow, href: Any) -> Table | Prose:
    """A row a department with its questions and views; `href(department)` leads to its page."""
    if not unit.departments:
        return Prose(WRITER.text("now.departments.none"))
    rows = []
    for department in unit.departments:
        asked, ahead = _questions(unit, department)
        views = unit["views"]
        own = views[views["department"].eq(department)]
        name = Cell(department_name(department), bold=True, href=href(department))
        counts = {"asked": len(asked), "open": len(ahead), "views": own["version"].nunique()}
        rows.append({"name": name, **counts})
    return WRITER.table("now.departments", rows, names=wording.listing([*unit.departments]))
