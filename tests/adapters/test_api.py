"""The client API refuses well, and is what its description says."""

from __future__ import annotations

import asyncio
import http.client
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from attrs import evolve

from tests.support.federation import Federation
from web4adapters.api.openapi import DESCRIPTION
from web4adapters.api.server import MAX_BODY_BYTES, Api, errors_as_json
from web4adapters.config import NodeConfig, load_node_config
from web4adapters.demo import LocalFederation
from web4adapters.runtime import main
from web4adapters.runtime.recovery import Revived, revive
from web4adapters.storage import StorageError
from web4adapters.storage.store import STORE_NAME
from web4core.effects import Halt
from web4core.errors import LocalProtocolError
from web4core.ledger.state import MICRO, Address

FED = Federation(4, check=False)
HALT = Halt("C-DEC-4", "the root is wrong")


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


@pytest.mark.clause("A-DUR-1")
def test_an_error_of_the_store_is_told_and_stops_the_platform() -> None:
    error = StorageError(Path("store"), "it cannot be read", "see to the disk")
    stopped: list[StorageError] = []

    async def handler(_request: web.Request) -> web.Response:
        raise error

    async def play() -> tuple[int, dict]:
        middleware = errors_as_json(stopped.append)
        answer = await middleware(make_mocked_request("GET", "/v1/status"), handler)
        assert isinstance(answer, web.Response)
        return answer.status, json.loads(answer.text or "")

    status, body = asyncio.run(play())
    assert (status, body["error"]["code"]) == (503, "storage")
    assert stopped == [error]


@pytest.mark.clause("A-EFFECT-8")
def test_a_halted_platform_is_not_healthy() -> None:
    class Stub:
        state = evolve(FED.fresh(0), halted=HALT)

    async def play() -> tuple[int, dict]:
        api = Api(Stub(), *[None] * 7)  # type: ignore[arg-type]
        answer = await api.health(make_mocked_request("GET", "/v1/health"))
        return answer.status, json.loads(answer.text or "")

    status, body = asyncio.run(play())
    assert (status, body["error"]["code"]) == (503, "halted")
    assert "C-DEC-4: the root is wrong" in body["error"]["message"]


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    """The configuration of the second of two platforms, none of which runs."""
    federation = LocalFederation(tmp_path / "federation", 2, {Address("thor", "alice"): MICRO})
    return load_node_config(federation.folder / "sprout" / "platform.toml")


@pytest.mark.clause("A-EFFECT-8")
def test_a_platform_that_halted_does_not_start_again(
    config: NodeConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def halted(*arguments: Any) -> Revived:
        revived = revive(*arguments)
        return evolve(revived, state=evolve(revived.state, halted=HALT))

    monkeypatch.setattr(main, "revive", halted)
    assert main.run(config) == 1
    (told,) = [each for each in caplog.records if each.levelname == "CRITICAL"]
    assert "C-DEC-4: the root is wrong" in told.getMessage()


def test_a_platform_without_the_url_of_one_that_it_dials_does_not_start(
    config: NodeConfig,
) -> None:
    url = config.peers["sprout"]
    with pytest.raises(LocalProtocolError, match="no URL of thor"):
        main.run(evolve(config, peers={"sprout": url, "thro": url}))


@pytest.mark.clause("A-DUR-1")
def test_a_platform_whose_store_cannot_be_read_answers_and_ends(tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "f", 1, {Address("thor", "alice"): MICRO}) as federation:
        federation.start()
        port = int(federation.urls["thor"].rpartition(":")[2])
        store = federation.folder / "thor" / "store" / STORE_NAME
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("DROP TABLE transactions")
        status, body = ask(port, "GET", "/v1/transactions/" + "00" * 32, None, JSON)
        assert (status, body["error"]["code"]) == (503, "storage")
        assert federation.processes["thor"].wait(10) == 1
        assert "stopped before anything unsaved was sent" in federation.tail("thor")
