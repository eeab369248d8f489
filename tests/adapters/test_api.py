"""The client API refuses well, and is what its description says."""

from __future__ import annotations

import ast
import asyncio
import gzip
import http.client
import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from attrs import evolve

from tests.support.federation import Federation
from web4adapters.api import server
from web4adapters.api.server import (
    DESCRIPTION,
    MAX_BODY_BYTES,
    MAX_EXPORT_BLOCKS,
    MAX_WAIT_MS,
    Api,
    errors_as_json,
)
from web4adapters.client import next_transaction
from web4adapters.config import NodeConfig, load_node_config
from web4adapters.node import main
from web4adapters.runtime.recovery import node_of
from web4adapters.signers import KeyFile
from web4adapters.storage import StorageError
from web4adapters.storage.store import STORE_NAME
from web4core.chain import chain_id
from web4core.effects import Halt
from web4core.errors import LocalProtocolError
from web4core.ledger.pool import POOL_EXPLAINED
from web4core.ledger.rules import EXPLAINED
from web4core.ledger.state import MICRO, Address
from web4core.ledger.transactions import Transfer
from web4core.messages import MAX_SUBMISSION
from web4core.node import Node
from web4lab.demo import LocalFederation

FED = Federation(4, check=False)
ALICE, BOB = Address(platform="thor", agent="alice"), Address(platform="thor", agent="bob")
HALT = Halt("C-DEC-4", "the root is wrong")


OPENAPI: dict[str, Any] = json.loads(DESCRIPTION)
SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]

# --- the description ---------------------------------------------------------------------------


def test_the_description_names_the_routes_and_no_others() -> None:
    routes = {(route.path, route.method) for route in Api.routes(Api.__new__(Api))}
    described = {
        (path, method.upper()) for path, methods in OPENAPI["paths"].items() for method in methods
    }
    assert routes == described


def test_the_description_names_every_code_of_a_refused_transaction() -> None:
    codes = [str(code) for code in (*EXPLAINED, *POOL_EXPLAINED)]
    assert sorted(codes) == SCHEMAS["RefusalCode"]["enum"]


