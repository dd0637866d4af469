"""Deals out the numbers from 1 to 100: `ventilator ENDPOINT`, where to listen."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.PUSH) as ventilator:
    ventilator.bind(sys.argv[1])
    print(ventilator.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    for number in range(1, 101):
        ventilator.send_string(str(number))
