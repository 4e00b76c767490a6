"""A way to PostgreSQL that a test can cut at any message of the server's, or rob of its notifications."""

from __future__ import annotations

import socket
import struct
import threading


class PostgresProxy:
    """Passes connections on to a server, message by message. TLS must be off: it reads what goes through."""

    def __init__(self, port: int):
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        #: Keeps notifications back, as a pooler does that gives each transaction another connection.
        self.swallows_notifications = False
        self.cuts = 0
        self._lock = threading.Lock()
        self._left: int | None = None
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, database: str) -> str:
        return f"postgres://tests@127.0.0.1:{self.port}/{database}?sslmode=disable&gssencmode=disable"

    def cut_after(self, messages: int) -> None:
        """Cuts all connections once, when so many more messages of the server have gone through."""
        with self._lock:
            self._left = messages

    def close(self) -> None:
        self.listener.close()
        self._cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pass_requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_answers, args=(server, client), daemon=True).start()

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass
        self._close(client, server)

    def _pass_answers(self, server: socket.socket, client: socket.socket) -> None:
        data = b""
        try:
            while received := server.recv(65536):
                data += received
                # A letter, and a length that counts itself.
                while len(data) >= 5 and len(data) >= 1 + (length := struct.unpack(">I", data[1:5])[0]):
                    message, data = data[: 1 + length], data[1 + length:]
                    if self._is_over():
                        return
                    if not (self.swallows_notifications and message[:1] == b"A"):
                        client.sendall(message)
        except OSError:
            pass
        finally:
            self._close(client, server)

    def _is_over(self) -> bool:
        with self._lock:
            if self._left is None:
                return False
            if self._left > 0:
                self._left -= 1
                return False
            self._left = None
            self.cuts += 1
        self._cut()
        return True

    def _cut(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            try:
                # A reset rather than a goodbye.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _close(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
