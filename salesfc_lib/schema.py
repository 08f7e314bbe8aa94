"""Every parameter there is: its type, its default and its bounds.

Values enter; a frozen `Parameters` leaves, or pydantic's complaint. The decision made here: no key but those declared.
`defaults.yml` says the same for people, with a comment a key; a test holds the two together.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from salesfc_lib.errors import RequestError

UNIT_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")  # what an environment variable may be called
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

SUBTOTALS = ("小计", "合计", "总计", "本页小计", "Subtotal", "Grand total", "Total", "Sum")  # what exports call a row of sums

Role = Literal["orders", "returns", "lookup", "promotions", "inventory", "targets"]


class Section(BaseModel):
    """A block of parameters: frozen, no key but those declared, no number but a finite one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class Unit(Section):
    title: str = ""
    owner: str = ""
    currency: str = "¥"
    quantity_unit: str = "pieces"


class Source(Section):
    """One export and how its columns are read.

    `path` may hold a pattern (`orders_*.csv`); it is resolved under the project, or under the folder that the
    environment variable `root` names. `columns` maps this project's names to the export's headers.
    """

    kind: Literal["csv", "excel", "parquet", "jsonl", "sql"]
    role: Role = "orders"
    path: str = ""  # a file or a pattern; empty only where `url_env` names a database
    url_env: str = ""  # sql: name of the environment variable with the database's address; a parameter file holds no secret
    root: str = ""  # name of an environment variable; empty: the project
    sheet: str | None = None  # excel; None: the first
    table: str | None = None  # sql: a table or a view
    table_schema: str | None = None  # sql: the schema it is in; None: the database's default
    watermark: str | None = None  # sql, by `url_env`: column that only grows; what was extracted before is not read again
    encoding: str | None = None  # csv; None: found by trying
    delimiter: str | None = None  # csv; None: found by trying
    columns: dict[str, str] = Field(default_factory=dict)  # a list of headers: the first here, the others in `aliases`
    aliases: dict[str, list[str]] = Field(default_factory=dict)  # this project's name: other headers that its column had
    key: list[str] = Field(default_factory=list)  # columns that identify a row; empty: nothing is a duplicate
    where: dict[str, str] = Field(default_factory=dict)  # export's header: value; other rows belong to other units
    join: dict[str, str] = Field(default_factory=dict)  # returns, lookup: column of the orders -> export's header
    fill_down: list[str] = Field(default_factory=list)  # columns whose merged cells are filled from above
    subtotals: list[str] = Field(default_factory=lambda: [*SUBTOTALS])  # words that mark a subtotal row; [] for none
    date_format: str | None = None  # strptime; None: found by trying
    decimal: Literal[".", ","] = "."
    kinds: dict[str, Literal["sale", "return", "adjustment"]] = Field(default_factory=dict)  # values of `kind`
    returns_are_positive: bool = False  # returns come without a minus sign
    tax: Literal["included", "excluded"] = "excluded"  # what the amounts of this source hold
    tax_rate: Decimal = Decimal("0")
    discounts: Literal["net", "gross"] = "net"  # gross: a `discount` column is still to be taken off

    @model_validator(mode="before")
    @classmethod
    def _split_spellings(cls, values: Any) -> Any:
        """`columns: {amount: [价税合计, Amount]}` keeps the first header as the column's name, the others as its aliases."""
        columns = values.get("columns") if isinstance(values, dict) else None
        lists = (
            {name: headers for name, headers in columns.items() if isinstance(headers, list)} if isinstance(columns, dict) else {}
        )
        if not lists:
            return values
        if empty := sorted(name for name, headers in lists.items() if not headers):
            raise ValueError(f"columns.{empty[0]}: an empty list; expected at least one header")
        aliases = {name: headers[1:] for name, headers in lists.items()} | dict(values.get("aliases") or {})
        return {**values, "columns": {**columns, **{name: headers[0] for name, headers in lists.items()}}, "aliases": aliases}

    @model_validator(mode="after")
    def _one_place_to_read_from(self) -> Source:
        if bool(self.path) == bool(self.url_env):
            raise ValueError("expected either `path` (a file) or `url_env` (a database by its address)")
        if self.url_env and (self.kind != "sql" or not self.table):
            raise ValueError("`url_env` is for `kind: sql` and needs a `table`")
        if self.url_env and not VARIABLE.match(self.url_env):
            raise ValueError("url_env: expected the name of an environment variable, such as SALES_DB; addresses hold passwords")
        if self.watermark and not (self.url_env and self.key):
            raise ValueError(
                "`watermark` is for a database (`url_env`) and needs the `key` by which a row supersedes its old version"
            )
        return self

    @model_validator(mode="after")
    def _aliases_of_known_columns(self) -> Source:
        if unknown := sorted(set(self.aliases) - set(self.columns)):
            raise ValueError(f"aliases.{unknown[0]}: not among `columns` {sorted(self.columns)}")
        return self


class Measure(Section):
    value: Literal["amount", "quantity"] = "amount"
    returns: Literal["month_of_return", "month_of_sale", "apart"] = "month_of_return"
    discounts: Literal["net", "gross"] = "net"
    tax: Literal["excluded", "included"] = "excluded"


