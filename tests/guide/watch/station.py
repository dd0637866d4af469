"""Takes work and hears the news at once: `station VENTILATOR PUBLISHER`."""

import sys

import zmq

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as work,
    context.socket(zmq.SUB) as news,
):
    work.connect(sys.argv[1])
    news.connect(sys.argv[2])
    news.subscribe("Lima")
    poller = zmq.Poller()
    poller.register(work, zmq.POLLIN)
    poller.register(news, zmq.POLLIN)
    tasks = reports = 0
    while tasks < 100 or reports < 3:
        ready = dict(poller.poll())
        if work in ready:
            work.recv()
            tasks += 1
        if news in ready:
            news.recv_multipart()
            reports += 1
    print(f"{tasks} tasks, and reports of the weather", flush=True)
