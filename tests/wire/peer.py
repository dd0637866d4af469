"""Their side: a process with sockets of pyzmq or of Debian's libzmq, and the sockets in it."""

import json
from pathlib import Path
from typing import Any

from process import DEADLINE, Process, Silence
from security import Credentials

LIBRARIES = ("pyzmq", "libzmq")

CONNECTED = "HANDSHAKE_SUCCEEDED"
GONE = "DISCONNECTED"
REFUSED = (
    "HANDSHAKE_FAILED_NO_DETAIL",
    "HANDSHAKE_FAILED_PROTOCOL",
    "HANDSHAKE_FAILED_AUTH",
    GONE,
)


#: Options of a socket, named as in libzmq, without `ZMQ_`.
Options = dict[str, int | bytes]


class PeerFailed(Exception):
    """The foreign library refused a call."""


class Peer(Process):
    """A process with foreign sockets. It may be killed and stopped like any other."""

    def __init__(self, python: Path, library: str) -> None:
        program = Path(__file__).with_name("peer_process.py")
        super().__init__([python, program, library])

    def call(self, *command: Any, within: float = DEADLINE) -> Any:
        """The answer to one command. `within` is for the process; the command may have its own time
        on top.
        """
        self.write(json.dumps(command).encode())
        answer = json.loads(self.read(within + DEADLINE))
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer["ok"]

    def open(
        self,
        kind: str,
        credentials: Credentials | None = None,
        options: Options | None = None,
    ) -> "PeerSocket":
        """A socket."""
        all_options = {**(credentials.options() if credentials else {}), **(options or {})}
        encoded = [
            [name, value.hex() if isinstance(value, bytes) else value]
            for name, value in all_options.items()
        ]
        users = credentials.users if credentials else {}
        keys = [key.hex() for key in credentials.admitted] if credentials else []
        return PeerSocket(self, self.call("open", kind, encoded, users, keys))


class PeerSocket:
    """A foreign socket."""

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer = peer
        self._number = number

    def bind(self, endpoint: str) -> str:
        """The endpoint with its real port."""
        return str(self._peer.call("bind", self._number, endpoint))

    def connect(self, endpoint: str) -> None:
        self._peer.call("connect", self._number, endpoint)

    def set(self, option: str, value: int | bytes) -> None:
        encoded = value.hex() if isinstance(value, bytes) else value
        self._peer.call("set", self._number, option, encoded)

    def send(self, frames: list[bytes], within: float = DEADLINE) -> None:
        """Raises Silence if there is no peer, or its queue is full."""
        encoded = [frame.hex() for frame in frames]
        if not self._peer.call("send", self._number, encoded, within, within=within):
            raise Silence(f"could not send for {within} s: no peer, or its queue is full")

    def recv(self, within: float = DEADLINE) -> list[bytes]:
        """The next message. Raises Silence."""
        frames = self._peer.call("recv", self._number, within, within=within)
        if frames is None:
            raise Silence(f"nothing for {within} s")
        return [bytes.fromhex(frame) for frame in frames]

    def wait(self, *events: str, within: float = DEADLINE) -> str:
        """The next of these events of its connections. Raises Silence."""
        event = self._peer.call("wait", self._number, events, within, within=within)
        if event is None:
            raise Silence(f"none of {', '.join(events)} for {within} s")
        return str(event)

    def close(self) -> None:
        self._peer.call("close", self._number)
