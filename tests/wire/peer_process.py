"""A foreign peer: a process that holds sockets of pyzmq or of Debian's libzmq, and does what it is
told.

    peer_process.py pyzmq | libzmq

Standard input has one command a line, standard output one answer a line, both JSON; frames travel
as hexadecimal. `peer.py` is the other end. The process ends with its standard input.
"""

import json
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

KINDS = ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"]

OPTIONS = {
    "ROUTING_ID": 5,
    "SUBSCRIBE": 6,
    "UNSUBSCRIBE": 7,
    "FD": 14,
    "LINGER": 17,
    "RCVHWM": 24,
    "LAST_ENDPOINT": 32,
    "PLAIN_SERVER": 44,
    "PLAIN_USERNAME": 45,
    "PLAIN_PASSWORD": 46,
    "CURVE_SERVER": 47,
    "CURVE_PUBLICKEY": 48,
    "CURVE_SECRETKEY": 49,
    "CURVE_SERVERKEY": 50,
    "PROBE_ROUTER": 51,
    "ZAP_DOMAIN": 55,
    "HEARTBEAT_IVL": 75,
    "HEARTBEAT_TTL": 76,
    "HEARTBEAT_TIMEOUT": 77,
}

EVENTS = {
    0x0001: "CONNECTED",
    0x0020: "ACCEPTED",
    0x0080: "CLOSED",
    0x0200: "DISCONNECTED",
    0x0800: "HANDSHAKE_FAILED_NO_DETAIL",
    0x1000: "HANDSHAKE_SUCCEEDED",
    0x2000: "HANDSHAKE_FAILED_PROTOCOL",
    0x4000: "HANDSHAKE_FAILED_AUTH",
}

POLLIN = 1
POLLOUT = 2


class Socket(Protocol):
    """What pyzmq's sockets and those of `libzmq.py` have in common."""

    def set(self, option: int, value: Any) -> None: ...
    def get(self, option: int) -> Any: ...
    def bind(self, endpoint: str) -> Any: ...
    def connect(self, endpoint: str) -> Any: ...
    def monitor(self, endpoint: str | None, events: int) -> None: ...
    def poll(self, milliseconds: int, events: int = POLLIN) -> int: ...
    def send_multipart(self, frames: list[bytes]) -> Any: ...
    def recv_multipart(self) -> list[bytes]: ...
    def close(self) -> Any: ...


def context(library: str) -> tuple[Any, str]:
    """The library's context, and its version."""
    if library == "pyzmq":
        import zmq

        if not zmq.has("curve"):
            raise OSError("this pyzmq was built without CURVE")
        return zmq.Context(), zmq.zmq_version()
    import libzmq

    debian = libzmq.Context()
    return debian, debian.version()


class Policy:
    """Whom a socket lets in, by its ZAP domain. Shared with the authenticator's thread."""

    def __init__(self) -> None:
        self._users: dict[bytes, dict[bytes, bytes]] = {}
        self._keys: dict[bytes, set[bytes]] = {}

    def allow(self, domain: bytes, users: dict[str, str], keys: list[str]) -> None:
        self._users[domain] = {user.encode(): word.encode() for user, word in users.items()}
        self._keys[domain] = {bytes.fromhex(key) for key in keys}

    def admits(self, domain: bytes, mechanism: bytes, credentials: list[bytes]) -> bool:
        if mechanism == b"PLAIN" and len(credentials) == 2:
            return self._users.get(domain, {}).get(credentials[0]) == credentials[1]
        if mechanism == b"CURVE" and len(credentials) == 1:
            return credentials[0] in self._keys.get(domain, set())
        return mechanism == b"NULL"


def authenticate(socket: Socket, policy: Policy) -> None:
    """Answers the library's questions (27/ZAP) for ever."""
    while True:
        version, request, domain, _address, _identity, mechanism, *rest = socket.recv_multipart()
        admitted = policy.admits(domain, mechanism, rest)
        status, text = (b"200", b"OK") if admitted else (b"400", b"not allowed")
        socket.send_multipart([version, request, status, text, b"", b""])


class Held:
    """A socket with its monitor."""

    def __init__(self, socket: Socket, monitor: Socket) -> None:
        self.socket = socket
        self.monitor = monitor
        self.descriptor = int(socket.get(OPTIONS["FD"]))


