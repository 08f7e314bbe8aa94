"""Execution of one notebook by papermill, with this project's own engine.

A notebook file and its parameters enter; the executed document leaves. Whether it succeeded is
what the runner saw (a cell that raised, a kernel that died), not the notebook's metadata.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets import default

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import hide_secrets, language, scratch_folder
from salesfc_lib.reporting import FAILED_TAG
from salesfc_lib.running.workers import ONE_THREAD

SAVE_SECONDS = 5.0  # between saves of a draft: at every cell they take ten times the cell's time
LOADED_SECONDS = 120  # for a cold kernel, or what a cell left to say, on a loaded machine
SOCKET_BYTES = 90  # a unix socket's path may have 107 bytes; kernels add up to 12 to the folder's
OWN_ERRORS = ("SalesForecastError", "RequestError")  # their text is already a sentence


class NotebookFailed(SalesForecastError):
    """A notebook stopped; `node` is the document up to there, marked at the failing cell."""

    def __init__(self, message: str, node: NotebookNode) -> None:
        super().__init__(message)
        self.node = node


def run_notebook(
    source: Path,
    values: Mapping[str, Any],
    *,
    draft: Path | None = None,
    begin_cell: Callable[[int, int], None] = lambda cell, cells: None,
) -> NotebookNode:
    """The executed document of `source`, with `values` (JSON types) injected exactly.

    draft: where the document can be watched meanwhile, saved every few seconds at most;
    begin_cell(cell, cells): called before each cell, with its number from 1. The kernel is this
    interpreter, with one thread, in the notebook's own folder.

    Raises `NotebookFailed` where a cell raised or the kernel died.
    """
    node = _inject(load_notebook_node(str(source)), values)
    keeper = _Keeper(node, draft, begin_cell)
    keeper.notebook_start()
    error: Exception | None = None
    try:
        with scratch_folder("sf-", _socket_base()) as sockets:
            client = PapermillNotebookClient(
                keeper,
                kernel_manager_class=_ThisInterpreter,
                kernel_name="python3",
                shutdown_kernel="immediate",
                startup_timeout=LOADED_SECONDS,
                iopub_timeout=LOADED_SECONDS,
                timeout=None,
                resources={"metadata": {"path": str(source.parent)}},
            )
            client.km = client.create_kernel_manager()
            client.km.connection_file, client.km.ip = f"{sockets}/k.json", f"{sockets}/k"
            client.execute(env={**os.environ, **ONE_THREAD}, cleanup_kc=True)
    except (DeadKernelError, CellTimeoutError, RuntimeError) as raised:  # the last: no kernel
        error = raised
    keeper.notebook_complete()
    _hide_secrets(node)
    _raise_for_failure(node, source.stem, error)
    return node


def save_notebook(node: NotebookNode, path: Path) -> Path:
    """Path of the saved document, written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(nbformat.writes(node) + "\n", encoding="utf-8")
    return beside.replace(path)


