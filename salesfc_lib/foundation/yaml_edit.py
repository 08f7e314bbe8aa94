"""One value of a hand-written YAML file changed, everything else left as it is, byte by byte.

A text enters with a dotted key and the YAML of its value; the changed text leaves. ruamel.yaml
says where each node stands, and only the value's own characters are replaced: its writer would wrap
long lists anew and move the comments beside them.
"""

from __future__ import annotations

from typing import Any

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.strict_yaml import NotPlainYaml, parse_yaml

INDENT = 2  # of a block that a file does not have yet
BOM = "\ufeff"


def set_in_yaml(text: str, dotted: str, value: str) -> str:
    """The text with `dotted` set to `value`, which is YAML on one line.

    A key that is not there is written after the last one of its block, a block that is not there at
    the end of its parent's. Raises `SalesForecastError` where the result would differ in anything
    else, as in a file that is laid out in a way this does not know.

    >>> set_in_yaml("combine:  # of candidates\\n  power: 4.0  # sharp\\n", "combine.power", "8.0")
    'combine:  # of candidates\\n  power: 8.0  # sharp\\n'
    """
    mark, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    parts = dotted.split(".")
    changed = _place(body, parts, value)
    try:
        alone = parse_yaml(changed) == _with(parse_yaml(body) or {}, parts, parse_yaml(value))
    except NotPlainYaml:
        alone = False
    if not alone:
        raise SalesForecastError.of(
            f"`{dotted}` cannot be changed by machine: the file is laid out in an unusual way",
            "Blocks of `key: value` lines",
            f"Write `{dotted}: {value}` into the file by hand",
        )
    return mark + changed


def _place(text: str, parts: list[str], value: str) -> str:
    """The text with the value in its place."""
    from ruamel.yaml import YAML, MappingNode

    node = YAML(pure=True).compose(text)
    if node is None:
        return f"{text}{_gap(text)}{_nested(parts, value, '', _newline(text))}"
    for depth, part in enumerate(parts):
        pair = next((each for each in node.value if each[0].value == part), None)
        rest = parts[depth:]
        if pair is None:
            return _insert(text, node, rest, value)
        if depth == len(parts) - 1 or not isinstance(pair[1], MappingNode):
            end, empty = _end(text, pair), _is_empty(pair[1])
            start = end if empty else pair[1].start_mark.index
            return f"{text[:start]}{' ' * empty}{_flow(rest[1:], value)}{text[end:]}"
        node = pair[1]
    raise AssertionError("a key has parts")


def _insert(text: str, node: Any, parts: list[str], value: str) -> str:
    """The text with a new key at the end of the mapping `node`."""
    if node.flow_style:
        at = _end(text, node.value[-1]) if node.value else node.start_mark.index + 1
        comma = ", " if node.value else ""
        return f"{text[:at]}{comma}{parts[0]}: {_flow(parts[1:], value)}{text[at:]}"
    newline, last = _newline(text), _end(text, node.value[-1])
    at = text.find("\n", last) + 1 or len(text)
    indent = " " * node.value[0][0].start_mark.column
    return f"{text[:at]}{_gap(text[:at])}{_nested(parts, value, indent, newline)}{text[at:]}"


def _end(text: str, pair: Any) -> int:
    """Where the value of a key and value ends: a block with its last value, not with comments."""
    key, node = pair
    if _is_empty(node):  # its own mark stands anywhere after the colon
        return text.index(":", key.end_mark.index) + 1
    if isinstance(node.value, list) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(text, last if isinstance(last, tuple) else (key, last))
    return int(node.end_mark.index) - (getattr(node, "style", None) in ("|", ">"))


def _is_empty(node: Any) -> bool:
    return node.value == "" and node.start_mark.index == node.end_mark.index


def _nested(parts: list[str], value: str, indent: str, newline: str) -> str:
    """Lines of a block: a key a line, each further in than the one before."""
    steps = [f"{indent}{' ' * INDENT * depth}{part}:" for depth, part in enumerate(parts)]
    return f"{newline.join(steps)} {value}{newline}"


def _flow(parts: list[str], value: str) -> str:
    """The value within braces for each part of its key."""
    for part in reversed(parts):
        value = f"{{{part}: {value}}}"
    return value


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _gap(text: str) -> str:
    """What has to stand before a new line."""
    return "" if not text or text.endswith("\n") else _newline(text)


def _with(tree: dict[str, Any], parts: list[str], value: Any) -> dict[str, Any]:
    below = tree.get(parts[0])
    inner = below if isinstance(below, dict) else {}
    return tree | {parts[0]: value if len(parts) == 1 else _with(inner, parts[1:], value)}
