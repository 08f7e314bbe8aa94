"""Claims about encodings: bytes prove them, `init` and a run agree, and open ones are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection import write_unit_file
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.sampling.feeds import sample_file
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.text.charset import guess_encoding

HEADER = ["date", "amount", "customer"]
COLUMNS = {"date": "date", "amount": "amount", "customer": "customer"}

TEXTS = {  # customers by the encoding of their file
    "cp1252": [
        ["Müller GmbH"],
        ["Café Olé"],
        ["Crème & Cie", "Société Générale", "Genève"],
        ["Señor Muñoz", "Peña"],
        ["PROMOÇÃO", "AÇÃO", "INFORMAÇÕES"],
        ["Ångström AB", "Ærø", "Øst"],
        ["MÜLLER", "GRÖSSE"],
        ["d’Été", "L’Oréal"],
        ["Niccolò", "Cantù"],
        ["price in €"],
        ["20 °C", "5 m²"],
        ["Käufer", "Größe", "Süßwaren"],
    ],
    "cp1250": [
        ["Plzeň", "Dvořák", "Nováček", "Jiří"],
        ["Łódź", "Kraków", "Wrocław", "Gdańsk"],
        ["Erdős", "Győr", "Szűcs"],
    ],
    "cp1254": [["Müşteri", "Şahin", "İstanbul", "Yeşildağ"]],
    "cp1251": [["Москва", "Санкт-Петербург"]],
    "cp1253": [["Αθήνα", "Θεσσαλονίκη", "Πάτρα"]],
    "gb18030": [
        ["厨具"],
        ["箱"],
        ["华东", "北京"],
        ["A类", "T恤", "VIP客户"],
        ["婷婷", "鑫源商贸", "上海淼淼贸易有限公司"],
        ["杭州商贸", "销售明细表"],
    ],
    "big5": [["臺北市信義區統一超商股份有限公司"]],
    "euc_kr": [["서울특별시 강남구", "삼성전자 주식회사", "고객 이름 수량"]],
    "cp932": [["東京都渋谷区株式会社", "カメラ"]],
}
CASES = [(encoding, names) for encoding, cases in TEXTS.items() for names in cases]


def write(path: Path, names: list[str], encoding: str) -> Path:
    lines = [
        ",".join(HEADER),
        *[f"2024-01-{day:02},{day},{name}" for day, name in enumerate(names, start=1)],
    ]
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return path


def read(folder: Path, path: str = "*.csv", **more: Any) -> Extract:
    return read_source("orders", Source(kind="csv", path=path, columns=COLUMNS, **more), folder)


def customers(extract: Extract) -> list[str]:
    return extract.rows.column("customer").to_pylist()


@pytest.mark.parametrize(("encoding", "names"), CASES)
def test_a_run_and_inspect_tell_the_same_encoding_from_the_bytes(
    tmp_path: Path, encoding: str, names: list[str]
) -> None:
    path = write(tmp_path / "a.csv", names, encoding)
    extract = read(tmp_path)
    assert (extract.files[0]["encoding"], customers(extract)) == (encoding, names)
    assert sample_file(path, read_aliases(tmp_path)).settings["encoding"] == encoding


@pytest.mark.parametrize(("encoding", "names"), CASES)
def test_each_file_of_a_folder_has_its_own_encoding(
    tmp_path: Path, encoding: str, names: list[str]
) -> None:
    write(tmp_path / "2024.csv", names, encoding)
    write(tmp_path / "2025.csv", ["Müller GmbH"], "utf-8")
    extract = read(tmp_path)
    assert [file["encoding"] for file in extract.files] == [encoding, "utf-8"]
    assert customers(extract) == [*names, "Müller GmbH"]


def test_a_unit_that_init_wrote_reads_a_folder_of_two_encodings_without_a_corrupted_name(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "2024.csv", ["Müller GmbH", "Weiß KG"], "cp1252")
    write(folder / "2025.csv", ["Müller GmbH", "Weiß KG"], "utf-8")
    write_unit_file([folder], tmp_path, "north")
    source = resolve(tmp_path, "north").parameters.sources["orders"]
    extract = read_source("orders", source, tmp_path)
    assert [file["encoding"] for file in extract.files] == ["cp1252", "utf-8"]
    assert set(extract.rows.column(source.columns["customer"]).to_pylist()) == {
        "Müller GmbH",
        "Weiß KG",
    }
    assert extract.rejected.empty


def test_what_cannot_be_told_stops_with_the_file_the_candidates_and_the_key(tmp_path: Path) -> None:
    path = write(tmp_path / "2024.csv", ["Yıldız", "Barış"], "cp1254")
    said = (
        r"2024\.csv' cannot be read.*cp1252: 'Yýldýz', cp1254: 'Yıldız'"
        r".*`encoding`.*`encodings: "
    )
    with pytest.raises(SalesForecastError, match=said):
        read(tmp_path)
    with pytest.raises(SalesForecastError, match="cp1252: 'Yýldýz', cp1254: 'Yıldız'.*`encoding`"):
        sample_file(path, read_aliases(tmp_path))


def test_an_encoding_can_be_declared_for_one_file_of_several(tmp_path: Path) -> None:
    write(tmp_path / "2024.csv", ["Yıldız"], "cp1254")
    write(tmp_path / "2025.csv", ["Şahin"], "utf-8")
    write(tmp_path / "2026.csv", ["Gößling"], "cp1252")
    extract = read(tmp_path, encodings={"2024.csv": "cp1254"})
    assert customers(extract) == ["Yıldız", "Şahin", "Gößling"]
    assert customers(read(tmp_path, encodings={"202[45].csv": "cp1254"})) == [
        "Yıldız",
        "Şahin",
        "Gößling",
    ]
    with pytest.raises(
        SalesForecastError,
        match=r"encodings` names '2023.csv', which no file of the source is.*2024.csv",
    ):
        read(tmp_path, encodings={"2023.csv": "cp1254"})


def test_the_names_of_the_header_go_before_the_letters(tmp_path: Path) -> None:
    columns = {"date": "Plzeò", "amount": "amount"}
    (tmp_path / "a.csv").write_bytes("Plzeò,amount\n2024-01-01,1\n".encode("cp1252"))
    assert (
        read_source("orders", Source(kind="csv", path="a.csv", columns=columns), tmp_path).files[0][
            "encoding"
        ]
        == "cp1252"
    )
    columns["date"] = "Plzeň"
    assert (
        read_source("orders", Source(kind="csv", path="a.csv", columns=columns), tmp_path).files[0][
            "encoding"
        ]
        == "cp1250"
    )


def test_a_line_of_western_letters_set_aside_is_not_shown_as_chinese(tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02},{day},Kännchen".encode() for day in range(1, 20)]
    (tmp_path / "a.csv").write_bytes(
        b"\n".join([b"date,amount,customer", *lines, "2024-02-01,1,Müller".encode("cp1252")])
    )
    rejected = read(tmp_path).rejected
    assert rejected["content"].tolist() == ['"2024-02-01,1,Müller"']
    assert "would decode as cp1252" in rejected["reason"][0]


def test_lines_that_are_utf8_or_ascii_say_nothing() -> None:
    assert guess_encoding([b"plain", "Müller".encode()]).encoding is None
    assert (
        guess_encoding([b"plain", "中国".encode(), "Größe".encode("cp1252")]).encoding == "cp1252"
    )
