"""Every parameter there is: its type, its default and its bounds.

Values enter; a frozen `Parameters` leaves, or pydantic's complaint. No key but those declared is taken. The defaults of
what a unit sets stand in `defaults.yml`, with a comment a key; those of a source, a driver and other named blocks stand here.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation.resources import DEFAULTS
from salesfc_lib.foundation.scales import UNITS

UNIT_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")  # what an environment variable may be called
FOR_EVER = "1900-01-01"  # a rate without a day holds from then on
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

SUBTOTALS = (
    "小计",
    "合计",
    "总计",
    "本页小计",
    "汇总",
    "累计",
    "Subtotal",
    "Grand total",
    "Total",
    "Sum",
)  # what exports call a row of sums

Role = Literal[
    "orders",
    "returns",
    "lookup",
    "promotions",
    "inventory",
    "targets",
    "mapping",
    "rates",
    "conversions",
    "control_totals",
    "opportunities",
    "events",
    "drivers",
]
RESERVED = (  # columns of the panel
    "unique_id", "ds", "y", "y_raw", "event", "trading_days", "chinese_new_year", "easter", "ramadan",
)  # fmt: skip


_DEFAULTS = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))


def default(key: str) -> Any:
    """Value of a dotted key in `defaults.yml`, which says what it means."""
    value = _DEFAULTS
    for part in key.split("."):
        value = value[part]
    return value


class Section(BaseModel):
    """A block of parameters: frozen, no key but those declared, no number but a finite one."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=True,
    )


