"""A line to PostgreSQL that is as long as one likes, over which statements may be made to wait for each other.

A client that pipelines sends several statements at once and then waits. `one_by_one` makes of that what a client does that
doesn't: each statement goes to the server when the one before has been answered, and pays for the way there and back.
"""

from __future__ import annotations

import queue
import socket
import statistics
import struct
import threading
import time

FLUSH = b"H\x00\x00\x00\x04"
#: By which an answer to one statement ends: CommandComplete, EmptyQueryResponse, PortalSuspended, ErrorResponse.
ENDS = b"CIsE"


class Link:
    """TLS must be off: it reads what goes through."""

    def __init__(self, port: int, *, delay: float, one_by_one: bool):
        self.server_port = port
        #: There and back, in seconds.
        self.delay = delay
        self.one_by_one = one_by_one
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"postgres://tests@127.0.0.1:{self.port}/postgres?sslmode=disable&gssencmode=disable"

    def close(self) -> None:
        self._listener.close()

    def measured_round_trip(self) -> float:
        """The median of empty statements, in seconds."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            words = b"user\0tests\0database\0postgres\0\0"
            connection.sendall(struct.pack(">II", len(words) + 8, 3 << 16) + words)
            times = []
            for _ in range(201):
                begun = time.perf_counter()
                answer = b""
                # ReadyForQuery ends each answer.
                while len(answer) < 6 or answer[-6:-1] != b"Z\x00\x00\x00\x05":
                    answer += connection.recv(65536)
                times.append(time.perf_counter() - begun)
                connection.sendall(b"Q\x00\x00\x00\x05\0")
            return statistics.median(times[1:])

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                return
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Line(self, client, server).start()


class Line:
    """One connection."""

    def __init__(self, link: Link, client: socket.socket, server: socket.socket):
        self.link, self.client, self.server = link, client, server
        self.sent: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        #: The first letters of the server's messages that end something.
        self.ended: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.awaits_answers = False

    def start(self) -> None:
        for work in (self._read, self._write, self._answer):
            threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def _run(self, work) -> None:
        try:
            work()
        except OSError:
            pass
        self.sent.put((0, b""))
        self.ended.put(b"")
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _read(self) -> None:
        while data := self.client.recv(1 << 18):
            self.sent.put((time.perf_counter(), data))

    def _write(self) -> None:
        """All of the delay is on the way to the server: who waits for answers can't tell."""
        data = self._next()
        length = struct.unpack(">I", data[:4])[0]
        self.server.sendall(data[:length])
        data = data[length:]
        while True:
            if not self.link.one_by_one:
                self.server.sendall(data or self._next())
                data = b""
                continue
            data = self._pass_statement(data)

    def _next(self) -> bytes:
        at, data = self.sent.get()
        if not data:
            raise OSError("closed")
        wait(at + self.link.delay - time.perf_counter())
        return data

    def _pass_statement(self, data: bytes) -> bytes:
        """Passes on what the client sent up to the end of a statement, waits for its answer where others follow, and
        returns what follows."""
        place = 0
        while True:
            while len(data) < place + 5 or len(data) < place + 1 + struct.unpack(">I", data[place + 1:place + 5])[0]:
                data += self._next()
            kind = data[place:place + 1]
            place += 1 + struct.unpack(">I", data[place + 1:place + 5])[0]
            if kind == b"E":
                break
            if kind not in b"PBD":
                # The end of a pipeline, or nothing that belongs to one.
                self.server.sendall(data[:place])
                return data[place:]
        if not data[place:]:
            data += self._next()
        if data[place:place + 1] == b"S":
            self.server.sendall(data[:place + 5])
            return data[place + 5:]
        while not self.ended.empty():
            self.ended.get()
        self.awaits_answers = True
        self.server.sendall(data[:place] + FLUSH)
        end = self.ended.get()
        self.awaits_answers = False
        if end in (b"", b"E"):
            raise OSError("the connection is closed, or what follows won't be run")
        wait(self.link.delay)
        return data[place:]

    def _answer(self) -> None:
        data = b""
        while received := self.server.recv(1 << 18):
            self.client.sendall(received)
            if not self.link.one_by_one:
                continue
            data += received
            while len(data) >= 5 and len(data) >= (length := 1 + struct.unpack(">I", data[1:5])[0]):
                if self.awaits_answers and data[:1] in ENDS:
                    self.ended.put(data[:1])
                data = data[length:]


def wait(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)
