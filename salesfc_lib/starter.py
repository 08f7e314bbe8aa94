"""A unit's parameter file to start from, out of an export's headers.

An export enters; the text of `parameters/units/<unit>.yml` leaves, with what was recognised filled in and what a person
has to complete in comments. The decision made here: a header is mapped only where it is a known name of the thing in
English or Chinese; everything else is listed, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.peek import Peek, peek
from salesfc_lib.schema import check_unit

# this project's names and the headers that mean them, in the order in which they are preferred
ALIASES: dict[str, tuple[str, ...]] = {
    "date": (
        "order date",
        "单据日期",
        "订单日期",
        "下单日期",
        "销售日期",
        "开票日期",
        "日期",
        "invoice date",
        "posting date",
        "sale date",
        "date",
    ),
    "order_id": ("order id", "单据编号", "单据号", "订单编号", "订单号", "order no", "order number", "invoice no", "document no"),
    "customer": ("customer name", "客户名称", "客户", "customer", "客户编码", "customer id", "account", "购货单位"),
    "product": (
        "product id",
        "物料编码",
        "产品编码",
        "商品编码",
        "sku",
        "product name",
        "物料名称",
        "产品名称",
        "商品名称",
        "产品",
        "商品",
        "product",
        "item",
    ),
    "quantity": ("quantity", "数量", "销售数量", "实发数量", "qty", "units", "pieces"),
    "amount": (
        "sales",
        "amount",
        "金额",
        "销售额",
        "销售金额",
        "价税合计",
        "含税金额",
        "不含税金额",
        "net amount",
        "revenue",
        "turnover",
    ),
    "salesperson": ("业务员", "销售员", "salesperson", "sales rep", "representative"),
    "kind": ("单据类型", "业务类型", "document type", "transaction type"),
    "discount": ("折扣额", "折扣金额", "discount amount"),
}
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "product_line": ("category", "产品线", "产品大类", "品类", "product line", "product category", "大类"),
    "customer_type": ("segment", "客户类型", "客户类别", "customer type", "customer segment", "客户分类"),
    "region": ("region", "区域", "大区", "地区", "sales region", "销售区域"),
    "channel": ("channel", "渠道", "销售渠道", "sales channel"),
    "product_group": ("sub category", "小类", "产品小类", "subcategory"),
}
NEEDED = ("date", "quantity", "amount")
WITH_TAX = ("价税合计", "含税")
MOST_MEMBERS = 40  # a column with more different values than this is no dimension to forecast along
MOST_LEVELS = 2  # dimensions that the proposed bottom level crosses; more make thin series


@dataclass(frozen=True)
class Proposal:
    """What was recognised in an export: our names to its headers, and further columns with few members."""

    columns: Mapping[str, str]
    dimensions: Sequence[str]
    others: Mapping[str, int]  # header: number of different values seen
    missing: Sequence[str]


def write_unit_file(export: Path, project: Path, unit: str | None = None, *, title: str = "") -> tuple[Path, Proposal]:
    """The parameter file written for `export`, and what was recognised in it.

    Raises `RequestError` where the file exists or the id is wrong, `SalesForecastError` where the export cannot be read.
    """
    unit = check_unit(unit or propose_unit(export))
    target = project / "parameters" / "units" / f"{unit}.yml"
    if target.exists():
        raise RequestError.say(f"'{target}' exists", "A new unit", "Name another with --unit, or remove the file first")
    if not export.is_file():
        raise RequestError(str(SalesForecastError.unreadable_file(export, "there is no such file", "Correct the path")))
    found = peek(export)
    proposal = propose(found)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_write_text(found, proposal, path=_path_in(export, project), title=title or unit), encoding="utf-8")
    return target, proposal


def propose_unit(export: Path) -> str:
    """An id out of a file's name.

    >>> propose_unit(Path("Sample - Superstore.xls"))
    'sample-superstore'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", export.stem.lower()).strip("-")[:32].rstrip("-")
    return slug or "unit"


