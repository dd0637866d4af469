"""Greets friends: `server ENDPOINT KEYS`, where to listen, and a directory with its own key pair
`mill` and the public keys of those who may come.
"""

import sys

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

endpoint, keys = sys.argv[1:]
with zmq.Context() as context, context.socket(zmq.REP) as server:
    guard = ThreadAuthenticator(context)
    guard.start()
    guard.configure_curve(domain="*", location=keys)
    own = zmq.auth.load_certificate(f"{keys}/mill.key_secret")
    server.curve_publickey, server.curve_secretkey = own
    server.curve_server = True
    server.bind(endpoint)
    print(server.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    while True:
        name = server.recv()
        server.send(b"Hello, " + name)
