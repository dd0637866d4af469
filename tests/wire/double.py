"""A double of `millhand`, over pyzmq, with faults to switch on. It exists to show that the matrix
can fail.

It keeps the same contract as the tool; `WIRE_FAULT` names one fault of `faults.py`. See `selftest`.
"""

import argparse
import os
import signal
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import zmq
import zmq.auth

FAULT = os.environ.get("WIRE_FAULT", "")

#: Faults for which subscriptions are taken one by one.
MANUAL = ("late-subscription", "after-subscription", "cancel")

SEND_ONLY = ("PUSH", "PUB")
RECEIVE_ONLY = ("PULL", "SUB")
KINDS = ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB")


def fail(text: str) -> NoReturn:
    print(f"millhand: {text}", file=sys.stderr)
    raise SystemExit(2)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        fail(message)


def arguments() -> argparse.Namespace:
    parser = Parser()
    commands = parser.add_subparsers(required=True, dest="command")
    keygen = commands.add_parser("keygen")
    keygen.add_argument("--out", type=Path, required=True)
    sock = commands.add_parser("sock")
    sock.add_argument("kind", type=str.upper, choices=KINDS)
    for flag in ("--bind", "--connect", "--subscribe"):
        sock.add_argument(flag, action="append", default=[])
    for flag in ("--echo", "--hex", "--curve-server", "--allow-insecure"):
        sock.add_argument(flag, action="store_true")
    sock.add_argument("--count", type=int)
    sock.add_argument("--timeout", type=float)
    for flag in (
        "--curve-key",
        "--curve-server-key",
        "--plain-server",
        "--plain-user",
        "--plain-password",
    ):
        sock.add_argument(flag)
    return parser.parse_args()


def keygen(out: Path) -> None:
    files = [out.with_name(f"{out.name}.{end}") for end in ("key", "key_secret")]
    if any(file.exists() for file in files) and FAULT != "overwrite-keys":
        fail(f"{out}: exists; choose another name")
    zmq.auth.create_certificates(out.parent, out.name)
    files[1].chmod(0o644 if FAULT == "open-key-file" else stat.S_IRUSR | stat.S_IWUSR)


def key(name: str) -> tuple[bytes, bytes | None]:
    if len(name) == 40 and not os.path.exists(name):
        return name.encode(), None
    path = Path(name)
    if FAULT == "wrong-key" and path.name.startswith("wrong"):
        path = path.with_name(path.name.replace("wrong", "client"))
    try:
        return zmq.auth.load_certificate(path)
    except (OSError, ValueError) as error:
        fail(f"{name}: {error}")


