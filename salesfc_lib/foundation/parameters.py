"""Parameters of one unit and month: layered, checked, frozen.

Four layers enter (defaults, unit file, month file, command line); one frozen `Parameters` leaves,
with the layer that won every key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation.addresses import HIDDEN, find_secret, hide_secrets
from salesfc_lib.foundation.resources import DEFAULTS
from salesfc_lib.foundation.schema import (
    CandidateSettings,
    Driver,
    ParameterBlock,
    Parameters,
    Source,
    check_unit,
)
from salesfc_lib.foundation.schema.erp import VARIABLE
from salesfc_lib.foundation.strict_yaml import MAX_DEPTH, NotPlainYaml, parse_yaml, read_yaml

MAX_SHOWN = 200  # characters of a wrong value that a message holds


@dataclass(frozen=True)
class Resolved:
    """Parameters, the layer that won each dotted key, reasons of a month file, files read."""

    parameters: Parameters
    layer: Mapping[str, str]
    reasons: Mapping[str, str]
    files: tuple[Path, ...]


def resolve(
    project: Path, unit: str, month: str | None = None, sets: Iterable[str] = ()
) -> Resolved:
    """Parameters of `unit` in `month`: defaults < unit < month < command line, merged deeply.

    `sets` are texts `key=value` from the command line; values are read as YAML.

    Raises `SalesForecastError` for an unknown key, a wrong value or a month's exception without a
    reason, and `RequestError` for a unit that has no file.
    """
    check_unit(unit)
    unit_file = project / "parameters" / "units" / f"{unit}.yml"
    if not unit_file.exists() and not list_units(project):
        raise no_units(project)
    if not unit_file.exists():
        raise RequestError.unknown_key(unit, list_units(project), f"{unit_file.parent} (units)")
    files = [DEFAULTS, unit_file]
    layers = [("defaults", read_yaml(DEFAULTS)), ("unit", read_yaml(unit_file))]
    reasons: dict[str, str] = {}
    month_file = project / "parameters" / "months" / str(month) / f"{unit}.yml"
    if month is not None and month_file.exists():
        exceptions, reasons = _read_exceptions(month_file)
        layers.append(("month", exceptions))
        files.append(month_file)
    layers.append(("command line", _read_sets(sets)))
    merged: dict[str, Any] = {}
    layer: dict[str, str] = {}
    for (name, tree), where in zip(layers, [*map(str, files), "--set"], strict=False):
        _refuse_unknown(tree, Parameters, where)
        merged = _merge(merged, tree)
        layer |= {key: name for key in flatten(tree)}
    parameters = _validate(merged, f"the parameters of '{unit}'")
    layer = {key: layer.get(key, "defaults") for key in flatten(merged)}
    return Resolved(parameters, layer, reasons, tuple(files))


def defaults() -> Parameters:
    """Parameters of `defaults.yml`, for a panel that belongs to no unit."""
    return _validate(read_yaml(DEFAULTS), str(DEFAULTS))


def with_value(parameters: Parameters, dotted: str, value: Any) -> Parameters:
    """The parameters with one key at another value, checked."""
    tree = _merge(parameters.model_dump(mode="json"), _nest(dotted, value))
    return _validate(tree, f"the parameters with another `{dotted}`")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted key; an empty block stays one.

    >>> flatten({"a": {"b": 1, "c": {}}})
    {'a.b': 1, 'a.c': {}}
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        nested = isinstance(value, Mapping) and value
        flat |= flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def to_dict(resolved: Resolved) -> dict[str, Any]:
    """The complete set as JSON types, as a run injects it into a notebook.

    Keys whose layer is the defaults are left out of `layer`.
    """
    layer = {key: name for key, name in resolved.layer.items() if name != "defaults"}
    values = resolved.parameters.model_dump(mode="json")
    return {"parameters": values, "layer": layer, "reasons": dict(resolved.reasons)}


def from_dict(tree: Mapping[str, Any]) -> Resolved:
    """The set that a run injected into a notebook; keys without a layer are defaults."""
    parameters = _validate(dict(tree["parameters"]), "the injected parameters")
    return Resolved(parameters, dict(tree["layer"]), dict(tree["reasons"]), ())


def list_units(project: Path) -> list[str]:
    """Ids of the units that have a parameter file, sorted."""
    return sorted(file.stem for file in (project / "parameters" / "units").glob("*.yml"))


def no_units(project: Path) -> RequestError:
    """Error for a project without a single unit's file."""
    return RequestError.of(
        f"'{project / 'parameters' / 'units'}' holds no unit",
        "One parameter file a unit",
        "Write one with `salesfc init EXPORT`, or name the project folder with --project",
    )


