"""A process that dials a port of this machine and sends back all that it receives: the far end of a
hop.

Run as `python -m web4lab.bench.echo PORT`.
"""

from __future__ import annotations

import socket
import sys

CHUNK_BYTES = 4096


def main(port: int) -> None:
    """Echo until the connection ends."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(CHUNK_BYTES):
            connection.sendall(data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