class Double:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.context = zmq.Context()
        kind = options.kind
        if FAULT in MANUAL and kind == "PUB":
            kind = "XPUB"
        self.socket: Any = self.context.socket(getattr(zmq, kind))
        self.kind = options.kind
        self.lines: list[bytes] = []
        self.parts: list[bytes] = []
        self.input_open = True
        self.waiting = False
        self.received = self.sent = self.answered = 0
        self.subscribed = 0
        self.progress = time.monotonic()
        if FAULT == "freeze":
            threading.Timer(1, os.kill, (os.getpid(), signal.SIGSTOP)).start()
        if FAULT == "no-reconnect":
            self.socket.set(zmq.RECONNECT_IVL, -1)
        if FAULT in MANUAL and kind == "XPUB":
            self.socket.set(zmq.XPUB_MANUAL, 1)

    def secure(self) -> None:
        options = self.options
        if FAULT == "any-mechanism" and (options.plain_server or options.curve_server):
            return
        if options.plain_server:
            self.socket.plain_server = True
            try:
                text = Path(options.plain_server).read_text()
            except OSError as error:
                fail(str(error))
            users = dict(line.split(":", 1) for line in text.splitlines())
            self.authenticate({user.encode(): word.encode() for user, word in users.items()})
        elif options.plain_user is not None:
            if FAULT == "no-security":
                return
            self.socket.plain_username = options.plain_user.encode()
            self.socket.plain_password = (options.plain_password or "").encode()
        elif options.curve_key:
            public, secret = key(options.curve_key)
            if FAULT == "no-security":
                return
            if options.curve_server and FAULT == "wrong-server":
                public, secret = key(str(Path(options.curve_key).with_name("wrong.key_secret")))
            self.socket.curve_publickey, self.socket.curve_secretkey = public, secret
            if options.curve_server:
                self.socket.curve_server = True
            elif options.curve_server_key:
                self.socket.curve_serverkey = key(options.curve_server_key)[0]
                if FAULT == "any-server" and self.socket.curve_serverkey == self.sibling("wrong"):
                    self.socket.curve_serverkey = self.sibling("server")
            else:
                fail("--curve-key needs --curve-server or --curve-server-key")

    def sibling(self, name: str) -> bytes:
        place = Path(self.options.curve_key).with_name(f"{name}.key")
        return zmq.auth.load_certificate(place)[0]

    def authenticate(self, users: dict[bytes, bytes]) -> None:
        zap = self.context.socket(zmq.REP)
        zap.bind("inproc://zeromq.zap.01")
        self.socket.zap_domain = b"users"

        def work() -> None:
            while True:
                try:
                    version, request, *_, user, word = zap.recv_multipart()
                except zmq.ContextTerminated:
                    zap.close()
                    return
                admitted = users.get(user) == word or FAULT == "any-password"
                status = b"200" if admitted else b"400"
                zap.send_multipart([version, request, status, b"", b"", b""])

        threading.Thread(target=work, daemon=True).start()

    def attach(self) -> None:
        options = self.options
        if not options.bind and not options.connect:
            fail("give --bind or --connect")
        if self.kind == "SUB":
            for prefix in options.subscribe or [""]:
                self.socket.subscribe(prefix.encode())
        for endpoint in options.bind + options.connect:
            port = endpoint.rpartition(":")[2]
            if endpoint.startswith("tcp:") and (not port.isdigit() or int(port) > 65535):
                fail(f"{endpoint}: no port")
        for endpoint in options.bind:
            open_to_all = endpoint.startswith("tcp:") and not endpoint.startswith("tcp://127.")
            keyless = not (options.curve_key or options.plain_server)
            if open_to_all and keyless and not options.allow_insecure and FAULT != "insecure":
                fail(f"{endpoint}: not loopback and no keys; give keys or --allow-insecure")
            try:
                self.socket.bind(endpoint)
            except zmq.ZMQError as error:
                fail(f"{endpoint}: {error}")
            print(f"bound {self.socket.last_endpoint.decode()}", file=sys.stderr, flush=True)
        for endpoint in options.connect:
            try:
                self.socket.connect(endpoint)
            except zmq.ZMQError as error:
                fail(f"{endpoint}: {error}")

    def run(self) -> int:
        poller = zmq.Poller()
        while True:
            if self.done():
                return self.leave(0)
            # Always something, so that libzmq also works on its connections here.
            flags = zmq.POLLERR if self.socket.type in (zmq.PUSH, zmq.PUB) else zmq.POLLIN
            if self.ready():
                flags |= zmq.POLLOUT
            poller.register(self.socket, flags)
            if self.input_open:
                poller.register(0, zmq.POLLIN)
            left = None
            if self.options.timeout is not None:
                left = self.progress + self.options.timeout - time.monotonic()
                if left <= 0:
                    return 0 if FAULT == "no-timeout-status" else 1
            ready = dict(poller.poll(None if left is None else left * 1000 + 1))
            if 0 in ready:
                self.read()
                if not self.input_open:
                    poller.unregister(0)
            events = ready.get(self.socket, 0)
            if events & zmq.POLLIN:
                self.receive()
            if events & zmq.POLLOUT:
                self.send()

    def done(self) -> bool:
        options = self.options
        if not self.input_open and not self.lines and self.kind in SEND_ONLY:
            return True
        if options.count is None:
            return False
        count = self.sent if self.kind in SEND_ONLY else self.received
        if options.echo:
            count = self.answered
        wanted: int = options.count + (FAULT == "miscount")
        return count >= wanted

    def leave(self, status: int) -> int:
        sys.stdout.buffer.flush()
        self.socket.close(linger=0 if FAULT == "no-flush" else -1)
        if FAULT != "no-flush":
            self.context.term()
        return status

    def ready(self) -> bool:
        if not self.lines or self.kind in RECEIVE_ONLY:
            return False
        if self.kind == "REQ":
            return not self.waiting
        return self.waiting if self.kind == "REP" else True

    def read(self) -> None:
        data = os.read(0, 1 << 20)
        if not data:
            self.input_open = False
        self.parts.append(data)
        if b"\n" in data:
            *lines, rest = b"".join(self.parts).split(b"\n")
            self.lines += lines
            self.parts = [rest]

    def send(self) -> None:
        frames = self.lines.pop(0).split(b"\t")
        if self.options.hex:
            frames = [bytes.fromhex(frame.decode()) for frame in frames]
        if FAULT == "drop-frame" and len(frames) > 15:
            frames.pop(7)
        if FAULT == "lose-empty":
            frames = [frame for frame in frames if frame] or [b""]
        self.deliver(frames)

    def deliver(self, frames: list[bytes]) -> None:
        if FAULT == "no-ttl" and self.sent % 2:
            # As if it were the turn of the one that has stopped.
            self.sent += 1
            return
        try:
            self.socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.ZMQError as error:
            print(f"millhand: {error}", file=sys.stderr)
            return
        self.progress = time.monotonic()
        self.sent += 1
        self.waiting = self.kind == "REQ"
        if FAULT == "repeat" and self.sent == 5 and self.kind not in ("REQ", "REP"):
            self.socket.send_multipart(frames)

    def receive(self) -> None:
        frames = self.socket.recv_multipart()
        self.progress = time.monotonic()
        self.received += 1
        if self.kind in ("PUB", "XPUB") and FAULT in MANUAL:
            self.subscription(frames[0])
            if self.kind == "PUB":
                return
        if FAULT == "lose-message" and self.received == 7:
            return
        if FAULT == "swap-frames" and len(frames) > 2:
            frames[-1], frames[-2] = frames[-2], frames[-1]
        if FAULT == "truncate":
            frames = [frame[: (1 << 20) - 1] for frame in frames]
        if FAULT == "flip" and len(frames[-1]) == 65536:
            frames[-1] = frames[-1][:-1] + bytes([frames[-1][-1] ^ 1])
        if FAULT == "short-size" and len(frames[0]) == 256:
            frames[0] = b""
        if FAULT == "routing-id" and self.kind == "ROUTER":
            frames[0] = b"somebody else"
        shown = [frame.hex().encode() for frame in frames] if self.options.hex else frames
        sys.stdout.buffer.write(b"\t".join(shown) + b"\n")
        sys.stdout.buffer.flush()
        self.waiting = self.kind == "REP"
        if self.options.echo:
            self.deliver(frames)
            self.waiting = False
            self.answered += 1

    def subscription(self, frame: bytes) -> None:
        self.subscribed += 1
        most = {"late-subscription": 1, "after-subscription": 2}.get(FAULT, 1000)
        if frame[:1] == b"\x01" and self.subscribed <= most:
            self.socket.set(zmq.SUBSCRIBE, frame[1:])
        if frame[:1] == b"\x00" and FAULT != "cancel":
            self.socket.set(zmq.UNSUBSCRIBE, frame[1:])


def main() -> int:
    options = arguments()
    if options.command == "keygen":
        keygen(options.out)
        return 0
    double = Double(options)
    double.secure()
    double.attach()
    return double.run()


status = main()
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
