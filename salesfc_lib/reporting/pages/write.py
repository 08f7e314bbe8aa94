"""The pages of a run: which page stands where and what it links to.

Executed notebooks and the facts of a run enter; HTML files in the month's folder leave. The decision made here: links
are relative, so that a reports folder can be moved, zipped or served from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import manifest
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.summary import Download, Summary, read_summaries
from salesfc_lib.reporting.narrative.key_page import KeyPage
from salesfc_lib.reporting.pages.key_series import write_key_page
from salesfc_lib.reporting.pages.notebook import render_notebook
from salesfc_lib.reporting.pages.unit import write_unit_page

STEP_TITLES = {
    "01_cleaning": "Cleaning",
    "02_modeling": "Modeling",
    "03_reconciliation": "Reconciliation",
    "04_retrospective": "Retrospective",
}


def write_pages(
    folder: Path,
    documents: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    keys: Sequence[KeyPage] = (),
) -> None:
    """Write the page of each executed notebook, of each key series and the unit's own into its month's folder, staged at `folder`."""
    crumbs = [
        ("Sales forecast", "../../index.html"),
        (wording.month_name(facts["month"]), "../index.html"),
        (facts["title"], "index.html"),
    ]
    for key in keys:
        write_key_page(folder, key, crumbs)
    for name, node in documents.items():
        _write_notebook(folder / f"{name}.html", node, facts, crumbs)
    summary = Summary.from_json(
        {**facts["summary"], "files": len(manifest.list_outputs(folder)) + 1}
    )
    summary = replace(summary, downloads=list_downloads(folder))
    write_unit_page(folder, summary, earlier=_read_earlier(folder.parents[1], summary))


def write_failed_page(reports: Path, step: str, node: Any, facts: Mapping[str, Any]) -> str:
    """Path, under `reports`, of the page of a notebook that failed."""
    path = archive.failed_folder(reports, facts["month"], facts["unit"]) / f"{step}.html"
    crumbs = [
        ("Sales forecast", "../../../index.html"),
        (wording.month_name(facts["month"]), ""),
        (facts["title"] or facts["unit"], ""),
    ]
    _write_notebook(path, node, facts, crumbs)
    return path.relative_to(reports).as_posix()


def list_downloads(folder: Path) -> tuple[Download, ...]:
    """What people take from a unit's month: the forecast, the notebooks, the tables, the manifest."""
    table_files = sorted((folder / "tables").glob("*.parquet"))
    forecast = manifest.describe_file(folder / "forecast.csv", folder)
    notebooks = [manifest.describe_file(path, folder) for path in sorted(folder.glob("*.ipynb"))]
    back = [manifest.describe_file(path, folder) for path in folder.glob("quarantine.csv")]
    return (
        Download(
            "forecast.csv",
            "everyone",
            "final forecast of every series, 80 % and 95 % intervals",
            forecast["bytes"],
            forecast["sha256"],
        ),
        *(
            Download(
                entry["path"],
                "source owners",
                "rows that could not be used, to send back",
                entry["bytes"],
                entry["sha256"],
            )
            for entry in back
        ),
        *(
            Download(
                entry["path"], "reviewers", "executed notebook", entry["bytes"], entry["sha256"]
            )
            for entry in notebooks
        ),
        Download(
            "tables/",
            "analysts",
            f"{len(table_files)} Parquet tables: panel, forecasts, scores, ledger, changes",
            sum(path.stat().st_size for path in table_files),
        ),
        Download(manifest.NAME, "reviewers", "inputs, parameters, code, environment, outputs", 0),
    )


def describe_record(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lines of the record box: what the month was made from and with."""
    code, environment, inputs = facts["code"], facts["environment"], facts["inputs"]
    commit = f"{(code['commit'] or 'no commit')[:10]}{', changed since' if code['dirty'] else ''}"
    changed = sum(entry["layer"] != "defaults" for entry in facts["parameters"].values())
    return [
        (
            "Inputs",
            f"{wording.plural(len(inputs), 'file')}, {wording.size(sum(int(entry['bytes']) for entry in inputs))}",
        ),
        (
            "Parameters",
            f"{wording.plural(len(facts['parameters']), 'key')}, {changed} of them set by the unit, the month or the command line",
        ),
        ("Code", f"version {code['version']}, {commit}; fingerprint {code['sha256'][:8]}"),
        (
            "Environment",
            f"Python {environment['python']}; lock {(environment['lock_sha256'] or 'none')[:8]}",
        ),
    ]


def _write_notebook(
    path: Path, node: Any, facts: Mapping[str, Any], crumbs: list[tuple[str, str]]
) -> None:
    step = STEP_TITLES.get(path.stem, path.stem)
    context = {
        "title": f"{step} · {facts['title']} · {wording.month_name(facts['month'])}",
        "breadcrumb": [*crumbs, (step, "")],
    }
    path.write_text(render_notebook(node, context=context), encoding="utf-8")


def _read_earlier(reports: Path, summary: Summary) -> list[Summary]:
    return [
        other
        for other in read_summaries(reports)
        if other.unit == summary.unit and other.month < summary.month
    ]
