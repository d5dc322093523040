"""Makes what the Pico's USB drive takes: the program with its CRC, and the hub's setup, as UF2.

python3 image.py PROGRAM.bin SETUP.bin HUB.uf2
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Final

FLASH: Final = 0x10000000
SETUP_AT: Final = 0x10010000
BOOT2: Final = 252
PAGE: Final = 256
FAMILY: Final = 0xE48BFF56
"""RP2040."""


def boot_crc(data: bytes) -> int:
    """CRC-32 as the boot ROM computes it: polynomial 0x04C11DB7, nothing reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def with_crc(program: bytes) -> bytes:
    """The program with the checksum of its second stage in place."""
    return program[:BOOT2] + struct.pack("<I", boot_crc(program[:BOOT2])) + program[BOOT2 + 4 :]


def pages(address: int, data: bytes) -> list[tuple[int, bytes]]:
    """Whole pages of flash."""
    starts = range(0, len(data), PAGE)
    return [(address + at, data[at : at + PAGE].ljust(PAGE, b"\xff")) for at in starts]


def uf2(blocks: list[tuple[int, bytes]]) -> bytes:
    """The file that is dropped onto the Pico's drive."""
    return b"".join(
        struct.pack(
            "<8I", 0x0A324655, 0x9E5D5157, 0x00002000, address, PAGE, number, len(blocks), FAMILY
        )
        + data.ljust(476, b"\0")
        + struct.pack("<I", 0x0AB16F30)
        for number, (address, data) in enumerate(blocks)
    )


def main() -> None:
    program, setup, hub = map(Path, sys.argv[1:])
    blocks = pages(FLASH, with_crc(program.read_bytes()))
    blocks += pages(SETUP_AT, setup.read_bytes())
    hub.write_bytes(uf2(blocks))


if __name__ == "__main__":
    main()
