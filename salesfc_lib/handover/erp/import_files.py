"""Import files: what a system takes by hand, where it has no interface or is asked for a draft.

The file is written whole beside the receipt; what is read back is the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.handover.erp.plan import Change, Line, Plan, Row
from salesfc_lib.handover.erp.target import Address, Online, Outcome


class ImportFile(Online):
    """A target that is a file: all lines of a send, each time anew."""

    ending = ""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.path = address.folder / f"{address.name}.import.{self.ending}"

    def encode(self, lines: Sequence[Line]) -> bytes:
        """The file's bytes."""
        raise NotImplementedError

    def decode(self, content: bytes) -> Iterable[Row]:
        """Rows of the file's bytes."""
        raise NotImplementedError

    def list_rows(self) -> list[Row]:
        """Rows of the file; none where there is none yet."""
        try:
            return list(self.decode(self.path.read_bytes()))
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, IndexError, OSError) as error:
            do = "Remove it and send again: it is made anew"
            raise SalesForecastError.unreadable_file(self.path, str(error), do) from None

    def plan_write(self, lines: Sequence[Line]) -> Plan:
        """What writing the file would change of the file that is there."""
        return super().plan_write([line for line in lines if line.quantity])

    def write(self, plan: Plan, lines: Sequence[Line], key: str) -> Outcome:
        """Write the file beside its place and rename it in."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        beside.write_bytes(self.encode([line for line in lines if line.quantity]))
        beside.replace(self.path)
        return Outcome()

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterable[list[Change]]:  # type: ignore[override]
        """Nothing: a file is written whole."""
        return []


def months_of(lines: Sequence[Line]) -> list[str]:
    """Months of the lines, in order."""
    return sorted({line.month for line in lines})


def files_of(target: object) -> list[Path]:
    """The import file that a target left; none of a system that is written to."""
    path = getattr(target, "path", None)
    return [path] if isinstance(path, Path) and path.is_file() else []
