"""Folders on the way: gone after the block, and after a process that was killed in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from salesfc_lib.foundation.scratch import LOCK, scratch_folder

HELD = """
import sys
from pathlib import Path
from salesfc_lib.foundation.scratch import scratch_folder
with scratch_folder("sf-", Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def make_old(folder: Path) -> None:
    then = time.time() - 60
    os.utime(folder, (then, then))


def test_a_folder_is_gone_after_its_block_whatever_happened(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_folder("sf-", tmp_path) as folder:
        (folder / "half").write_text("x")
        raise KeyError
    assert not [*tmp_path.iterdir()]


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_is_held_is_not(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", HELD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        make_old(left)
        with scratch_folder("sf-", tmp_path):
            assert (left / "half").is_file()  # its process lives
        process.send_signal(signal.SIGKILL)
    make_old(left)
    with scratch_folder("sf-", tmp_path) as folder:
        assert [*tmp_path.iterdir()] == [folder]


def test_what_is_not_ours_or_may_be_new_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sf-of-another-program").mkdir()
    make_old(tmp_path / "sf-of-another-program")
    (tmp_path / "sf-new").mkdir()
    (tmp_path / "sf-new" / LOCK).touch()
    with scratch_folder("sf-", tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"sf-of-another-program", "sf-new"}
