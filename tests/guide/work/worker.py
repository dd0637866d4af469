"""Squares numbers: `worker VENTILATOR SINK`, whence they come and where they go."""

import sys

import zmq

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as numbers,
    context.socket(zmq.PUSH) as squares,
):
    numbers.connect(sys.argv[1])
    squares.connect(sys.argv[2])
    while True:
        number = int(numbers.recv())
        squares.send_string(str(number * number))
