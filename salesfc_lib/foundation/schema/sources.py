"""Sources: which exports a unit has, how their columns are read, and the drivers they bring."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from salesfc_lib.foundation.scales import UNITS
from salesfc_lib.foundation.schema.block import ParameterBlock, Positive
from salesfc_lib.foundation.schema.erp import ERP_SYSTEMS, VARIABLE, ErpConnection, ErpSystem
from salesfc_lib.foundation.schema.period_dates import PeriodDates

TRAILER_GROUPS = {"rows", "quantity", "amount"}
# what exports call a row of sums
SUBTOTALS = (
    *("小计", "合计", "总计", "本页小计", "汇总", "累计"),
    *("Subtotal", "Grand total", "Total", "Sum", "YTD", "Year to date"),
)

Measured = Literal["quantity", "amount"]
Role = Literal[
    "orders",
    "returns",
    "lookup",
    "promotions",
    "inventory",
    "deliveries",
    "targets",
    "mapping",
    "rates",
    "conversions",
    "control_totals",
    "opportunities",
    "events",
    "drivers",
    "lead_times",
    "stock",
    "open_orders",
    "prices",
    "costs",
    "capacity",
]


class Source(ParameterBlock):
    """One export and how its columns are read.

    `columns` maps this project's names to the export's headers. What is None is found out by
    looking at the export.
    """

    kind: Literal["csv", "excel", "parquet", "jsonl", "sql", ErpSystem]
    role: Role = "orders"
    # a file or a pattern (`orders_*.csv`) under the project; empty only where `url_env` is set
    path: str = ""
    # sql: environment variable with the database's address; a parameter file holds no secret
    url_env: str = ""
    # of an ERP system (`kind: sap_s4` and others): how it is reached, instead of `path`
    erp: ErpConnection | None = None
    # environment variable that names the folder of `path`; empty: the project
    root: str = ""
    # excel: None is the first sheet with the columns; sql: a table or a view, and its schema
    sheet: str | None = None
    table: str | None = None
    table_schema: str | None = None
    # sql, with `url_env`, and ERP systems: column that only grows; what was extracted before is not
    # read again
    watermark: str | None = None
    # text: encoding of all files; by file or pattern, which goes before
    encoding: str | None = None
    encodings: dict[str, str] = Field(default_factory=dict)
    delimiter: str | None = None
    # csv: pattern of the export's last line, with any of the groups rows, quantity, amount
    trailer: str | None = None
    # csv: what to do about text that an earlier system read in a wrong encoding
    mojibake: Literal["note", "repair"] = "note"
    # a list of headers: the first is kept here, the others in `aliases`
    columns: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, list[str]] = Field(default_factory=dict)
    # of an export without amounts: what each line's is; the discount is a share, money has its own
    # key `discounts`
    amount: Literal["quantity * price", "quantity * price * (1 - discount)"] | None = None
    # columns that identify a row; empty: nothing is a duplicate
    key: list[str] = Field(default_factory=list)
    # without a key: whether rows that repeat another in everything were sold twice
    repeats: Literal["ask", "real"] = "ask"
    # which of several extracts is newer: by file name, by time modified, or by a header's column
    extracted: str = "name"
    # export's header: value; other rows belong to other units
    where: dict[str, str] = Field(default_factory=dict)
    # returns, lookup: column of the orders -> export's header
    join: dict[str, str] = Field(default_factory=dict)
    # columns whose merged cells are filled from above
    fill_down: list[str] = Field(default_factory=list)
    # words that mark a subtotal row; [] for none
    subtotals: list[str] = Field(default_factory=lambda: [*SUBTOTALS])
    # what each row stands for, by its date: a day or a month; a week that begins, or ends, there
    period: Literal["day", "week", "week_ending"] = "day"
    # strptime; order of days whose form does not tell; decimal mark
    date_format: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    # of real dates among texts, where a spreadsheet converted a part of a column: whether day and
    # month were exchanged; null: proved by the column
    dates_exchanged: bool | None = None
    decimal: Literal[".", ","] | None = None
    # sign of amounts marked CR or 贷; those marked DR or 借 have the other
    credit: Literal["negative", "positive"] = "negative"
    # text column: spellings that mean nothing there, e.g. [NULL, 无]
    nulls: dict[str, list[str]] = Field(default_factory=dict)
    # months, weeks or days side by side as columns: what their cells are; of several, by the
    # header below or above the periods: amount, or {quantity: Qty, amount: Amount}
    wide: dict[Measured, str] = Field(default_factory=dict)
    # of columns that only number their periods: {path: calendar.csv, key: d, date: date}, or
    # {first: 2011-01-29, step: day}
    period_dates: PeriodDates | None = None
    # values of column `kind`
    kinds: dict[str, Literal["sale", "return", "adjustment", "purchase"]] = Field(
        default_factory=dict
    )
    # returns come without a minus sign
    returns_are_positive: bool = False
    # what the amounts of this source hold; rate of lines without `tax_rate` or `tax_amount`
    tax: Literal["included", "excluded"] = "excluded"
    tax_rate: Decimal | None = Field(None, ge=0)
    # gross: a `discount` column is still to be taken off
    discounts: Literal["net", "gross"] = "net"
    # included: a `freight` column is part of the amounts
    freight: Literal["included", "excluded"] = "excluded"
    # of lines whose column `currency` (ISO 4217) or `unit_of_measure` is blank or missing
    currency: str = ""
    unit_of_measure: str = ""
    # column: what one of its numbers is worth: 10000, wan, percent, …
    units: dict[str, Positive] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _split_spellings(cls, values: Any) -> Any:
        """Of `columns: {amount: [A, B]}`, keep the first header; the others are aliases."""
        columns = values.get("columns") if isinstance(values, dict) else None
        if not isinstance(columns, dict):
            return values
        lists = {name: found for name, found in columns.items() if isinstance(found, list)}
        if empty := sorted(name for name, headers in lists.items() if not headers):
            raise ValueError(f"columns.{empty[0]}: an empty list; expected at least one header")
        if not lists:
            return values
        aliases = {name: headers[1:] for name, headers in lists.items()}
        first = {name: headers[0] for name, headers in lists.items()}
        aliases |= dict(values.get("aliases") or {})
        return {**values, "columns": columns | first, "aliases": aliases}

    @model_validator(mode="before")
    @classmethod
    def _columns_of_periods(cls, values: Any) -> Any:
        """Of `wide: amount`, the columns `date` and `amount` that its rows get."""
        wide = values.get("wide") if isinstance(values, dict) else None
        if not wide:
            return values
        wide = {wide: ""} if isinstance(wide, str) else wide
        own = {name: name for name in ("date", *wide)}
        dates = values.get("period_dates")
        is_week = isinstance(dates, dict) and dates.get("step") == "week"
        values = {"period": "week", **values} if is_week else values
        return {**values, "wide": wide, "columns": {**(values.get("columns") or {}), **own}}

    @field_validator("units", mode="before")
    @classmethod
    def _units_in_words(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        texts = {name: unit for name, unit in value.items() if isinstance(unit, str)}
        return value | {name: UNITS.get(u.strip().lower(), u) for name, u in texts.items()}

    @field_validator("trailer")
    @classmethod
    def _trailer_has_a_group(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = set(re.compile(value).groupindex)
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression ({error})") from error
        if not groups or groups - TRAILER_GROUPS:
            raise ValueError(
                "expected a regular expression with named groups out of rows, quantity, amount: "
                "`(?P<rows>\\d+) rows`"
            )
        return value

    @model_validator(mode="after")
    def _one_place_to_read_from(self) -> Source:
        is_erp = self.kind in ERP_SYSTEMS
        if (self.erp is not None) != is_erp or (is_erp and (self.path or self.url_env)):
            raise ValueError(f"`erp` is for {', '.join(ERP_SYSTEMS)}, which need nothing else")
        if not is_erp and bool(self.path) == bool(self.url_env):
            raise ValueError(
                "expected either `path` (a file) or `url_env` (a database by its address)"
            )
        if self.url_env and (self.kind != "sql" or not self.table):
            raise ValueError("`url_env` is for `kind: sql` and needs a `table`")
        if self.url_env and not VARIABLE.match(self.url_env):
            raise ValueError(
                "url_env: expected the name of an environment variable, such as SALES_DB; "
                "addresses hold passwords"
            )
        if self.watermark and not is_erp and not (self.url_env and self.key):
            raise ValueError(
                "`watermark` is for a database (`url_env`) and needs the `key` by which a row "
                "supersedes its old version"
            )
        return self

    @model_validator(mode="after")
    def _wide_files(self) -> Source:
        if self.wide and (self.kind == "sql" or self.trailer):
            raise ValueError("`wide` is for a file with periods as columns, without `trailer`")
        if self.period_dates and len(self.wide) != 1:
            raise ValueError("`period_dates` needs one measure in `wide`, such as `wide: quantity`")
        return self

    @model_validator(mode="after")
    def _purchases_are_open_orders(self) -> Source:
        if "purchase" in self.kinds.values() and self.role != "open_orders":
            raise ValueError("kinds: `purchase` is for a source with the role `open_orders`")
        return self

    @model_validator(mode="after")
    def _aliases_of_known_columns(self) -> Source:
        if unknown := sorted(set(self.aliases) - set(self.columns)):
            raise ValueError(f"aliases.{unknown[0]}: not among `columns` {sorted(self.columns)}")
        return self

    @model_validator(mode="after")
    def _factors_of_the_amount(self) -> Source:
        factors = {
            name for name in ("quantity", "price", "discount") if name in (self.amount or "")
        }
        if lacking := factors - {*self.columns}:
            raise ValueError(f"`amount: {self.amount}` needs {sorted(lacking)} among `columns`")
        if self.amount and "amount" in self.columns:
            raise ValueError(f"`amount: {self.amount}` beside a column of amounts: remove one")
        if "discount" in factors and self.discounts == "gross":
            raise ValueError(f"`amount: {self.amount}` has the discount off: remove `discounts`")
        return self

    @property
    def has_amount(self) -> bool:
        """Whether its lines have amounts, exported or calculated."""
        return self.amount is not None or "amount" in self.columns

    @property
    def has_months(self) -> bool:
        """Whether rows are dated by columns `year` and `month`, or `week`, instead of `date`."""
        return bool(self.date_parts)

    @property
    def date_parts(self) -> tuple[str, ...]:
        """The columns that date the rows together; empty where `date` does, or nothing."""
        if "date" in self.columns or "year" not in self.columns:
            return ()
        return next((("year", part) for part in ("month", "week") if part in self.columns), ())

    @property
    def extract_header(self) -> str | None:
        """Header of the column that says when a row was extracted; None where the file does."""
        if self.extracted in ("name", "modified"):
            return None
        return self.columns.get(self.extracted, self.extracted)


class Driver(ParameterBlock):
    """A number that moves sales: how its days make a month, and whether later months are known."""

    aggregate: Literal["mean", "sum", "max"] = "mean"
    known_ahead: bool = False
    carry: Literal["last"] | None = None  # last: a month without a value has the one before it
    kind: Literal["share", "level", "count"] | None = None  # None: as its values tell
