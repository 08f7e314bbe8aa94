"""The rules of cleaning and their order: each takes an account, says what it finds, and gives the next account.

Lines enter and leave inside an `Account`; `Account.apply` does what a rule's findings say. The decision made here: which
rules there are, under which name, and in which order. A unit leaves one out by `cleaning.skip`, or names its own order by
`cleaning.order`; what makes a row a row of the business cannot be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.account.lines import key_codes
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import Extract, header_of, one_category

OTHER = "other"  # customers that are no key account
SPARSE = 16  # numbers of keys a row, above which most are left out
UNKNOWN = "unknown"  # the member of lines without a value


@dataclass(frozen=True)
class Context:
    """What a rule may look at beside the lines."""

    parameters: Parameters
    extracts: Mapping[str, Extract]

    @property
    def sources(self) -> dict[str, Source]:
        return self.parameters.sources


Rule = Callable[[Account, Context], Account]


def drop_structure(account: Account, _: Context) -> Account:
    """Account without headers repeated in the middle, and without subtotals (proven by `check_subtotals`)."""
    marks = account.lines["mark"]
    return account.apply(
        Finding(
            "repeated_header",
            "drop",
            where(marks.eq("header")),
            "the header stands again in the middle",
        ),
        Finding(
            "subtotal",
            "drop",
            where(marks.eq("subtotal")),
            "subtotals, each proven equal to its parts",
        ),
    )


def quarantine_unreadable(account: Account, _: Context) -> Account:
    """Account without lines that cannot be read; what cannot be read of an amount or a quantity counts as zero."""
    reasons = {
        "unreadable": "date, quantity, amount or kind cannot be read; an amount that cannot be read counts 0"
    }
    lines = account.lines
    at = where(lines["problem"].notna())
    rules, problems = (
        lines[name].iloc[at].astype(object).to_numpy() for name in ("problem_rule", "problem")
    )
    return account.apply(
        *(
            Finding(
                rule,
                "quarantine",
                at[rules == rule],
                reasons.get(
                    rule, "the row cannot be used as it stands; what of it cannot be read counts 0"
                ),
                list(problems[rules == rule]),
            )
            for rule in dict.fromkeys(rules)
        )
    )


def drop_duplicates(account: Account, context: Context) -> Account:
    """Account without lines that repeat their source's key: dropped where they say the same, else quarantined.

    The first of each key stays. A line without a complete key is no duplicate, and without a declared key nothing is.
    """
    for name in account.lines["name"].cat.categories:
        source = context.sources[name]
        if not source.key:
            continue
        columns = key_columns(source)
        lines = account.lines
        mine = np.flatnonzero(lines["name"].eq(name))
        own = lines if len(mine) == len(lines) else lines.iloc[mine]
        keys = key_codes(own, columns)
        if not _repeats(keys):
            continue
        repeated = pd.Series(keys).duplicated(keep="first").to_numpy() & (keys >= 0)
        concerned = np.flatnonzero(np.isin(keys, keys[repeated]))
        content = dict.fromkeys(
            [
                *columns,
                "kind",
                "date",
                "quantity",
                "amount",
                *(item for item in source.columns if item in lines),
            ]
        )
        same = own[[*content]].iloc[concerned].astype(str).duplicated(keep="first").to_numpy()
        later, at = repeated[concerned], mine[concerned]
        said = f"the key ({', '.join(source.key)})"
        account = account.apply(
            Finding(
                "duplicate", "drop", at[later & same], f"{said} stands again with the same values"
            ),
            Finding(
                "key_conflict",
                "quarantine",
                at[later & ~same],
                f"{said} is repeated with other values",
            ),
        )
    return account


def _repeats(keys: np.ndarray) -> bool:
    """Whether a key that is not -1 stands twice; without looking for where, if the keys leave few numbers out."""
    if keys.max(initial=-1) > SPARSE * len(keys):
        return bool((pd.Series(keys).duplicated().to_numpy() & (keys >= 0)).any())
    seen = np.zeros(int(keys.max(initial=-1)) + 2, dtype=bool)
    seen[keys] = True  # -1 is the last
    return int(seen[:-1].sum()) < int((keys >= 0).sum())


def key_columns(source: Source) -> list[str]:
    """Columns of the lines that hold the source's declared key."""
    ours = {header: column for column, header in source.columns.items()}
    return [ours.get(header_of(source, key), key) for key in source.key]


def name_unknown(account: Account, context: Context) -> Account:
    """Account in which a missing member of a dimension is called 'unknown'."""
    for column in context.parameters.dimensions:
        at = where(account.lines[column].isna())
        reason = f"no {column}: counted under '{UNKNOWN}'"
        account = account.apply(
            Finding("unknown_member", "change", at, reason, values={column: [UNKNOWN] * len(at)})
        )
    return account


def name_key_accounts(account: Account, context: Context) -> Account:
    """Account whose lines have `key_account`: the customer where it is one, else 'other'."""
    column, members = (
        context.parameters.key_accounts.column,
        context.parameters.key_accounts.members,
    )
    lines = account.lines
    if members and column not in lines:
        raise SalesForecastError.missing_columns(
            [column], lines.columns, "`key_accounts.column`: the orders"
        )
    kind = pd.CategoricalDtype(
        pd.Index([OTHER, *(member for member in members if member != OTHER)], dtype=object)
    )
    codes = np.zeros(len(lines), dtype=np.int32)
    if members:
        known = lines[column].cat
        place = np.maximum(kind.categories.get_indexer(known.categories), 0).astype(np.int32)
        codes = np.where(known.codes >= 0, np.append(place, 0)[known.codes], 0)
    return account.relabel(lines.assign(key_account=pd.Categorical.from_codes(codes, dtype=kind)))


def sign_returns(account: Account, context: Context) -> Account:
    """Account in which returns are negative; where a source counts them without a sign, they get one.

    A return that is still positive then contradicts itself or its source's declaration, and is quarantined.
    """
    lines = account.lines
    positive = [name for name, source in context.sources.items() if source.returns_are_positive]
    at = where(lines["kind"].eq("return") & lines["name"].isin(positive))
    values = {name: -lines[name].to_numpy()[at] for name in ("quantity", "amount")}
    account = account.apply(
        Finding(
            "return_sign",
            "change",
            at,
            "returns come without a minus sign and get one",
            values=values,
        )
    )
    lines = account.lines
    still = lines["kind"].eq("return").to_numpy() & (
        (lines["quantity"].to_numpy() > 0) | (lines["amount"].to_numpy() > 0)
    )
    at = where(still)
    problem = "a return of more than nothing; see `returns_are_positive`"
    reason = "returns whose sign contradicts the source's"
    return account.apply(
        Finding("return_sign_unclear", "quarantine", at, reason, [problem] * len(at))
    )


def where(mask: pd.Series | np.ndarray) -> np.ndarray:
    """Positions at which a mask is set."""
    return np.flatnonzero(np.asarray(mask, dtype=bool))


def fill_category(column: pd.Series, found: pd.Series) -> pd.Series:
    """The column, its missing labels as found."""
    missing = column.isna()
    return (
        column
        if not missing.any()
        else one_category(column.astype(object).where(~missing, found.astype(object)))
    )
