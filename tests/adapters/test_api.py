"""The client API refuses well, and is what its description says."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from web4adapters.api.openapi import DESCRIPTION
from web4adapters.api.server import MAX_BODY_BYTES, Api
from web4adapters.demo import LocalFederation
from web4core.ledger.state import MICRO, Address


def test_the_description_names_the_routes_and_no_others() -> None:
    routes = {(route.path, route.method) for route in Api.routes(Api.__new__(Api))}
    described = {
        (path, method.upper())
        for path, methods in DESCRIPTION["paths"].items()
        for method in methods
    }
    assert routes == described


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("api") / "federation"
    with LocalFederation(folder, 1, {Address("thor", "alice"): MICRO}) as federation:
        federation.start()
        yield int(federation.urls["thor"].rpartition(":")[2])


def ask(port: int, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


JSON = "application/json"
BAD = [
    ("POST", "/v1/transactions", b"{", JSON, 400, "malformed-json"),
    ("POST", "/v1/transactions", b"[" * 100_000, JSON, 400, "malformed-json"),
    ("POST", "/v1/transactions", b"\xff\xfe", JSON, 400, "malformed-json"),
    ("POST", "/v1/transactions", b"{}", JSON, 400, "malformed-body"),
    ("POST", "/v1/transactions", b'{"transactions": []}', JSON, 400, "malformed-body"),
    ("POST", "/v1/transactions", b'{"transactions": [7]}', JSON, 400, "malformed-body"),
    ("POST", "/v1/transactions", b'{"transactions": ["zz"]}', JSON, 400, "malformed-hex"),
    ("POST", "/v1/transactions", b'{"transactions": ["00"]}', JSON, 400, "W-TYPE-5"),
    ("POST", "/v1/transactions", b"x", "text/plain", 415, "unsupported-media-type"),
    ("GET", "/v1/accounts/alice", None, JSON, 400, "malformed-address"),
    ("GET", "/v1/accounts/ALICE@thor", None, JSON, 400, "malformed-address"),
    ("GET", "/v1/accounts/nobody@thor", None, JSON, 404, "unknown"),
    ("GET", "/v1/transactions/12", None, JSON, 400, "malformed-id"),
    ("GET", "/v1/transactions/" + "zz" * 32, None, JSON, 400, "malformed-hex"),
    ("GET", "/v1/transfers/" + "00" * 32, None, JSON, 404, "unknown"),
    ("GET", "/v1/blocks/9", None, JSON, 404, "unknown-block"),
    ("GET", "/v1/blocks/-1", None, JSON, 400, "malformed-number"),
    ("GET", "/v1/blocks/" + "9" * 5000, None, JSON, 400, "malformed-number"),
    ("GET", "/v1/export?limit=0", None, JSON, 400, "malformed-number"),
    ("GET", "/nowhere", None, JSON, 404, "not-found"),
    ("DELETE", "/v1/status", None, JSON, 405, "method-not-allowed"),
]


@pytest.mark.parametrize(("method", "path", "body", "kind", "status", "code"), BAD)
def test_a_bad_request_is_told_what_is_wrong_and_what_to_do(
    port: int, method: str, path: str, body: bytes | None, kind: str, status: int, code: str
) -> None:
    found, answer = ask(port, method, path, body, kind)
    assert (status, code) == (found, answer["error"]["code"])
    assert answer["error"]["message"]
    assert answer["error"]["do"]


def test_an_oversized_body_is_refused_and_the_platform_lives_on(port: int) -> None:
    try:
        status, _ = ask(port, "POST", "/v1/transactions", b" " * (MAX_BODY_BYTES + 1), JSON)
    except (ConnectionError, http.client.HTTPException):
        status = 413  # it closed before all was sent
    assert status == 413
    assert ask(port, "GET", "/v1/health", None, JSON) == (200, {"status": "ok"})
