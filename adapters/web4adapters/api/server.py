"""The client API: submit transactions, and read with proofs.

Every answer about the ledger comes from durable state and carries what a light client needs to
check it.
Errors are JSON with a code, what was found, and what to do.
"""

from __future__ import annotations

import asyncio
import binascii
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from web4adapters.runtime.engine import Engine
from web4adapters.signers import VerifierPool
from web4adapters.storage import StorageError
from web4adapters.transport import Links
from web4core import (
    CERTIFICATE,
    DIGEST_BYTES,
    ENTRY_PROOF,
    EXPLAINED,
    INCLUSION_PROOF,
    MAX_ITEM_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_SUBMISSION,
    MAX_UINT,
    NAME,
    POOL_EXPLAINED,
    Account,
    Address,
    Block,
    Certificate,
    CrossTransfer,
    Entry,
    EntryProof,
    InclusionProof,
    LedgerState,
    RemoteProtocolError,
    SignatureCheck,
    SignedHeader,
    TransactionId,
    account_path,
    list_proof,
    prove,
    transfer_path,
)

MAX_BODY_BYTES = 2 * MAX_SUBMISSION * MAX_ITEM_BYTES + 64 * 1024
"""Length of a request's body: so many transactions, in hex (W-HTTP-3)."""

BODY_TIMEOUT_S = 10.0
"""The longest that a client may take to send its body (W-HTTP-3)."""

MAX_WAIT_MS = 30_000
"""The longest that a client may wait for a transaction in one request."""

MAX_EXPORT_BLOCKS = 256
"""Blocks in one answer (W-HTTP-8)."""

MAX_EXPORT_BYTES = 16 * 1024 * 1024
"""Bytes of the blocks in one answer; about half of its length in hex (W-HTTP-8)."""

