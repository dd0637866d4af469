"""A tool and a foreign socket that are connected, and what they say to each other."""

from dataclasses import dataclass
from typing import Protocol

from cell import Bench, Mismatch, brief, expect
from messages import Message
from pairs import PUBLISHERS, SUBSCRIBE, in_lockstep, one_way, we_begin
from peer import Options, Peer, PeerSocket
from process import DEADLINE, Silence
from tool import Tool

#: What a publisher says until somebody hears it. Then come messages that count.
PROBE = [b"is anybody there?"]

#: Seconds between two probes.
PROBE_EVERY = 0.02


@dataclass(frozen=True)
class Plan:
    """Which link."""

    ours: str
    theirs: str
    we_bind: bool
    transport: str
    mechanism: str
    library: str

    def __str__(self) -> str:
        binds = "ours binds" if self.we_bind else "theirs binds"
        return f"{self.ours}-{self.theirs} {binds} {self.transport} {self.mechanism} {self.library}"


class Voice(Protocol):
    """One end."""

    def send(self, frames: list[bytes]) -> None: ...
    def recv(self, within: float = DEADLINE) -> list[bytes]: ...


class Speaker:
    """One end that adds and takes off the frames which its type and the other's put before a
    message.
    """

    def __init__(self, who: str, kind: str, other: str, name: bytes | None = None) -> None:
        """`name`: the routing id that a ROUTER must see, if the other end chose one."""
        self._voice: Voice | None = None
        self._who = who
        self._kind = kind
        self._given = name
        self._named = name
        self._probed = False
        delimited = (kind, other) in (("DEALER", "REP"), ("ROUTER", "REQ"))
        self._delimiter = [b""] if delimited else []

    def use(self, voice: Voice) -> None:
        """Who speaks from now on."""
        self._voice = voice
        self.forget()

    def forget(self) -> None:
        """The other end is a new one."""
        self._named = self._given

    def skip_probes(self) -> None:
        """Some probes may still come before the next message."""
        self._probed = True

    def say(self, message: Message) -> None:
        assert self._voice
        self._voice.send([*self._envelope(), *message])

    def hear(self, message: Message) -> None:
        """Takes the next message, which must be this one."""
        assert self._voice
        frames = self._voice.recv()
        while self._probed and frames == PROBE:
            frames = self._voice.recv()
        self._probed = False
        if self._kind == "ROUTER":
            self._learn(frames)
        expect(f"{self._who} heard", frames, [*self._envelope(), *message])

    def _learn(self, frames: list[bytes]) -> None:
        if not frames or not frames[0]:
            raise Mismatch(f"{self._who} heard {brief(frames)}: no routing id")
        if self._named is None:
            self._named = frames[0]

    def _envelope(self) -> list[bytes]:
        if self._kind != "ROUTER":
            return self._delimiter
        assert self._named, "a ROUTER that has heard nobody was told to speak"
        return [self._named, *self._delimiter]


