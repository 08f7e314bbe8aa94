"""YAML that people write: plain values only, each key once, and bounded.

A file or a text of the command line enters; a tree of mappings, lists and scalars leaves. Whatever
cannot be read so is an error with its line, never a guess and never a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.addresses import find_secret, hide_secrets

MAX_BYTES = 1_000_000  # a parameter file is written by hand
MAX_DEPTH = 50  # blocks within blocks; the deepest key that there is stands in the sixth
MAX_CHARACTERS = 200  # of a number or a day
TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"
KINDS = {"timestamp": "day that exists", "int": "whole number", "float": "number"}


class NotPlainYaml(ValueError):
    """A text that is no plain YAML: why, and what to do."""

    def __init__(self, why: str, do: str = "Correct the YAML") -> None:
        super().__init__(why)
        self.why, self.do = why, do


def read_yaml(path: Path) -> dict[str, Any]:
    """Mapping in a YAML file; empty for an empty file.

    Raises `SalesForecastError` for what is no file, no YAML, no mapping or not plain.
    """
    unreadable = SalesForecastError.unreadable_file
    if path.exists() and not path.is_file():
        is_folder = "it is a folder" if path.is_dir() else "it is not a file"
        raise unreadable(path, is_folder, "Move it elsewhere, and write a file in its place")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise unreadable(path, f"it is larger than {MAX_BYTES} bytes", "Shorten it")
        tree = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except NotPlainYaml as error:
        raise unreadable(path, error.why, error.do) from None
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is no UTF-8 text"
        raise unreadable(path, why, "Save it in UTF-8") from None
    except OSError as error:
        why = str(error.strerror)
        raise unreadable(path, why, "Let this user read the file") from None
    if not isinstance(tree, dict | None):
        raise unreadable(path, "it is not a mapping", "Write `key: value` lines")
    return tree or {}


def parse_yaml(text: str) -> Any:
    """Value of a YAML text, without aliases, repeated keys, or passwords of a database.

    Raises `NotPlainYaml`.

    >>> parse_yaml("{horizon: 6, levels: {total: []}}")
    {'horizon': 6, 'levels': {'total': []}}
    """
    try:
        _check_events(text)
        tree = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise NotPlainYaml(_describe(error)) from None
    except UnicodeError:
        raise NotPlainYaml("it holds half a character", "Write the value in UTF-8") from None
    if secret := next(filter(find_secret, _texts(tree)), None):
        raise NotPlainYaml(
            f"it holds a database's address or a password ('{hide_secrets(secret)}'; expected the "
            "name of an environment variable)",
            "Put the address into an environment variable, and its name into `url_env`",
        )
    return tree


def _check_events(text: str) -> None:
    """Raise for an alias and for too many levels, before anything is built of them."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise NotPlainYaml(f"it holds a YAML alias (line {line})", "Write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            why = f"line {line} nests more than {MAX_DEPTH} levels"
            raise NotPlainYaml(why, "Write fewer brackets or less indentation")


def _describe(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the line itself, which may hold a password."""
    mark = getattr(error, "problem_mark", None)
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    what = ", ".join(filter(None, (context, problem))) or "it holds a control character"
    return f"{what} (line {mark.line + 1}, column {mark.column + 1})" if mark else what


def _texts(tree: Any) -> Iterator[str]:
    """Every key and value that is text."""
    if isinstance(tree, dict):
        tree = [*tree, *tree.values()]
    if isinstance(tree, list | tuple | set):
        for each in tree:
            yield from _texts(each)
    elif isinstance(tree, str):
        yield tree


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc, valid-type]
    """The safe loader, which tells a repeated key and a value that cannot be."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else []:
            if key_node.tag == MERGE or not isinstance(key_node, yaml.ScalarNode):
                continue
            key, line = self.construct_object(key_node), key_node.start_mark.line + 1
            if key in lines:
                where = f"in line {line}"
                if lines[key] != line:
                    where = f"in lines {lines[key]} and {line}"
                raise NotPlainYaml(
                    f"the key '{hide_secrets(str(key))}' stands twice, {where}", "Keep one of them"
                )
            lines[key] = line
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        is_text = not isinstance(node, yaml.ScalarNode) or node.tag == TEXT
        if is_text:
            return super().construct_object(node, deep)
        line = node.start_mark.line + 1
        if len(node.value) > MAX_CHARACTERS:
            why = f"line {line} holds a value of {len(node.value)} characters that is no text"
            raise NotPlainYaml(why, "Put it into quotes where it is a text")
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):
            kind = KINDS.get(node.tag.rpartition(":")[2], "value of its kind")
            why = f"'{hide_secrets(node.value)}' in line {line} is no {kind}"
            do = "Correct it, or put it into quotes where it is a text"
            raise NotPlainYaml(why, do) from None
