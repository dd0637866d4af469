"""Greets whoever asks a broker: `server BROKER`, its back."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.REP) as server:
    server.connect(sys.argv[1])
    while True:
        name = server.recv()
        server.send(b"Hello, " + name)
