"""What is sent in every pair: messages that differ in the size and number of their frames.

All contents are made once from a fixed seed, so a byte that is lost, moved or changed shows.
"""

import random
from dataclasses import dataclass

MIB = 1 << 20

Message = list[bytes]


@dataclass(frozen=True)
class Batch:
    name: str
    messages: list[Message]


def batches() -> tuple[Batch, ...]:
    """Small, multipart, empty and large messages, and those at the edges of size fields and
    buffers.
    """
    source = random.Random(37)

    def frame(size: int) -> bytes:
        return source.randbytes(size)

    small = [[bytes([first, 9, 10, 13, 0, 255])] for first in (0, 1, 9, 10, 127, 255)]
    small += [[frame(size)] for size in range(1, 5)]
    multipart = [
        [frame(2), frame(3)],
        [frame(300), frame(1), frame(40)],
        [frame(size) for size in range(1, 21)],
    ]
    empty = [[b""], [b"", b""], [b"", frame(3), b""], [frame(3), b""], [b""] * 5]
    edges = [[frame(size)] for size in (54, 55, 56, 254, 255, 256, 257)]
    edges += [[frame(8191), frame(8192), frame(8193)], [frame(65535), frame(65536)]]
    large = [[frame(5), frame(MIB), b""], [frame(70000)]]
    return (
        Batch("small", small),
        Batch("multipart", multipart),
        Batch("empty", empty),
        Batch("edges", edges),
        Batch("large", large),
    )


BATCHES = batches()
SMALL = BATCHES[0].messages[:5]