class Peer:
    """The sockets of this process, by number. Each public method is a command."""

    def __init__(self, library: str) -> None:
        self._context, self._version = context(library)
        self._held: dict[int, Held] = {}
        self._count = 0
        self._policy = Policy()
        zap = self._context.socket(KINDS.index("REP"))
        zap.bind("inproc://zeromq.zap.01")
        threading.Thread(target=authenticate, args=(zap, self._policy), daemon=True).start()

    def version(self) -> str:
        return self._version

    def open(
        self, kind: str, options: list[list[Any]], users: dict[str, str], keys: list[str]
    ) -> int:
        self._count += 1
        number = self._count
        socket = self._context.socket(KINDS.index(kind))
        socket.set(OPTIONS["LINGER"], 0)
        domain = f"domain-{number}".encode()
        if users or keys:
            self._policy.allow(domain, users, keys)
            socket.set(OPTIONS["ZAP_DOMAIN"], domain)
        events = f"inproc://monitor-{number}"
        socket.monitor(events, sum(EVENTS))
        monitor = self._context.socket(KINDS.index("PAIR"))
        monitor.set(OPTIONS["LINGER"], 0)
        monitor.connect(events)
        self._held[number] = Held(socket, monitor)
        for name, value in options:
            self.set(number, name, value)
        return number

    def set(self, number: int, name: str, value: int | str) -> None:
        """A text is hexadecimal."""
        plain = bytes.fromhex(value) if isinstance(value, str) else value
        self._held[number].socket.set(OPTIONS[name], plain)

    def bind(self, number: int, endpoint: str) -> str:
        socket = self._held[number].socket
        socket.bind(endpoint)
        last = socket.get(OPTIONS["LAST_ENDPOINT"])
        return bytes(last).rstrip(b"\0").decode()

    def connect(self, number: int, endpoint: str) -> None:
        self._held[number].socket.connect(endpoint)

    def send(self, number: int, frames: list[str], within: float) -> bool:
        socket = self._held[number].socket
        if not socket.poll(int(within * 1000), POLLOUT):
            return False
        socket.send_multipart([bytes.fromhex(frame) for frame in frames])
        return True

    def recv(self, number: int, within: float) -> list[str] | None:
        socket = self._held[number].socket
        if not socket.poll(int(within * 1000)):
            return None
        return [frame.hex() for frame in socket.recv_multipart()]

    def wait(self, number: int, events: list[str], within: float) -> str | None:
        """The first of these events that happened and was not asked about before."""
        monitor = self._held[number].monitor
        deadline = time.monotonic() + within
        while True:
            left = deadline - time.monotonic()
            if not monitor.poll(max(0, int(left * 1000))):
                return None
            (event,) = struct.unpack("=H", monitor.recv_multipart()[0][:2])
            name = EVENTS.get(event, "")
            if name in events:
                return name

    def close(self, number: int) -> None:
        held = self._held.pop(number)
        # First of all the monitor: an event that nobody takes would hold up libzmq's thread for
        # ever.
        held.socket.monitor(None, 0)
        held.socket.close()
        held.monitor.close()

    def descriptors(self) -> list[int]:
        return [held.descriptor for held in self._held.values()]

    def touch(self) -> None:
        """Lets every socket do what it only does in its owner's thread, such as to greet a new
        connection.
        """
        for held in self._held.values():
            held.socket.poll(0)


def commands(peer: Peer) -> Iterator[bytes]:
    """The lines of standard input. The sockets are served while none comes."""
    parts: list[bytes] = []
    while True:
        poll = select.poll()
        for descriptor in (0, *peer.descriptors()):
            poll.register(descriptor, select.POLLIN)
        ready = poll.poll()
        peer.touch()
        if any(descriptor == 0 for descriptor, _ in ready):
            data = os.read(0, 1 << 20)
            if not data:
                return
            parts.append(data)
            if b"\n" in data:
                *lines, rest = b"".join(parts).split(b"\n")
                parts = [rest]
                yield from lines


def main() -> None:
    peer = Peer(sys.argv[1])
    for line in commands(peer):
        command, *arguments = json.loads(line)
        try:
            answer = {"ok": getattr(peer, command)(*arguments)}
        except Exception as error:
            answer = {"error": f"{command}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    # No leave is taken of the sockets: a linger or a thread could only hold the process back.
    os._exit(0)


main()
