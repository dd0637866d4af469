"""Stands between clients and servers: `broker FRONT BACK`, where to listen for each."""

import sys

import zmq

with (
    zmq.Context() as context,
    context.socket(zmq.ROUTER) as clients,
    context.socket(zmq.DEALER) as servers,
):
    clients.bind(sys.argv[1])
    servers.bind(sys.argv[2])
    print(clients.getsockopt_string(zmq.LAST_ENDPOINT))
    print(servers.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    zmq.proxy(clients, servers)
