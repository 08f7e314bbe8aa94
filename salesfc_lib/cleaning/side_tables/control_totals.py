"""The unit compared with the general ledger: totals by month, side by side.

Only months through the one that is run are compared, from the unit's first on; a difference that is
above both tolerances stops the unit, unless someone has accepted it with a reason; a month without
a control total is noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import MEASURES, Batch
from salesfc_lib.cleaning.batch.frames import sum_by
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, say, schema, tables
from salesfc_lib.intake import Issue

LARGEST = 3  # rules named beside a difference
LISTED = 3  # months without a control total that are named
BOUNDS = ("opening", "kept")
ROLE = "control_totals"
Row = tuple[object, ...]  # of table control


def compare_control(
    batch: Batch,
    ledger: pd.DataFrame,
    control_total: pd.DataFrame,
    parameters: Parameters,
    month: str,
) -> pd.DataFrame:
    """Table control: each control total through the month beside the unit's own.

    Raises `SalesForecastError` for the latest month whose difference is above both tolerances and
    not accepted, naming both totals and the largest rules between what was read and what was kept.
    """
    settings = parameters.cleaning.control
    dimensions = [name for name in (*parameters.dimensions, "key_account") if name in control_total]
    ours = _sum_ours(batch, ledger, dimensions, settings.basis)
    first, last = ours["month"].min(), pd.Timestamp(f"{month}-01")
    totals = control_total[control_total["ds"].between(first, last)]
    rows: list[Row] = []
    if len(totals):  # several accounts of one month and one member are compared together
        for _, group in totals.groupby(["ds", *dimensions], dropna=False, sort=True):
            rows += _compare(group, ours, dimensions, settings)
    compared, value = {row[0] for row in rows}, parameters.measure.value
    none = say("reason.control.none")
    for ds in sorted(ours["month"].dropna().unique()):
        if ds <= last and ds not in compared:
            total = _add(ours.loc[ours["month"].eq(ds), value])
            rows.append((ds, "", value, total, None, None, np.nan, "missing", none))
    frame = pd.DataFrame(rows, columns=list(tables.CONTRACTS["control"].columns))
    frame = frame.astype({"ds": "datetime64[ns]", "share": "float64"})
    frame = frame.sort_values(["ds", "member", "measure"], ignore_index=True)
    outside = frame[frame["state"].eq("outside")]
    if len(outside):
        raise _differs(outside.iloc[-1], ledger, parameters, len(outside))
    return tables.check(frame, "control")


def note_missing(batch: Batch, control: pd.DataFrame, parameters: Parameters) -> Batch:
    """Batch with an issue of the months without a control total."""
    missing = control.loc[control["state"].eq("missing"), "ds"]
    if missing.empty:
        return batch
    listed = missing.dt.strftime("%Y-%m").tolist()
    months = say("example.listed", months=listed)
    if (more := len(listed) - LISTED) > 0:
        months = say("example.listed.more", months=listed[:LISTED], more=more)
    source = next(name for name, source in parameters.sources.items() if source.role == ROLE)
    reason = say("reason.control_total")
    issue = Issue("control_total", reason, 0, len(missing), source=source, example=months)
    return batch.report(issue)


def _sum_ours(
    batch: Batch, ledger: pd.DataFrame, dimensions: list[str], basis: str
) -> pd.DataFrame:
    """The unit's totals by month and dimension, in decimals."""
    if basis == "kept":
        sums = sum_by(batch.lines, ["month", *dimensions], MEASURES)
        for name in MEASURES:
            decimals = [Decimal(int(units)).scaleb(-batch.scales[name]) for units in sums[name]]
            sums[name] = pd.Series(decimals, dtype=object)
        return sums
    if dimensions:
        raise SalesForecastError.of(
            f"The control totals are by {', '.join(dimensions)}, and what was read is not",
            "`cleaning.control.basis: kept` for control totals by a dimension",
            "Change the basis, or leave the dimension out of the `columns` of the source with the "
            "role `control_totals`",
        )
    opening = ledger[ledger["rule"].eq("opening") & ledger["month"].notna()]
    return opening.groupby("month")[MEASURES].agg(_add).reset_index()


def _compare(
    group: pd.DataFrame, ours: pd.DataFrame, dimensions: list[str], settings: schema.Control
) -> Iterator[Row]:
    """One row per measure that the ledger gives, of one month and one member."""
    first = group.iloc[0]
    named = {name: first[name] for name in dimensions if not pd.isna(first[name])}
    mine = ours[ours["month"].eq(first["ds"])]
    for name, member in named.items():
        mine = mine[mine[name].eq(member)]
    member = " / ".join(map(str, named.values()))
    accepted = settings.accepted.get(f"{first['ds']:%Y-%m}", "")
    tolerance = settings.tolerance
    for name in MEASURES:
        given = group[name].dropna()
        if given.empty:
            continue
        total, theirs = _add(mine[name]), _add(given)
        difference = total - theirs
        within = abs(difference) <= max(tolerance.absolute, tolerance.relative * abs(theirs))
        state = "within" if within else "accepted" if accepted else "outside"
        share = float(difference / theirs) if theirs else np.nan
        reason = "" if within else accepted
        yield first["ds"], member, name, total, theirs, difference, share, state, reason


def _differs(
    row: pd.Series, ledger: pd.DataFrame, parameters: Parameters, count: int
) -> SalesForecastError:
    settings, sources = parameters.cleaning.control, parameters.sources.values()
    files = ", ".join(f"'{source.path}'" for source in sources if source.role == ROLE)
    whose = f"{row['member']}: " if row["member"] else ""
    share = f", {abs(row['share']):.2%}" if pd.notna(row["share"]) else ""
    more = f"; {count - 1} more differ" if count > 1 else ""
    mine = ledger[ledger["month"].eq(row["ds"]) & ~ledger["rule"].isin(BOUNDS)]
    sums = mine.groupby("rule")[str(row["measure"])].agg(_add)
    moved = sorted(sums[sums.ne(0)].items(), key=lambda item: -abs(item[1]))[:LARGEST]
    largest = ", ".join(f"{rule} {-value:+,f}" for rule, value in moved) or "none"
    return SalesForecastError.of(
        f"{whose}The {row['measure']} of {row['ds']:%Y-%m} ({settings.basis}) is {row['ours']:,f}, "
        f"the general ledger in {files} says {row['ledger']:,f}: a difference of "
        f"{row['difference']:,f}{share}{more}",
        f"A difference of at most {settings.tolerance.relative:.2%} of the ledger, or "
        f"{settings.tolerance.absolute:f} (`cleaning.control.tolerance`)",
        f"Largest between what was read and what was kept: {largest}. Correct "
        "the export or the definition, or accept the month with a reason under "
        "`cleaning.control.accepted`",
    )


def _add(values: pd.Series) -> Decimal:
    return sum(values, Decimal(0))
