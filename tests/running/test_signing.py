"""A month signed off: one version, by one reviewer, recorded and shown, and found where forged."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from salesfc_lib import archive
from salesfc_lib.archive import manifest, read_records
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import language
from salesfc_lib.reporting import write_index
from salesfc_lib.reporting.pages.unit import write_unit_page
from salesfc_lib.running import sign_month, signing
from tests import pages

MONTH, UNIT, WHO = "2026-06", "kitchen", "周敏 <b>"
BY = {"reviewer": WHO, "remark": "与财务核对过"}
NONE = {"index.html": "Not signed off yet.", "index.zh.html": "尚未会签。"}


def publish(project: Path, version: int = 1, month: str = MONTH) -> Path:
    """The unit's month in both languages, published as a run publishes it."""
    reports = project / "reports"
    with archive.staging(reports, month, UNIT) as folder:
        said = pages.summary(UNIT, month, version=version, languages=pages.LANGUAGES)
        for each in pages.LANGUAGES:
            with language.speaking(each):
                write_unit_page(folder, said)
        facts = {"unit": UNIT, "month": month, "version": version, "inputs": []}
        facts |= {"summary": said.to_json(), "reason": "again" if version > 1 else ""}
        manifest.write(folder, facts)
        place = archive.publish(reports, month, UNIT)
    write_index(reports)
    return place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    (units / f"{UNIT}.yml").write_text("unit: {title: Kitchen}\n", encoding="utf-8")
    publish(tmp_path)
    return tmp_path


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def problems(project: Path) -> list[str]:
    return [f"{each.path}: {each.what}" for each in archive.verify(project / "reports")]


def test_a_month_is_signed_off_beside_its_manifest_on_its_pages_and_on_the_indexes(
    project: Path,
) -> None:
    folder = project / "reports" / MONTH / UNIT
    before = {name: text(folder / name) for name in NONE}
    assert all(NONE[name] in html for name, html in before.items())
    index = text(project / "reports" / "index.html")
    assert "not signed off yet" in index
    assert 'data-value="floor met"' in index or 'data-value="bias outside its limit"' in index
    sign_month(project, UNIT, MONTH, **BY)
    signed = json.loads(text(folder / "sign_off.json"))
    assert (signed["reviewer"], signed["version"]) == (WHO, 1)
    assert signed["manifest"] == manifest.sha256(folder / "manifest.json")
    record = read_records(project, what="sign_off").iloc[0]
    assert (record["who"], record["reason"]) == (WHO, "与财务核对过")
    assert record["new"]["manifest"] == signed["manifest"]
    html = text(folder / "index.html")
    assert "Signed off by 周敏 &lt;b&gt; on " in html and "与财务核对过</p>" in html
    assert "周敏 &lt;b&gt;于" in text(folder / "index.zh.html")
    line = html[html.index("Signed off by") : html.index("</p>", html.index("Signed off by"))]
    assert html.replace(line, NONE["index.html"]) == before["index.html"]
    assert "signed off by 周敏 &lt;b&gt;" in text(project / "reports" / "index.html")
    assert "已会签" in text(project / "reports" / MONTH / "index.zh.html")
    assert problems(project) == []


def test_publishing_again_asks_for_a_new_sign_off_and_keeps_the_earlier_one(project: Path) -> None:
    sign_month(project, UNIT, MONTH, **BY)
    folder = publish(project, version=2)
    assert not (folder / "sign_off.json").exists()
    assert NONE["index.html"] in text(folder / "index.html")
    assert "not signed off yet" in text(project / "reports" / "index.html")
    earlier = folder.with_name(f"{UNIT}.v1")
    assert (earlier / "sign_off.json").is_file() and "Signed off by" in text(earlier / "index.html")
    assert problems(project) == []
    signed = sign_month(project, UNIT, MONTH, reviewer="刘慧", remark="第二版")
    assert signed.version == 2
    assert len(read_records(project, what="sign_off")) == 2
    assert problems(project) == []


def test_a_version_is_signed_off_once_and_says_by_whom(project: Path) -> None:
    sign_month(project, UNIT, MONTH, **BY)
    folder = project / "reports" / MONTH / UNIT
    before = text(folder / "sign_off.json"), text(folder / "index.html")
    with pytest.raises(RequestError, match=r"周敏 <b> recorded 'sign_off' of '2026-06 version 1'"):
        sign_month(project, UNIT, MONTH, reviewer="刘慧", remark="也看过")
    assert (text(folder / "sign_off.json"), text(folder / "index.html")) == before
    assert problems(project) == []


