"""Yonyou U8 Cloud: an import workbook, because no interface that writes a forecast was found.

Its columns are ours: the system's import template is mapped to them by hand, once.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from salesfc_lib.handover.erp.import_files import ImportFile
from salesfc_lib.handover.erp.plan import Line, Row
from salesfc_lib.handover.erp.target import last_day
from salesfc_lib.intake.sources.erp.u8_cloud import U8Cloud

HEAD = ("公司", "存货编码", "仓库", "开始日期", "结束日期", "数量", "计量单位", "备注")


class U8CloudTarget(ImportFile):
    """A workbook with a row a product and month."""

    ending = "xlsx"

    def encode(self, lines: Sequence[Line]) -> bytes:
        """The workbook's bytes."""
        from openpyxl import Workbook

        book, file = Workbook(), io.BytesIO()
        sheet = book.active
        sheet.title = "预测"
        sheet.append(HEAD)
        for line in lines:
            bounds = f"{line.month}-01", last_day(line.month)
            texts = [self.target.organisation, line.product, line.plant, *bounds]
            sheet.append([*texts, line.quantity, line.unit, self.address.tag])
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):  # nothing is a formula
                    cell.data_type = "s"
        book.save(file)
        return file.getvalue()

    def decode(self, content: bytes) -> Iterable[Row]:
        """Rows of the workbook's bytes."""
        from openpyxl import load_workbook

        try:
            rows = load_workbook(io.BytesIO(content)).active.iter_rows(min_row=2, values_only=True)
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from None
        for _, product, place, first, _, quantity, unit, _ in rows:
            key = str(product), str(place or ""), str(first)[:7]
            yield Row(*key, Decimal(str(quantity)), str(unit))

    def check(self) -> Iterator[tuple[str, str]]:
        """Whether the query of sales orders answers as documented."""
        door = U8Cloud(self.target, self.address.wire)
        first = next(door.list_orders(None), None)
        yield "so/saleorder/query", ""
        for name in ("parentvo", "childrenvo"):
            yield name, "" if first is None or name in first else "an order lacks it"


TARGET = U8CloudTarget
