"""The peer's heartbeats: our side answers its PINGs, so that connections stay, and believes the TTL
in them, so that a peer which has stopped is given up.

Heartbeats that our side sends have no flag in the tool; the library's own tests hold them.
"""

import time
from collections.abc import Iterator
from functools import partial

from cell import TRANSPORTS, Bench, Cell, expect
from link import Link, plans
from messages import SMALL
from peer import GONE, LIBRARIES, Options, PeerSocket
from process import DEADLINE, Silence
from security import MECHANISMS
from tool import Tool

#: Milliseconds between two PINGs of the peer, and how long it waits for any traffic before it
#: closes.
INTERVAL = 100
PATIENCE = 1000

#: Milliseconds without traffic after which the peer asks to be given up.
TTL = 500

#: Seconds that connections are watched: longer than the peer waits for an answer to its first PING.
WATCH = 2 * PATIENCE / 1000

PAIRS = [("PULL", "PUSH"), ("REP", "REQ"), ("SUB", "PUB"), ("XPUB", "SUB"), ("ROUTER", "DEALER")]

#: So many messages in a row must reach the peer that is still there: with two in turn, none gets
#: two in a row.
IN_A_ROW = 4


def cells(full: bool) -> list[Cell]:
    del full
    every = [(mechanism, library) for mechanism in MECHANISMS for library in LIBRARIES]
    stays = [
        Cell(
            f"PINGs are answered, {mechanism} {library}",
            tuple(f"{ours}-{theirs}" for ours, theirs in PAIRS),
            partial(stay, mechanism=mechanism, library=library),
        )
        for mechanism, library in every
    ]
    stops = [
        Cell(
            f"a stopped peer is given up, {transport} {mechanism} {library}",
            ("given up",),
            partial(stop, transport=transport, mechanism=mechanism, library=library),
        )
        for place, (mechanism, library) in enumerate(every)
        for transport in (TRANSPORTS[place % 2],)
    ]
    return stays + stops


def stay(bench: Bench, mechanism: str, library: str) -> Iterator[str]:
    """All pairs are watched at once, half of them bound by each side."""
    heart: Options = {
        "HEARTBEAT_IVL": INTERVAL,
        "HEARTBEAT_TIMEOUT": PATIENCE,
        "HEARTBEAT_TTL": PATIENCE,
    }
    links = []
    for place, pair in enumerate(PAIRS):
        both = plans([pair], (TRANSPORTS[place % 2],), (mechanism,), (library,))
        links.append(Link(bench, both[place % 2], options=heart))
        links[-1].meet()
    until = time.monotonic() + WATCH
    for link in links:
        still_there(link.socket, until - time.monotonic())
    for link in links:
        link.carry(SMALL)
        still_there(link.socket, 0)
        yield f"{link.plan.ours}-{link.plan.theirs}"


def still_there(socket: PeerSocket, within: float) -> None:
    try:
        socket.wait(GONE, within=max(0.0, within))
    except Silence:
        return
    raise Silence(f"no answer to PINGs: the peer closed the connection after {PATIENCE} ms")


def stop(bench: Bench, transport: str, mechanism: str, library: str) -> Iterator[str]:
    """Two peers take turns until one is stopped; once it is given up, the other gets everything."""
    flags = bench.ring.ours(mechanism, server=True)
    tool = bench.tool("PUSH", "--bind", bench.endpoint(transport), *flags)
    endpoint = tool.bound()
    credentials = bench.ring.theirs(mechanism, server=False)
    doomed = bench.peer(library)
    stopped = bench.socket(
        library,
        "PULL",
        credentials,
        doomed,
        {
            "HEARTBEAT_IVL": INTERVAL,
            "HEARTBEAT_TIMEOUT": int(DEADLINE * 1000),
            "HEARTBEAT_TTL": TTL,
        },
    )
    other = bench.socket(library, "PULL", credentials)
    stopped.connect(endpoint)
    tool.send([b"first"])
    expect("the first peer heard", stopped.recv(), [b"first"])
    other.connect(endpoint)
    still_there(stopped, 5 * INTERVAL / 1000)
    doomed.stop()

    deadline = time.monotonic() + DEADLINE
    number = row = 0
    while row < IN_A_ROW:
        if time.monotonic() > deadline:
            raise Silence(f"the stopped peer still gets its share after {DEADLINE} s")
        number += 1
        row = row + 1 if arrives(tool, other, str(number).encode()) else 0
    yield "given up"


def arrives(tool: Tool, socket: PeerSocket, message: bytes) -> bool:
    tool.send([message])
    try:
        while socket.recv(0.1) != [message]:
            pass
    except Silence:
        return False
    return True
