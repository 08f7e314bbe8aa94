"""Parameters of one unit and month: layered, checked, frozen.

Four layers enter (defaults, unit file, month file, command line); one frozen `Parameters` leaves, with the
layer that won every key. The decision made here: an unknown key is an error that names the nearest known
one, never a key that is silently ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from salesfc_lib.errors import RequestError, SalesForecastError

CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULTS = CHECKOUT / "parameters" / "defaults.yml"
MAX_BYTES = 1_000_000  # a parameter file is written by hand
UNIT_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

Role = Literal["orders", "returns", "lookup", "promotions", "inventory", "targets"]


class Section(BaseModel):
    """A block of parameters: frozen, and no key but those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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

    kind: Literal["csv", "excel", "sql"]
    role: Role = "orders"
    path: str
    root: str = ""  # name of an environment variable; empty: the project
    sheet: str | None = None  # excel; None: the first
    table: str | None = None  # sql
    encoding: str | None = None  # csv; None: found by trying
    delimiter: str | None = None  # csv; None: found by trying
    columns: dict[str, str] = Field(default_factory=dict)
    key: list[str] = Field(default_factory=list)  # columns that identify a row; empty: nothing is a duplicate
    where: dict[str, str] = Field(default_factory=dict)  # export's header: value; other rows belong to other units
    join: dict[str, str] = Field(default_factory=dict)  # returns, lookup: column of the orders -> export's header
    fill_down: list[str] = Field(default_factory=list)  # columns whose merged cells are filled from above
    subtotals: list[str] = Field(default_factory=list)  # words that mark a subtotal row, e.g. 小计, Total
    date_format: str | None = None  # strptime; None: found by trying
    decimal: Literal[".", ","] = "."
    kinds: dict[str, Literal["sale", "return", "adjustment"]] = Field(default_factory=dict)  # values of `kind`
    returns_are_positive: bool = False  # returns come without a minus sign
    tax: Literal["included", "excluded"] = "excluded"  # what the amounts of this source hold
    tax_rate: Decimal = Decimal("0")
    discounts: Literal["net", "gross"] = "net"  # gross: a `discount` column is still to be taken off


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

    @model_validator(mode="after")
    def _levels_cross_known_dimensions(self) -> Parameters:
        known = {*self.dimensions, "key_account"}
        for level, crossed in self.levels.items():
            for name in set(crossed) - known:
                raise ValueError(f"levels.{level}: '{name}' is not among `dimensions` {sorted(known)}")
        bottom = set(list(self.levels.values())[-1])
        used = {name for crossed in self.levels.values() for name in crossed}
        if used - bottom:
            raise ValueError(f"levels: the last level must cross every dimension used; it lacks {sorted(used - bottom)}")
        return self

    @property
    def bottom(self) -> str:
        """Name of the level whose series partition the business."""
        return list(self.levels)[-1]


@dataclass(frozen=True)
class Resolved:
    """Parameters, the layer that won each dotted key, a reason for each key of a month file, files read."""

    parameters: Parameters
    layer: Mapping[str, str]
    reasons: Mapping[str, str]
    files: tuple[Path, ...]


def resolve(project: Path, unit: str, month: str | None = None, sets: Iterable[str] = ()) -> Resolved:
    """Parameters of `unit` in `month`: defaults < unit < month < command line, merged deeply.

    `sets` are texts `key=value` from the command line; values are read as YAML.

    Raises `SalesForecastError` for an unknown key, a wrong value, a month's exception without a reason, and
    `RequestError` for a unit that has no file.
    """
    check_unit(unit)
    unit_file = project / "parameters" / "units" / f"{unit}.yml"
    if not unit_file.is_file():
        raise RequestError.unknown_key(unit, list_units(project), f"{unit_file.parent} (units)")
    files = [DEFAULTS, unit_file]
    layers = [("defaults", read_yaml(DEFAULTS)), ("unit", read_yaml(unit_file))]
    reasons: dict[str, str] = {}
    month_file = project / "parameters" / "months" / str(month) / f"{unit}.yml"
    if month is not None and month_file.is_file():
        exceptions, reasons = _read_exceptions(month_file)
        layers.append(("month", exceptions))
        files.append(month_file)
    layers.append(("command line", _read_sets(sets)))
    merged: dict[str, Any] = {}
    layer: dict[str, str] = {}
    for (name, tree), where in zip(layers, [*map(str, files), "--set"], strict=False):
        _refuse_unknown(tree, Parameters, where)
        merged = _merge(merged, tree)
        layer |= {key: name for key in _flatten(tree)}
    parameters = _validate(merged, f"the parameters of '{unit}'")
    return Resolved(parameters, {key: layer.get(key, "defaults") for key in _flatten(merged)}, reasons, tuple(files))


