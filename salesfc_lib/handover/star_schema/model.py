"""The model of the star schema as `model.yml` declares it: columns, relationships, its page.

One declaration enters; the statement that writes a table, `model.json` and the page leave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
QUERIES = HERE / "queries.sql"
CONFORMED = ("product", "customer", "region", "channel")  # dimensions that units share
ALL = "(all)"  # the member with the key 0


@dataclass(frozen=True)
class Column:
    """A column: its type in SQL, its meaning, and the dimension whose key it is, if any."""

    name: str
    type: str
    meaning: str = ""
    of: str = ""


@cache
def _declared() -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load((HERE / "model.yml").read_text(encoding="utf-8"))
    return declared


def version() -> int:
    """Version of the schema."""
    return int(_declared()["version"])


def names(kind: str = "") -> list[str]:
    """Names of tables, dimensions first; of one kind (`dim`, `fact`) where it is named."""
    return [name for name in _declared()["tables"] if name.startswith(kind)]


@cache
def columns(table: str) -> tuple[Column, ...]:
    """Declared columns of a table, its key first where it is a dimension."""
    declared = _declared()["tables"][table]["columns"]
    return tuple(Column(name, *map(str, told)) for name, told in declared.items())


def key(table: str) -> str:
    """Name of a dimension's key."""
    return columns(table)[0].name


def relationships() -> list[dict[str, str]]:
    """Every key of a table that is the key of a dimension: many rows of the first to one."""
    return [
        {"from": table, "column": column.name, "to": column.of, "key": key(column.of)}
        for table in names()
        for column in columns(table)
        if column.of
    ]


def describe(further: list[str]) -> dict[str, Any]:
    """The model as data; `further` are the columns of dimensions in `dim_series`."""
    tables: dict[str, Any] = {
        name: {
            "about": " ".join(_declared()["tables"][name]["about"].split()),
            "files": f"{name}.parquet" if name.startswith("dim") else f"{name}/**/*.parquet",
            "columns": [
                {"name": each.name, "type": each.type, "meaning": each.meaning}
                for each in columns(name)
            ],
        }
        for name in names()
    }
    tables["dim_series"]["columns"] += [
        {"name": name, "type": "VARCHAR", "meaning": "a dimension of units"} for name in further
    ]
    return {"schema_version": version(), "relationships": relationships(), "tables": tables}


def write_model(folder: Path, further: list[str]) -> None:
    """Write `model.json`, and the page that describes the folder."""
    text = json.dumps(describe(further), ensure_ascii=False, indent=1)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render_page(), encoding="utf-8")


def render_page() -> str:
    """The page of the schema, in Markdown: how to open it, its tables, three queries."""
    page = (HERE / "page.md").read_text(encoding="utf-8")
    parts = {"tables": "\n".join(map(_draw, names())), "queries": QUERIES.read_text("utf-8")}
    for name, text in {**parts, "version": str(version())}.items():
        page = page.replace(f"<!-- {name} -->", text.strip())
    return page


def _draw(table: str) -> str:
    about = " ".join(_declared()["tables"][table]["about"].split())
    rows = [
        f"| `{each.name}` | {each.type} | {each.meaning}{f' → `{each.of}`' if each.of else ''} |"
        for each in columns(table)
    ]
    return "\n".join(
        [f"### {table}", "", about, "", "| column | type | meaning |", "|---|---|---|", *rows, ""]
    )
