"""Shows what passes a device: `tap CAPTURE NUMBER`, where its copies are, and how many to show."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.SUB) as copies:
    copies.connect(sys.argv[1])
    copies.subscribe("")
    for _ in range(int(sys.argv[2])):
        _routing_id, _empty, body = copies.recv_multipart()
        print(body.decode(), flush=True)
