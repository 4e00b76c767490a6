"""The upstream behind the gateway under attack, as a process of its own: counts what reaches it.

    python backend.py PORT

GET /            a short answer at once
GET /big         1 MiB
GET /slow        a short answer after two seconds
POST anything    a short answer after the whole body
GET /_statistics requests and connections so far, connections open now and at most
"""

import asyncio
import json
import socket
import sys

#: A big answer goes out as it is taken. Written whole it would be held in memory, a mebibyte for each request, and the
#: backend would have no time for anything else.
PIECE, PIECES = b"x" * (1 << 16), 16
statistics = {"requests": 0, "connections": 0, "open": 0, "most_open": 0}


def head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % length


def answer(body: bytes) -> bytes:
    return head(len(body)) + body


async def read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    if fields.get(b"transfer-encoding") == b"chunked":
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
    else:
        await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    statistics["connections"] += 1
    statistics["open"] += 1
    statistics["most_open"] = max(statistics["most_open"], statistics["open"])
    try:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].split(b"?")[0]
            if path == b"/_statistics":
                writer.write(answer(json.dumps(statistics).encode()))
                continue
            statistics["requests"] += 1
            await read_body(reader, request)
            if path == b"/slow":
                await asyncio.sleep(2)
            if path == b"/big":
                writer.write(head(PIECES * len(PIECE)))
                for _ in range(PIECES):
                    writer.write(PIECE)
                    await writer.drain()
            else:
                writer.write(answer(b"served\n"))
                await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        statistics["open"] -= 1
        writer.close()


async def main(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    # What is accepted inherits it.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    server = await asyncio.start_server(serve, sock=listener, backlog=1024, limit=1 << 18)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
