"""Stands between clients and servers, and obeys: `queue FRONT BACK CONTROL CAPTURE`, where to listen for each."""

import sys

import zmq

with (
    zmq.Context() as context,
    context.socket(zmq.ROUTER) as front,
    context.socket(zmq.DEALER) as back,
    context.socket(zmq.REP) as control,
    context.socket(zmq.PUB) as capture,
):
    for socket, endpoint in zip((front, back, control, capture), sys.argv[1:], strict=True):
        socket.bind(endpoint)
        print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    zmq.proxy_steerable(front, back, capture, control)
