"""Gives a device an order: `steer CONTROL ORDER`, where it takes them, and which."""

import struct
import sys

import zmq

ENDS = ("front received", "front sent", "back received", "back sent")

with zmq.Context() as context, context.socket(zmq.REQ) as control:
    control.connect(sys.argv[1])
    control.send_string(sys.argv[2])
    answer = control.recv_multipart()
    if len(answer) == 8:
        numbers = struct.unpack("=8Q", b"".join(answer))
        for end, messages, octets in zip(ENDS, numbers[::2], numbers[1::2], strict=True):
            print(f"{end}: {messages} messages, {octets} octets")
