"""A relay before a server that counts how often a client waits for it."""

from __future__ import annotations

import select
import socket
import threading

from .gateway import free_port


class Relay:
    """Passes bytes on both ways, and keeps what clients sent at once: one entry for each round trip."""

    def __init__(self, port: int):
        self.server_port, self.port = port, free_port()
        self.round_trips: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        sent = b""
        try:
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    if end is client:
                        sent += data
                        server.sendall(data)
                    else:
                        if sent:
                            self.round_trips.append(sent)
                            sent = b""
                        client.sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def close(self) -> None:
        self._listener.close()
        for end in self._sockets:
            end.close()
