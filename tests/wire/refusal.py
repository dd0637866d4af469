"""Whoever has no right to a connection gets none: not a message passes either way, and the next who
has the right is served.
"""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from cell import TRANSPORTS, Bench, Cell, Mismatch, brief, expect
from peer import LIBRARIES, REFUSED
from process import Ended, Silence
from security import MECHANISMS, Credentials
from tool import Tool

PARTS = ("refused", "nothing passed")

PLAIN_FAULTS = ("a wrong password", "a wrong user")
CURVE_FAULTS = ("a wrong server key",)

#: The tool has no list of client keys, so only the foreign side can refuse one.
CURVE_FAULTS_OF_OURS = (*CURVE_FAULTS, "an unlisted key")


@dataclass(frozen=True)
class Case:
    """A server, and a client that must be refused."""

    we_serve: bool
    #: Whether the server receives; else it sends.
    inward: bool
    mechanism: str
    fault: str
    library: str
    transport: str

    def __str__(self) -> str:
        server = "ours" if self.we_serve else "theirs"
        does = "receives" if self.inward else "sends"
        return (
            f"{self.mechanism} {server} refuses {self.fault}, server {does}, "
            f"{self.transport} {self.library}"
        )


def cells(full: bool) -> list[Cell]:
    """In the short form transports take turns."""
    found = []
    for we_serve, inward, library in itertools.product((True, False), (True, False), LIBRARIES):
        for place, (mechanism, fault) in enumerate(faults(we_serve)):
            turn = (place + inward + LIBRARIES.index(library)) % 2
            for transport in TRANSPORTS if full else (TRANSPORTS[turn],):
                case = Case(we_serve, inward, mechanism, fault, library, transport)
                prove = by_ours if we_serve else by_theirs
                found.append(Cell(str(case), PARTS, partial(prove, case=case)))
    return found


def faults(we_serve: bool) -> list[tuple[str, str]]:
    """(the server's mechanism, what is wrong with the client)."""
    curve = CURVE_FAULTS if we_serve else CURVE_FAULTS_OF_OURS
    found = [("PLAIN", fault) for fault in PLAIN_FAULTS] + [("CURVE", fault) for fault in curve]
    return found + [
        (mechanism, other) for mechanism in MECHANISMS for other in MECHANISMS if other != mechanism
    ]


def by_ours(bench: Bench, case: Case) -> Iterator[str]:
    """Our server, a foreign intruder and a foreign guest."""
    flags = bench.ring.ours(case.mechanism, server=True)
    kind, other = ("PULL", "PUSH") if case.inward else ("PUSH", "PULL")
    tool = bench.tool(kind, "--bind", bench.endpoint(case.transport), *flags)
    endpoint = tool.bound()
    intruder = bench.socket(case.library, other, bad_credentials(bench, case))
    guest = bench.socket(case.library, other, bench.ring.theirs(case.mechanism, server=False))
    if case.inward:
        intruder.connect(endpoint)
        # It may have been refused, and have given up, before it can send.
        with contextlib.suppress(Silence):
            intruder.send([b"from an intruder"], within=0)
        intruder.wait(*REFUSED)
        yield "refused"
        guest.connect(endpoint)
        guest.send([b"from a guest"])
        expect("the server heard", tool.recv(), [b"from a guest"])
    else:
        tool.send([b"for a guest"])
        intruder.connect(endpoint)
        intruder.wait(*REFUSED)
        yield "refused"
        guest.connect(endpoint)
        expect("the guest heard", guest.recv(), [b"for a guest"])
        try:
            raise Mismatch(f"the intruder heard {brief(intruder.recv(0))}")
        except Silence:
            pass
    yield "nothing passed"


def by_theirs(bench: Bench, case: Case) -> Iterator[str]:
    """A foreign server, our intruder and our guest."""
    kind, other = ("PULL", "PUSH") if case.inward else ("PUSH", "PULL")
    server = bench.socket(case.library, kind, bench.ring.theirs(case.mechanism, server=True))
    endpoint = server.bind(bench.endpoint(case.transport))
    intruder = bench.tool(other, "--connect", endpoint, *bad_flags(bench, case))
    if case.inward:
        intruder.send([b"from an intruder"])
    server.wait(*REFUSED)
    yield "refused"
    guest = bench.tool(other, "--connect", endpoint, *bench.ring.ours(case.mechanism, server=False))
    if case.inward:
        guest.send([b"from a guest"])
        expect("the server heard", server.recv(), [b"from a guest"])
    else:
        server.send([b"for a guest"])
        expect("the guest heard", guest.recv(), [b"for a guest"])
        heard_nothing(intruder)
    yield "nothing passed"


def heard_nothing(tool: Tool) -> None:
    """It may have given up, or try again for ever."""
    try:
        raise Mismatch(f"the intruder heard {brief(tool.recv(0))}")
    except (Silence, Ended):
        pass


def bad_credentials(bench: Bench, case: Case) -> Credentials:
    """What a foreign client has."""
    good = bench.ring.theirs(case.mechanism, server=False)
    match case.fault:
        case "a wrong password":
            return replace(good, password="wrong")
        case "a wrong user":
            return replace(good, user="nobody")
        case "a wrong server key":
            return replace(good, server_key=bench.ring.wrong.public)
    return bench.ring.theirs(case.fault, server=False)


def bad_flags(bench: Bench, case: Case) -> list[str]:
    """What our client is told."""
    ring = bench.ring
    good = ring.theirs(case.mechanism, server=False)
    match case.fault:
        case "a wrong password":
            return ring.login(good.user, "wrong")
        case "a wrong user":
            return ring.login("nobody", good.password)
        case "a wrong server key":
            return ring.keys(ring.client, str(ring.wrong.public_file))
        case "an unlisted key":
            return ring.keys(ring.wrong, str(ring.server.public_file))
    return ring.ours(case.fault, server=False)