def _read_exceptions(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Tree and reasons of a month file: `dotted.key: {value: ..., reason: ...}`."""
    tree: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, entry in read_yaml(path).items():
        complete = isinstance(entry, dict) and set(entry) == {"value", "reason"}
        if not complete or not str(entry["reason"] or "").strip():
            raise SalesForecastError.of(
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
            raise RequestError.of(
                f"'--set {hide_secrets(text)}' has no value", "`--set key=value`", "Add the value"
            )
        try:
            if find_secret(key):
                raise NotPlainYaml("a password has no place in it", "Write a parameter's key")
            tree = _merge(tree, _nest(key.strip(), parse_yaml(value)))
        except NotPlainYaml as error:
            raise RequestError.of(
                f"'--set {_shorten(hide_secrets(text))}' cannot be read: {error.why}",
                "`--set key=value`, with quotes inside where the value begins with a sign: "
                "`--set 'key=\"%Y-%m\"'`",
                f"{error.do}, or write the key into the unit's parameter file",
            ) from None
    return tree


def _nest(dotted: str, value: Any) -> dict[str, Any]:
    parts = dotted.split(".")
    if len(parts) > MAX_DEPTH:
        raise SalesForecastError.of(
            f"'{_shorten(dotted)}' is a key of {len(parts)} parts",
            f"At most {MAX_DEPTH}",
            "Write a key that `salesfc parameters UNIT` lists",
        )
    for part in reversed(parts):
        value = {part: value}
    return value


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} …"


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both and key != "levels" else value
    return merged


# blocks whose keys are names that a unit gives
_NAMED: dict[str, type[ParameterBlock]] = {
    "sources": Source,
    "candidates": CandidateSettings,
    "drivers": Driver,
}


def _refuse_unknown(
    tree: Mapping[str, Any], model: type[ParameterBlock], where: str, prefix: str = ""
) -> None:
    for key, value in tree.items():
        if key not in model.model_fields:
            known = [f"{prefix}{name}" for name in model.model_fields]
            raise SalesForecastError.unknown_key(f"{prefix}{key}", known, where)
        if not isinstance(value, Mapping):
            continue
        annotation = model.model_fields[key].annotation
        if isinstance(annotation, type) and issubclass(annotation, ParameterBlock):
            _refuse_unknown(value, annotation, where, f"{prefix}{key}.")
        elif (section := _NAMED.get(key)) and not prefix:
            for name, block in value.items():
                if isinstance(block, Mapping):
                    _refuse_unknown(block, section, where, f"{key}.{name}.")


def _validate(tree: dict[str, Any], where: str) -> Parameters:
    try:
        return Parameters.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key, value = ".".join(map(str, first["loc"])), first["input"]
        expected = first["msg"].removeprefix("Value error, ")
        # the whole set's own checks have no place, and their message begins with the key
        if not key:
            key, expected = expected.split(": ", 1)
            value, expected = _find(tree, key), f"{expected[0].upper()}{expected[1:]}"
        raise SalesForecastError.of(
            f"`{key}` in {where} is {_shorten(hide_secrets(repr(_without_addresses(value))))}",
            expected,
            "Correct the value in the layer that sets it",
        ) from error


def _without_addresses(value: Any) -> Any:
    """The value without what stands in `url_env` in place of a variable's name."""
    if not isinstance(value, Mapping):
        return value
    names = {key: _without_addresses(each) for key, each in value.items()}
    is_name = VARIABLE.match(str(names.get("url_env", "NONE")))
    return names if is_name else names | {"url_env": HIDDEN}


def _find(tree: Mapping[str, Any], dotted: str) -> Any:
    key, _, rest = dotted.partition(".")
    return tree.get(dotted) if dotted in tree or not rest else _find(tree[key], rest)
