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
import sys

BIG = b"x" * (1 << 20)
statistics = {"requests": 0, "connections": 0, "open": 0, "most_open": 0}


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body


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
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].split(b"?")[0]
            if path == b"/_statistics":
                writer.write(answer(json.dumps(statistics).encode()))
                continue
            statistics["requests"] += 1
            await read_body(reader, head)
            if path == b"/slow":
                await asyncio.sleep(2)
            writer.write(answer(BIG if path == b"/big" else b"served\n"))
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        statistics["open"] -= 1
        writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024, limit=1 << 18)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
