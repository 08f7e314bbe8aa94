"""A proposal for the terminal: what decides how the numbers are read, with its evidence; what to
expect and what to ask; the source to paste comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from salesfc_lib.foundation import translate_message, wording
from salesfc_lib.inspection.findings.proposal import Line, Proposal

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # steer the terminal
LABEL = 11  # width of the first column
MOST_FREE = 12  # headers shown that nothing is known of
KINDS = {
    "csv": "text",
    "excel": "workbook",
    "parquet": "Parquet",
    "jsonl": "JSON lines",
    "sql": "SQLite",
}


def write_report(found: Proposal, block: Sequence[str]) -> str:
    """What was found, on a screen or two; `block` are the lines of the source's YAML."""
    files, expected = found.files, [one.reason for one in found.issues if one.action != "asked"]
    name = f"{found.sample.path}"
    if len(files) > 1:
        spread = f"{files[0].name} … {files[-1].name}"
        name = f"{files[0].parent}: {len(files)} files, {spread}"
    lines = [
        translate_message(name),
        "",
        *map(_write_line, _list_file(found)),
        "",
        _name("columns"),
        *_write_columns(found),
        "",
        _name("found"),
        *(_write_line(one) for one in found.findings if isinstance(one, Line) and one.text),
        *_write_list("expect", expected),
        *_write_list("ask", found.questions),
        "",
        translate_message("For the unit's parameter file, under parameters/units/:"),
        "",
        "sources:",
        *block,
    ]
    shown = "\n".join(lines).split("\n")
    return "\n".join(CONTROL.sub(lambda sign: f"\\x{ord(sign[0]):02x}", line) for line in shown)


def _write_line(line: Line) -> str:
    text = translate_message(line.text).replace("\n", f"\n{' ' * (LABEL + 3)}")
    label = _name(line.label)
    return f"  {label}{' ' * (LABEL - cell_len(label))} {text}".rstrip()


def _name(label: str) -> str:
    """A label of the report in the current language."""
    return translate_message(f"{label}:").rstrip(":：") if label else ""


def _write_list(title: str, texts: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(map(translate_message, texts)))
    return ["", _name(title), *(f"  - {text}" for text in found)] if found else []


def _list_file(found: Proposal) -> Iterator[Line]:
    """What the file is and where its header stands."""
    sample = found.sample
    yield Line("role", f"{found.role}: {found.assignment.why}")
    settings = []
    for key, value in sample.settings.items():
        why = f" ({sample.why[key]})" if sample.why.get(key) else ""
        settings.append(sample.why[key] if key == "delimiter" else f"{key} {value!r}{why}")
    said = map(translate_message, [KINDS[sample.kind], *settings])
    yield Line("file", wording.semicolons(said))
    seen = "all looked at" if found.is_whole else f"{found.seen:,} looked at"
    if 0 in sample.places and not found.is_whole:
        seen = f"{found.seen:,} looked at, from all over the file"
    rows = f"{sample.total:,}" if sample.counted else f"about {sample.total:,}"
    where = "the columns' own names"
    text = f"{where}; {rows} rows, {seen}"
    if sample.header_row:
        text = f"row {sample.header_row}; {rows} rows below, {seen}"
    yield Line("header", text)
    for place, text in sample.titles[:4]:
        yield Line("", f"above it: row {place}: {text[:90]}")
    beside = [
        f"{' '.join(other.sample.settings.values())} ({other.sample.total:,} rows: "
        f"{', '.join(other.sample.header[:6])}; looks like {other.role})"
        for other in found.beside
    ]
    if beside:
        yield Line("also holds", "; ".join(beside))


def _write_columns(found: Proposal) -> list[str]:
    mapped, names = found.list_mapped(), found.names
    rows = []
    for match in found.assignment.matches:
        notes = [match.describe()]
        notes += [f"rather than {', '.join(match.rivals[:3])}"] if match.rivals else []
        others = ", ".join(match.other_names)
        notes += [f"could be {others} elsewhere"] if others else []
        if match.name not in mapped and found.role != "lookup":
            notes.append("recognised, not mapped")
        said = translate_message("; ".join(notes))
        rows.append((match.name, f"{match.header}  ({said})"))
    rows += [(name, translate_message("not recognised")) for name in found.missing]
    free = [one for header, one in found.columns.items() if header not in names.values()]
    rows += [
        ("-", f"{column.header}: {translate_message(column.describe())}")
        for column in free[:MOST_FREE]
    ]
    if len(free) > MOST_FREE:
        text = f"and {len(free) - MOST_FREE} more headers that nothing is known of"
        rows.append(("-", translate_message(text)))
    known = [f"'{name}'" for name in names.values()]
    refused = found.assignment.refused
    rows += [
        ("!", translate_message(text))
        for text in refused
        if not any(name in text for name in known)
    ]
    width = max((len(name) for name in names), default=8)
    return [f"  {name:<{width}}  {text}" for name, text in rows]
