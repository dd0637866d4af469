"""Greets whoever asks: `server ENDPOINT`, where to listen."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.REP) as server:
    server.bind(sys.argv[1])
    print(server.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    while True:
        name = server.recv()
        server.send(b"Hello, " + name)