def codes_of_the_server() -> set[str]:
    """Return what the source passes as a code of an error, and what its framework answers."""
    found = {"not-found", "method-not-allowed", "request-entity-too-large"}
    for node in ast.walk(ast.parse(Path(server.__file__).read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in {"ApiError", "_error"} and isinstance(node.args[1], ast.Constant):
            found.add(str(node.args[1].value))
    return found


def test_the_description_names_every_code_of_a_refused_request() -> None:
    named, clause = SCHEMAS["ErrorCode"]["anyOf"]
    codes = codes_of_the_server()
    assert len(codes) > 15
    clauses = {code for code in codes if re.search(clause["pattern"], code)}
    assert clauses == {"W-MSG-2"}
    assert sorted(codes - clauses) == named["enum"]
    page = (Path(__file__).parents[2] / "spec" / "client.md").read_text(encoding="utf-8")
    assert [code for code in named["enum"] if f"`{code}`" not in page] == []


def test_the_description_has_the_limits_of_the_server() -> None:
    def limit(path: str, name: str) -> int:
        (schema,) = (
            each["schema"]
            for each in OPENAPI["paths"][path]["get"]["parameters"]
            if each["name"] == name
        )
        most: int = schema["maximum"]
        return most

    assert SCHEMAS["Submission"]["properties"]["transactions"]["maxItems"] == MAX_SUBMISSION
    assert limit("/v1/transactions/{id}", "wait_ms") == MAX_WAIT_MS
    assert limit("/v1/export", "limit") == MAX_EXPORT_BLOCKS


def schema_of(method: str, path: str, status: int) -> dict[str, Any]:
    """Return the schema of the answer to a request, by its route."""
    refused = {"$ref": "#/components/schemas/Error"}
    template = re.sub(r"^(/v1/(?:transactions|accounts|transfers|blocks)/)[^?]+", r"\1*", path)
    for known, methods in OPENAPI["paths"].items():
        pattern = re.sub(r"\{\w+\}", "*", known)
        if status == 200 and pattern == template.partition("?")[0] and method.lower() in methods:
            answer = methods[method.lower()]["responses"]["200"]
            found: dict[str, Any] = answer["content"]["application/json"]["schema"]
            return found
    return refused


def check_answer(method: str, path: str, status: int, answer: Any) -> None:
    """Hold an answer against the description."""
    schema = {**schema_of(method, path, status), "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer)


def test_an_answer_that_is_not_described_is_seen() -> None:
    check_answer("GET", "/v1/health", 200, {"status": "ok"})
    for path, status, answer in (
        ("/v1/health", 200, {"status": "well"}),
        ("/v1/accounts/alice@thor", 200, {"status": "ok"}),
        ("/v1/health", 503, {"error": {"code": "odd", "message": "", "do": ""}}),
    ):
        with pytest.raises(jsonschema.ValidationError):
            check_answer("GET", path, status, answer)


def test_the_description_is_served_as_it_is(port: int) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert raw(port, request) == (200, DESCRIPTION)


# --- a platform --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("api") / "federation"
    with LocalFederation(folder, 1, {Address(platform="thor", agent="alice"): MICRO}) as federation:
        federation.start()
        yield int(federation.urls["thor"].rpartition(":")[2])


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[LocalFederation]:
    """A federation of one, in which nothing has happened."""
    with LocalFederation(tmp_path / "alone", 1, {ALICE: MICRO, BOB: 0}) as federation:
        federation.start()
        yield federation


def port_of(federation: LocalFederation) -> int:
    return int(federation.urls["thor"].rpartition(":")[2])


def ask(
    port: int, method: str, path: str, body: bytes | None, kind: str
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        check_answer(method, path, answer.status, said)
        return answer.status, said
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
    ("POST", "/v1/transactions", b"{}", f"{JSON}; charset=bogus", 415, "unsupported-media-type"),
    ("POST", "/v1/transactions", b"{}", f"{JSON}; charset=utf-16", 415, "unsupported-media-type"),
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


@pytest.mark.clause("W-HTTP-2")
@pytest.mark.parametrize(("method", "path", "body", "kind", "status", "code"), BAD)
def test_a_bad_request_is_told_what_is_wrong_and_what_to_do(
    port: int, method: str, path: str, body: bytes | None, kind: str, status: int, code: str
) -> None:
    found, answer = ask(port, method, path, body, kind)
    assert (status, code) == (found, answer["error"]["code"])
    assert answer["error"]["message"]
    assert answer["error"]["do"]


@pytest.mark.clause("W-HTTP-3")
def test_an_oversized_body_is_refused_and_the_platform_lives_on(port: int) -> None:
    try:
        status, _ = ask(port, "POST", "/v1/transactions", b" " * (MAX_BODY_BYTES + 1), JSON)
    except (ConnectionError, http.client.HTTPException):
        status = 413  # it closed before all was sent
    assert status == 413
    assert ask(port, "GET", "/v1/health", None, JSON) == (200, {"status": "ok"})


@pytest.mark.clause("W-HTTP-3")
def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        content_type = JSON
        charset = None
        headers: ClassVar[dict[str, str]] = {}

        async def read(self) -> Any:
            await asyncio.sleep(60)

    monkeypatch.setattr(server, "BODY_TIMEOUT_S", 0.01)
    with pytest.raises(server.ApiError) as refused:
        asyncio.run(server._json_body(Slow()))  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.code) == (408, "request-timeout")


def raw(port: int, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


@pytest.mark.clause("W-HTTP-2")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "nonsense"])
@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}", mtime=0)], ids=["plain", "gzip"])
def test_a_body_that_is_encoded_is_refused_unread(port: int, coding: str, body: bytes) -> None:
    head = (
        f"POST /v1/transactions HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\n"
        f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    status, answer = raw(port, head.encode() + body)
    assert (status, json.loads(answer)["error"]["code"]) == (415, "unsupported-media-type")


MALFORMED = {
    "no host": b"GET /v1/health HTTP/1.1\r\n\r\n",
    "request line": b"GET /v1 /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "method": b"\x00\x01\r\n\r\n",
    "length": b"GET /v1/health HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    "chunk": b"POST /v1/transactions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz",
}


def test_malformed_requests_are_refused_and_do_not_fill_the_log(alone: LocalFederation) -> None:
    before = alone.log("thor").stat().st_size
    for request in MALFORMED.values():
        for _ in range(20):
            assert raw(port_of(alone), request)[0] == 400
    assert alone.log("thor").stat().st_size - before < 2_000
    assert "Traceback" not in alone.tail("thor")


def test_a_client_that_hangs_up_within_its_body_is_no_error(alone: LocalFederation) -> None:
    before = alone.log("thor").stat().st_size
    head = (
        f"POST /v1/transactions HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\n"
        "Content-Length: 99\r\n\r\n{"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port_of(alone)), timeout=20) as connection:
            connection.sendall(head.encode())
    assert ask(port_of(alone), "GET", "/v1/health", None, JSON)[0] == 200
    assert alone.log("thor").stat().st_size == before


def test_the_status_is_as_it_is_described(alone: LocalFederation) -> None:
    status, answer = ask(port_of(alone), "GET", "/v1/status", None, JSON)
    described = SCHEMAS["Status"]["properties"]
    assert status == 200
    assert sorted(answer) == sorted(described)
    assert (answer["platform"], answer["height"], answer["agreeing_on"]) == ("thor", 0, 1)


@pytest.mark.clause("W-HTTP-6")
def test_before_the_first_block_an_account_has_no_proof(alone: LocalFederation) -> None:
    status, answer = ask(port_of(alone), "GET", f"/v1/accounts/{ALICE}", None, JSON)
    assert (status, answer["height"], answer["proof"]) == (200, 0, None)


@pytest.mark.clause("W-HTTP-1", "W-HTTP-4", "W-HTTP-5", "W-HTTP-6", "W-HTTP-8")
def test_a_transaction_is_followed_from_unknown_to_its_block(alone: LocalFederation) -> None:
    port, client, chain = port_of(alone), alone.clients["thor"], chain_id(alone.genesis)
    signer = KeyFile.load(alone.folder / "wallets" / f"{ALICE}.key")
    payment = next_transaction(
        client,
        ALICE,
        signer,
        lambda nonce: Transfer(
            chain_id=chain, source=ALICE, destination=BOB, amount_uatp=7, nonce=nonce
        ),
    )
    path = f"/v1/transactions/{payment.id.hex()}"
    assert ask(port, "GET", path, None, JSON)[1]["status"] == "unknown"

    spoiled = payment.encoded[:-1] + bytes([payment.encoded[-1] ^ 1])
    for bad, clause in ((b"\x80", "W-TYPE-5"), (spoiled, "W-MSG-2")):
        body = json.dumps({"transactions": [payment.encoded.hex(), bad.hex()]}).encode()
        status, answer = ask(port, "POST", "/v1/transactions", body, JSON)
        assert (status, answer["error"]["code"]) == (400, clause)
    assert ask(port, "GET", path, None, JSON)[1]["status"] == "unknown"  # none was taken

    handed_in = json.dumps({"transactions": [payment.encoded.hex()]}).encode()
    status, answer = ask(port, "POST", "/v1/transactions", handed_in, JSON)
    assert (status, answer["transactions"][0]["status"]) == (200, "pending")
    found = ask(port, "GET", f"{path}?wait_ms=20000", None, JSON)[1]
    assert (found["status"], found["height"], found["position"]) == ("committed", 1, 0)
    assert client.wait(payment, 5).height == 1  # with its proof
    assert client.account(BOB).account.available_uatp == 7

    again = ask(port, "POST", "/v1/transactions", handed_in, JSON)[1]["transactions"][0]
    assert (again["status"], again["code"], again["committed_at"]) == ("refused", "nonce-used", 1)
    assert len(ask(port, "GET", "/v1/export?limit=9", None, JSON)[1]["blocks"]) == 1
    assert ask(port, "GET", "/v1/export?from=2", None, JSON)[1]["blocks"] == []


@pytest.mark.clause("A-DUR-1")
def test_an_error_of_the_store_is_told_and_stops_the_platform() -> None:
    error = StorageError(Path("store"), "it cannot be read", "see to the disk")
    stopped: list[StorageError] = []

    async def handler(_request: web.Request) -> web.Response:
        raise error

    async def play() -> tuple[int, dict[str, Any]]:
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

    async def play() -> tuple[int, dict[str, Any]]:
        api = Api(Stub(), *[None] * 6)  # type: ignore[arg-type]
        answer = await api.health(make_mocked_request("GET", "/v1/health"))
        return answer.status, json.loads(answer.text or "")

    status, body = asyncio.run(play())
    assert (status, body["error"]["code"]) == (503, "halted")
    assert "C-DEC-4: the root is wrong" in body["error"]["message"]


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    """The configuration of the second of two platforms, none of which runs."""
    federation = LocalFederation(
        tmp_path / "federation", 2, {Address(platform="thor", agent="alice"): MICRO}
    )
    return load_node_config(federation.folder / "sprout" / "platform.toml")


@pytest.mark.clause("A-EFFECT-8")
def test_a_platform_that_halted_does_not_start_again(
    config: NodeConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def halted(*arguments: Any) -> Node:
        node = node_of(*arguments)
        node.state = evolve(node.state, halted=HALT)
        return node

    monkeypatch.setattr(main, "node_of", halted)
    assert main.run(config) == 1
    (told,) = [each for each in caplog.records if each.levelname == "CRITICAL"]
    assert "C-DEC-4: the root is wrong" in told.getMessage()


def test_a_platform_without_the_url_of_one_that_it_dials_does_not_start(
    config: NodeConfig,
) -> None:
    url = config.peers["sprout"]
    with pytest.raises(LocalProtocolError, match="no URL of thor"):
        main.run(evolve(config, peers={"sprout": url, "thro": url}))


def test_a_platform_without_the_url_of_one_that_dials_it_does_not_start(
    config: NodeConfig,
) -> None:
    first = load_node_config(config.genesis.parent / "thor" / "platform.toml")
    with pytest.raises(LocalProtocolError, match="no URL of sprout"):
        main.run(evolve(first, peers={"thor": first.peers["thor"]}))


def test_a_platform_with_the_url_of_a_stranger_does_not_start(config: NodeConfig) -> None:
    url = config.peers["sprout"]
    with pytest.raises(LocalProtocolError, match=r"a URL of thro, which .* does not list"):
        main.run(evolve(config, peers=config.peers | {"thro": url}))


@pytest.mark.clause("A-DUR-1")
def test_a_platform_whose_store_cannot_be_read_answers_and_ends(tmp_path: Path) -> None:
    with LocalFederation(
        tmp_path / "f", 1, {Address(platform="thor", agent="alice"): MICRO}
    ) as federation:
        federation.start()
        port = int(federation.urls["thor"].rpartition(":")[2])
        store = federation.folder / "thor" / "store" / STORE_NAME
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("DROP TABLE transactions")
        status, body = ask(port, "GET", "/v1/transactions/" + "00" * 32, None, JSON)
        assert (status, body["error"]["code"]) == (503, "storage")
        assert federation.processes["thor"].wait(10) == 1
        assert "stopped before anything unsaved was sent" in federation.tail("thor")
