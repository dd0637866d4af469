"""Asks for a greeting: `client ENDPOINT KEYS`, whom to ask, and a directory with its own key pair
`anna` and the server's public key `mill`.
"""

import sys

import zmq
import zmq.auth

endpoint, keys = sys.argv[1:]
with zmq.Context() as context, context.socket(zmq.REQ) as client:
    own = zmq.auth.load_certificate(f"{keys}/anna.key_secret")
    client.curve_publickey, client.curve_secretkey = own
    client.curve_serverkey, _ = zmq.auth.load_certificate(f"{keys}/mill.key")
    client.connect(endpoint)
    client.send_string("Anna")
    print(client.recv_string(), flush=True)