def to_dict(resolved: Resolved) -> dict[str, Any]:
    """The complete set as JSON types, as a run injects it into a notebook; layers of the keys that are not defaults."""
    layer = {key: name for key, name in resolved.layer.items() if name != "defaults"}
    return {"parameters": resolved.parameters.model_dump(mode="json"), "layer": layer, "reasons": dict(resolved.reasons)}


def from_dict(tree: Mapping[str, Any]) -> Resolved:
    """The set that a run injected into a notebook; keys without a layer are defaults."""
    parameters = _validate(dict(tree["parameters"]), "the injected parameters")
    return Resolved(parameters, dict(tree["layer"]), dict(tree["reasons"]), ())


def list_units(project: Path) -> list[str]:
    """Ids of the units that have a parameter file, sorted."""
    return sorted(file.stem for file in (project / "parameters" / "units").glob("*.yml"))


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


def read_yaml(path: Path) -> dict[str, Any]:
    """Mapping in a YAML file: safe types only, no aliases, bounded size."""
    if path.stat().st_size > MAX_BYTES:
        raise SalesForecastError.unreadable_file(path, f"it is larger than {MAX_BYTES} bytes", "Shorten it")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if any(isinstance(event, yaml.events.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise SalesForecastError.unreadable_file(path, "it holds a YAML alias", "Write the value out")
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SalesForecastError.unreadable_file(path, " ".join(str(error).split()), "Correct the YAML") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SalesForecastError.unreadable_file(path, "it is not a mapping", "Write `key: value` lines")
    return tree


def _read_exceptions(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Tree and reasons of a month file: `dotted.key: {value: ..., reason: ...}`."""
    tree: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, entry in read_yaml(path).items():
        if not isinstance(entry, dict) or set(entry) != {"value", "reason"} or not str(entry["reason"] or "").strip():
            raise SalesForecastError.say(
                f"'{key}' in '{path}' is an exception without a reason",
                f"`{key}: {{value: ..., reason: ...}}`",
                "Add the reason, or move the key to the unit's file",
            )
        tree = _merge(tree, _nest(str(key), entry["value"]))
        reasons[str(key)] = str(entry["reason"])
    return tree, reasons


def _read_sets(sets: Iterable[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals:
            raise RequestError.say(f"'--set {text}' has no value", "`--set key=value`", "Add the value")
        tree = _merge(tree, _nest(key.strip(), yaml.safe_load(value)))
    return tree


def _nest(dotted: str, value: Any) -> dict[str, Any]:
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return value


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        deep = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and key != "levels"
        merged[key] = _merge(merged[key], value) if deep else value
    return merged


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        flat |= _flatten(value, f"{dotted}.") if isinstance(value, Mapping) and value else {dotted: value}
    return flat


# blocks whose keys are names that a unit gives
_NAMED: dict[str, type[Section] | None] = {"sources": Source, "candidates": Candidate, "levels": None}


def _refuse_unknown(tree: Mapping[str, Any], model: type[Section], where: str, prefix: str = "") -> None:
    for key, value in tree.items():
        if key not in model.model_fields:
            raise SalesForecastError.unknown_key(f"{prefix}{key}", [f"{prefix}{name}" for name in model.model_fields], where)
        annotation = model.model_fields[key].annotation
        if isinstance(value, Mapping) and isinstance(annotation, type) and issubclass(annotation, Section):
            _refuse_unknown(value, annotation, where, f"{prefix}{key}.")
        elif isinstance(value, Mapping) and (section := _NAMED.get(key)) and not prefix:
            for name, block in value.items():
                if isinstance(block, Mapping):
                    _refuse_unknown(block, section, where, f"{key}.{name}.")


def _validate(tree: dict[str, Any], where: str) -> Parameters:
    try:
        return Parameters.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "levels"
        raise SalesForecastError.say(
            f"`{key}` in {where} is {first['input']!r:.200}", first["msg"], "Correct the value in the layer that sets it"
        ) from error