def propose(found: Peek) -> Proposal:
    """What the headers and the members of the first rows say about an export."""
    columns = _recognise(found.headers, ALIASES)
    dimensions = _recognise([header for header in found.headers if header not in columns.values()], DIMENSIONS)
    known = {*columns.values(), *dimensions.values()}
    others = {header: found.members(header) for header in found.headers if header not in known}
    few = {header: count for header, count in others.items() if 1 < count <= MOST_MEMBERS}
    return Proposal({**columns, **dimensions}, list(dimensions), few, [name for name in NEEDED if name not in columns])


def _recognise(headers: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    by_name = {_plain(header): header for header in reversed(headers)}
    chosen: dict[str, str] = {}
    for name, known in aliases.items():
        header = next((by_name[_plain(alias)] for alias in known if _plain(alias) in by_name), None)
        if header is not None and header not in chosen.values():
            chosen[name] = header
    return chosen


def _plain(header: str) -> str:
    """A header without case, spaces, punctuation and what stands in brackets, e.g. the unit."""
    return re.sub(r"[\W_]+", "", re.sub(r"[((].*?[))]", "", header)).casefold()


def _path_in(export: Path, project: Path) -> str:
    inside = export.resolve().is_relative_to(project.resolve())
    return export.resolve().relative_to(project.resolve()).as_posix() if inside else f"data/{export.name}"


def _write_text(found: Peek, proposal: Proposal, *, path: str, title: str) -> str:
    return "\n".join(
        [
            f"# Unit '{_list([title])}', started from '{_list([Path(path).name])}' by `salesfc init`. Every key and its default:",
            "# parameters/defaults.yml; every key of a source: salesfc_lib/parameters.py. Lines with # are to complete.",
            "unit:",
            f"  title: {_quote(title)}",
            '  # owner: "who answers for this forecast"',
            "",
            *_write_source(found, proposal, path),
            "",
            "# measure: {value: amount, returns: month_of_return}   # what sales means here",
            *_write_dimensions(proposal),
            "",
            "# key_accounts: {column: customer, members: []}   # customers to forecast on their own",
            '# calendar: {closed_through: "YYYY-MM"}   # last complete month; without it, the month before the latest row\'s',
            "",
        ]
    )


def _write_source(found: Peek, proposal: Proposal, path: str) -> list[str]:
    settings = {"kind": found.kind, "path": path, **found.settings}
    with_tax = any(mark in proposal.columns.get("amount", "") for mark in WITH_TAX)
    return [
        "sources:",
        "  orders:",
        *(f"    {key}: {_quote(value)}" for key, value in settings.items()),
        f"    columns:{'' if proposal.columns else ' {}'}   # this project's name: the export's header",
        *(f"      {name}: {_quote(header)}" for name, header in proposal.columns.items()),
        *(f"      # {name}: not recognised; headers: {_list(found.headers)}" for name in proposal.missing),
        *(
            ["    # tax: included", '    # tax_rate: "0.13"   # the header says that the amounts hold tax: at which rate?']
            if with_tax
            else []
        ),
        f"    # where: {{{_quote(_unit_header(proposal, found))}: VALUE}}   # where an export holds several units: this unit's rows",
        "    # key: [order_id, product]   # columns that identify a row; rows that repeat them are duplicates",
    ]


def _unit_header(proposal: Proposal, found: Peek) -> str:
    """Header that may tell units apart: the region's, else the first dimension's, else the export's first."""
    return next((proposal.columns[name] for name in ("region", *proposal.dimensions) if name in proposal.columns), found.headers[0])


def _write_dimensions(proposal: Proposal) -> list[str]:
    used = list(proposal.dimensions)[:MOST_LEVELS]
    more = [f"#   {_list([header])}: {count} members" for header, count in proposal.others.items()]
    levels = ["levels:", "  total: []", *(f"  {name}: [{name}]" for name in used)]
    if len(used) > 1:
        levels.append(f"  {'_'.join(used)}: [{', '.join(used)}]   # the bottom crosses them all")
    return [
        f"dimensions: [{', '.join(proposal.dimensions)}]",
        *(
            ["# further columns with few members: add one under `columns` by a name of yours, and that name here", *more]
            if more
            else []
        ),
        *levels,
    ]


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(headers: Sequence[str]) -> str:
    return ", ".join(" ".join(header.split()) for header in headers)
