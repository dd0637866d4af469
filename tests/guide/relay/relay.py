"""Passes news on to others: `relay PUBLISHER ENDPOINT`, whom to hear and where to listen."""

import sys

import zmq

with (
    zmq.Context() as context,
    context.socket(zmq.XSUB) as source,
    context.socket(zmq.XPUB) as copies,
):
    source.connect(sys.argv[1])
    copies.bind(sys.argv[2])
    print(copies.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    zmq.proxy(source, copies)
