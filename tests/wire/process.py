"""A child process that is talked to in lines, with a deadline on every wait.

Reading and writing go on together, so neither side can hold the other up with a full pipe. No
threads.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK = 1 << 20

#: Bytes that a pipe holds, so that large messages take few turns. All pipes of a run stay well
#: below the 64 MiB that a user without privileges may have.
PIPE = 1 << 18

#: Seconds that anything may take before a cell fails. Nothing takes so long in a healthy run,
#: however busy the machine. `selftest`, which looks for faults, waits less.
DEADLINE = float(os.environ.get("WIRE_DEADLINE", "15"))


class Silence(Exception):
    """What was waited for did not come by its deadline."""


class Ended(Exception):
    """The process ended, or closed its output, while something was expected of it."""


class Lines:
    """What was read of one stream, cut into lines. A last line without its end is a line too."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._scanned = 0
        self.ended = False

    def feed(self, data: bytes) -> None:
        self._data += data
        self.ended = self.ended or not data

    def take(self) -> bytes | None:
        end = self._data.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._data)
            if not self.ended or not self._data:
                return None
            end = len(self._data)
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        self._scanned = 0
        return line


#: The children that run. Whoever ends this process early kills them first.
LIVE: set["subprocess.Popen[bytes]"] = set()


class Process:
    """A child and its three pipes. Leaving the context kills it."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pipesize=PIPE,
        )
        LIVE.add(self._child)
        assert self._child.stdin and self._child.stdout and self._child.stderr
        self._input: int | None = self._child.stdin.fileno()
        self._output = self._child.stdout.fileno()
        self._errors = self._child.stderr.fileno()
        for descriptor in (self._input, self._output, self._errors):
            os.set_blocking(descriptor, False)
        self._lines = {self._output: Lines(), self._errors: Lines()}
        self._pending = bytearray()
        #: Lines of standard error that were read, for messages about failures.
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def write(self, line: bytes, within: float = DEADLINE) -> None:
        """Writes a line, and meanwhile reads. Raises Silence if the process takes none."""
        self._pending += line + b"\n"
        deadline = time.monotonic() + within
        while self._pending:
            if not self._turn(deadline - time.monotonic()):
                raise Silence(f"took no input for {within} s")

    def close_input(self) -> None:
        """Ends standard input."""
        if self._input is not None:
            assert self._child.stdin
            self._child.stdin.close()
            self._input = None

    def read(self, within: float) -> bytes:
        """The next line of standard output. Raises Silence or Ended."""
        return self._read(self._output, within)

    def read_error(self, within: float) -> bytes:
        """The next line of standard error. Raises Silence or Ended."""
        line = self._read(self._errors, within)
        self.complaints.append(line.decode(errors="replace"))
        return line

    def wait(self, within: float) -> int:
        """The exit status, once both outputs have ended. Raises Silence."""
        deadline = time.monotonic() + within
        while not all(lines.ended for lines in self._lines.values()):
            if not self._turn(deadline - time.monotonic()):
                raise Silence(f"did not end in {within} s")
        try:
            return self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Silence(f"did not end in {within} s") from None

    def rest(self) -> tuple[list[bytes], list[bytes]]:
        """The lines of standard output and error that nobody read, of a process that has ended."""
        left = []
        for lines in self._lines.values():
            left.append(list(iter(lines.take, None)))
        return left[0], left[1]

    def stop(self) -> None:
        """SIGSTOP: it stays connected, and does nothing."""
        self._child.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL, and waits for the end."""
        self._child.kill()
        self._child.wait()
        LIVE.discard(self._child)
        # The descriptors may soon be somebody else's.
        self._input = None
        for lines in self._lines.values():
            lines.ended = True
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self, stream: int, within: float) -> bytes:
        lines = self._lines[stream]
        deadline = time.monotonic() + within
        while (line := lines.take()) is None:
            if lines.ended:
                raise Ended(self._end())
            if not self._turn(deadline - time.monotonic()):
                raise Silence(f"nothing for {within} s")
        return line

    def last_words(self) -> str:
        """What it said last on standard error. Waits for nothing."""
        self._turn(0)
        while (line := self._lines[self._errors].take()) is not None:
            self.complaints.append(line.decode(errors="replace"))
        return " / ".join(self.complaints[-4:])

    def _end(self) -> str:
        with contextlib.suppress(Silence):
            self.wait(1)
        return f"ended with {self._child.poll()}: {self.last_words()}"

    def _turn(self, within: float) -> bool:
        """Waits until a pipe has moved; false if none did in time."""
        poll = select.poll()
        for stream, lines in self._lines.items():
            if not lines.ended:
                poll.register(stream, select.POLLIN)
        if self._input is not None and self._pending:
            poll.register(self._input, select.POLLOUT)
        ready = poll.poll(max(0.0, within) * 1000)
        for stream, _ in ready:
            if stream == self._input:
                self._write_some()
            else:
                self._lines[stream].feed(os.read(stream, CHUNK))
        return bool(ready)

    def _write_some(self) -> None:
        assert self._input is not None
        try:
            written = os.write(self._input, memoryview(self._pending)[:CHUNK])
        except BrokenPipeError:
            # It reads no more. Whoever expects an answer learns that from its output's end.
            self._pending.clear()
        else:
            del self._pending[:written]