class Link:
    """Both ends. Either may be replaced by a new process on the same endpoint."""

    def __init__(
        self,
        bench: Bench,
        plan: Plan,
        *,
        alone: bool = False,
        server_binds: bool = True,
        options: Options | None = None,
    ) -> None:
        """With `alone`, the foreign socket is in a process of its own and a port is nobody else's.

        `options` are more options of the foreign socket.
        """
        self._options = options or {}
        self.plan = plan
        self._bench = bench
        self._alone = alone
        self._we_serve = plan.we_bind == server_binds
        # A name is given in half of the links with a ROUTER of ours; in the others it makes names
        # up.
        router = plan.ours == "ROUTER"
        named = router and (plan.theirs == "ROUTER" or not plan.we_bind)
        self._name = bench.name().encode() if named else None
        self._ours = Speaker("ours", plan.ours, plan.theirs, self._name)
        self._theirs = Speaker("theirs", plan.theirs, plan.ours)
        self.endpoint = bench.endpoint(plan.transport, alone)
        self.tool: Tool
        self.socket: PeerSocket
        self.peer: Peer | None = None
        for end in (self.start_ours, self.start_theirs)[:: 1 if plan.we_bind else -1]:
            end()

    def start_ours(self) -> None:
        plan = self.plan
        flags = self._bench.ring.ours(plan.mechanism, server=self._we_serve)
        side = "--bind" if plan.we_bind else "--connect"
        self.tool = self._bench.tool(plan.ours, side, self.endpoint, *flags)
        if plan.we_bind:
            self.endpoint = self.tool.bound()
        self._ours.use(self.tool)
        self._theirs.forget()

    def start_theirs(self) -> None:
        plan = self.plan
        options = dict(self._options)
        if self._name:
            options["ROUTING_ID"] = self._name
        if plan.ours == plan.theirs == "ROUTER":
            options["PROBE_ROUTER"] = 1
        if plan.theirs == "SUB":
            options["SUBSCRIBE"] = b""
        credentials = self._bench.ring.theirs(plan.mechanism, server=not self._we_serve)
        self.peer = self._bench.peer(plan.library) if self._alone else None
        self.socket = self._bench.socket(plan.library, plan.theirs, credentials, self.peer, options)
        if plan.we_bind:
            self.socket.connect(self.endpoint)
        else:
            self.endpoint = self.socket.bind(self.endpoint)
        self._theirs.use(self.socket)
        self._ours.forget()

    def meet(self, ours_is_new: bool = True, theirs_is_new: bool = True) -> None:
        """Returns once messages pass: both know each other, subscriptions have arrived."""
        plan = self.plan
        if plan.ours == plan.theirs == "ROUTER":
            assert self._name
            expect("ours heard", self.tool.recv(), [self._name, b""])
        for kind, voice, new in (
            (plan.ours, self.tool, ours_is_new),
            (plan.theirs, self.socket, theirs_is_new),
        ):
            if kind == "XSUB" and new:
                voice.send([SUBSCRIBE])
        if plan.ours == "XPUB" and ours_is_new:
            heard_of(self.tool)
        elif plan.theirs == "XPUB" and theirs_is_new:
            heard_of(self.socket)
        elif plan.ours in PUBLISHERS:
            # Also an XPUB that stayed: if the new subscription meets the end of the old one, it
            # tells of neither.
            probe(self.tool, self.socket)
            self._theirs.skip_probes()
        elif plan.theirs in PUBLISHERS:
            probe(self.socket, self.tool)
            self._ours.skip_probes()

    def carry(self, messages: list[Message]) -> None:
        """Sends the messages, both ways if the pair can, and checks every byte and the order."""
        plan = self.plan
        first, second = self._ours, self._theirs
        if not we_begin(plan.ours, plan.theirs):
            first, second = second, first
        if in_lockstep(plan.ours, plan.theirs):
            for index, message in enumerate(messages):
                pass_on(first, second, [message])
                # The answer is another message, so that an echo is not taken for it.
                pass_on(second, first, [messages[index - 1]])
        else:
            pass_on(first, second, messages)
            if not one_way(plan.ours, plan.theirs):
                pass_on(second, first, messages[::-1])


def pass_on(speaker: Speaker, listener: Speaker, messages: list[Message]) -> None:
    for message in messages:
        speaker.say(message)
    for message in messages:
        listener.hear(message)


def heard_of(publisher: Voice) -> None:
    """Takes the subscription to everything."""
    expect("the publisher heard", publisher.recv(), [SUBSCRIBE])


def probe(publisher: Voice, subscriber: Voice) -> None:
    """Publishes until the subscriber hears it."""
    for _ in range(round(DEADLINE / PROBE_EVERY)):
        publisher.send(PROBE)
        try:
            expect("the subscriber heard", subscriber.recv(PROBE_EVERY), PROBE)
            return
        except Silence:
            pass
    raise Silence(f"nothing published was heard in {DEADLINE} s")


def plans(
    pairs: list[tuple[str, str]],
    transports: tuple[str, ...],
    mechanisms: tuple[str, ...],
    libraries: tuple[str, ...],
) -> list[Plan]:
    """Every combination."""
    return [
        Plan(ours, theirs, we_bind, transport, mechanism, library)
        for ours, theirs in pairs
        for we_bind in (True, False)
        for mechanism in mechanisms
        for library in libraries
        for transport in transports
    ]
