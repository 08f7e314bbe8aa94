"""A stream of an old Office file, which is a small file system of its own ([MS-CFB]).

The bytes of a file enter; the bytes of one stream leave. The decision made here: chains of sectors are followed no further
than the file has sectors, so that a damaged file cannot lead round in circles.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

LAST = 0xFFFFFFFA  # numbers of sectors are below this
CUTOFF = 4096  # bytes; shorter streams lie in the small sectors
SMALL = 64  # bytes of a small sector

Sector = Callable[[int], bytes]


class Compound:
    """The directory of an old Office file. Raises `ValueError` where it is damaged."""

    def __init__(self, content: bytes) -> None:
        try:
            self._open(content)
        except (struct.error, IndexError) as error:
            raise ValueError("its directory is damaged") from error

    def _open(self, content: bytes) -> None:
        self.content = content
        self.size = 1 << struct.unpack_from("<H", content, 30)[0]
        if self.size not in (512, 4096):
            raise ValueError("its sectors have no size")
        directory, more, count = (struct.unpack_from("<I", content, at)[0] for at in (48, 68, 72))
        self.table = self._read_table(more, count)
        entries = self._follow(directory, self.table, self._sector)
        small, _ = struct.unpack_from("<II", content, 60)
        small_table = self._follow(small, self.table, self._sector) if small < LAST else b""
        self.small_table = list(
            struct.unpack(f"<{len(small_table) // 4}I", small_table[: len(small_table) // 4 * 4])
        )
        self.streams: dict[str, tuple[int, int]] = {}
        for at in range(0, len(entries) - 127, 128):
            length = struct.unpack_from("<H", entries, at + 64)[0]
            name = entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if entries[at + 66] in (2, 5):
                self.streams.setdefault(name, struct.unpack_from("<II", entries, at + 116))

    def read(self, name: str) -> bytes:
        """The stream of this name. Raises `ValueError` where there is none, or it ends early."""
        if name not in self.streams:
            raise ValueError(f"it has no stream '{name}'")
        start, size = self.streams[name]
        if size >= CUTOFF:
            found = self._follow(start, self.table, self._sector)
        else:
            root = self._follow(self.streams["Root Entry"][0], self.table, self._sector)
            found = self._follow(
                start, self.small_table, lambda number: root[number * SMALL : (number + 1) * SMALL]
            )
        if len(found) < size:
            raise ValueError(f"its stream '{name}' ends after {len(found):,} of {size:,} bytes")
        return found[:size]

    def _sector(self, number: int) -> bytes:
        return self.content[(number + 1) * self.size : (number + 2) * self.size]

    def _read_table(self, more: int, count: int) -> list[int]:
        """The number of the sector that follows each sector."""
        places = list(struct.unpack_from("<109I", self.content, 76))
        for _ in range(min(count, len(self.content) // self.size)):
            if more >= LAST:
                break
            numbers = struct.unpack(f"<{self.size // 4}I", self._sector(more))
            places += numbers[:-1]
            more = numbers[-1]
        parts = b"".join(self._sector(place) for place in places if place < LAST)
        return list(struct.unpack(f"<{len(parts) // 4}I", parts[: len(parts) // 4 * 4]))

    @staticmethod
    def _follow(start: int, table: list[int], sector: Sector) -> bytes:
        parts: list[bytes] = []
        place = start
        while place < LAST:
            if place >= len(table) or len(parts) > len(table):
                raise ValueError("a chain of its sectors leads nowhere")
            parts.append(sector(place))
            place = table[place]
        return b"".join(parts)