DESCRIPTION = files("web4adapters.api").joinpath("openapi.json").read_bytes()
"""The client API in OpenAPI 3.1, as `GET /openapi.json` serves it."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that cannot be answered: HTTP status, code, what was found, what to do."""

    def __init__(self, status: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.remedy = remedy


_EXPLAINED: dict[str, str] = dict(itertools.chain(EXPLAINED.items(), POOL_EXPLAINED.items()))


def explain(code: str) -> str:
    """A sentence for a refusal's code."""
    return _EXPLAINED.get(code, code)


def errors_as_json(stop: Callable[[StorageError], None]) -> Middleware:
    """Turn every refusal into JSON, and never show a traceback (W-HTTP-2).

    An error of the store is passed to `stop`: the platform must not go on (A-DUR-1).
    """

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return _error(error.status, error.code, error.message, error.remedy)
        except RemoteProtocolError as error:
            return _error(400, error.clause, error.reason, "mend what the clause names; see spec/")
        except StorageError as error:
            stop(error)
            return _error(503, "storage", "the store failed; the platform stops", _ELSEWHERE)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            return _error(error.status, error.reason.lower().replace(" ", "-"), error.reason, _HELP)

    return middleware


_ELSEWHERE = "ask another platform, and see this one's log"
_HELP = "GET /openapi.json describes every request"


def _error(status: int, code: str, message: str, remedy: str) -> web.Response:
    body = {"error": {"code": code, "message": message, "do": remedy}}
    return web.json_response(body, status=status)


class Api:
    """The routes of one platform."""

    def __init__(
        self,
        engine: Engine,
        links: Links,
        names: tuple[str, ...],
        chain: str,
        genesis_block: Block,
        version: str,
        pool: VerifierPool,
    ) -> None:
        self._engine = engine
        self._links = links
        self._names = names
        self._chain = chain
        self._genesis_block = genesis_block
        self._version = version
        self._pool = pool

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of all that clients can ask."""
        return [
            web.get("/v1/health", self.health),
            web.get("/v1/status", self.status),
            web.post("/v1/transactions", self.submit),
            web.get("/v1/transactions/{id}", self.transaction),
            web.get("/v1/accounts/{address}", self.account),
            web.get("/v1/transfers/{id}", self.transfer),
            web.get("/v1/blocks/{height}", self.block),
            web.get("/v1/export", self.export),
            web.get("/openapi.json", self.openapi),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Whether the platform runs, and has not halted (A-EFFECT-8)."""
        halt = self._engine.state.halted
        if halt is not None:
            return _error(503, "halted", f"{halt.clause}: {halt.reason}", _ELSEWHERE)
        return web.json_response({"status": "ok"})

    async def openapi(self, _request: web.Request) -> web.Response:
        """Serve the description of this interface."""
        return web.Response(body=DESCRIPTION, content_type="application/json")

    async def status(self, _request: web.Request) -> web.Response:
        """The state of the platform: its tip, height and view, and the peers it receives from."""
        engine = self._engine
        state = engine.durable
        config, header = state.config, state.tip.header
        ledger: LedgerState = state.app
        return web.json_response(
            {
                "chain": self._chain,
                "chain_id": config.chain_id.hex(),
                "platform": self._names[config.me],
                "height": header.height,
                "digest": state.tip.digest.hex(),
                "state_root": header.state_root.hex(),
                "time_ms": header.time_ms,
                "view": state.agreement.view,
                "agreeing_on": state.height,
                "pending": config.application.pending(state.pool),
                "supply_uatp": ledger.supply_uatp,
                "peers": [self._peer(index) for index in config.others],
                "counters": {
                    "sent": dict(engine.sent),
                    "blocks": engine.decided_blocks,
                    "dropped": self._links.dropped,
                    "evidence": len(engine.evidence),
                },
                "version": self._version,
            }
        )

    def _peer(self, index: int) -> dict[str, Any]:
        heard = self._engine.heard.get(index)
        ago_ms = None if heard is None else int((time.monotonic() - heard.at_s) * 1000)
        return {
            "platform": self._names[index],
            "connected": self._links.is_up(index),
            "height": None if heard is None else heard.height,
            "view": None if heard is None else heard.view,
            "heard_ms_ago": ago_ms,
        }

    # --- transactions ---

    async def submit(self, request: web.Request) -> web.Response:
        """Take transactions, all or none; the answer comes when they are on disk (W-HTTP-4)."""
        encoded = _hex_list(await _json_body(request))
        items: list[Any] = []
        claims: list[SignatureCheck] = []
        for place, each in enumerate(encoded):
            try:
                item, own = self._engine.gate.parse_item(each)
            except RemoteProtocolError as error:
                reason = f"transaction {place}: {error.reason}"
                raise RemoteProtocolError(error.clause, reason) from None
            items.append(item)
            claims.extend(own)
        if not await self._pool.holds(claims):
            remedy = "sign the bytes that spec/ledger.md names, with the key that is listed"
            raise ApiError(400, "W-MSG-2", "a signature does not verify", remedy)
        for item in items:
            self._engine.tracker.pending(item.id)
        refused = await self._engine.submit(tuple(items))
        answers = [self._submitted(item.id, refused.get(item.id)) for item in items]
        return web.json_response({"transactions": answers})

    def _submitted(self, identity: bytes, code: str | None) -> dict[str, Any]:
        if code is None:
            return {"id": identity.hex(), "status": "pending"}
        answer = {"id": identity.hex(), "status": "refused", "code": code}
        place = self._engine.store.transaction(identity)
        # the same transaction again: the client learns about the first one
        before = {} if place is None else {"committed_at": place[0]}
        return answer | {"meaning": explain(code)} | before

    async def transaction(self, request: web.Request) -> web.Response:
        """Say what became of a transaction; wait for it if asked to (W-HTTP-5)."""
        identity = _digest(request.match_info["id"])
        wait_ms = _integer(request.query.get("wait_ms", "0"), "wait_ms", 0, MAX_WAIT_MS)
        tracker = self._engine.tracker
        unknown = tracker.refusal(identity) is None and (
            self._engine.store.transaction(identity) is None
        )
        if wait_ms and unknown:
            await tracker.wait(identity, wait_ms / 1000)
        return web.json_response(self._fate(identity))

    def _fate(self, identity: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = {"id": identity.hex()}
        place = self._engine.store.transaction(identity)
        if place is not None:
            height, position = place
            proof = self._inclusion(height, position)
            return answer | {
                "status": "committed",
                "height": height,
                "position": position,
                "proof": INCLUSION_PROOF.encode(proof).hex(),
            }
        code = self._engine.tracker.refusal(identity)
        if code is not None:
            return answer | {"status": "refused", "code": code, "meaning": explain(code)}
        pending = self._engine.tracker.is_pending(identity)
        return answer | {"status": "pending" if pending else "unknown"}

    def _inclusion(self, height: int, position: int) -> InclusionProof:
        stored = self._engine.store.block(height)
        if stored is None:
            raise ApiError(404, "unknown-block", f"block {height} is not stored here", _HELP)
        block = self._engine.gate.schemas.block.decode(stored.block, MAX_MESSAGE_BYTES)
        certificate = CERTIFICATE.decode(stored.certificate, MAX_MESSAGE_BYTES)
        leaves = [item.encoded for item in block.payload]
        return InclusionProof(
            anchor=SignedHeader(block.header, certificate),
            transaction=leaves[position],
            index=position,
            size=len(leaves),
            path=list_proof(leaves, position),
        )

    # --- the ledger ---

    async def account(self, request: web.Request) -> web.Response:
        """An account, with the proof that it is as shown."""
        address = _address(request.match_info["address"])
        entry, height, proof = self._entry(account_path(address), str(address))
        if not isinstance(entry, Account):
            raise ApiError(404, "unknown-account", f"{address} is not open", _OPEN)
        return web.json_response(
            {
                "address": str(entry.address),
                "owner": entry.owner.hex(),
                "available_uatp": entry.available_uatp,
                "locked_uatp": entry.locked_uatp,
                "nonce": entry.nonce,
                "height": height,
                "proof": proof,
            }
        )

    async def transfer(self, request: web.Request) -> web.Response:
        """A cross-platform transfer, with the proof that it is as shown."""
        identity = _digest(request.match_info["id"])
        entry, height, proof = self._entry(transfer_path(TransactionId(identity)), identity.hex())
        if not isinstance(entry, CrossTransfer):
            raise ApiError(404, "unknown-transfer", f"{identity.hex()} was never locked", _HELP)
        return web.json_response(
            {
                "id": entry.id.hex(),
                "source": str(entry.source),
                "destination": str(entry.destination),
                "amount_uatp": entry.amount_uatp,
                "expiry_ms": entry.expiry_ms,
                "phase": entry.phase.name.lower(),
                "height": height,
                "proof": proof,
            }
        )

    def _entry(self, path: bytes, what: str) -> tuple[Entry, int, str | None]:
        """An entry of the durable state, the height it is of, and its proof in hex (W-HTTP-6)."""
        state = self._engine.durable  # W-HTTP-1
        ledger: LedgerState = state.app
        entry = ledger.entries.get(path)
        if entry is None:
            raise ApiError(404, "unknown", f"{what} is not in the ledger", _OPEN)
        certificate = state.tip_certificate
        if certificate is None:
            return entry, 0, None
        anchor = SignedHeader(state.tip.header, certificate)
        proof = EntryProof(anchor, entry, prove(ledger.entries, path))
        return entry, state.tip.header.height, ENTRY_PROOF.encode(proof).hex()

    # --- blocks ---

    async def block(self, request: web.Request) -> web.Response:
        """A block with its certificate."""
        asked = request.match_info["height"]
        tip = self._engine.durable.tip.header.height
        height = tip if asked == "latest" else _integer(asked, "height", 0, MAX_UINT)
        encoded, certificate = self._block_bytes(height)
        block = self._engine.gate.schemas.block.decode(encoded, MAX_MESSAGE_BYTES)
        header = block.header
        return web.json_response(
            {
                "height": header.height,
                "digest": block.digest.hex(),
                "parent": header.parent.hex(),
                "time_ms": header.time_ms,
                "state_root": header.state_root.hex(),
                "payload_root": header.payload_root.hex(),
                "transactions": [
                    {"id": item.id.hex(), "kind": type(item.body).__name__}
                    for item in block.payload
                ],
                "block": encoded.hex(),
                "certificate": None if certificate is None else certificate.hex(),
                "signers": self._signers(certificate),
            }
        )

    def _block_bytes(self, height: int) -> tuple[bytes, bytes | None]:
        if height == 0:
            return self._engine.gate.schemas.block.encode(self._genesis_block), None
        stored = self._engine.store.block(height)
        if stored is None:
            message = f"block {height} is not decided here"
            raise ApiError(404, "unknown-block", message, "GET /v1/status tells the last height")
        return stored.block, stored.certificate

    def _signers(self, certificate: bytes | None) -> list[str]:
        if certificate is None:
            return []
        decoded: Certificate = CERTIFICATE.decode(certificate, MAX_MESSAGE_BYTES)
        return [self._names[signer] for signer, _ in decoded.signatures]

    async def export(self, request: web.Request) -> web.Response:
        """Consecutive blocks with their certificates, for offline verification (W-HTTP-8)."""
        first = _integer(request.query.get("from", "1"), "from", 1, MAX_UINT)
        limit = _integer(request.query.get("limit", "64"), "limit", 1, MAX_EXPORT_BLOCKS)
        blocks = self._engine.store.blocks_from(first, limit, MAX_EXPORT_BYTES)
        return web.json_response(
            {
                "blocks": [
                    {"block": each.block.hex(), "certificate": each.certificate.hex()}
                    for each in blocks
                ]
            }
        )


_OPEN = "check the spelling; `web4 account open` opens an account"


async def _json_body(request: web.Request) -> Any:
    if request.content_type != "application/json":
        remedy = "send application/json"
        raise ApiError(415, "unsupported-media-type", f"found {request.content_type}", remedy)
    _check_coding(request)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await request.read()
    except TimeoutError:
        remedy = "send the body at once"
        raise ApiError(408, "request-timeout", "the body took too long", remedy) from None
    except (ConnectionError, web.RequestPayloadError):
        remedy = "send the whole body, as its headers say"
        raise ApiError(400, "malformed-body", "the body broke off", remedy) from None
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise ApiError(400, "malformed-json", "the body is not JSON", _HELP) from None


def _check_coding(request: web.Request) -> None:
    """Take UTF-8, which JSON is in, and nothing that is compressed."""
    charset = request.charset or "utf-8"
    if charset.lower() not in ("utf-8", "utf8"):
        raise ApiError(415, "unsupported-media-type", f"found charset {charset}", "send UTF-8")
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        message = f"found Content-Encoding {coding}"
        raise ApiError(415, "unsupported-media-type", message, "send the body as it is")


def _hex_list(body: Any) -> list[bytes]:
    listed = body.get("transactions") if isinstance(body, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_SUBMISSION:
        message = f"the body must hold 1 to {MAX_SUBMISSION} transactions"
        raise ApiError(400, "malformed-body", message, '{"transactions": ["<hex>", ...]}')
    encoded: list[bytes] = []
    for place, each in enumerate(listed):
        if not isinstance(each, str) or len(each) > 2 * MAX_ITEM_BYTES:
            message = f"transaction {place} is not a hex string of at most {MAX_ITEM_BYTES} bytes"
            raise ApiError(400, "malformed-body", message, _HELP)
        encoded.append(_unhex(each, f"transaction {place}"))
    return encoded


def _unhex(text: str, what: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        raise ApiError(400, "malformed-hex", f"{what} is not hex", _HELP) from None


def _digest(text: str) -> bytes:
    if len(text) != 2 * DIGEST_BYTES:
        remedy = f"give {2 * DIGEST_BYTES} hex digits"
        raise ApiError(400, "malformed-id", "not an id", remedy)
    return _unhex(text, "the id")


def _address(text: str) -> Address:
    agent, _, platform = text.partition("@")
    if NAME.fullmatch(agent) is None or NAME.fullmatch(platform) is None:
        remedy = "write agent@platform, in lower-case letters, digits, . _ -"
        raise ApiError(400, "malformed-address", "not an address", remedy)
    return Address(platform=platform, agent=agent)


def _integer(text: str, what: str, least: int, most: int) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_UINT))
    if not plain or not least <= int(text) <= most:
        remedy = f"give an integer from {least} to {most}"
        raise ApiError(400, "malformed-number", f"{what} is out of range", remedy)
    return int(text)


__all__ = ["MAX_BODY_BYTES", "Api", "ApiError", "errors_as_json", "explain"]
