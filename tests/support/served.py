"""Places on loopback that answer over HTTP as a test wants them to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def served(behaviour: Behaviour) -> Iterator[str]:
    """A place on loopback that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                behaviour(self)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  as the base class calls it

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answering(body: bytes, status: int = 200, **headers: str) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behaviour


def saying(value: Any) -> Behaviour:
    return answering(json.dumps(value).encode())


DRIP_S = 60
"""How long an answer may come in drips."""


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A healthy answer, a byte each tenth of a second."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10 * DRIP_S))
    handler.end_headers()
    drip_bytes(handler)


def drip_bytes(handler: BaseHTTPRequestHandler) -> None:
    """A byte each tenth of a second."""
    for _ in range(10 * DRIP_S):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)