class Unit(Section):
    title: str = default("unit.title")
    owner: str = default("unit.owner")
    currency: str = default("unit.currency")
    quantity_unit: str = default("unit.quantity_unit")


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
    watermark: str | None = (
        None  # sql, by `url_env`: column that only grows; what was extracted before is not read again
    )
    encoding: str | None = None  # of text; None: found by trying
    encodings: dict[str, str] = Field(
        default_factory=dict
    )  # file or pattern: its encoding, which goes before `encoding`
    delimiter: str | None = None  # csv; None: found by trying
    trailer: str | None = (
        None  # csv: pattern of the export's last line, with any of the groups rows, quantity, amount
    )
    mojibake: Literal["note", "repair"] = (
        "note"  # csv: what to do about text that was read in a wrong encoding before
    )
    columns: dict[str, str] = Field(
        default_factory=dict
    )  # a list of headers: the first here, the others in `aliases`
    aliases: dict[str, list[str]] = Field(
        default_factory=dict
    )  # this project's name: other headers that its column had
    key: list[str] = Field(
        default_factory=list
    )  # columns that identify a row; empty: nothing is a duplicate
    extracted: str = "name"  # what says which of several extracts is newer: name, modified (of the file), or a header
    where: dict[str, str] = Field(
        default_factory=dict
    )  # export's header: value; other rows belong to other units
    join: dict[str, str] = Field(
        default_factory=dict
    )  # returns, lookup: column of the orders -> export's header
    fill_down: list[str] = Field(
        default_factory=list
    )  # columns whose merged cells are filled from above
    subtotals: list[str] = Field(
        default_factory=lambda: [*SUBTOTALS]
    )  # words that mark a subtotal row; [] for none
    date_format: str | None = None  # strptime; None: found by trying
    date_order: Literal["dmy", "mdy", "ymd"] | None = (
        None  # of days whose form does not tell; None: found in each column
    )
    decimal: Literal[".", ","] | None = None  # decimal mark; None: found in each column
    credit: Literal["negative", "positive"] = (
        "negative"  # sign of amounts marked CR or 贷; those marked DR or 借 have the other
    )
    nulls: dict[str, list[str]] = Field(
        default_factory=dict
    )  # text column: spellings that stand for nothing there, e.g. [NULL, 无]
    kinds: dict[str, Literal["sale", "return", "adjustment"]] = Field(
        default_factory=dict
    )  # values of `kind`
    returns_are_positive: bool = False  # returns come without a minus sign
    tax: Literal["included", "excluded"] = "excluded"  # what the amounts of this source hold
    tax_rate: Decimal | None = Field(
        None, ge=0
    )  # of lines without one of their own (columns `tax_rate`, `tax_amount`)
    discounts: Literal["net", "gross"] = (
        "net"  # gross: a `discount` column is still to be taken off
    )
    freight: Literal["included", "excluded"] = (
        "excluded"  # included: a `freight` column is part of the amounts
    )
    currency: str = ""  # ISO 4217, of amounts whose column `currency` is blank or missing
    unit_of_measure: str = ""  # of quantities whose column `unit_of_measure` is blank or missing
    units: dict[str, Decimal] = Field(
        default_factory=dict
    )  # column: what one of its numbers is worth: 10000, wan, percent, …

    @model_validator(mode="before")
    @classmethod
    def _split_spellings(cls, values: Any) -> Any:
        """`columns: {amount: [价税合计, Amount]}` keeps the first header as the column's name, the others as its aliases."""
        columns = values.get("columns") if isinstance(values, dict) else None
        lists = (
            {name: headers for name, headers in columns.items() if isinstance(headers, list)}
            if isinstance(columns, dict)
            else {}
        )
        if not lists:
            return values
        if empty := sorted(name for name, headers in lists.items() if not headers):
            raise ValueError(f"columns.{empty[0]}: an empty list; expected at least one header")
        aliases = {name: headers[1:] for name, headers in lists.items()} | dict(
            values.get("aliases") or {}
        )
        return {
            **values,
            "columns": dict(columns or {}) | {name: headers[0] for name, headers in lists.items()},
            "aliases": aliases,
        }

    @field_validator("units", mode="before")
    @classmethod
    def _units_in_words(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: UNITS.get(unit.strip().lower(), unit) if isinstance(unit, str) else unit
            for name, unit in value.items()
        }

    @field_validator("units")
    @classmethod
    def _units_are_above_zero(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        if wrong := [name for name, unit in value.items() if unit <= 0]:
            raise ValueError(f"{wrong[0]}: expected a unit above zero")
        return value

    @property
    def extract_header(self) -> str | None:
        """Header of the column that says when a row was extracted; None where the file does."""
        return (
            None
            if self.extracted in ("name", "modified")
            else self.columns.get(self.extracted, self.extracted)
        )

    @model_validator(mode="after")
    def _one_place_to_read_from(self) -> Source:
        if bool(self.path) == bool(self.url_env):
            raise ValueError(
                "expected either `path` (a file) or `url_env` (a database by its address)"
            )
        if self.url_env and (self.kind != "sql" or not self.table):
            raise ValueError("`url_env` is for `kind: sql` and needs a `table`")
        if self.url_env and not VARIABLE.match(self.url_env):
            raise ValueError(
                "url_env: expected the name of an environment variable, such as SALES_DB; addresses hold passwords"
            )
        if self.watermark and not (self.url_env and self.key):
            raise ValueError(
                "`watermark` is for a database (`url_env`) and needs the `key` by which a row supersedes its old version"
            )
        return self

    @field_validator("trailer")
    @classmethod
    def _trailer_has_a_group(cls, value: str | None) -> str | None:
        try:
            groups = set(re.compile(value).groupindex) if value is not None else {"rows"}
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression ({error})") from error
        if not groups or groups - {"rows", "quantity", "amount"}:
            raise ValueError(
                "expected a regular expression with named groups out of rows, quantity, amount: `(?P<rows>\\d+) rows`"
            )
        return value

    @model_validator(mode="after")
    def _aliases_of_known_columns(self) -> Source:
        if unknown := sorted(set(self.aliases) - set(self.columns)):
            raise ValueError(f"aliases.{unknown[0]}: not among `columns` {sorted(self.columns)}")
        return self


class Driver(Section):
    """A number that moves sales, such as a price: how its days make a month, and whether the coming months' are known."""

    aggregate: Literal["mean", "sum", "max"] = "mean"
    known_ahead: bool = False
    carry: Literal["last"] | None = (
        None  # what stands in a month without a value: the last one before it, or nothing
    )


class Window(Section):
    """Days before and after that are agreed to be influenced."""

    before: int = Field(default("measure.promotion_window.before"), ge=0, le=366)
    after: int = Field(default("measure.promotion_window.after"), ge=0, le=366)


class Measure(Section):
    value: Literal["amount", "quantity"] = default("measure.value")
    returns: Literal["month_of_return", "month_of_sale", "apart"] = default("measure.returns")
    discounts: Literal["net", "gross"] = default("measure.discounts")
    tax: Literal["excluded", "included"] = default("measure.tax")
    freight: Literal["excluded", "included"] = default("measure.freight")
    samples: Literal["in", "out"] = default("measure.samples")
    within_company: Literal["in", "out"] = default("measure.within_company")
    own_company: dict[str, list[str]] = default(
        "measure.own_company"
    )  # column: values that mark a sale within the company
    currency: str | None = Field(default("measure.currency"), pattern="^[A-Z]{3}$")
    rates: dict[str, dict[str, Decimal]] = default("measure.rates")  # currency: {valid from: rate}
    unit_of_measure: str | None = default("measure.unit_of_measure")
    conversions: dict[str, Decimal] = default(
        "measure.conversions"
    )  # unit of measure: how many base units it is
    promotion_window: Window = Window()

    @field_validator("rates", mode="before")
    @classmethod
    def _rates_have_days(cls, value: Any) -> Any:
        """`USD: 7.1` holds for ever; `USD: {2024-01-01: 7.1}` from that day on."""
        if not isinstance(value, dict):
            return value
        dated = {
            code: rate if isinstance(rate, dict) else {FOR_EVER: rate}
            for code, rate in value.items()
        }
        return {
            code: {
                day.isoformat() if type(day) is date else day: rate for day, rate in rates.items()
            }
            for code, rates in dated.items()
        }

    @field_validator("rates")
    @classmethod
    def _rates_are_above_zero(
        cls, value: dict[str, dict[str, Decimal]]
    ) -> dict[str, dict[str, Decimal]]:
        for code, rates in value.items():
            for day, rate in rates.items():
                if not DAY.match(day) or rate <= 0:
                    raise ValueError(
                        f"{code}: expected YYYY-MM-DD and a rate above zero, found '{day}' and {rate}"
                    )
        return value

    @field_validator("conversions")
    @classmethod
    def _conversions_are_above_zero(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        if wrong := [name for name, factor in value.items() if factor <= 0]:
            raise ValueError(f"{wrong[0]}: expected a factor above zero")
        return value


class Renamed(Section):
    """The name that lines of a window of days have, under an old name; without a window, all lines."""

    to: str = Field(min_length=1)
    start: str | None = Field(
        None, validation_alias=AliasChoices("from", "start")
    )  # first day, written `from`
    until: str | None = None  # last day
    reason: str = ""

    @field_validator("start", "until", mode="before")
    @classmethod
    def _written_as_a_day(cls, value: Any) -> Any:
        return value.isoformat() if type(value) is date else value

    @field_validator("start", "until")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        if value is not None and not DAY.match(value):
            raise ValueError("expected a day, YYYY-MM-DD")
        return value if value is None else date.fromisoformat(value).isoformat()

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Renamed:
        if self.start and self.until and self.until < self.start:
            raise ValueError(f"ends {self.until}, before it starts ({self.start})")
        return self


Members = dict[
    str, str | list[Renamed]
]  # old name: the name used, or a list of names with their windows


class Reorganised(Section):
    """A dimension whose members were cut anew: where each belongs now, and which view the levels use.

    `as_was` keeps what the lines say and adds `<dimension>_restated`; `restated` keeps `<dimension>_as_was` beside.
    """

    view: Literal["restated", "as_was"] = "restated"
    by: str = ""  # column whose members moved, such as a city; empty: the dimension itself
    members: Members = Field(default_factory=dict)  # member of `by`: member of the dimension now


class KeyAccounts(Section):
    column: str = default("key_accounts.column")
    members: list[str] = default("key_accounts.members")


class Calendar(Section):
    kind: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = default("calendar.kind")
    year_begins: str = Field(
        default("calendar.year_begins"), pattern="^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$"
    )
    moving_holidays: list[Literal["chinese_new_year", "easter", "ramadan"]] | None = default(
        "calendar.moving_holidays"
    )  # None: those that the days off keep
    week_begins: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = default("calendar.week_begins")
    closed_through: str | None = default("calendar.closed_through")
    closed_months: list[str] = default("calendar.closed_months")
    holidays: list[str] = default("calendar.holidays")
    country: str | None = default(
        "calendar.country"
    )  # ISO code of a country or of a part of it (DE-BY)
    zone: str | None = default(
        "calendar.zone"
    )  # IANA name of the time zone in which the business's days begin

    @field_validator("closed_through")
    @classmethod
    def _closed_through_is_a_month(cls, value: str | None) -> str | None:
        return value if value is None else check_month(value)

    @field_validator("country", mode="before")
    @classmethod
    def _country_is_known(cls, value: Any) -> Any:
        if value is None:
            return None
        from holidays.utils import list_supported_countries

        country, _, part = str(value).partition("-")
        known = list_supported_countries()
        if country not in known or (part and part not in known[country]):
            raise ValueError(
                f"'{value}' is no country whose holidays are known; expected an ISO code such as CN, "
                'or of a part of a country, such as DE-BY, in quotes where YAML reads it as no ("NO")'
            )
        return value

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(
                f"'{value}' is no time zone; expected an IANA name such as Asia/Shanghai"
            )
        return value

    @field_validator("closed_months")
    @classmethod
    def _closed_months_are_months(cls, value: list[str]) -> list[str]:
        return [check_month(month) for month in value]


class Outliers(Section):
    enabled: bool = default("cleaning.outliers.enabled")
    threshold: float = Field(default("cleaning.outliers.threshold"), gt=0)
    ratio: float = Field(default("cleaning.outliers.ratio"), gt=1)
    min_history: int = Field(default("cleaning.outliers.min_history"), ge=6)
    treatment: Literal["replace", "keep"] = default("cleaning.outliers.treatment")


class Keep(Section):
    """A row that a rule leaves alone, because a person knows better."""

    source: str  # as in the tables: the source's name, and the file's where it has several
    row: int
    rule: str
    reason: str = Field(min_length=1)
    author: str = ""


class Implausible(Section):
    price_factor: float = Field(default("cleaning.implausible.price_factor"), gt=1)
    quantity_factor: float = Field(default("cleaning.implausible.quantity_factor"), gt=1)
    deviations: float = Field(default("cleaning.implausible.deviations"), gt=0)
    min_lines: int = Field(default("cleaning.implausible.min_lines"), ge=3)


class Tolerance(Section):
    relative: Decimal = Field(default("cleaning.control.tolerance.relative"), ge=0)
    absolute: Decimal = Field(default("cleaning.control.tolerance.absolute"), ge=0)


class Control(Section):
    """How the unit is held to the general ledger, where a source has the role `control_totals`."""

    basis: Literal["kept", "opening"] = default("cleaning.control.basis")
    tolerance: Tolerance = Tolerance()
    accepted: dict[str, str] = default(
        "cleaning.control.accepted"
    )  # YYYY-MM: why its difference is accepted

    @field_validator("accepted")
    @classmethod
    def _accepted_are_months_with_a_reason(cls, value: dict[str, str]) -> dict[str, str]:
        for month, reason in value.items():
            check_month(month)
            if not reason.strip():
                raise ValueError(f"{month}: expected a reason")
        return value


class Cleaning(Section):
    loss_budget: float = Field(default("cleaning.loss_budget"), ge=0, le=1)
    order: list[str] = default(
        "cleaning.order"
    )  # rules in the order in which they run; empty: cleaning.pipeline.RULES
    skip: list[str] = default("cleaning.skip")  # rules left out
    keep: list[Keep] = default("cleaning.keep")  # single rows that a rule leaves alone
    outliers: Outliers = Outliers()
    stock_outs: Literal["note", "replace"] = default("cleaning.stock_outs")
    implausible: Implausible = Implausible()
    control: Control = Control()


class Candidate(Section):
    """A model that competes; `code`, `label` and `needed` are for one of the project's own, a file under the project."""

    enabled: bool = True
    levels: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    code: str = ""  # file with the function; empty: a model of the library
    label: str = ""  # for people; empty: its name
    needed: int = Field(1, ge=1)  # months of history

    @model_validator(mode="after")
    def _own_keys_go_with_code(self) -> Candidate:
        if not self.code and (self.label or self.needed != 1):
            raise ValueError(
                "`label` and `needed` are for a candidate of your own: name its file under `code`"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A model of the library has the three keys that it may set, in the manifest too."""
        own = ("code", "label", "needed")
        return {name: value for name, value in dump(self).items() if self.code or name not in own}


class Backtest(Section):
    cutoffs: int = Field(default("backtest.cutoffs"), ge=1)
    step: int = Field(default("backtest.step"), ge=1)
    race: float | None = Field(
        default("backtest.race"), gt=1
    )  # times the others' error at the latest cutoff: a costly candidate beyond is left out


class Breaks(Section):
    enabled: bool = default("breaks.enabled")


class Combine(Section):
    own_weight: float = Field(default("combine.own_weight"), ge=0, le=1)
    power: float = Field(default("combine.power"), ge=0)
    min_weight: float = Field(default("combine.min_weight"), ge=0, lt=1)


Method = Literal["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"]


class Reconcile(Section):
    methods: list[Method] = Field(default("reconcile.methods"), min_length=1)


class Adjust(Section):
    enabled: bool = default("adjust.enabled")
    publication_day: int = Field(default("adjust.publication_day"), ge=1, le=28)


class Effects(Section):
    enabled: bool = default("effects.enabled")
    without: list[str] = default("effects.without")


class Key(Section):
    """Which series get a page of their own: all key accounts, and of the other levels the largest."""

    levels: list[str] = default("key.levels")  # one that the unit does not have is passed over
    most: int = Field(default("key.most"), ge=0)  # series of a level, key accounts apart


class Archive(Section):
    keep_sources: bool = default("archive.keep_sources")


class Retrospective(Section):
    lags: list[int] = default("retrospective.lags")
    accuracy_floor: float = Field(default("retrospective.accuracy_floor"), ge=0, le=1)
    bias_limit: float = Field(default("retrospective.bias_limit"), ge=0)
    largest: int = Field(default("retrospective.largest"), ge=1)


class Parameters(Section):
    """The complete resolved set of one unit and month."""

    unit: Unit = Unit()
    sources: dict[str, Source] = default("sources")
    measure: Measure = Measure()
    dimensions: list[str] = default("dimensions")
    renames: dict[str, Members] = default(
        "renames"
    )  # column -> {old name: name used, or names with windows}
    reorganised: dict[str, Reorganised] = default(
        "reorganised"
    )  # dimension -> where its members belong now
    key_accounts: KeyAccounts = KeyAccounts()
    levels: dict[str, list[str]] = default("levels")
    calendar: Calendar = Calendar()
    drivers: dict[str, Driver] = default("drivers")  # column of the panel -> how it is read
    horizon: int = Field(default("horizon"), ge=1, le=36)
    cleaning: Cleaning = Cleaning()
    candidates: dict[str, Candidate] = default("candidates")
    backtest: Backtest = Backtest()
    breaks: Breaks = Breaks()
    combine: Combine = Combine()
    reconcile: Reconcile = Reconcile()
    effects: Effects = Effects()
    adjust: Adjust = Adjust()
    key: Key = Key()
    retrospective: Retrospective = Retrospective()
    archive: Archive = Archive()

    @model_validator(mode="after")
    def _levels_cross_known_dimensions(self) -> Parameters:
        if next(iter(self.levels.values()), None) != []:
            raise ValueError("levels: the first level is the whole unit, such as `total: []`")
        known = {*self.dimensions, "key_account"}
        for level, crossed in self.levels.items():
            for name in set(crossed) - known:
                raise ValueError(
                    f"levels.{level}: '{name}' is not among `dimensions` {sorted(known)}"
                )
        bottom = set(list(self.levels.values())[-1])
        used = {name for crossed in self.levels.values() for name in crossed}
        if used - bottom:
            raise ValueError(
                f"levels: the last level must cross every dimension used; it lacks {sorted(used - bottom)}"
            )
        return self

    @model_validator(mode="after")
    def _watermarks_have_an_archive(self) -> Parameters:
        named = sorted(name for name, source in self.sources.items() if source.watermark)
        if named and not self.archive.keep_sources:
            raise ValueError(
                f"sources.{named[0]}.watermark: needs `archive.keep_sources: true`, because earlier extracts are kept there"
            )
        return self

    @model_validator(mode="after")
    def _drivers_have_a_source(self) -> Parameters:
        brought: set[str] = set()
        for name, source in self.sources.items():
            if source.role == "drivers":
                brought |= self._driver_columns(name, source)
        if reserved := sorted(set(self.drivers) & {*RESERVED, *self.dimensions, "key_account"}):
            raise ValueError(
                f"drivers.{reserved[0]}: the panel has a column or dimension of this name; choose another"
            )
        if idle := sorted(set(self.drivers) - brought):
            raise ValueError(
                f"drivers.{idle[0]}: no source with the role `drivers` has it among its `columns`"
            )
        others = [source for source in self.sources.values() if source.role != "drivers"]
        if "promotion" in self.drivers and any(
            source.role == "promotions" or "promotion" in source.columns for source in others
        ):
            raise ValueError(
                "drivers.promotion: a calendar of promotions or a flag of the orders already says when they run"
            )
        return self

    def _driver_columns(self, name: str, source: Source) -> set[str]:
        """Drivers that a source brings; it must have one column of days or months, and no other that is not declared."""
        if len({"date", "ds"} & set(source.columns)) != 1:
            raise ValueError(
                f"sources.{name}.columns: a source of drivers has one column `date` (days) or `ds` (months)"
            )
        columns = set(source.columns) - {"date", "ds", "key_account", *self.dimensions}
        if unknown := sorted(columns - set(self.drivers)):
            raise ValueError(
                f"sources.{name}.columns: '{unknown[0]}' is neither a dimension nor declared under `drivers`"
            )
        if not columns:
            raise ValueError(f"sources.{name}.columns: no column of it is declared under `drivers`")
        return columns

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
        raise RequestError.say(
            f"'{month}' is not a month", "YYYY-MM, such as 2026-06", "Correct the month"
        )
    return str(month)
