"""The archive: whole or not at all, also when the process is killed half-way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.archive.locks import lock_month
from salesfc_lib.archive.verification import verify
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import INTERVALS, language
from salesfc_lib.reporting import write_forecast_csv, write_forecast_workbook

MONTH, UNIT = "2026-06", "north"


def forecast(month: str = MONTH, bottom: tuple[float, float] = (4.0, 6.0)) -> pd.DataFrame:
    cutoff = pd.Timestamp(f"{month}-01")
    rows = [("total", sum(bottom)), ("a", bottom[0]), ("b", bottom[1])]
    frame = pd.DataFrame(
        [
            (name, stage, "m", cutoff, cutoff + pd.DateOffset(months=h), h, value)
            for name, value in rows
            for stage in ("baseline", "reconciled")
            for h in (1, 2, 3)
        ],
        columns=["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"],
    )
    return frame.assign(**dict.fromkeys(["lo-80", "hi-80", "lo-95", "hi-95"], 0.0))


def write_month(
    folder: Path, month: str = MONTH, *, version: int = 1, reason: str = "", text: str = "first"
) -> None:
    forecast(month).to_parquet(folder / "tables" / "forecast.parquet")
    series = pd.DataFrame(
        {"unique_id": ["total", "a", "b"], "level": ["total", "product", "product"]}
    )
    series.to_parquet(folder / "tables" / "series.parquet")
    (folder / "index.html").write_text(text, encoding="utf-8")
    manifest.write(
        folder, {"unit": UNIT, "month": month, "version": version, "reason": reason, "inputs": []}
    )


def publish(
    reports: Path, month: str = MONTH, *, version: int = 1, reason: str = "", text: str = "first"
) -> Path:
    with archive.staging(reports, month, UNIT) as folder:
        write_month(folder, month, version=version, reason=reason, text=text)
        return archive.publish(reports, month, UNIT)


def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def test_a_published_month_stands_in_its_place_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    assert folder == tmp_path / "2026-06" / "north"
    assert [path.name for path in folder.parent.iterdir()] == ["north"]
    assert archive.list_months(tmp_path, UNIT) == ["2026-06"]
    assert archive.list_months(tmp_path, "south") == []


def test_publishing_again_keeps_every_earlier_version(tmp_path: Path) -> None:
    publish(tmp_path)
    assert archive.next_version(tmp_path, MONTH, UNIT) == 2
    publish(tmp_path, version=2, reason="late returns", text="second")
    publish(tmp_path, version=3, reason="tax", text="third")
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == "third"
    assert {
        number: page(folder)
        for number, folder in archive.list_versions(tmp_path, MONTH, UNIT).items()
    } == {1: "first", 2: "second"}
    assert archive.is_published(tmp_path, MONTH, "north")
    assert verify(tmp_path) == []


def test_publishing_again_without_a_reason_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(RequestError, match="--again --reason"):
        publish(tmp_path, version=2, text="second")
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == "first"
    assert [path.name for path in (tmp_path / MONTH).iterdir()] == ["north"]


def test_a_staged_folder_that_its_manifest_denies_is_not_published(tmp_path: Path) -> None:
    with (
        pytest.raises(SalesForecastError, match=r"index\.html is changed"),
        archive.staging(tmp_path, MONTH, UNIT) as folder,
    ):
        write_month(folder)
        (folder / "index.html").write_text("other")
        archive.publish(tmp_path, MONTH, UNIT)
    assert list((tmp_path / MONTH).iterdir()) == []


def test_an_error_while_staging_leaves_the_published_month_as_it_was(tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(OSError, match="No space"), archive.staging(tmp_path, MONTH, UNIT) as folder:
        (folder / "index.html").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [path.name for path in (tmp_path / MONTH).iterdir()] == ["north"]
    assert verify(tmp_path) == []


def test_a_rename_that_fails_puts_the_earlier_version_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    rename = Path.rename

    def fail_for_the_staged(self: Path, target: Path) -> Path:
        if self.name.endswith(".next"):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_staged)
    with pytest.raises(OSError, match="Input/output"):
        publish(tmp_path, version=2, reason="late returns", text="second")
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == "first"
    assert archive.list_versions(tmp_path, MONTH, UNIT) == {}


def run_and_kill(reports: Path, moment: str) -> None:
    """Publish version 2 in a process that kills itself (SIGKILL) at `moment`."""
    script = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_months as t
        renames, rename = [], Path.rename

        def counted(self, target):
            if {moment!r} == f"before rename {{len(renames) + 1}}":
                os.kill(os.getpid(), signal.SIGKILL)
            renames.append(rename(self, target))
            return renames[-1]

        Path.rename = counted
        reports = Path({str(reports)!r})
        held = t.archive.hold_month(reports, t.MONTH)
        with held, t.archive.staging(reports, t.MONTH, t.UNIT) as folder:
            t.write_month(folder, version=2, reason="late returns", text="second")
            if {moment!r} == "half written":
                (folder / "manifest.json").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            t.archive.publish(reports, t.MONTH, t.UNIT)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("moment", "stands", "earlier"),
    [
        ("half written", "first", []),
        ("before rename 1", "second", [1]),
        ("before rename 2", "second", [1]),
    ],
)
def test_a_killed_publication_is_completed_or_rolled_back(
    tmp_path: Path, moment: str, stands: str, earlier: list[int]
) -> None:
    publish(tmp_path)
    run_and_kill(tmp_path, moment)
    assert archive.staged_folder(tmp_path, MONTH, UNIT).exists()
    said = archive.recover(tmp_path)
    assert len(said) == 1
    assert "2026-06 of 'north'" in said[0]
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == stands
    assert list(archive.list_versions(tmp_path, MONTH, UNIT)) == earlier
    assert verify(tmp_path) == []
    assert archive.recover(tmp_path) == []


def test_a_first_publication_killed_before_its_rename_is_completed(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "before rename 1")
    assert not archive.is_published(tmp_path, MONTH, UNIT)
    archive.recover(tmp_path)
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == "second"


def test_between_the_renames_a_broken_staged_folder_brings_the_earlier_version_back(
    tmp_path: Path,
) -> None:
    publish(tmp_path)
    run_and_kill(tmp_path, "before rename 2")
    assert not archive.is_published(tmp_path, MONTH, UNIT)
    (archive.staged_folder(tmp_path, MONTH, UNIT) / "index.html").write_text("torn")
    archive.recover(tmp_path)
    assert page(archive.unit_folder(tmp_path, MONTH, UNIT)) == "first"
    assert verify(tmp_path) == []


def test_what_an_interrupted_block_leaves_is_removed_before_the_month_is_given_back(
    tmp_path: Path,
) -> None:
    publish(tmp_path)
    with pytest.raises(KeyboardInterrupt), archive.hold_month(tmp_path, MONTH):
        archive.staged_folder(tmp_path, MONTH, UNIT).mkdir()
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / MONTH).iterdir()] == ["north"]


def test_recovery_leaves_a_month_alone_that_a_run_holds(tmp_path: Path) -> None:
    publish(tmp_path)
    with lock_month(tmp_path, MONTH), archive.staging(tmp_path, MONTH, UNIT) as folder:
        assert archive.recover(tmp_path) == []
        assert folder.exists()


def test_a_second_run_of_a_month_is_refused_by_name_of_the_first(tmp_path: Path) -> None:
    who = rf"Another run of 2026-06 is at work: process {os.getpid()}, since 20"
    with (
        lock_month(tmp_path, MONTH),
        lock_month(tmp_path, "2026-05"),
        pytest.raises(RequestError, match=who),
        lock_month(tmp_path, MONTH),
    ):
        pass
    with lock_month(tmp_path, MONTH):
        pass  # free again


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from salesfc_lib.archive.locks import lock_month\n"
        f"with lock_month(Path({str(tmp_path)!r}), '2026-06'):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(RequestError, match=f"process {process.pid}"),
            lock_month(tmp_path, MONTH),
        ):
            pass
        process.kill()
    with lock_month(tmp_path, MONTH):
        pass


def test_steps_can_be_imported_where_there_is_nothing_of_unix() -> None:
    script = (
        "import socket, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"  # filelock warns without fcntl
        "sys.modules.update(dict.fromkeys(('fcntl', 'grp', 'pwd', 'resource', 'termios')))\n"
        "del socket.AF_UNIX\nimport salesfc_lib.steps, salesfc_lib.running.run\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_one_flipped_byte_is_found_and_named(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    publish(tmp_path, "2026-05")
    assert verify(tmp_path) == []
    path = folder / "tables" / "forecast.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    found = {(difference.month, difference.path) for difference in verify(tmp_path)}
    assert found == {("2026-06", "tables/forecast.parquet")}
    assert verify(tmp_path, "2026-05") == []


def test_missing_and_added_files_are_found(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    (folder / "index.html").unlink()
    (folder / "more.txt").write_text("x")
    assert [str(difference) for difference in verify(tmp_path)] == [
        "2026-06/north/index.html: missing, against the sha256 in the manifest",
        "2026-06/north/more.txt: extra, against the sha256 in the manifest",
    ]


def test_a_changed_earlier_version_is_found(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, version=2, reason="late returns")
    (tmp_path / MONTH / "north.v1" / "index.html").write_text("other")
    assert [(difference.unit, difference.path) for difference in verify(tmp_path)] == [
        ("north.v1", "index.html")
    ]


def test_a_month_without_a_readable_manifest_is_found(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    (folder / "manifest.json").write_text("{")
    assert [difference.path for difference in verify(tmp_path)] == ["manifest.json"]


def test_levels_that_disagree_are_found_even_where_every_hash_agrees(tmp_path: Path) -> None:
    with archive.staging(tmp_path, MONTH, UNIT) as folder:
        write_month(folder)
        frame = forecast()
        frame.loc[frame["unique_id"] == "total", "y_hat"] += 1.0
        frame.to_parquet(folder / "tables" / "forecast.parquet")
        manifest.write(folder, {"version": 1, "inputs": []})
        archive.publish(tmp_path, MONTH, UNIT)
    assert ["disagree by 9.1e-02" in str(difference) for difference in verify(tmp_path)] == [True]


@pytest.mark.parametrize(("shown", "found"), [(10.00004, []), (10.1, ["forecast.zh.csv"])])
def test_a_csv_of_another_language_is_compared_as_well(
    tmp_path: Path, shown: float, found: list[str]
) -> None:
    final = forecast().query("stage == 'reconciled'").assign(h=1)
    final = final.assign(**dict.fromkeys(INTERVALS, 0.0))
    levels = ["total", "product", "product"]
    series = pd.DataFrame({"unique_id": ["total", "a", "b"], "level": levels, "label": ""})
    with archive.staging(tmp_path, MONTH, UNIT) as folder:
        write_month(folder)
        write_forecast_csv(final, series, folder / "forecast.csv")
        final.loc[final["unique_id"].eq("total"), "y_hat"] = shown
        with language.speaking("zh"):
            write_forecast_csv(final, series, folder / "forecast.zh.csv")
        manifest.write(folder, {"version": 1, "inputs": []})
        archive.publish(tmp_path, MONTH, UNIT)
    assert [difference.path for difference in verify(tmp_path)] == found


@pytest.mark.parametrize(("shown", "found"), [(10.00004, []), (10.1, ["forecast.csv"])])
def test_a_csv_whose_totals_are_not_those_of_the_table_is_found(
    tmp_path: Path, shown: float, found: list[str]
) -> None:
    rows = [("total", "total", shown), ("a", "product", 4.0), ("b", "product", 6.0)]
    lines = [
        f"{name},{level},2026-{month:02d},{value}"
        for month in (7, 8, 9)
        for name, level, value in rows
    ]
    with archive.staging(tmp_path, MONTH, UNIT) as folder:
        write_month(folder)
        (folder / "forecast.csv").write_text(
            "\n".join(["unique_id,level,month,forecast", *lines]) + "\n", encoding="utf-8-sig"
        )
        manifest.write(folder, {"version": 1, "inputs": []})
        archive.publish(tmp_path, MONTH, UNIT)
    assert [difference.path for difference in verify(tmp_path)] == found


@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize(
    ("shown", "found"), [(10.00004, []), (10.1, ["forecast.xlsx"]), (None, ["forecast.xlsx"])]
)
def test_a_workbook_whose_totals_are_not_those_of_the_table_is_found(
    tmp_path: Path, shown: float | None, found: list[str], spoken: str
) -> None:
    published, levels = forecast().query("stage == 'reconciled'"), ["total", "product", "product"]
    series = pd.DataFrame({"unique_id": ["total", "a", "b"], "level": levels, "label": ""})
    panel = pd.DataFrame({"unique_id": ["a"], "ds": published["ds"].min(), "y_raw": 1.0})
    final = published.copy()
    final.loc[final["unique_id"].eq("total"), "y_hat"] = shown or 10.0
    if shown is None:  # a sheet is missing
        final, series = final[final["unique_id"].eq("total")], series.iloc[:1]
    with archive.staging(tmp_path, MONTH, UNIT) as folder:
        write_month(folder)
        with language.speaking(spoken):
            write_forecast_workbook(final, series, panel, folder / "forecast.xlsx")
        manifest.write(folder, {"version": 1, "inputs": []})
        archive.publish(tmp_path, MONTH, UNIT)
    assert [difference.path for difference in verify(tmp_path)] == found


def test_an_input_that_changed_since_is_is_note(tmp_path: Path) -> None:
    source = tmp_path / "data" / "orders.csv"
    source.parent.mkdir()
    source.write_text("a")
    reports = tmp_path / "reports"
    with archive.staging(reports, MONTH, UNIT) as folder:
        write_month(folder)
        manifest.write(folder, {"version": 1, "inputs": [manifest.describe_file(source, tmp_path)]})
        archive.publish(reports, MONTH, UNIT)
    assert verify(reports) == []
    source.write_text("b")
    assert [(difference.path, difference.is_note) for difference in verify(reports)] == [
        ("data/orders.csv", True)
    ]


def test_an_input_under_a_folder_that_a_variable_names_is_compared_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "elsewhere" / "orders.csv"
    source.parent.mkdir()
    source.write_text("a")
    reports = tmp_path / "project" / "reports"
    with archive.staging(reports, MONTH, UNIT) as folder:
        write_month(folder)
        entry = manifest.describe_file(source, source.parent)
        manifest.write(
            folder,
            {
                "version": 1,
                "inputs": [entry],
                "parameters": {"sources.orders.root": {"value": "SALESFC_TEST_ROOT"}},
            },
        )
        archive.publish(reports, MONTH, UNIT)
    assert [difference.what for difference in verify(reports)] == [
        "this input was not compared: 'SALESFC_TEST_ROOT' is not set"
    ]
    monkeypatch.setenv("SALESFC_TEST_ROOT", str(source.parent))
    assert verify(reports) == []
    source.unlink()
    assert [difference.what for difference in verify(reports)] == ["this input is no longer there"]


def test_verifying_a_month_that_is_not_there_is_a_wrong_request(tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(RequestError, match="Nothing is published for 2026-07"):
        verify(tmp_path, "2026-07")


def test_vintages_hold_what_each_month_said_through_the_one_asked_for(tmp_path: Path) -> None:
    for month in ("2026-04", "2026-05", "2026-06"):
        publish(tmp_path, month)
    publish(tmp_path, "2026-05", version=2, reason="late returns")
    found = archive.vintages(tmp_path, UNIT, "2026-05", lags=[1, 3]).query("stage == 'reconciled'")
    assert sorted(found["cutoff"].dt.strftime("%Y-%m").unique()) == ["2026-04", "2026-05"]
    assert set(found["h"]) == {1, 3}
    assert len(found) == 2 * 2 * 3


def test_vintages_of_a_unit_without_an_archive_are_an_empty_table(tmp_path: Path) -> None:
    found = archive.vintages(tmp_path, UNIT, MONTH)
    assert found.empty
    assert {"unique_id", "h", "y_hat"} <= set(found.columns)


@pytest.mark.parametrize(
    ("month", "unit"),
    [("2026-13", "north"), ("../2026-06", "north"), ("2026-06", "../north"), ("2026-06", "North")],
)
def test_no_month_or_unit_leads_outside_the_archive(tmp_path: Path, month: str, unit: str) -> None:
    with pytest.raises(RequestError, match="is not a month|cannot be a unit's id"):
        archive.unit_folder(tmp_path, month, unit)


def test_the_manifest_hashes_every_file_but_itself(tmp_path: Path) -> None:
    record = json.loads((publish(tmp_path) / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["path"] for entry in record["outputs"]] == [
        "index.html",
        "tables/forecast.parquet",
        "tables/series.parquet",
    ]
    first = record["outputs"][0]
    # sha256 of the five bytes b"first", by `printf first | sha256sum`
    assert (first["bytes"], first["sha256"][:16]) == (5, "a7937b64b8caa58f")


def test_a_full_disk_leaves_what_was_published(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        publish(disk)
        with (
            pytest.raises(OSError, match="No space left"),
            archive.staging(disk, MONTH, UNIT) as folder,
        ):
            (folder / "large.bin").write_bytes(bytes(1_000_000))
        assert verify(disk) == []
        assert [path.name for path in (disk / MONTH).iterdir()] == ["north"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def publish_after(reports: Path, *months: str) -> None:
    """Publish the months one after the other, each with the link to the one before it."""
    for place, month in enumerate(months):
        with archive.staging(reports, month, UNIT) as folder:
            write_month(folder, month)
            facts = {"version": 1, "inputs": [], "published_at": f"2026-07-01T00:00:0{place}+00:00"}
            manifest.write(
                folder, {**facts, "previous": archive.latest_before(reports, month, UNIT)}
            )
            archive.publish(reports, month, UNIT)


def test_a_deleted_manifest_is_found_though_nothing_else_of_the_month_says_so(
    tmp_path: Path,
) -> None:
    (publish(tmp_path) / "manifest.json").unlink()
    assert [
        (difference.unit, difference.path, difference.is_note) for difference in verify(tmp_path)
    ] == [("north", "manifest.json", False)]


def test_a_month_of_which_only_an_earlier_version_stands_is_found(tmp_path: Path) -> None:
    publish(tmp_path)
    shutil.rmtree(publish(tmp_path, version=2, reason="late returns"))
    assert [(difference.unit, difference.path) for difference in verify(tmp_path)] == [
        ("north", "manifest.json")
    ]


def test_a_deleted_earlier_month_is_found_by_the_month_that_was_published_after_it(
    tmp_path: Path,
) -> None:
    publish_after(tmp_path, "2026-04", "2026-05", "2026-06")
    assert verify(tmp_path) == []
    shutil.rmtree(tmp_path / "2026-05")
    assert [str(difference) for difference in verify(tmp_path)] == [
        "2026-05/north/manifest.json: missing: 2026-06 was published after it"
    ]


def test_a_deleted_manifest_of_an_earlier_month_is_told_once(tmp_path: Path) -> None:
    publish_after(tmp_path, "2026-05", "2026-06")
    (tmp_path / "2026-05" / "north" / "manifest.json").unlink()
    assert [(difference.month, difference.path) for difference in verify(tmp_path)] == [
        ("2026-05", "manifest.json")
    ]


def test_an_earlier_month_whose_manifest_was_rewritten_is_found(tmp_path: Path) -> None:
    publish_after(tmp_path, "2026-05", "2026-06")
    path = tmp_path / "2026-05" / "north" / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert [difference.what for difference in verify(tmp_path)] == [
        "changed, against the sha256 that 2026-06 was published after"
    ]


def test_an_earlier_month_that_was_published_again_since_is_no_difference(tmp_path: Path) -> None:
    publish_after(tmp_path, "2026-05", "2026-06")
    with archive.staging(tmp_path, "2026-05", UNIT) as folder:
        write_month(folder, "2026-05", version=2, reason="late returns")
        manifest.write(
            folder,
            {
                "version": 2,
                "reason": "tax",
                "inputs": [],
                "published_at": "2026-07-02T00:00:00+00:00",
            },
        )
        archive.publish(tmp_path, "2026-05", UNIT)
    assert verify(tmp_path) == []
    shutil.rmtree(tmp_path / "2026-05")
    assert [difference.what for difference in verify(tmp_path)] == [
        "missing: 2026-06 was published after it"
    ]


def test_vintages_name_the_torn_file_of_an_earlier_month(tmp_path: Path) -> None:
    publish(tmp_path, "2026-04")
    path = publish(tmp_path, "2026-05") / "tables" / "forecast.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        SalesForecastError,
        match=r"2026-05/north/tables/forecast\.parquet' cannot be read: .*`salesfc verify`",
    ):
        archive.vintages(tmp_path, UNIT, "2026-06")