def test_of_two_who_sign_at_once_one_is_told(project: Path) -> None:
    def sign(name: str) -> str:
        try:
            sign_month(project, UNIT, MONTH, reviewer=name, remark="ok")
        except RequestError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(sign, ["a", "b", "c", "d"]))
    assert said.count("") == 1 == len(read_records(project, what="sign_off"))
    assert all("Another run" in each or "recorded 'sign_off'" in each for each in said if each)
    assert problems(project) == []


@pytest.mark.parametrize("blank", ["reviewer", "remark"])
def test_a_sign_off_without_a_name_or_a_remark_leaves_everything_as_it_was(
    project: Path, blank: str
) -> None:
    folder = project / "reports" / MONTH / UNIT
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(RequestError, match="is empty"):
        sign_month(project, UNIT, MONTH, **BY | {blank: " "})
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert after == before


def test_what_is_not_published_or_not_as_its_manifest_says_is_not_signed(project: Path) -> None:
    with pytest.raises(RequestError, match="2026-05 of 'kitchen' is not published"):
        sign_month(project, UNIT, "2026-05", **BY)
    page = project / "reports" / MONTH / UNIT / "index.zh.html"
    page.write_text(text(page).replace("尚未会签", "已会签"), encoding="utf-8")
    with pytest.raises(SalesForecastError, match=r"index.zh.html: changed.*salesfc verify"):
        sign_month(project, UNIT, MONTH, **BY)
    assert read_records(project, what="sign_off").empty


def test_a_process_that_dies_before_its_record_can_sign_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project / "reports" / MONTH / UNIT
    sign_month(project, UNIT, MONTH, **BY)
    for file in (project / "archive").iterdir():  # as if it had never been recorded
        file.unlink()
    assert problems(project) == [
        "sign_off.json: no record says so: sign the month again with `salesfc sign`"
    ]
    signed = sign_month(project, UNIT, MONTH, reviewer="刘慧", remark="重签")
    assert "Signed off by 刘慧" in text(folder / "index.html")
    assert (problems(project), signed.version) == ([], 1)

    def refuse(*_: object, **__: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(signing, "append_record", refuse)
    publish(project, version=2)
    with pytest.raises(OSError, match="no space left"):
        sign_month(project, UNIT, MONTH, **BY)
    assert NONE["index.html"] in text(folder / "index.html")
    assert not (folder / "sign_off.json").exists()


def forge(folder: Path, **more: object) -> None:
    path = folder / "sign_off.json"
    path.write_text(json.dumps(json.loads(text(path)) | more), encoding="utf-8")


def test_a_forged_moved_or_removed_sign_off_is_found(project: Path) -> None:
    sign_month(project, UNIT, MONTH, **BY)
    folder = project / "reports" / MONTH / UNIT
    whole = (folder / "sign_off.json").read_bytes()
    forge(folder, reviewer="老板")
    assert problems(project) == [
        "sign_off.json: no record says so: sign the month again with `salesfc sign`"
    ]
    forge(folder, manifest="0" * 64)
    assert "signs off another manifest" in problems(project)[-1]
    (folder / "sign_off.json").write_text("{", encoding="utf-8")
    assert "cannot be read" in problems(project)[-1]
    assert "not signed off yet" in text(write_index(project / "reports")[0])
    (folder / "sign_off.json").unlink()
    assert f"missing, though {WHO} signed this version off" in problems(project)[-1]
    (folder / "sign_off.json").write_bytes(whole)
    page = folder / "index.html"
    page.write_text(text(page).replace("周敏", "老板"), encoding="utf-8")
    assert problems(project) == ["index.html: changed, against the sha256 in the manifest"]


def test_a_page_of_an_earlier_version_is_signed_without_a_line(project: Path) -> None:
    reports = project / "reports"
    with archive.staging(reports, "2026-07", UNIT) as folder:
        (folder / "index.html").write_text("<p>an older page</p>", encoding="utf-8")
        said = pages.summary(UNIT, "2026-07").to_json()
        del said["languages"]
        manifest.write(folder, {"version": 1, "inputs": [], "summary": said})
        archive.publish(reports, "2026-07", UNIT)
    sign_month(project, UNIT, "2026-07", **BY)
    assert text(reports / "2026-07" / UNIT / "index.html") == "<p>an older page</p>"
    assert problems(project) == []


def call(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--project", str(project)])


def test_the_verb_signs_once(project: Path) -> None:
    asked = ["sign", UNIT, "--month", MONTH, "--reviewer", "周敏", "--remark", "核对过"]
    done = call(project, *asked)
    assert (done.exit_code, done.output) == (0, "Signed off: version 1 of 2026-06, by 周敏.\n")
    again = call(project, *asked)
    assert again.exit_code == 2 and "周敏 recorded 'sign_off'" in again.output
    verified = call(project, "verify")
    assert verified.exit_code == 0, verified.output
    assert call(project, "sign", UNIT, "--month", "June", *asked[4:]).exit_code == 2
