"""Shows six reports of the weather: `subscriber ENDPOINT TOPIC`, whom to hear, and of which cities."""

import sys

import zmq

with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
    subscriber.connect(sys.argv[1])
    subscriber.subscribe(sys.argv[2])
    for _ in range(6):
        city, degrees = subscriber.recv_multipart()
        print(f"{city.decode()}: {degrees.decode()} degrees", flush=True)
