"""Asks to be woken three times: `client ENDPOINT NAME`, by whom, and who is asking."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.DEALER) as client:
    client.setsockopt_string(zmq.ROUTING_ID, sys.argv[2])
    client.connect(sys.argv[1])
    for pause in ["30", "20", "10"]:
        client.send_string(pause)
    for _ in range(3):
        print(client.recv_string(), flush=True)
