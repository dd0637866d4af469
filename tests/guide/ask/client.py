"""Asks for three greetings: `client ENDPOINT`, whom to ask."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.REQ) as client:
    client.connect(sys.argv[1])
    for name in ["Ada", "Grace", "Mary"]:
        client.send_string(name)
        print(client.recv_string(), flush=True)
