"""YAML that people write: whatever it holds, an error says where, at once, and nobody guesses."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.strict_yaml import read_yaml
from salesfc_lib.inspection.aliases import read_aliases

BOMB = "a: &a [x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
DAMAGED = {
    "a key twice": ("horizon: 3\nunit: {title: A}\nhorizon: 6", "'horizon' stands twice.*1 and 3"),
    "a key twice inside": ("unit:\n  title: A\n  title: B", "'title' stands twice.*lines 2 and 3"),
    "twice in one line": ("unit: {title: A, title: B}", "'title' stands twice, in line 1"),
    "a key in quotes": ("horizon: 3\n'horizon': 6", "'horizon' stands twice, in lines 1 and 2"),
    "a number twice": ("1: a\n0x1: b", "'1' stands twice"),
    "twice in a list": ("x: [{a: 1, a: 2}]", "'a' stands twice"),
    "a day that is not": ("a: 2025-02-30", "'2025-02-30' in line 1 is no day that exists"),
    "a day as a key": ("2025-13-01: a", "'2025-13-01' in line 1 is no day that exists"),
    "a time that is not": ("a: 2025-02-03 25:00:00", "no day that exists"),
    "5,000 digits": (f"a: {'9' * 5000}", "a value of 5000 characters that is no text"),
    "5,000 digits as a key": (f"{'9' * 500}: a", "a value of 500 characters"),
    "a sexagesimal bomb": (f"a: 1{':10' * 100_000}", "a value of 300001 characters"),
    "a number that is none": ("a: 0b_", "'0b_' in line 1 is no whole number"),
    "a tagged text": ("a: !!int x", "'x' in line 1 is no whole number"),
    "a tagged blank": ("a: !!int ''", "'' in line 1 is no whole number"),
    "a tagged day": ("a: !!timestamp x", "'x' in line 1 is no day"),
    "a tagged truth": ("a: !!bool maybe", "'maybe' in line 1 is no"),
    "brackets 1,200 deep": (f"a: {'[' * 1200}{']' * 1200}", "line 1 nests more than 50 levels"),
    "open brackets": ("[" * 900_000, "line 1 nests more than 50 levels"),
    "lines 1,200 deep": ("".join(f"{' ' * n}a:\n" for n in range(1200)), "nests more than 50"),
    "lists 1,200 deep": ("- " * 1200, "nests more than 50 levels"),
    "an alias bomb": (BOMB, r"a YAML alias \(line 2\)"),
    "an endless alias": ("a: &a [*a]", r"a YAML alias \(line 1\)"),
    "a merged alias": ("a: &a {x: 1}\nb: {<<: *a}", r"a YAML alias \(line 2\)"),
    "an unknown alias": ("a: *b", "a YAML alias"),
    "an object": ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    "a list as a key": ("? [a]\n: b", "unhashable"),
    "two documents": ("a: 1\n---\nb: 2", "another document"),
    "a tab": ("a:\n\tb: 1", r"line 2"),
    "an open bracket": ("a: [1", r"did not find expected ',' or '\]'"),
    "a control character": ("a: \x07", "control character"),
    "a percent sign": ("a: %Y", "cannot start any token"),
}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("place", ["unit", "month", "aliases", "set"])
def test_each_damage_is_one_sentence_at_once(tmp_path: Path, place: str, damage: str) -> None:
    text, says = DAMAGED[damage]
    files = tmp_path / "parameters"
    write(files / "units" / "north.yml", text if place == "unit" else "horizon: 6\n")
    write(files / "months" / "2026-06" / "north.yml", text if place == "month" else "")
    write(files / "aliases.yml", text if place == "aliases" else "")
    sets = [f"sources={text}"] if place == "set" else []
    kind, began = RequestError if place == "set" else SalesForecastError, time.process_time()
    with pytest.raises(kind, match=says) as caught:
        if place == "aliases":
            read_aliases(tmp_path)
        resolve(tmp_path, "north", "2026-06", sets)
    assert (
        time.process_time() - began < 10
    )  # a bomb that is read takes minutes; a busy machine seconds
    assert len(str(caught.value)) < 900
    assert caught.value.__cause__ is None
    where = {"unit": "units/north.yml", "month": "2026-06/north.yml", "aliases": "aliases.yml"}
    assert where.get(place, "--set sources=") in str(caught.value)


@pytest.mark.parametrize("place", ["units/north.yml", "months/2026-06/north.yml", "aliases.yml"])
def test_a_folder_and_a_pipe_in_a_files_place_are_told_and_not_waited_for(
    tmp_path: Path, place: str
) -> None:
    write(tmp_path / "parameters" / "units" / "north.yml", "")
    path = tmp_path / "parameters" / place
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    with pytest.raises(SalesForecastError, match=rf"{path.name}' cannot be read: it is a folder"):
        read_aliases(tmp_path)
        resolve(tmp_path, "north", "2026-06")
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(SalesForecastError, match=r"it is not a file.*Move it elsewhere"):
        read_aliases(tmp_path)
        resolve(tmp_path, "north", "2026-06")


def test_bytes_of_another_encoding_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "north.yml"
    path.write_bytes("unit: {title: Süd}".encode("cp1252"))
    with pytest.raises(SalesForecastError, match=r"byte 16 is no UTF-8 text.*Save it in UTF-8"):
        read_yaml(path)


def test_what_is_plain_is_read_as_before(tmp_path: Path) -> None:
    text = "a: 2025-02-28\nb: [1, 2.5, ~, yes, 0x10, '007']\nc: {<<: {d: 1}, d: 2}\ne: null\n"
    path = write(tmp_path / "a.yml", f"\ufeff{text}")
    found = read_yaml(path)
    assert (str(found["a"]), found["b"], found["c"]) == (
        "2025-02-28",
        [1, 2.5, None, True, 16, "007"],
        {"d": 2},
    )


def test_a_key_of_5_000_parts_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "parameters" / "units" / "north.yml", "")
    key = "sources.orders.where" + ".a" * 5000
    with pytest.raises(SalesForecastError, match="is a key of 5003 parts"):
        resolve(tmp_path, "north", None, [f"{key}=1"])
    write(
        tmp_path / "parameters" / "months" / "2026-06" / "north.yml",
        f"? {key}\n: {{value: 1, reason: x}}\n",
    )
    with pytest.raises(SalesForecastError, match="is a key of 5003 parts"):
        resolve(tmp_path, "north", "2026-06")
