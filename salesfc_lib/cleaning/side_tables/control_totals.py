"""The unit held to the general ledger: totals by month, side by side.

An account closed for a month, its ledger and the control totals enter; table control leaves, or an error. The decisions made
here: only months through the one that is run are compared, from the unit's first on; a difference that is above both tolerances
stops the unit, unless someone has accepted it with a reason; a month without a control total is noted.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import MEASURES, Account
from salesfc_lib.cleaning.account.frames import sum_by
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Control, Parameters, tables

LARGEST = 3  # rules named beside a difference
BOUNDS = ("opening", "kept")
Row = tuple[object, ...]  # of table control


def compare_control(
    account: Account,
    ledger: pd.DataFrame,
    control_total: pd.DataFrame,
    parameters: Parameters,
    month: str,
) -> pd.DataFrame:
    """Table control: each control total through the month beside the unit's own.

    Raises `SalesForecastError` for the latest month whose difference is above both tolerances and not accepted, naming both
    totals and the largest rules between what was read and what was kept.
    """
    settings = parameters.cleaning.control
    dimensions = [name for name in (*parameters.dimensions, "key_account") if name in control_total]
    ours = _sum_ours(account, ledger, dimensions, settings.basis)
    first, last = ours["month"].min(), pd.Timestamp(f"{month}-01")
    asked = control_total[control_total["ds"].between(first, last)]
    rows = [
        row
        for group in _group(asked, dimensions)
        for row in _compare(group, ours, dimensions, settings)
    ]
    rows += _list_missing(ours, {row[0] for row in rows}, parameters, last)
    frame = pd.DataFrame(rows, columns=list(tables.CONTRACTS["control"].columns))
    frame = frame.astype({"ds": "datetime64[ns]", "share": "float64"}).sort_values(
        ["ds", "member", "measure"], ignore_index=True
    )
    outside = frame[frame["state"].eq("outside")]
    if len(outside):
        raise _differs(outside.iloc[-1], ledger, parameters, len(outside))
    return tables.check(frame, "control")


def note_missing(account: Account, control: pd.DataFrame, parameters: Parameters) -> Account:
    """Account whose problems name the months without a control total."""
    missing = control.loc[control["state"].eq("missing"), "ds"]
    if missing.empty:
        return account
    months = ", ".join(missing.dt.strftime("%Y-%m").iloc[:3]) + (
        f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    )
    source = next(
        name for name, source in parameters.sources.items() if source.role == "control_totals"
    )
    return account.see(
        {
            "source": source,
            "rule": "control_total",
            "column": "",
            "action": "noted",
            "rows": len(missing),
            "first_row": 0,
            "example": months,
            "reason": "months of the unit for which the general ledger gives no total",
        }
    )


def _sum_ours(
    account: Account, ledger: pd.DataFrame, dimensions: list[str], basis: str
) -> pd.DataFrame:
    """The unit's totals by month and dimension, in decimals."""
    if basis == "kept":
        sums = sum_by(account.lines, ["month", *dimensions], MEASURES)
        return sums.assign(
            **{
                name: [Decimal(int(units)).scaleb(-account.scales[name]) for units in sums[name]]
                for name in MEASURES
            }
        )
    if dimensions:
        raise SalesForecastError.say(
            f"The control totals are by {', '.join(dimensions)}, and what was read is not",
            "`cleaning.control.basis: kept` for control totals by a dimension",
            "Change the basis, or leave the dimension out of the `columns` of the source with the role `control_totals`",
        )
    opening = ledger[ledger["rule"].eq("opening") & ledger["month"].notna()]
    return opening.groupby("month")[MEASURES].agg(_add).reset_index()


def _group(asked: pd.DataFrame, dimensions: list[str]) -> list[pd.DataFrame]:
    """Control totals of one month and one member each; several accounts stand in one group."""
    if asked.empty:
        return []
    return [group for _, group in asked.groupby(["ds", *dimensions], dropna=False, sort=True)]


def _compare(
    group: pd.DataFrame, ours: pd.DataFrame, dimensions: list[str], settings: Control
) -> list[Row]:
    """One row per measure that the ledger gives."""
    first = group.iloc[0]
    named = {name: first[name] for name in dimensions if not pd.isna(first[name])}
    mine = ours[ours["month"].eq(first["ds"])]
    for name, member in named.items():
        mine = mine[mine[name].eq(member)]
    accepted = settings.accepted.get(f"{first['ds']:%Y-%m}", "")
    rows: list[Row] = []
    for name in MEASURES:
        said = group[name].dropna()
        if said.empty:
            continue
        total, theirs = _add(mine[name]), _add(said)
        difference = total - theirs
        within = abs(difference) <= max(
            settings.tolerance.absolute, settings.tolerance.relative * abs(theirs)
        )
        state = "within" if within else "accepted" if accepted else "outside"
        share = float(difference / theirs) if theirs else np.nan
        member = " / ".join(map(str, named.values()))
        rows.append(
            (
                first["ds"],
                member,
                name,
                total,
                theirs,
                difference,
                share,
                state,
                "" if within else accepted,
            )
        )
    return rows


def _list_missing(
    ours: pd.DataFrame, compared: set[object], parameters: Parameters, last: pd.Timestamp
) -> list[Row]:
    """Rows of months of the unit that the ledger says nothing of."""
    name = parameters.measure.value
    months = [
        month
        for month in sorted(ours["month"].dropna().unique())
        if month <= last and month not in compared
    ]
    return [
        (
            month,
            "",
            name,
            _add(ours.loc[ours["month"].eq(month), name]),
            None,
            None,
            np.nan,
            "missing",
            "no control total",
        )
        for month in months
    ]


def _differs(
    row: pd.Series, ledger: pd.DataFrame, parameters: Parameters, count: int
) -> SalesForecastError:
    settings = parameters.cleaning.control
    files = ", ".join(
        f"'{source.path}'"
        for source in parameters.sources.values()
        if source.role == "control_totals"
    )
    whose = f" of {row['member']}" if row["member"] else ""
    month = f"{row['ds']:%Y-%m}"
    share = f", {abs(row['share']):.2%}" if pd.notna(row["share"]) else ""
    more = f"; {count - 1} more differ" if count > 1 else ""
    return SalesForecastError.say(
        f"The {row['measure']}{whose} of {month} ({settings.basis}) is {row['ours']:,f}, the general ledger in {files} says "
        f"{row['ledger']:,f}: a difference of {row['difference']:,f}{share}{more}",
        f"A difference of at most {settings.tolerance.relative:.2%} of the ledger, or {settings.tolerance.absolute:f} "
        "(`cleaning.control.tolerance`)",
        f"Largest between what was read and what was kept: {_list_largest(ledger, row)}. Correct the export or the definition, "
        f"or accept the month with a reason under `cleaning.control.accepted`",
    )


def _list_largest(ledger: pd.DataFrame, row: pd.Series) -> str:
    """The rules that moved most in a row's month, with their sums."""
    measure = str(row["measure"])
    mine = ledger[ledger["month"].eq(row["ds"]) & ~ledger["rule"].isin(BOUNDS)]
    sums = mine.groupby("rule")[measure].agg(_add)
    sums = sums[sums.ne(0)]
    ordered = sums.iloc[np.argsort([-abs(value) for value in sums], kind="stable")].head(LARGEST)
    return ", ".join(f"{rule} {-value:+,f}" for rule, value in ordered.items()) or "nothing"


def _add(values: pd.Series) -> Decimal:
    return sum(values, Decimal(0))
