"""The pages of a run: which page stands where and what it links to.

Links are relative, so that a reports folder can be moved, zipped or served from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import manifest
from salesfc_lib.foundation import language, wording
from salesfc_lib.reporting.facts.month import PAGES
from salesfc_lib.reporting.facts.published import read_summaries
from salesfc_lib.reporting.facts.summary import Download, Summary
from salesfc_lib.reporting.markup import slug
from salesfc_lib.reporting.narrative.key_page import KeyPage
from salesfc_lib.reporting.pages.page import WRITER, Crumbs, in_language, page, switches, write
from salesfc_lib.reporting.pages.unit import write_unit_page

STEPS = {page: step for step, page in PAGES.items()}
FILES = {  # of the month's folder: for whom each is, and the end of the key of what it holds;
    # of a CSV file the one in the page's language
    "forecast.csv": ("everyone", "csv"),
    "forecast.xlsx": ("everyone", "workbook"),
    "orders.csv": ("purchasing", "orders"),
    "quarantine.csv": ("owners", "quarantine"),
    "*.ipynb": ("reviewers", "notebook"),
}


def write_pages(
    folder: Path,
    documents: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    keys: Mapping[str, Sequence[KeyPage]],
) -> None:
    """Write the page of each executed notebook, of each key series and the unit's own.

    `folder` is where the month is staged; `keys` are the pages of key series by language, whose
    order is that of the summary's languages.
    """
    spoken = tuple(keys)
    for each in spoken:
        with language.speaking(each):
            crumbs = [
                (WRITER.text("brand"), in_language("../../index.html", spoken)),
                (wording.month_name(facts["month"]), in_language("../index.html", spoken)),
                (facts["title"], in_language("index.html", spoken)),
            ]
            for key in keys[each]:
                write_key_page(folder, key, crumbs, spoken)
            for name, node in documents.items():
                _write_notebook(folder / f"{name}.html", node, facts, crumbs, spoken)
    files = len(manifest.list_outputs(folder)) + len(spoken)
    for each in spoken:
        with language.speaking(each):
            summary = Summary.read(facts, files=files)
            summary = replace(summary, downloads=list_downloads(folder))
            others = [s for s in read_summaries(folder.parents[1]) if s.unit == summary.unit]
            earlier = [other for other in others if other.month < summary.month]
            write_unit_page(folder, summary, earlier=earlier)


def write_key_page(
    folder: Path, key: KeyPage, breadcrumb: Crumbs, spoken: Sequence[str] = (language.SOURCE,)
) -> Path:
    """Path of the page of a key account or key product, under `key/` in the unit's month.

    `breadcrumb` leads to the unit's month, as seen from its `folder`. The page's name is what its
    series was given (`key_series`), never anything of its label.
    """
    crumbs = [(text, f"../{href}") for text, href in breadcrumb]
    sections = [
        {"id": slug(question), "title": question, "contents": question, "blocks": list(blocks)}
        for question, blocks in key.sections
    ]
    title = " · ".join([key.label, *(text for text, _ in reversed(crumbs[1:]))])
    twins = list(switches(key.file, spoken))
    frame = page(title, [*crumbs, (key.label, "")], twins=twins, description=key.answer.title)
    path = folder / "key" / in_language(key.file, spoken)
    return write(path, "key.html.j2", page=frame, answer=key.answer, sections=sections)


def write_failed_page(reports: Path, step: str, node: Any, facts: Mapping[str, Any]) -> str:
    """Path, under `reports`, of the page of a notebook that failed."""
    path = archive.failed_folder(reports, facts["month"], facts["unit"]) / f"{step}.html"
    spoken = facts.get("languages", (language.SOURCE,))
    for each in spoken:
        with language.speaking(each):
            crumbs = [
                (WRITER.text("brand"), in_language("../../../index.html", spoken)),
                (wording.month_name(facts["month"]), ""),
                (facts["title"] or facts["unit"], ""),
            ]
            _write_notebook(path, node, facts, crumbs, spoken)
    return path.relative_to(reports).as_posix()


def list_downloads(folder: Path) -> tuple[Download, ...]:
    """What people take from a unit's month: forecast, quarantine, notebooks, tables, manifest."""
    sizes = [path.stat().st_size for path in (folder / "tables").glob("*.parquet")]
    files = []
    for name, (audience, kind) in FILES.items():
        pattern = language.name_file(name) if name.endswith(".csv") else name
        for path in sorted(folder.glob(pattern)):
            entry = manifest.describe_file(path, folder)
            size, sha256 = entry["bytes"], entry["sha256"]
            files.append(_download(entry["path"], audience, kind, size, sha256))
    return (
        *files,
        _download("tables/", "analysts", "tables", sum(sizes), n=len(sizes)),
        _download(manifest.NAME, "reviewers", "manifest", 0),
    )


def _download(
    path: str, audience: str, kind: str, size: int, sha256: str = "", **facts: Any
) -> Download:
    """A file with the words of its audience and of what it holds."""
    whom, holds = WRITER.name("audience", audience), WRITER.text(f"unit.file.{kind}", **facts)
    return Download(path, whom, holds, size, sha256)


def describe_record(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lines of the record box: what the month was made from and with."""
    code, environment, inputs = facts["code"], facts["environment"], facts["inputs"]
    key, text, lock = "unit.record.made", WRITER.text, environment["lock_sha256"]
    commit = code["commit"][:10] if code["commit"] else text(f"{key}.uncommitted")
    return WRITER.record(
        key,
        files=len(inputs),
        size=sum(int(entry["bytes"]) for entry in inputs),
        keys=len(facts["parameters"]),
        changed=sum(entry["layer"] != "defaults" for entry in facts["parameters"].values()),
        version=code["version"],
        commit=text(f"{key}.dirty", commit=commit) if code["dirty"] else commit,
        sha256=code["sha256"],
        python=environment["python"],
        lock=lock[:8] if lock else text("none"),
    )


def _write_notebook(
    path: Path, node: Any, facts: Mapping[str, Any], crumbs: Crumbs, spoken: Sequence[str]
) -> None:
    from salesfc_lib.reporting.pages.notebook import render_notebook  # nbformat: where it is used

    step = WRITER.name("step", STEPS[path.name]) if path.name in STEPS else path.stem
    title = f"{step} · {facts['title']} · {wording.month_name(facts['month'])}"
    twins = list(switches(path.name, spoken))
    html = render_notebook(node, title=title, breadcrumb=[*crumbs, (step, "")], twins=twins)
    path.with_name(in_language(path.name, spoken)).write_text(html, encoding="utf-8")
