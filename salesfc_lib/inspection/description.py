"""A proposal as JSON types: everything that was found about an export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from salesfc_lib.inspection.columns import Column
from salesfc_lib.inspection.mapping import Match, say_match
from salesfc_lib.inspection.proposal import ORDER_WORDS, Proposal

COUNTED = ("currency", "unit_of_measure", "status", "kind")  # names whose members are counted


def describe(found: Proposal, block: Sequence[str]) -> dict[str, Any]:
    """Everything that was found, by subject; `block` are the lines of the source's YAML."""
    sample, money, signs, months = found.sample, found.money, found.signs, found.months
    text = "\n".join(["sources:", *block])
    matched = [(match, found.columns[match.header]) for match in found.assignment.matches]
    free = {
        header: {"looks": column.looks, "values": column.describe()}
        for header, column in found.columns.items()
        if header not in found.names.values()
    }
    settings = {
        key: {"is": value, "why": sample.why.get(key, "")} for key, value in sample.settings.items()
    }
    equations = [{"says": one.text, "holds": one.holds, "of": one.of} for one in money.equations]
    members = {
        name: dict(found.columns[found.names[name]].members.most_common(12))
        for name in COUNTED
        if name in found.names
    }
    return {
        "files": [str(file) for file in found.files],
        "role": {"is": found.role, "why": found.assignment.why},
        "kind": sample.kind,
        **settings,
        "header_row": sample.header_row,
        "headers": list(sample.header),
        "titles": [title for _, title in sample.titles],
        "rows": {"seen": found.seen, "total": sample.total, "exact": sample.counted},
        "columns": {match.name: _describe_match(match) for match, _ in matched},
        "unmatched": free,
        "refused": list(found.assignment.refused),
        "missing": found.missing,
        "date_order": _describe_days(found),
        "decimal": {
            match.header: _describe_numbers(column)
            for match, column in matched
            if column.looks == "number"
        },
        "measure": {
            "amount": money.amount,
            "tax": money.tax,
            "tax_rate": None if money.tax_rate is None else str(money.tax_rate),
            "discounts": money.discounts,
            "why": list(money.why),
            "equations": equations,
        },
        "units": {
            name: {"unit": unit, "words": said} for name, (unit, said) in found.units.items()
        },
        "kinds": dict(found.kinds),
        "returns": {
            "are_positive": found.returns_are_positive,
            "negative_rows": signs.negative,
            "returns_negative": signs.returns_negative,
            "returns_positive": signs.returns_positive,
        },
        "key": {
            "columns": list(found.key.names),
            "copies": found.key.copies,
            "tried": list(found.key.tried),
        },
        "subtotals": list(found.subtotals),
        "fill_down": list(found.fill_down),
        "where": {header: list(values) for header, values in found.splits.items()},
        "months": {
            "rows": dict(months.rows),
            "missing": list(months.missing),
            "apart": dict(months.apart),
        },
        "members": members,
        "nulls": {match.header: dict(column.nulls) for match, column in matched if column.nulls},
        "problems": [
            {"rule": issue.rule, "says": issue.reason, "ask": issue.action == "asked"}
            for issue in found.issues
        ],
        "ask": found.asks,
        "beside": [_describe_beside(other) for other in found.beside],
        "yaml": text,
        "source": yaml.safe_load(text)["sources"],
    }


def _describe_match(match: Match) -> dict[str, Any]:
    return {
        "header": match.header,
        "why": say_match(match),
        "alias": match.alias,
        "exact": match.exact,
        "rivals": list(match.rivals),
        "other_names": list(match.other_names),
    }


def _describe_days(found: Proposal) -> dict[str, Any] | None:
    if found.date_name is None:
        return None
    days, column = found.days(found.date_name), found.columns[found.names[found.date_name]]
    return {
        "is": ORDER_WORDS.get(days.order, "year first" if days.forms else ""),
        "code": days.order,
        "proof": {order: column.raw[place] for order, place in days.proof.items()},
        "rows": {order: found.sample.places[place] for order, place in days.proof.items()},
        "cells": dict(days.proofs),
        "undecided": days.open,
        "first": str(days.span[0]) if days.span else None,
        "last": str(days.span[1]) if days.span else None,
    }


def _describe_numbers(column: Column) -> dict[str, Any]:
    numbers = column.numbers
    return {
        "is": numbers.decimal,
        "proof": {mark: column.raw[place] for mark, place in numbers.proof.items()},
        "grouping": numbers.grouping,
        "undecided": len(numbers.open),
    }


def _describe_beside(other: Proposal) -> dict[str, Any]:
    settings = other.sample.settings
    return {
        **{key: settings[key] for key in ("sheet", "table") if key in settings},
        "role": other.role,
        "rows": other.sample.total,
        "headers": list(other.sample.header),
        "columns": other.names,
    }
