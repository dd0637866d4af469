"""Adds up a hundred squares: `sink ENDPOINT`, where to listen."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.PULL) as sink:
    sink.bind(sys.argv[1])
    print(sink.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    print(sum(int(sink.recv()) for _ in range(100)), flush=True)
