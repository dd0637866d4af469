"""Debian's libzmq through ctypes, in the few calls that the peer's process makes.

Shaped like pyzmq, method for method, so that `peer_process.py` serves both libraries with one code.
It promises nothing more: no threads that share a socket, no zero copy, no reuse of messages.
"""

import ctypes
import os
import sys

NAME = "libzmq.so.5"

DONTWAIT = 1
SNDMORE = 2
POLLIN = 1
POLLOUT = 2

#: The options that are read as numbers: ZMQ_FD.
NUMBERS = (14,)


class Message(ctypes.Structure):
    """`zmq_msg_t`: 64 opaque bytes."""

    _fields_ = [("opaque", ctypes.c_ubyte * 64)]
    _align_ = 8


class PollItem(ctypes.Structure):
    """`zmq_pollitem_t`."""

    _fields_ = [
        ("socket", ctypes.c_void_p),
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    ]


def load() -> ctypes.CDLL:
    """Raises OSError if the library is not installed."""
    try:
        library = ctypes.CDLL(NAME, use_errno=True)
    except OSError as error:
        raise OSError(f"{error}: install Debian's libzmq (apt-get install libzmq5)") from None
    for function in ("zmq_ctx_new", "zmq_socket", "zmq_msg_data"):
        getattr(library, function).restype = ctypes.c_void_p
    for function in ("zmq_msg_size",):
        getattr(library, function).restype = ctypes.c_size_t
    library.zmq_strerror.restype = ctypes.c_char_p
    return library


def version(library: ctypes.CDLL) -> str:
    parts = [ctypes.c_int() for _ in range(3)]
    library.zmq_version(*map(ctypes.byref, parts))
    return ".".join(str(part.value) for part in parts)


class Context:
    """Makes sockets. Ends with the process."""

    def __init__(self) -> None:
        self.library = load()
        if not self.library.zmq_has(b"curve"):
            raise OSError(f"{NAME} was built without CURVE")
        self._context = ctypes.c_void_p(self.library.zmq_ctx_new())

    def version(self) -> str:
        return version(self.library)

    def socket(self, kind: int) -> "Socket":
        return Socket(self.library, self.library.zmq_socket(self._context, kind))


class Socket:
    """One libzmq socket."""

    def __init__(self, library: ctypes.CDLL, socket: int | None) -> None:
        self._library = library
        if not socket:
            self._fail()
        self._socket = ctypes.c_void_p(socket)

    def set(self, option: int, value: int | bytes) -> None:
        if isinstance(value, int):
            number = ctypes.c_int(value)
            size = ctypes.sizeof(number)
            self._check(
                self._library.zmq_setsockopt(
                    self._socket, option, ctypes.byref(number), ctypes.c_size_t(size)
                )
            )
        else:
            self._check(
                self._library.zmq_setsockopt(
                    self._socket, option, value, ctypes.c_size_t(len(value))
                )
            )

    def get(self, option: int) -> bytes | int:
        """A number for the options of `NUMBERS`, else a text without its final NUL."""
        buffer = ctypes.create_string_buffer(512)
        size = ctypes.c_size_t(len(buffer))
        self._check(self._library.zmq_getsockopt(self._socket, option, buffer, ctypes.byref(size)))
        if option in NUMBERS:
            return int.from_bytes(buffer.raw[: size.value], sys.byteorder)
        return buffer.raw[: size.value].rstrip(b"\0")

    def bind(self, endpoint: str) -> None:
        self._check(self._library.zmq_bind(self._socket, endpoint.encode()))

    def connect(self, endpoint: str) -> None:
        self._check(self._library.zmq_connect(self._socket, endpoint.encode()))

    def monitor(self, endpoint: str | None, events: int) -> None:
        """None ends it."""
        place = endpoint.encode() if endpoint else None
        self._check(self._library.zmq_socket_monitor(self._socket, place, events))

    def poll(self, milliseconds: int, events: int = POLLIN) -> int:
        item = PollItem(self._socket, 0, events, 0)
        self._check(self._library.zmq_poll(ctypes.byref(item), 1, ctypes.c_long(milliseconds)))
        return int(item.revents)

    def send_multipart(self, frames: list[bytes], flags: int = 0) -> None:
        for index, frame in enumerate(frames):
            more = SNDMORE if index + 1 < len(frames) else 0
            self._check(
                self._library.zmq_send(
                    self._socket, frame, ctypes.c_size_t(len(frame)), flags | more
                )
            )

    def recv_multipart(self, flags: int = 0) -> list[bytes]:
        frames: list[bytes] = []
        message = Message()
        more = True
        while more:
            self._library.zmq_msg_init(ctypes.byref(message))
            self._check(self._library.zmq_msg_recv(ctypes.byref(message), self._socket, flags))
            size = self._library.zmq_msg_size(ctypes.byref(message))
            data = self._library.zmq_msg_data(ctypes.byref(message))
            frames.append(ctypes.string_at(data, size) if size else b"")
            more = bool(self._library.zmq_msg_more(ctypes.byref(message)))
            self._library.zmq_msg_close(ctypes.byref(message))
        return frames

    def close(self) -> None:
        self._check(self._library.zmq_close(self._socket))

    def _check(self, status: int) -> None:
        if status == -1:
            self._fail()

    def _fail(self) -> None:
        number = ctypes.get_errno()
        text = self._library.zmq_strerror(number)
        raise OSError(number, text.decode() if text else os.strerror(number))
