"""Wakes people, each when they asked to be: `server ENDPOINT`, where to listen."""

import asyncio
import sys

import zmq
import zmq.asyncio


async def wake(server, who, pause):
    await asyncio.sleep(int(pause) / 1000)
    await server.send_multipart([who, who + b", it is time: " + pause])


async def main():
    with zmq.asyncio.Context() as context, context.socket(zmq.ROUTER) as server:
        server.bind(sys.argv[1])
        print(server.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
        calls = set()
        while True:
            who, pause = await server.recv_multipart()
            call = asyncio.create_task(wake(server, who, pause))
            calls.add(call)
            call.add_done_callback(calls.discard)


asyncio.run(main())
