"""The end of every notebook's page: its record, its checks, the parameters that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, translate_message
from salesfc_lib.reporting.blocks import Check, Checks, Record, Table
from salesfc_lib.reporting.narrative.writer import Blocks, cut, writer_of


def record_and_checks(run: UnitMonth, checks: Sequence[Check], key: str, **facts: Any) -> Blocks:
    """Record and checks of a notebook; the record's terms are the lines of the sentence `key`.

    Raises `SalesForecastError` with the checks that failed, so that the notebook fails.
    """
    failed = [f"{check.name} ({check.detail})" for check in checks if not check.passed]
    if failed:
        raise SalesForecastError.of(
            f"{len(failed)} of {len(checks)} checks failed: {'; '.join(failed)}",
            "Every check passes before a month is published",
            "Read the section that the check belongs to",
        )
    said = (
        Check(translate_message(one.name), one.passed, translate_message(one.detail))
        for one in checks
    )
    folded = (Checks(tuple(said)), parameter_table(run))
    badge = writer_of(run).text("checks.passed", n=len(checks))
    terms = writer_of(run).record(key, unit=run.unit, month=run.month, **facts)
    return Blocks(Record(badge, "", terms, folded))


def parameter_table(run: UnitMonth) -> Table:
    """Parameters that differ from the defaults, with the layer that set them."""
    writer = writer_of(run)
    values = flatten(run.parameters.model_dump(mode="json"))
    rows = [
        {"key": key, "value": _write_value(values.get(key, ""))}
        | {"layer": writer.name("layer", layer), "reason": run.reasons.get(key, "")}
        for key, layer in sorted(run.layer.items())
        if layer != "defaults"
    ]
    return writer.table("parameters", rows, n=len(rows))


def _write_value(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return cut(text.lower() if isinstance(value, bool) else text)
