"""Our side: a running `millhand sock`."""

from collections.abc import Sequence
from pathlib import Path

from process import DEADLINE, Process


class Tool(Process):
    """One `millhand sock` process. A message is a list of frames, in and out."""

    def __init__(
        self, binary: Path, kind: str, arguments: Sequence[str], text: bool = False
    ) -> None:
        flags = [] if text else ["--hex"]
        super().__init__([binary, "sock", kind, *arguments, *flags])
        self._text = text

    def bound(self) -> str:
        """The next endpoint that it says it has bound."""
        while True:
            words = self.read_error(DEADLINE).decode(errors="replace").split()
            if len(words) == 2 and words[0] == "bound":
                return words[1]

    def send(self, frames: list[bytes]) -> None:
        self.write(b"\t".join(frame if self._text else frame.hex().encode() for frame in frames))

    def recv(self, within: float = DEADLINE) -> list[bytes]:
        """The next message. Raises Silence or Ended, and ValueError for a line that is not
        hexadecimal.
        """
        frames = self.read(within).split(b"\t")
        return frames if self._text else [bytes.fromhex(frame.decode("ascii")) for frame in frames]
