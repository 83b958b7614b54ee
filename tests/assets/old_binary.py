"""A minimal .xls (BIFF8 in an OLE container), as old programs and WPS write it.

The libraries at hand read this format but do not write it.
"""

import struct

_SECTOR = 512
_SMALLEST_STREAM = 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Cell = str | float | None


def xls(rows: list[list[Cell]], sheet: str = "Sheet1") -> bytes:
    """The bytes of a workbook with one sheet."""
    globals_ = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 1996, 0, 6))
    name = sheet.encode("utf-16-le")
    bound_size = 4 + 8 + len(name)
    start = len(globals_) + bound_size + 4
    bound = struct.pack("<IHBB", start, 0, len(sheet), 1) + name
    stream = globals_ + _record(0x0085, bound) + _record(0x000A, b"") + _sheet(rows)
    return _container(stream.ljust(_SMALLEST_STREAM, b"\0"))


def _sheet(rows: list[list[Cell]]) -> bytes:
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 1996, 0, 6))
    width = max(map(len, rows), default=0)
    body += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if cell == "#REF!":
                body += _record(0x0205, place + b"\x17\x01")
            elif isinstance(cell, str):
                text = cell.encode("utf-16-le")
                body += _record(0x0204, place + struct.pack("<HB", len(cell), 1) + text)
            elif cell is not None:
                body += _record(0x0203, place + struct.pack("<d", cell))
    return body + _record(0x000A, b"")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _container(stream: bytes) -> bytes:
    """One FAT sector, one directory sector, then the stream."""
    sectors = -(-len(stream) // _SECTOR)
    chain = [_FAT, _END, *(at + 3 for at in range(sectors - 1)), _END]
    fat = struct.pack("<128I", *(chain + [_FREE] * (128 - len(chain))))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, _SMALLEST_STREAM, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    root = _entry("Root Entry", 5, 1, _END, 0)
    book = _entry("Workbook", 2, _FREE, 2, len(stream))
    directory = root + book + _entry("", 0, _FREE, 0, 0) * 2
    return header + fat + directory + stream.ljust(sectors * _SECTOR, b"\0")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", length, kind, 1, _FREE, _FREE, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
