"""Cells, the bench that a cell works on, and the run of all of them.

A cell sets up a few processes and proves its parts one after another; it yields the name of each
part once that is proven. Each part counts as one test. What comes after a failure in a cell counts
as failed too.
"""

import contextlib
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from peer import Options, Peer, PeerSocket
from security import Credentials, Ring
from tool import Tool

#: After so many failed cells the rest of a group is not tried: each can cost a deadline.
GIVE_UP = 12

TRANSPORTS = ("tcp", "ipc")


class Mismatch(Exception):
    """Something else came than should have."""


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Mismatch(f"{what}: {brief(found)} instead of {brief(wanted)}")


def brief(value: object) -> str:
    """Enough of a value to see what went wrong: long frames are shown by their length and first
    bytes.
    """
    if isinstance(value, bytes):
        return repr(value) if len(value) <= 24 else f"{value[:8]!r}… of {len(value)} bytes"
    if isinstance(value, list):
        shown = [brief(item) for item in value[:6]]
        return f"[{', '.join(shown)}{', …' if len(value) > 6 else ''}]"
    return repr(value)


class Bench:
    """Where a cell works: it makes tools, sockets and endpoints, and clears them away after the
    cell.

    One thread works on it, with one long-lived process of each foreign library.
    """

    _names = itertools.count(1)

    def __init__(self, binary: Path, python: Path, scratch: Path, ring: Ring) -> None:
        self.binary = binary
        self.scratch = scratch
        self.ring = ring
        self.python = python
        self._peers: dict[str, Peer] = {}
        self._cell = contextlib.ExitStack()
        self._tools: list[Tool] = []

    def tool(self, kind: str, *arguments: str, text: bool = False) -> Tool:
        """`millhand sock`, killed after the cell."""
        tool = self._cell.enter_context(Tool(self.binary, kind, arguments, text))
        self._tools.append(tool)
        return tool

    def socket(
        self,
        library: str,
        kind: str,
        credentials: Credentials | None = None,
        peer: Peer | None = None,
        options: Options | None = None,
    ) -> PeerSocket:
        """A foreign socket, in the bench's own process of that library unless told otherwise."""
        if peer:
            return peer.open(kind, credentials, options)
        socket = self._peer(library).open(kind, credentials, options)
        self._cell.callback(socket.close)
        return socket

    def peer(self, library: str) -> Peer:
        """A process of its own, which the cell may kill or stop. It is killed after the cell."""
        return self._cell.enter_context(Peer(self.python, library))

    def endpoint(self, transport: str, alone: bool = False) -> str:
        """An endpoint to bind.

        With `alone`, a tcp port is taken on a loopback address of its own, so that nobody else can
        be given the port while its holder is dead, and nobody can connect to himself.
        """
        number = next(self._names)
        if transport == "ipc":
            return f"ipc://{self.scratch}/{number}"
        return f"tcp://{address(number) if alone else '127.0.0.1'}:0"

    def name(self) -> str:
        """A name that nobody else in this run has."""
        return f"n{next(self._names)}"

    def last_words(self) -> str:
        """What the cell's tools said last on standard error."""
        return "; ".join(filter(None, (tool.last_words() for tool in self._tools)))

    def clear(self, failed: bool) -> None:
        """Ends what the cell started; after a failure the shared processes too."""
        self._tools.clear()
        try:
            with contextlib.suppress(Exception) if failed else contextlib.nullcontext():
                self._cell.close()
        finally:
            if failed:
                self.close()

    def close(self) -> None:
        for peer in self._peers.values():
            peer.kill()
        self._peers.clear()

    def _peer(self, library: str) -> Peer:
        if library not in self._peers:
            self._peers[library] = Peer(self.python, library)
        return self._peers[library]


def address(number: int) -> str:
    """A loopback address other than 127.0.0.1, from which no socket connects by itself."""
    return f"127.1.{number // 250 % 250}.{number % 250 + 1}"


@dataclass(frozen=True)
class Cell:
    """Some proofs that share their processes."""

    name: str
    parts: tuple[str, ...]
    prove: Callable[[Bench], Iterator[str]]


@dataclass
class Tally:
    """What came of a group."""

    passed: int = 0
    failed: int = 0
    failed_cells: int = 0
    findings: list[str] = field(default_factory=list)


def run(group: str, cells: Sequence[Cell], benches: Sequence[Bench]) -> Tally:
    """Works on the cells with all benches at once, prints the group's line and what failed."""
    tally = Tally()
    lock = threading.Lock()
    waiting: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in cells:
        waiting.put(cell)

    def work(bench: Bench) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                cell = waiting.get_nowait()
                if tally.failed_cells >= GIVE_UP:
                    passed, finding = 0, "not tried: too many failed before"
                else:
                    passed, finding = attempt(cell, bench)
                with lock:
                    tally.passed += passed
                    tally.failed += len(cell.parts) - passed
                    if finding:
                        tally.failed_cells += 1
                        tally.findings.append(finding)

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(bench,)) for bench in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    counts = f"{tally.passed:5} passed {tally.failed:3} failed {seconds:6.1f} s"
    print(f"{group:14} {len(cells):4} cells {counts}", flush=True)
    for finding in tally.findings:
        if not finding.startswith("not tried"):
            print(f"  FAILED {finding}", flush=True)
    return tally


def attempt(cell: Cell, bench: Bench) -> tuple[int, str]:
    """How many parts were proven, and what stood in the way of the next."""
    proven: list[str] = []
    finding = ""
    try:
        for part in cell.prove(bench):
            expect("the matrix's own order of parts", part, cell.parts[len(proven)])
            proven.append(part)
        expect("the matrix's own count of parts", tuple(proven), cell.parts)
    except Exception as error:
        part = cell.parts[min(len(proven), len(cell.parts) - 1)]
        said = bench.last_words()
        finding = f"{cell.name}: {part}: {type(error).__name__}: {error}"
        finding += f" (the tool said: {said})" if said else ""
    bench.clear(failed=bool(finding))
    return len(proven), finding


def jobs(wanted: int | None) -> int:
    """How many benches: cells wait more than they compute."""
    return wanted or 2 * (os.cpu_count() or 1)
