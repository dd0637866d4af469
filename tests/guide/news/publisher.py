"""Tells the weather, a hundred times a second: `publisher ENDPOINT`, where to listen."""

import sys
import time

import zmq

with zmq.Context() as context, context.socket(zmq.PUB) as publisher:
    publisher.bind(sys.argv[1])
    print(publisher.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    change = 0
    while True:
        time.sleep(0.01)
        change = (change + 1) % 5
        for city, degrees in [("Bergen", 7), ("Berlin", 9), ("Lima", 19)]:
            publisher.send_multipart([city.encode(), b"%d" % (degrees + change)])
