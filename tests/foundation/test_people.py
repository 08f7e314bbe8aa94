"""People of a project: read from one file, found by id or name, and who is at the computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import clock, people

TEXT = """
hanlei: {name: 韩磊, logins: [hanlei, "CORP\\\\hanlei"], next: liuhui, language: zh}
liuhui: {name: 刘慧, logins: [liuhui], notify: [LIUHUI_WECOM]}
"""


def write(project: Path, text: str) -> Path:
    (project / "parameters").mkdir()
    (project / people.FILE).write_text(text, encoding="utf-8")
    return project


def test_people_are_found_by_id_and_by_name(tmp_path: Path) -> None:
    found = people.read_people(write(tmp_path, TEXT))
    assert [people.find_person(found, said) for said in ("hanlei", "刘慧")] == ["hanlei", "liuhui"]
    assert found["liuhui"].notify == ["LIUHUI_WECOM"]
    with pytest.raises(RequestError, match=r"Unknown key '韩雷'.*people.yml.*Did you mean"):
        people.find_person(found, "韩雷")


def test_a_project_without_the_file_has_no_people(tmp_path: Path) -> None:
    assert people.read_people(tmp_path) == {}
    assert people.identify(tmp_path).person is None


def test_the_hubs_user_comes_before_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, TEXT)
    monkeypatch.setattr("getpass.getuser", lambda: "CORP\\hanlei")
    assert people.identify(tmp_path).name == "韩磊"
    monkeypatch.setenv(people.HUB, "liuhui")
    assert people.identify(tmp_path) == people.Identity("liuhui", "liuhui", "刘慧")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hanlei: {name: 韩磊, next: nobody}", r"`hanlei.next`.*is 'nobody'"),
        ("hanlei: {name: 韩磊, next: hanlei}", r"`hanlei.next`.*is 'hanlei'"),
        ("a: {name: 韩磊}\nb: {name: 韩磊}", r"'a' and 'b'.*have the name '韩磊'"),
        ("a: {name: x, logins: [q]}\nb: {name: y, logins: [q]}", r"have the login 'q'"),
        ("韩磊: {name: 韩磊}", r"'韩磊'.*its id has to be"),
        ("a: {name: x, mail: y}", r"'a'.*`mail`"),
        ("a: {name: x, language: fr}", r"'fr'"),
        ("a: 韩磊", r"Person 'a'.*cannot be read"),
    ],
)
def test_what_is_wrong_with_a_person_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SalesForecastError, match=said):
        people.read_people(write(tmp_path, text))


def test_the_clock_can_be_set_and_says_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.VARIABLE, "2026-07-14T09:00+08:00")
    assert clock.now().isoformat() == "2026-07-14T01:00:00+00:00"
    monkeypatch.setenv(clock.VARIABLE, "the 14th")
    with pytest.raises(RequestError, match=r"`SALESFC_NOW` is 'the 14th'"):
        clock.now()
