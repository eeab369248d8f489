"""Gives a browser on this machine the playground: its page, the Python it runs, and Pyodide.

Only files that are named here are served, over loopback; nothing is written.
"""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from web4lab.playground.bundle import bundle

HERE: Final = Path(__file__).parent
HOST: Final = "127.0.0.1"
PYODIDE: Final = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide-lock.json",
    "python_stdlib.zip",
)
"""The files of the npm package `pyodide` that the page needs."""
PAGE: Final = (
    "index.html",
    "style.css",
    "app.js",
    "cards.js",
    "chart.js",
    "dom.js",
    "flights.js",
    "host.js",
    "tours.js",
    "trace.js",
    "fork.itf.json",
    "lock.itf.json",
)
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
"""The page may load and run what this server gives, and nothing else."""


class MissingPyodide(Exception):
    """The folder is not that of the npm package."""


class _Handler(BaseHTTPRequestHandler):
    pyodide: Path

    def do_GET(self) -> None:
        """Answer with a file, or 404."""
        path = self.path.partition("?")[0]
        name = "index.html" if path == "/" else path.removeprefix("/")
        body = self._body(name)
        if body is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TYPES[Path(name).suffix])
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)

    def _body(self, name: str) -> bytes | None:
        if name in PAGE:
            return (HERE / name).read_bytes()
        if name == "python.zip":
            return bundle()
        folder, _, file = name.partition("/")
        if folder == "pyodide" and file in PYODIDE:
            return (self.pyodide / file).read_bytes()
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as in the base class
        """Log nothing."""


def server(pyodide: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback, not yet serving; port 0 takes a free one. Raises `MissingPyodide`."""
    missing = [name for name in PYODIDE if not (pyodide / name).is_file()]
    if missing:
        raise MissingPyodide(f"{pyodide} lacks {', '.join(missing)}")
    handler = type("Handler", (_Handler,), {"pyodide": pyodide})
    return ThreadingHTTPServer((HOST, port), handler)
