"""What `millhand sock` and `millhand keygen` promise besides the wire: text lines in all eleven
types, when they end and how, and what they refuse.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from cell import Bench, Cell, Mismatch, brief, expect
from keys import keygen, read_by_pyzmq
from link import PROBE, Voice, probe
from messages import MIB
from peer import LIBRARIES, Options, PeerSocket
from process import Process, Silence
from security import z85_decode
from tool import Tool

#: For each type of ours, the foreign one that it talks to in text.
OTHERS = {
    "pair": "PAIR",
    "pub": "SUB",
    "sub": "PUB",
    "req": "REP",
    "rep": "REQ",
    "dealer": "DEALER",
    "router": "DEALER",
    "pull": "PUSH",
    "push": "PULL",
    "xpub": "SUB",
    "xsub": "XPUB",
}

TEXT = [[b"hello"], [b"two", b"frames of text"], [b""], ["Mühle".encode(), b"", b"\\x00 \"'"]]

#: A name for the foreign DEALER, which our ROUTER shows as it is.
NAME = b"miller"


def cells(full: bool) -> list[Cell]:
    del full
    text = [
        Cell(
            f"{kind} and {other} in text, {library}",
            ("text",),
            partial(in_text, kind=kind, other=other, library=library),
        )
        for kind, other in OTHERS.items()
        for library in LIBRARIES
    ]
    endings: list[Callable[[Bench], Iterator[str]]] = [
        push_ends_after_count,
        pull_ends_after_count,
        rep_echoes_and_ends_after_count,
        push_flushes_at_the_end_of_input,
        pub_ends_at_the_end_of_input,
        dealer_receives_after_the_end_of_input,
        silence_ends_with_1,
        two_endpoints_are_both_served,
        a_server_key_may_be_given_in_z85,
        keygen_makes_files_that_pyzmq_reads,
        keygen_overwrites_nothing,
        an_open_endpoint_wants_keys,
    ]
    ends = [Cell(prove.__name__.replace("_", " "), ("proven",), prove) for prove in endings]
    return text + ends + [refusal_cell(name, arguments) for name, arguments in REFUSED.items()]


def in_text(bench: Bench, kind: str, other: str, library: str) -> Iterator[str]:
    options: Options = {}
    if other == "SUB":
        options["SUBSCRIBE"] = b""
    if kind == "router":
        options["ROUTING_ID"] = NAME
    socket = bench.socket(library, other, options=options)
    tool = bench.tool(kind, "--bind", bench.endpoint("tcp"), text=True)
    socket.connect(tool.bound())
    if kind == "xsub":
        tool.send([b"\x01"])
        expect("theirs heard", socket.recv(), [b"\x01"])
    if kind == "xpub":
        expect("ours heard", tool.recv(), [b"\x01"])
    if kind == "pub":
        probe(tool, socket)
    if kind == "sub":
        probe(socket, tool)
    front = [NAME] if kind == "router" else []
    first, second = (
        (socket, tool) if kind in ("rep", "router", "pull", "sub", "xsub") else (tool, socket)
    )
    both_ways = kind in ("pair", "req", "rep", "dealer", "router")
    for message in TEXT:
        say(first, tool, front, message)
        hear(second, tool, front, message)
        if both_ways:
            say(second, tool, front, [*message, b"back"])
            hear(first, tool, front, [*message, b"back"])
    yield "text"


def say(voice: Voice, tool: Tool, front: list[bytes], message: list[bytes]) -> None:
    voice.send([*(front if voice is tool else []), *message])


def hear(voice: Voice, tool: Tool, front: list[bytes], message: list[bytes]) -> None:
    frames = voice.recv()
    while frames == PROBE:
        frames = voice.recv()
    expect("heard", frames, [*(front if voice is tool else []), *message])


def linked(
    bench: Bench, kind: str, other: str, *arguments: str, options: Options | None = None
) -> tuple[Tool, PeerSocket]:
    socket = bench.socket("pyzmq", other, options=options)
    endpoint = socket.bind(bench.endpoint("tcp"))
    return bench.tool(kind, "--connect", endpoint, *arguments), socket


def ends(process: Process, status: int) -> None:
    expect("exit status", process.wait(15), status)


def numbers(count: int) -> list[list[bytes]]:
    return [[str(number).encode()] for number in range(count)]


def push_ends_after_count(bench: Bench) -> Iterator[str]:
    tool, socket = linked(bench, "PUSH", "PULL", "--count", "3")
    for message in numbers(5):
        # It may have ended before the last ones.
        with contextlib.suppress(Silence):
            tool.send(message)
    ends(tool, 0)
    expect("theirs heard", [socket.recv() for _ in range(3)], numbers(3))
    hears_no_more(socket)
    yield "proven"


def pull_ends_after_count(bench: Bench) -> Iterator[str]:
    tool, socket = linked(bench, "PULL", "PUSH", "--count", "3")
    for message in numbers(3):
        socket.send(message)
    expect("ours heard", [tool.recv() for _ in range(3)], numbers(3))
    ends(tool, 0)
    expect("the rest of its output", tool.rest()[0], [])
    yield "proven"


def rep_echoes_and_ends_after_count(bench: Bench) -> Iterator[str]:
    tool, socket = linked(bench, "REP", "REQ", "--echo", "--count", "2")
    for message in ([b"one"], [b"two", b"", b"frames"]):
        socket.send(message)
        expect("theirs heard", socket.recv(), message)
    ends(tool, 0)
    yield "proven"


def push_flushes_at_the_end_of_input(bench: Bench) -> Iterator[str]:
    """The peer queues one message and ipc has small buffers, so most is still to be sent then."""
    socket = bench.socket("pyzmq", "PULL", options={"RCVHWM": 1})
    tool = bench.tool("PUSH", "--connect", socket.bind(bench.endpoint("ipc")))
    sent = [[bytes([number]) * MIB] for number in range(4)]
    for message in sent:
        tool.send(message)
    tool.close_input()
    for message in sent:
        expect("theirs heard", socket.recv(), message)
    ends(tool, 0)
    hears_no_more(socket)
    yield "proven"


def pub_ends_at_the_end_of_input(bench: Bench) -> Iterator[str]:
    tool, socket = linked(bench, "PUB", "SUB", options={"SUBSCRIBE": b""})
    probe(tool, socket)
    for message in numbers(5):
        tool.send(message)
    tool.close_input()
    for message in numbers(5):
        hear(socket, tool, [], message)
    ends(tool, 0)
    yield "proven"


def dealer_receives_after_the_end_of_input(bench: Bench) -> Iterator[str]:
    tool, socket = linked(bench, "DEALER", "DEALER")
    tool.send([b"last"])
    tool.close_input()
    expect("theirs heard", socket.recv(), [b"last"])
    socket.send([b"still there?"])
    expect("ours heard", tool.recv(), [b"still there?"])
    yield "proven"


def silence_ends_with_1(bench: Bench) -> Iterator[str]:
    ends(bench.tool("PULL", "--bind", bench.endpoint("tcp"), "--timeout", "1"), 1)
    yield "proven"


def two_endpoints_are_both_served(bench: Bench) -> Iterator[str]:
    tool = bench.tool("PULL", "--bind", bench.endpoint("tcp"), "--bind", bench.endpoint("ipc"))
    for message in numbers(2):
        socket = bench.socket("pyzmq", "PUSH")
        socket.connect(tool.bound())
        socket.send(message)
        expect("ours heard", tool.recv(), message)
    yield "proven"


def a_server_key_may_be_given_in_z85(bench: Bench) -> Iterator[str]:
    ring = bench.ring
    socket = bench.socket("pyzmq", "PULL", ring.theirs("CURVE", server=True))
    endpoint = socket.bind(bench.endpoint("tcp"))
    flags = ring.keys(ring.client, ring.server.public)
    tool = bench.tool("PUSH", "--connect", endpoint, *flags)
    tool.send([b"by Z85"])
    expect("theirs heard", socket.recv(), [b"by Z85"])
    yield "proven"


def keygen_makes_files_that_pyzmq_reads(bench: Bench) -> Iterator[str]:
    certificate = keygen(bench.binary, bench.scratch / bench.name())
    read = read_by_pyzmq(bench.python, certificate)
    expect("keys read", read, [certificate.public, certificate.secret])
    expect("length of a key", len(z85_decode(certificate.secret)), 32)
    expect("mode of the secret file", oct(certificate.secret_file.stat().st_mode & 0o777), "0o600")
    if certificate.secret in certificate.public_file.read_text():
        raise Mismatch("the secret key is in the public file")
    yield "proven"


def keygen_overwrites_nothing(bench: Bench) -> Iterator[str]:
    certificate = keygen(bench.binary, bench.scratch / bench.name())
    files = (certificate.public_file, certificate.secret_file)
    before = [file.read_bytes() for file in files]
    refuses(bench, ["keygen", "--out", str(certificate.path)])
    files[0].unlink()
    refuses(bench, ["keygen", "--out", str(certificate.path)])
    expect("the secret file", files[1].read_bytes(), before[1])
    expect("a public file was made", files[0].exists(), False)
    yield "proven"


def an_open_endpoint_wants_keys(bench: Bench) -> Iterator[str]:
    refuses(bench, ["sock", "PULL", "--bind", "tcp://0.0.0.0:0"])
    tool = bench.tool("PULL", "--bind", "tcp://0.0.0.0:0", "--allow-insecure")
    bound = tool.bound()
    if not bound.startswith("tcp://0.0.0.0:") or bound.endswith(":0"):
        raise Mismatch(f"bound {brief(bound)}")
    yield "proven"


def hears_no_more(socket: PeerSocket) -> None:
    """Of a peer that has ended: what it sent is here, or will not come."""
    socket.wait("DISCONNECTED")
    try:
        raise Mismatch(f"theirs heard one more: {brief(socket.recv(0))}")
    except Silence:
        pass


HERE = "tcp://127.0.0.1:0"

REFUSED = {
    "no command": [],
    "an unknown command": ["rinse"],
    "no type": ["sock"],
    "an unknown type": ["sock", "PUSHPULL", "--bind", HERE],
    "no endpoint": ["sock", "PUSH"],
    "an unknown flag": ["sock", "PUSH", "--bind", HERE, "--backwards"],
    "a flag without its value": ["sock", "PUSH", "--bind"],
    "a count that is no number": ["sock", "PUSH", "--bind", HERE, "--count", "many"],
    "an unknown transport": ["sock", "PUSH", "--connect", "carrier://pigeon"],
    "an endpoint without a port": ["sock", "PUSH", "--connect", "tcp://127.0.0.1"],
    "a port that is too large": ["sock", "PUSH", "--connect", "tcp://127.0.0.1:65536"],
    "a place that cannot be bound": ["sock", "PUSH", "--bind", "ipc:///nowhere/at/all"],
    "a key file that is not there": [
        "sock",
        "PUSH",
        "--bind",
        HERE,
        "--curve-server",
        "--curve-key",
        "/nowhere",
    ],
    "a server key that is neither file nor Z85": [
        "sock",
        "PUSH",
        "--connect",
        "tcp://127.0.0.1:1",
        "--curve-key",
        "SECRET",
        "--curve-server-key",
        "nonsense",
    ],
    "a client key without a server key": [
        "sock",
        "PUSH",
        "--connect",
        "tcp://127.0.0.1:1",
        "--curve-key",
        "SECRET",
    ],
    "a file of users that is not there": [
        "sock",
        "PUSH",
        "--bind",
        HERE,
        "--plain-server",
        "/nowhere",
    ],
}


def refusal_cell(name: str, arguments: list[str]) -> Cell:
    def prove(bench: Bench) -> Iterator[str]:
        secret = str(bench.ring.client.secret_file)
        refuses(bench, [secret if word == "SECRET" else word for word in arguments])
        yield "proven"

    return Cell(f"refuses {name}", ("proven",), prove)


def refuses(bench: Bench, arguments: list[str]) -> None:
    """It ends with 2, says why in one line, and prints nothing."""
    with Process([bench.binary, *arguments]) as process:
        ends(process, 2)
        output, errors = process.rest()
    expect("its output", output, [])
    if len(errors) != 1 or not errors[0].strip():
        raise Mismatch(f"it said {brief(errors)} instead of one line")
