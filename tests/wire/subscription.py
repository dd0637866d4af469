"""Subscriptions made before and after the connection, and cancelled: a subscriber hears what it
asked for, nothing else, and in order.

A SUB of libzmq sorts out what it did not ask for, whatever it is sent; an XSUB shows what was sent.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from cell import TRANSPORTS, Bench, Cell, expect
from link import PROBE_EVERY, Voice
from pairs import CANCEL, PUBLISHERS, SUBSCRIBE, SUBSCRIBERS
from peer import LIBRARIES, PeerSocket
from process import DEADLINE, Silence
from security import MECHANISMS
from tool import Tool

#: What is published in each round, each with the round's number as its second frame. The last marks
#: the end.
TOPICS = [b"a", b"b", b"ab", b"", b"c", b"bb", b"z"]

END = b"z"


@dataclass(frozen=True)
class Case:
    publisher: str
    subscriber: str
    we_publish: bool
    we_bind: bool
    transport: str
    mechanism: str
    library: str

    def __str__(self) -> str:
        pair = (self.publisher, self.subscriber)
        ours, theirs = pair if self.we_publish else pair[::-1]
        binds = "ours binds" if self.we_bind else "theirs binds"
        return f"{ours}-{theirs} {binds} {self.transport} {self.mechanism} {self.library}"


def cells(full: bool) -> list[Cell]:
    """In the short form transports and libraries take turns."""
    found = []
    for publisher, subscriber, we_publish, we_bind, mechanism in itertools.product(
        PUBLISHERS, SUBSCRIBERS, (True, False), (True, False), MECHANISMS
    ):
        turn = we_publish + we_bind + MECHANISMS.index(mechanism)
        short = (LIBRARIES[turn % 2], TRANSPORTS[turn // 2 % 2])
        for library, transport in itertools.product(LIBRARIES, TRANSPORTS) if full else (short,):
            case = Case(publisher, subscriber, we_publish, we_bind, transport, mechanism, library)
            found.append(Cell(str(case), parts(case), partial(prove, case=case)))
    return found


def parts(case: Case) -> tuple[str, ...]:
    """A SUB of ours has only the subscriptions of its command line."""
    if not case.we_publish and case.subscriber == "SUB":
        return ("before",)
    if not case.we_publish:
        return ("before", "after", "cancelled", "counted")
    return ("before", "after", "cancelled")


def prove(bench: Bench, case: Case) -> Iterator[str]:
    tool, socket = connected(bench, case)
    publisher, subscriber = (tool, socket) if case.we_publish else (socket, tool)
    rounds = Rounds(publisher, subscriber)
    told = case.publisher == "XPUB"

    if told:
        first = sorted(publisher.recv() for _ in range(2))
        expect("the publisher heard", first, [[SUBSCRIBE + b"a"], [SUBSCRIBE + END]])
    rounds.settle([b"a", b"ab"], at_once=told)
    yield "before"
    if not case.we_publish and case.subscriber == "SUB":
        return

    change(case, tool, socket, SUBSCRIBE, b"b")
    if told:
        expect("the publisher heard", publisher.recv(), [SUBSCRIBE + b"b"])
    rounds.settle([b"a", b"b", b"ab", b"bb"], at_once=told)
    yield "after"

    change(case, tool, socket, CANCEL, b"a")
    if told:
        expect("the publisher heard", publisher.recv(), [CANCEL + b"a"])
    rounds.settle([b"b", b"bb"], at_once=told)
    yield "cancelled"
    if case.we_publish:
        return

    # Twice subscribed and once cancelled is still subscribed. The last one shows that the others
    # have arrived.
    for what, topic in ((SUBSCRIBE, b"b"), (CANCEL, b"b"), (SUBSCRIBE, b"c")):
        change(case, tool, socket, what, topic)
    if told:
        frames = publisher.recv()
        while frames == [SUBSCRIBE + b"b"]:
            frames = publisher.recv()
        expect("the publisher heard", frames, [SUBSCRIBE + b"c"])
    rounds.settle([b"b", b"c", b"bb"], at_once=told)
    yield "counted"


class Rounds:
    """Publishes the same topics again and again, each round with its number."""

    def __init__(self, publisher: Voice, subscriber: Voice) -> None:
        self._publisher = publisher
        self._subscriber = subscriber
        self._number = 0

    def settle(self, wanted: list[bytes], at_once: bool) -> None:
        """Repeats rounds until these topics are heard, `at_once` in the first; then they must be
        heard again.
        """
        deadline = time.monotonic() + DEADLINE
        heard = self.play(DEADLINE if at_once else PROBE_EVERY)
        while heard != wanted and not at_once and time.monotonic() < deadline:
            heard = self.play(PROBE_EVERY)
        expect("topics heard", heard, wanted)
        expect("topics heard again", self.play(DEADLINE), wanted)

    def play(self, within: float) -> list[bytes] | None:
        """The topics heard of this round, without its end; None if its end did not come."""
        self._number += 1
        number = str(self._number).encode()
        for topic in TOPICS:
            self._publisher.send([topic, number])
        heard: list[bytes] = []
        try:
            while True:
                topic, of = self._subscriber.recv(within)
                if of == number:
                    if topic == END:
                        return heard
                    heard.append(topic)
        except Silence:
            return None


def connected(bench: Bench, case: Case) -> tuple[Tool, PeerSocket]:
    """Both ends, with the subscriptions that are made before: `a`, and the end of each round."""
    binds = "--bind" if case.we_bind else "--connect"
    flags = bench.ring.ours(case.mechanism, server=case.we_bind)
    endpoint = bench.endpoint(case.transport)
    kind, other = case.publisher, case.subscriber
    if not case.we_publish:
        kind, other = other, kind
        if kind == "SUB":
            flags += ["--subscribe", "a", "--subscribe", END.decode()]
    socket = bench.socket(
        case.library, other, bench.ring.theirs(case.mechanism, server=not case.we_bind)
    )
    if case.we_publish:
        subscribe_before(case, socket)
    if not case.we_bind:
        endpoint = socket.bind(endpoint)
    tool = bench.tool(kind, binds, endpoint, *flags)
    if not case.we_publish and kind == "XSUB":
        subscribe_before(case, tool)
    if case.we_bind:
        socket.connect(tool.bound())
    return tool, socket


def subscribe_before(case: Case, subscriber: Tool | PeerSocket) -> None:
    for topic in (b"a", END):
        if isinstance(subscriber, Tool) or case.subscriber == "XSUB":
            subscriber.send([SUBSCRIBE + topic])
        else:
            subscriber.set("SUBSCRIBE", topic)


def change(case: Case, tool: Tool, socket: PeerSocket, what: bytes, topic: bytes) -> None:
    """Subscribes or cancels, at whichever end is the subscriber."""
    if not case.we_publish:
        tool.send([what + topic])
    elif case.subscriber == "XSUB":
        socket.send([what + topic])
    else:
        socket.set("SUBSCRIBE" if what == SUBSCRIBE else "UNSUBSCRIBE", topic)
