"""The end of every notebook's page: its record, its checks, the parameters that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, translate_message
from salesfc_lib.reporting.blocks import Check, Checks, Record, Table
from salesfc_lib.reporting.narrative.writer import Blocks, cut, writer_of

MANY = 4  # parameters of a group that are one row


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
    """Parameters that differ from the defaults, with the layer that set them.

    Those below two names, such as `sources.orders`, are one row where one layer set many of them.
    """
    writer = writer_of(run)
    values = flatten(run.parameters.model_dump(mode="json"))
    keys = sorted(key for key, layer in run.layer.items() if layer != "defaults")
    groups = defaultdict[tuple[str, ...], list[str]](list)
    for key in keys:
        reason = run.reasons.get(key, "")
        groups[*key.split(".")[:2], str(run.layer[key]), reason].append(key)
    rows = []
    for (*above, _, reason), own in groups.items():
        layer = writer.name("layer", run.layer[own[0]])
        told = {key: _write_value(values.get(key, "")) for key in own}
        if len(own) >= MANY:
            start = ".".join(above)
            said = ", ".join(f"{key[len(start) + 1 :]}: {value}" for key, value in told.items())
            told = {f"{start}.*": cut(said)}
        rows += [
            {"key": key, "value": value, "layer": layer, "reason": reason}
            for key, value in told.items()
        ]
    return writer.table("parameters", rows, n=len(keys))


def _write_value(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return cut(text.lower() if isinstance(value, bool) else text)
