"""A case out of exports: the files, the unit's parameters as an analyst declares them, and the
rows' truth.

Exports and what is declared enter; a `Case` leaves. Every case is the same small unit (one source
`orders`, one dimension, levels total and region), and says only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from defects.company import MONTH
from defects.feeds import HEADERS, KINDS, Export, expect, write_text
from defects.truth import Case, Expected, Row
from defects.workbook import Sheet, write_workbook

ORDERS = "orders"
EXCEL = {"kind": "excel", "path": "orders.xlsx"}
Tree = Mapping[str, Any]


def declare(source: Tree | None = None, sources: Tree | None = None, **unit: Any) -> dict[str, Any]:
    """The unit's parameter file: its orders (`source` says what differs), further sources, further
    blocks.
    """
    orders = {
        "kind": "csv",
        "role": "orders",
        "path": "orders.csv",
        "columns": dict(HEADERS),
        "key": ["order_id", "line"],
        "kinds": {shown: kind for kind, shown in KINDS.items()},
        **(source or {}),
    }
    tree = {
        "unit": {"title": "Planted"},
        "sources": {ORDERS: orders, **(sources or {})},
        "dimensions": ["region"],
        "levels": {"total": [], "region": ["region"]},
        "calendar": {"closed_through": MONTH},
        "cleaning": {"loss_budget": 1.0},
    }
    return _merge(tree, unit)


def text_case(
    number: int,
    variant: str,
    exports: Export | Sequence[Export],
    parameters: Tree | None = None,
    **truth: Any,
) -> Case:
    """Case of one text file, or of several that one pattern finds."""
    exports = [exports] if isinstance(exports, Export) else list(exports)
    written = [write_text(export) for export in exports]
    rows: list[Row] = []
    for export, (_, places) in zip(exports, written, strict=True):
        label = ORDERS if len(exports) == 1 else f"{ORDERS}: {export.path.rsplit('/', 1)[-1]}"
        rows += expect(export, places, label)
    tree = parameters or declare({"path": exports[0].path if len(exports) == 1 else "orders_*.csv"})
    return make_case(
        number,
        variant,
        {export.path: content for export, (content, _) in zip(exports, written, strict=True)},
        tree,
        rows,
        **truth,
    )


def workbook_case(
    number: int,
    variant: str,
    sheets: Sequence[Sheet],
    parameters: Tree | None = None,
    *,
    read: int = 0,
    **truth: Any,
) -> Case:
    """Case of one workbook of which the sheet `read` is the unit's."""
    from_1904 = truth.pop("from_1904", False)
    content, places = write_workbook(sheets, from_1904=from_1904)
    records = sheets[read].records
    rows = [
        Row(ORDERS, place, item.line, item.fate, item.rule, item.planted)
        for item, place in zip(records, places[read], strict=True)
    ]
    tree = parameters or declare(EXCEL)
    return make_case(number, variant, {"orders.xlsx": content}, tree, rows, **truth)


def make_case(
    number: int,
    variant: str,
    files: Mapping[str, bytes],
    parameters: Tree,
    rows: Sequence[Row],
    **truth: Any,
) -> Case:
    """Case of any files; `month`, `earlier` and the further files (`more`) stand beside what is
    expected.
    """
    month, earlier, more = (
        truth.pop("month", MONTH),
        truth.pop("earlier", ()),
        truth.pop("more", {}),
    )
    asked = frozenset({*truth.pop("allowed", ()), *(row.rule for row in rows if row.rule)})
    expected = Expected(rows=tuple(rows), allowed=asked, **truth)
    return Case(number, variant, {**files, **more}, parameters, month, expected, earlier)


def _merge(below: Tree, above: Tree) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        deep = (
            isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and key != "levels"
        )
        merged[key] = _merge(merged[key], value) if deep else value
    return merged
