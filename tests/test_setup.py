"""Set-up: the project file, the lock and the conda environment say the same, and setting up once is
enough.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; ([^\\\n]+?))? \\$")


def pins() -> dict[str, tuple[Version, Marker | None, int]]:
    """Version, marker and number of hashes by name."""
    found: dict[str, tuple[Version, Marker | None, int]] = {}
    name = ""
    for line in LOCK.splitlines():
        if match := PIN.match(line):
            name = canonicalize_name(match[1])
            assert name not in found, f"{name} is pinned twice"
            found[name] = (Version(match[2]), Marker(match[3]) if match[3] else None, 0)
        elif re.match(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$", line):
            version, marker, hashes = found[name]
            found[name] = (version, marker, hashes + 1)
        else:
            raise AssertionError(f"a line that is neither a pin nor a hash: {line!r}")
    return found


@pytest.mark.parametrize(
    "text", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
)
def test_every_dependency_is_pinned_within_its_bounds(text: str) -> None:
    wanted = Requirement(text)
    version, _, _ = pins()[canonicalize_name(wanted.name)]
    assert version in wanted.specifier


def test_every_pin_has_hashes() -> None:
    found = pins()
    assert len(found) > 100
    assert [name for name, (_, _, hashes) in found.items() if not hashes] == []


def test_the_lock_holds_no_index_address() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
    assert "--find-links" not in LOCK
    assert "--trusted-host" not in LOCK


def test_what_is_pinned_for_this_machine_is_what_is_installed() -> None:
    from importlib.metadata import version

    needed = {
        name: pinned
        for name, (pinned, marker, _) in pins().items()
        if marker is None or marker.evaluate()
    }
    assert {name: version(name) for name in needed} == {
        name: str(pinned) for name, pinned in needed.items()
    }


def test_conda_users_get_the_same_python_and_the_same_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, from_lock = environment["dependencies"]
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])
    assert (pip, from_lock) == ("pip", {"pip": ["-r requirements.lock"]})


def test_this_python_is_a_supported_one() -> None:
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(PROJECT["requires-python"])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that set-up reads, and a python that writes down how it is called instead of
    installing.
    """
    if shutil.which("make") is None:
        pytest.skip("needs make")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\n"
        f'case "$1" in -c) exec "{sys.executable}" "$@";; esac\n'
        'echo "$@" >> calls.txt\n'
        'if [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    return tmp_path


def make(
    checkout: Path, *targets: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": path or f"{checkout / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(checkout),
    }
    return subprocess.run(
        ["make", "-C", str(checkout), *targets],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    path = checkout / "calls.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_setting_up_checks_hashes_and_resolves_nothing(checkout: Path) -> None:
    assert make(checkout, "setup").returncode == 0
    assert calls(checkout) == [
        "-m venv .venv",
        "-m pip install --quiet --require-hashes --no-deps --no-compile -r requirements.lock",
        "-m pip install --quiet --no-deps --no-build-isolation --editable .",
        "-m compileall -qq -j 0 -x /tests/ .venv/lib salesfc_lib",
    ]


def test_an_unchanged_lock_sets_up_nothing_again_and_a_changed_one_does(checkout: Path) -> None:
    make(checkout, "setup")
    once = len(calls(checkout))
    (checkout / "requirements.lock").touch()
    make(checkout, "setup")
    assert len(calls(checkout)) == once
    with (checkout / "requirements.lock").open("a", encoding="utf-8") as file:
        file.write("\n")
    make(checkout, "setup")
    assert len(calls(checkout)) == 2 * once


def test_a_python_that_does_not_fit_is_told_plainly(checkout: Path) -> None:
    tools = checkout / "tools"
    tools.mkdir()
    for tool in ("sh", "make", "grep"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "python3").write_text(
        '#!/bin/sh\ncase "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac\n',
        encoding="utf-8",
    )
    (tools / "python3").chmod(0o755)
    done = make(checkout, "setup", path=str(tools))
    assert done.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert "Python 3.9.2" in done.stderr


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    said = make(checkout).stdout
    for target in ("report", "test", "test-real", "lint", "lab", "bench"):
        assert f"make {target} " in said
    assert calls(checkout) == []
