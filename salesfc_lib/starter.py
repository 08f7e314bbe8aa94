"""A unit's parameter file to start from, out of an export's headers.

An export enters; the text of `parameters/units/<unit>.yml` leaves, with what was recognised filled in and what a person
has to complete in comments. The decision made here: a header is mapped only where it is a known name of the thing in
English or Chinese; everything else is listed, never guessed. What the rows show (values of `kind`, the sign of returns,
subtotals, merged cells, whether a line is distinct in its order) is proposed for a person to check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.peek import Peek, peek
from salesfc_lib.schema import check_unit

GROSS = ("list amount", "gross amount", "gross sales", "折前金额", "标价金额")  # amounts before discounts
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
    "line": ("行号", "line", "line no", "line number", "row id"),
    "customer": ("customer name", "客户名称", "客户", "customer", "客户编码", "customer id", "account", "购货单位"),
    "product": (
        "product id",
        "物料编码",
        "产品编码",
        "商品编码",
        "货号",
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
        *GROSS,
    ),
    "salesperson": ("业务员", "销售员", "salesperson", "sales rep", "representative"),
    "kind": ("单据类型", "业务类型", "document type", "transaction type"),
    "discount": ("折扣额", "折扣金额", "discount amount", "discount", "折扣"),
}
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "product_line": ("category", "产品线", "产品大类", "品类", "product line", "product category", "大类"),
    "customer_type": ("segment", "客户类型", "客户类别", "customer type", "customer segment", "客户分类"),
    "region": ("region", "区域", "大区", "地区", "sales region", "销售区域"),
    "channel": ("channel", "渠道", "销售渠道", "sales channel"),
    "product_group": ("sub category", "小类", "产品小类", "subcategory"),
}
KINDS: dict[str, tuple[str, ...]] = {
    "sale": ("sale", "sales", "order", "sales order", "invoice", "销售", "销售订单", "销售出库", "正常"),
    "return": ("return", "returns", "sales return", "refund", "credit note", "credit memo", "退货", "销售退货", "退款"),
    "adjustment": ("adjustment", "调整"),
}
NEEDED = ("date", "quantity", "amount")
WITH_TAX, WITHOUT_TAX = ("价税合计", "含税"), "不含税"
MOST_LISTED = 12  # values named in a comment
MOST_MEMBERS = 40  # a column with more different values than this is no dimension to forecast along
MOST_LEVELS = 2  # dimensions that the proposed bottom level crosses; more make thin series


@dataclass(frozen=True)
class Proposal:
    """What was recognised in an export: our names to its headers, further columns with few members, what its rows show."""

    columns: Mapping[str, str]
    dimensions: Sequence[str]  # those that are forecast along
    others: Mapping[str, int]  # header: number of different values seen
    missing: Sequence[str]
    kinds: Mapping[str, str]  # value of `kind` seen: sale, return, adjustment, or '' where it is not known
    returns_are_positive: bool
    subtotals: Sequence[str]
    fill_down: Sequence[str]


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
    """What the headers and the rows say about an export."""
    columns = _recognise(found.headers, ALIASES)
    if not _is_amount(found, columns):
        columns.pop("discount", None)
    marks = found.markers([columns[name] for name in ("date", "order_id") if name in columns])
    business = found.without(marks)
    dimensions = _recognise([header for header in found.headers if header not in columns.values()], DIMENSIONS)
    fill_down = [name for name, header in dimensions.items() if found.kind == "excel" and _is_merged(business.column(header))]
    if not _is_distinct(business, columns, but=[dimensions[name] for name in fill_down]):
        columns.pop("line", None)
    known = {*columns.values(), *dimensions.values()}
    others = {header: business.members(header) for header in found.headers if header not in known}
    kinds = _find_kinds(business, columns)
    return Proposal(
        columns={**columns, **dimensions},
        dimensions=list(dimensions)[:MOST_LEVELS],
        others={header: count for header, count in others.items() if 1 < count <= MOST_MEMBERS},
        missing=[name for name in NEEDED if name not in columns],
        kinds=kinds,
        returns_are_positive=_are_returns_positive(business, columns, kinds),
        subtotals=list(dict.fromkeys(mark for mark in marks if mark is not None)),
        fill_down=fill_down,
    )


def _is_amount(found: Peek, columns: Mapping[str, str]) -> bool:
    """Whether the discounts are money, not shares of a price: some are above one."""
    return "discount" in columns and any(abs(number) > 1 for number in _numbers(found.column(columns["discount"])))


def _is_merged(cells: Sequence[str]) -> bool:
    """Whether most cells below the first value are blank.

    >>> _is_merged(["West", "", "", "East", "", ""])
    True
    """
    first = next((place for place, cell in enumerate(cells) if cell), len(cells))
    below = cells[first + 1 :]
    return sum(not cell for cell in below) * 2 > len(below)


def _is_distinct(found: Peek, columns: Mapping[str, str], but: Sequence[str]) -> bool:
    """Whether order and line identify a row; a row that stands again in all its cells, `but` for merged ones, is the same row."""
    if not {"order_id", "line"} <= set(columns):
        return False
    same = [header for header in found.headers if header and header not in but]
    rows = set(zip(*(found.column(header) for header in [columns["order_id"], columns["line"], *same]), strict=True))
    keys = [(order, line) for order, line, *_ in rows if order and line]
    return bool(keys) and len(set(keys)) == len(keys)


def _find_kinds(found: Peek, columns: Mapping[str, str]) -> dict[str, str]:
    by_alias = {_plain(alias): kind for kind, aliases in KINDS.items() for alias in aliases}
    values = dict.fromkeys(found.column(columns["kind"]) if "kind" in columns else ())
    return {value: by_alias.get(_plain(value), "") for value in values if value}


def _are_returns_positive(found: Peek, columns: Mapping[str, str], kinds: Mapping[str, str]) -> bool:
    """Whether the rows of returns have more amounts above than below nothing."""
    value = columns.get("amount", columns.get("quantity"))
    if value is None or "return" not in kinds.values():
        return False
    rows = zip(found.column(columns["kind"]), found.column(value), strict=True)
    numbers = _numbers(cell for kind, cell in rows if kinds.get(kind) == "return")
    return sum(number > 0 for number in numbers) > sum(number < 0 for number in numbers)


def _numbers(cells: Iterable[str]) -> list[float]:
    """The cells that are numbers.

    >>> _numbers(["1,200.50", "", "-3", "x"])
    [1200.5, -3.0]
    """
    plain = (cell.replace(",", "") for cell in cells)
    return [float(cell) for cell in plain if re.fullmatch(r"[-+]?\d*\.?\d+", cell)]


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
            "# parameters/defaults.yml; every key of a source: salesfc_lib/schema.py. Lines that begin with # are to complete.",
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
    amount = proposal.columns.get("amount", "")
    with_tax = any(mark in amount for mark in WITH_TAX) and WITHOUT_TAX not in amount
    return [
        "sources:",
        "  orders:",
        *(f"    {key}: {_quote(value)}" for key, value in settings.items()),
        f"    columns:{'' if proposal.columns else ' {}'}   # this project's name: the export's header",
        *(f"      {name}: {_quote(header)}" for name, header in proposal.columns.items()),
        *(f"      # {name}: not recognised; headers: {_list(found.headers)}" for name in proposal.missing),
        *_write_kinds(proposal),
        *_write_layout(proposal),
        *_write_discounts(proposal),
        *(
            ["    # tax: included", '    # tax_rate: "0.13"   # the header says that the amounts hold tax: at which rate?']
            if with_tax
            else []
        ),
        f"    # where: {{{_quote(_unit_header(proposal, found))}: VALUE}}   # where an export holds several units: this unit's rows",
        "    key: [order_id, line]   # identify a row, as far as was read; rows that repeat them are duplicates"
        if "line" in proposal.columns
        else "    # key: [order_id, product]   # columns that identify a row; rows that repeat them are duplicates",
        *(
            [f"    # also in the file, not read: {_list(found.beside)}; each that matters is a source of its own"]
            if found.beside
            else []
        ),
    ]


def _write_kinds(proposal: Proposal) -> list[str]:
    known = [f"{_quote(value)}: {kind}" for value, kind in proposal.kinds.items() if kind]
    unknown = [value for value, kind in proposal.kinds.items() if not kind]
    more = f" and {len(unknown) - MOST_LISTED} more" if len(unknown) > MOST_LISTED else ""
    return [
        *([f"    kinds: {{{', '.join(known)}}}   # values of the column `kind`"] if known else []),
        *(
            [f"    # kinds to complete, each as sale, return or adjustment: {_list(unknown[:MOST_LISTED])}{more}"]
            if unknown
            else []
        ),
        *(["    returns_are_positive: true   # returns stand without a minus sign"] if proposal.returns_are_positive else []),
    ]


def _write_layout(proposal: Proposal) -> list[str]:
    words, names = ", ".join(map(_quote, proposal.subtotals)), ", ".join(proposal.fill_down)
    return [
        *([f"    subtotals: [{words}]   # words that mark a row which adds up others"] if words else []),
        *([f"    fill_down: [{names}]   # blank in most rows: merged cells, filled from above"] if names else []),
    ]


def _write_discounts(proposal: Proposal) -> list[str]:
    amount, discount = (proposal.columns.get(name) for name in ("amount", "discount"))
    if amount is not None and _plain(amount) in map(_plain, GROSS):
        if discount is None:
            return ["    # the amounts are before discounts: map `discount` (money, not a share) and say `discounts: gross`"]
        return ["    discounts: gross   # the amounts are before discounts, which stand in a column of their own"]
    return [] if discount is None else ["    # discounts: gross   # if the discount is still to be taken off the amount"]


def _unit_header(proposal: Proposal, found: Peek) -> str:
    """Header that may tell units apart: the region's, else the first dimension's, else the export's first."""
    return next((proposal.columns[name] for name in ("region", *proposal.dimensions) if name in proposal.columns), found.headers[0])


def _write_dimensions(proposal: Proposal) -> list[str]:
    used = list(proposal.dimensions)
    beside = [name for name in DIMENSIONS if name in proposal.columns and name not in used]
    more = [f"#   {_list([header])}: {count} members" for header, count in proposal.others.items()]
    levels = ["levels:", "  total: []", *(f"  {name}: [{name}]" for name in used)]
    if len(used) > 1:
        levels.append(f"  {'_'.join(used)}: [{', '.join(used)}]   # the bottom: crosses all `dimensions`")
    return [
        f"dimensions: [{', '.join(used)}]",
        *([f"# mapped too; to forecast along one, add it above and to the last level: {', '.join(beside)}"] if beside else []),
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