class KeyAccounts(Section):
    column: str = "customer"
    members: list[str] = Field(default_factory=list)


class Calendar(Section):
    closed_through: str | None = None
    closed_months: list[str] = Field(default_factory=list)
    holidays: list[str] = Field(default_factory=list)

    @field_validator("closed_through")
    @classmethod
    def _closed_through_is_a_month(cls, value: str | None) -> str | None:
        return value if value is None else check_month(value)

    @field_validator("closed_months")
    @classmethod
    def _closed_months_are_months(cls, value: list[str]) -> list[str]:
        return [check_month(month) for month in value]


class Outliers(Section):
    enabled: bool = True
    threshold: float = Field(6.0, gt=0)
    ratio: float = Field(2.5, gt=1)
    min_history: int = Field(18, ge=6)
    treatment: Literal["replace", "keep"] = "replace"


class Cleaning(Section):
    loss_budget: float = Field(0.02, ge=0, le=1)
    order: list[str] = Field(default_factory=list)  # rules in the order in which they run; empty: cleaning.pipeline.RULES
    skip: list[str] = Field(default_factory=list)  # rules left out
    outliers: Outliers = Outliers()


class Candidate(Section):
    enabled: bool = True
    levels: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)


class Backtest(Section):
    cutoffs: int = Field(6, ge=1)
    step: int = Field(2, ge=1)


class Combine(Section):
    own_weight: float = Field(0.3, ge=0, le=1)
    power: float = Field(4.0, ge=0)
    min_weight: float = Field(0.1, ge=0, lt=1)


class Intervals(Section):
    levels: list[int] = Field(default_factory=lambda: [80, 95])

    @field_validator("levels")
    @classmethod
    def _levels_of_the_contract(cls, value: list[int]) -> list[int]:
        if value != [80, 95]:
            raise ValueError("the tables hold the 80 and 95 % intervals; expected [80, 95]")
        return value


Method = Literal["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"]


class Reconcile(Section):
    methods: list[Method] = Field(["bottom_up"], min_length=1)


class Adjust(Section):
    enabled: bool = True
    publication_day: int = Field(15, ge=1, le=28)


class Archive(Section):
    keep_sources: bool = True


class Retrospective(Section):
    lags: list[int] = Field(default_factory=lambda: [1, 3, 6])
    accuracy_floor: float = Field(0.75, ge=0, le=1)
    bias_limit: float = Field(0.05, ge=0)
    largest: int = Field(6, ge=1)


class Parameters(Section):
    """The complete resolved set of one unit and month."""

    unit: Unit = Unit()
    sources: dict[str, Source] = Field(default_factory=dict)
    measure: Measure = Measure()
    dimensions: list[str] = Field(default_factory=list)
    renames: dict[str, dict[str, str]] = Field(default_factory=dict)  # dimension -> {old name: name used}
    key_accounts: KeyAccounts = KeyAccounts()
    levels: dict[str, list[str]] = {"total": []}
    calendar: Calendar = Calendar()
    horizon: int = Field(12, ge=1, le=36)
    cleaning: Cleaning = Cleaning()
    candidates: dict[str, Candidate] = Field(default_factory=dict)
    backtest: Backtest = Backtest()
    combine: Combine = Combine()
    intervals: Intervals = Intervals()
    reconcile: Reconcile = Reconcile()
    adjust: Adjust = Adjust()
    retrospective: Retrospective = Retrospective()
    archive: Archive = Archive()

    @model_validator(mode="after")
    def _levels_cross_known_dimensions(self) -> Parameters:
        if next(iter(self.levels.values()), None) != []:
            raise ValueError("levels: the first level is the whole unit, such as `total: []`")
        known = {*self.dimensions, "key_account"}
        for level, crossed in self.levels.items():
            for name in set(crossed) - known:
                raise ValueError(f"levels.{level}: '{name}' is not among `dimensions` {sorted(known)}")
        bottom = set(list(self.levels.values())[-1])
        used = {name for crossed in self.levels.values() for name in crossed}
        if used - bottom:
            raise ValueError(f"levels: the last level must cross every dimension used; it lacks {sorted(used - bottom)}")
        return self

    @model_validator(mode="after")
    def _watermarks_have_an_archive(self) -> Parameters:
        named = sorted(name for name, source in self.sources.items() if source.watermark)
        if named and not self.archive.keep_sources:
            raise ValueError(
                f"sources.{named[0]}.watermark: needs `archive.keep_sources: true`, because earlier extracts are kept there"
            )
        return self

    @property
    def bottom(self) -> str:
        """Name of the level whose series partition the business."""
        return list(self.levels)[-1]


def check_unit(unit: str) -> str:
    """The unit's id, if it may stand in a path."""
    if not UNIT_ID.match(unit):
        raise RequestError.say(
            f"'{unit}' cannot be a unit's id",
            "Lower-case letters, digits, '-' and '_', at most 32",
            "Rename the parameter file, and put the name that people read under `unit.title`",
        )
    return unit


def check_month(month: str) -> str:
    """The month, if it is written YYYY-MM."""
    if not MONTH.match(str(month)):
        raise RequestError.say(f"'{month}' is not a month", "YYYY-MM, such as 2026-06", "Correct the month")
    return str(month)
