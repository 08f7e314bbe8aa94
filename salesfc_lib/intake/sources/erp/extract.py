"""Sales orders of an ERP system as one extract, kept by its content like every source.

With a watermark only orders changed since the last extract are asked for; an order that is fetched
again supersedes all of its earlier lines, so that a line taken off is gone. Orders deleted as a
whole are not seen: a run without the watermark reads everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source, scratch_folder
from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.databases import watermark
from salesfc_lib.intake.sources.erp.door import Door, Wire, understood
from salesfc_lib.intake.sources.header import require_header
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text_columns import text_table
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

READERS = {  # system: its door, and the field that names an order
    "sap_s4": ("SapS4", "SalesOrder"),
    "netsuite": ("NetSuite", "id"),
    "kingdee_galaxy": ("KingdeeGalaxy", "FBillNo"),
    "u8_cloud": ("U8Cloud", "parentvo.vreceiptcode"),
    "jiandaoyun": ("Jiandaoyun", "_id"),
}
Row = Mapping[str, str]


def read_erp(
    source: Source, project: Path, *, keep: bool = False, wire: Wire | None = None
) -> tuple[Grid, dict[str, Any]]:
    """The system's order lines and the extract's fingerprint (path, sha256, bytes).

    With `keep`, the extract goes to the project's archive. Raises `SalesForecastError` for a system
    that does not answer by its contract, a watermark that is not its own and a missing column.
    """
    door, archive = open_door(source, wire), snapshot.find_archive(project)
    identity, known = _identify(source, door.host), None
    if source.watermark:
        known = watermark.recall(archive, identity)
    earlier = pq.read_table(known[0]).to_pylist() if known else []
    with understood(source.kind):
        fetched = list(door.read_orders(str(known[1]) if known else None))  # type: ignore[attr-defined]
    rows = merge(earlier, fetched, READERS[source.kind][1])
    if not rows:
        raise SalesForecastError.unreadable_file(door.host, "it has no sales order", "Correct it")
    archive.mkdir(parents=True, exist_ok=True)
    with scratch_folder(".extract.", archive) as folder:
        path, header = _write(rows, folder / "extract.parquet")
        content = path.read_bytes()
        sha256, size = hashlib.sha256(content).hexdigest(), len(content)
        if keep:
            snapshot.keep_extract(archive, path, sha256)
            if source.watermark:
                last = max(row.get(source.watermark, "") for row in rows)
                watermark.remember(archive, identity, sha256, last or None)
    name = f"${source.kind}/{door.host}"
    _, names = require_header([header], source, name)
    cells = text_table(len(header), [[row.get(key, "") for key in header] for row in rows])
    grid = Grid(header, np.arange(1, len(rows) + 1), cells)
    return set_aside_control(grid, names), {"path": name, "sha256": sha256, "bytes": size}


def open_door(source: Source, wire: Wire | None = None) -> Door:
    """The door to the source's system, whose watermark is the one declared."""
    made = import_module(f"{__package__}.{source.kind}")
    door: Door = getattr(made, READERS[source.kind][0])(source.erp, wire)
    own = door.watermark  # type: ignore[attr-defined]
    if source.watermark not in (None, own):
        raise SalesForecastError.of(
            f"`watermark: {source.watermark}` is not asked for by `kind: {source.kind}`",
            f"`watermark: {own}`, by which this system finds what has changed",
            "Correct the source, or leave `watermark` out",
        )
    return door


def merge(earlier: Sequence[Row], fetched: Sequence[Row], order: str) -> list[dict[str, str]]:
    """Lines of all orders, each line once, in a fixed order; a fetched order replaces its lines.

    >>> old = [{"no": "1", "q": "5"}, {"no": "1", "q": "6"}, {"no": "2", "q": "7"}]
    >>> merge(old, [{"no": "1", "q": "8"}, {"no": "1", "q": "8"}], "no")
    [{'no': '1', 'q': '8'}, {'no': '2', 'q': '7'}]
    """
    again = {row.get(order) for row in fetched}
    rows = [*(row for row in earlier if row.get(order) not in again), *fetched]
    once = {tuple(sorted((name, text) for name, text in row.items() if text)): row for row in rows}
    return [
        dict(once[key]) for key in sorted(once, key=lambda key: (dict(key).get(order, ""), key))
    ]


def _write(rows: Sequence[Row], path: Path) -> tuple[Path, list[str]]:
    """Parquet file of the rows as text, and its columns."""
    header = sorted({name for row in rows for name in row})
    columns = {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in header}
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path, header


def _identify(source: Source, host: str) -> dict[str, Any]:
    """What an extract is one of: another system's or form's is never added to."""
    assert source.erp is not None
    place = f"{host} {source.erp.account} {source.erp.entry} {source.erp.organisation}"
    return {
        "server": hashlib.sha256(place.encode()).hexdigest(),
        "kind": source.kind,
        "watermark": source.watermark,
    }