class _Keeper(NotebookExecutionManager):
    """Papermill's bookkeeping of cell times, with saves that are rare and whole."""

    def __init__(
        self, node: NotebookNode, draft: Path | None, begin_cell: Callable[[int, int], None]
    ) -> None:
        super().__init__(node, output_path=None, progress_bar=False)
        self._draft, self._begin_cell = draft, begin_cell
        self._saved = time.monotonic()

    def cell_start(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> None:
        super().cell_start(cell, cell_index, **kwargs)
        self._begin_cell(cell_index + 1, len(self.nb.cells))

    def save(self, **kwargs: Any) -> None:
        if self._draft is not None and time.monotonic() - self._saved >= SAVE_SECONDS:
            _hide_secrets(self.nb)
            save_notebook(self.nb, self._draft)
            self._saved = time.monotonic()

    def autosave_cell(self) -> None:
        self.save()


class _ThisInterpreter(AsyncKernelManager):
    """A kernel of this interpreter over unix sockets: no race for ports, no user's kernelspec."""

    @default("transport")
    def _transport(self) -> str:
        return "ipc"

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def _inject(node: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """The document with papermill's cell of injected parameters, formatted for people."""
    from rich.pretty import pretty_repr

    json.dumps(values, allow_nan=False)  # raises where a value is not of a JSON type
    node = parameterize_notebook(node, dict(values), kernel_name="python3", language="python")
    texts = {
        name: pretty_repr(value, max_width=100, indent_size=1) for name, value in values.items()
    }
    lines = [f"{name} = {text}" for name, text in texts.items()]
    for cell in node.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = "\n".join(("# Parameters of this run", *lines))
        cell.source = _translate(cell)
    return node


def _translate(cell: NotebookNode) -> str:
    """Prose, and the first comment of code, in the current language."""
    if cell.cell_type == "markdown":
        return language.translate(cell.source.strip())
    first, _, rest = cell.source.partition("\n")
    if not first.startswith("# "):
        return str(cell.source)
    return f"# {language.translate(first[2:])}" + (f"\n{rest}" if rest else "")


def _socket_base() -> str | None:
    """Folder for sockets: the one for temporary files, unless its path is too long."""
    base = tempfile.gettempdir()
    is_short = len(os.fsencode(base)) < SOCKET_BYTES - 12
    return base if is_short or not Path("/tmp").is_dir() else "/tmp"


def _hide_secrets(node: NotebookNode) -> None:
    """Take passwords of databases out of what cells printed, showed and raised."""
    outputs = [each for cell in node.cells for each in cell.get("outputs", [])]
    for output in outputs:
        for name in ("text", "evalue"):
            if name in output:
                output[name] = hide_secrets(output[name])
        for name, shown in output.get("data", {}).items():
            if isinstance(shown, str) and shown != (hidden := hide_secrets(shown)):
                is_marked = name in ("text/html", "image/svg+xml")
                output["data"][name] = _hide_between_tags(shown) if is_marked else hidden
        if "traceback" in output:
            output.traceback = [hide_secrets(line) for line in output.traceback]


def _hide_between_tags(markup: str) -> str:
    """Markup whose texts and tags are looked through one by one, so that no tag is hidden."""
    return re.sub(r"[^<>]+", lambda text: hide_secrets(text[0]), markup)


def _raise_for_failure(node: NotebookNode, name: str, error: Exception | None) -> None:
    for index, cell in enumerate(node.cells):
        errors = [each for each in cell.get("outputs", []) if each.output_type == "error"]
        for raised in errors[:1]:
            own = raised.ename in OWN_ERRORS
            message = raised.evalue if own else f"{raised.ename}: {raised.evalue}"
            _mark_failure(node, index, message)
            place = f"(Notebook {name}, cell [{cell.get('execution_count') or index}])"
            raise NotebookFailed(f"{message} {place}", node)
    if error is not None:
        begun = [bool(cell.metadata.get("papermill", {}).get("start_time")) for cell in node.cells]
        stopped = max((index for index, started in enumerate(begun) if started), default=0)
        said = " ".join(hide_secrets(str(error)).split()) or type(error).__name__
        message = f"The kernel died: {said}"
        _mark_failure(node, stopped, message)
        raise NotebookFailed(
            f"{message} (Notebook {name}, cell at place {stopped}) It may have been out of memory, "
            "or ended from outside. Run the month again, and with fewer units side by side where "
            "memory is short.",
            node,
        )


def _mark_failure(node: NotebookNode, index: int, message: str) -> None:
    """Mark the failing cell, those after it as pending, and put the message before it."""
    for cell in node.cells[index:]:
        status = {"status": "pending", "exception": None}
        cell.metadata["papermill"] = {**cell.metadata.get("papermill", {}), **status}
    node.cells[index].metadata["papermill"] |= {"status": "failed", "exception": True}
    text = f"**The run stopped at the next cell.** {message}"
    node.cells.insert(index, nbformat.v4.new_markdown_cell(text, metadata={"tags": [FAILED_TAG]}))
    node.metadata["salesfc_failed"] = message
