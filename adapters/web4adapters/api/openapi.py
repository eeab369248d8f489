"""The OpenAPI description of the client API. Data only; a test holds it against the routes."""

from __future__ import annotations

from typing import Any

from web4core import MAX_SUBMISSION


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}
_ERROR = _object(error=_object(code=_TEXT, message=_TEXT, do=_TEXT))


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _get(summary: str, schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {
            "summary": summary,
            "parameters": list(parameters),
            "responses": {
                "200": _answer(summary, schema),
                "default": _answer("What was wrong, and what to do.", _ERROR),
            },
        }
    }


def _path(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": _TEXT,
    }


def _query(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": _COUNT}


_SUBMITTED = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": _HEX,
        "status": {"enum": ["pending", "refused"]},
        "code": _TEXT,
        "meaning": _TEXT,
        "committed_at": _COUNT,
    },
}
_FATE = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": _HEX,
        "status": {"enum": ["pending", "committed", "refused", "unknown"]},
        "height": _COUNT,
        "position": _COUNT,
        "proof": _HEX,
        "code": _TEXT,
        "meaning": _TEXT,
    },
}
_PEER = _object(
    platform=_TEXT,
    connected=_FLAG,
    height=_nullable(_COUNT),
    view=_nullable(_COUNT),
    heard_ms_ago=_nullable(_COUNT),
)
_STATUS = _object(
    chain=_TEXT,
    chain_id=_HEX,
    platform=_TEXT,
    height=_COUNT,
    digest=_HEX,
    state_root=_HEX,
    time_ms=_COUNT,
    view=_COUNT,
    agreeing_on=_COUNT,
    pending=_COUNT,
    supply_uatp=_COUNT,
    peers=_list(_PEER),
    counters={"type": "object"},
    version=_TEXT,
)
_ACCOUNT = _object(
    address=_TEXT,
    owner=_HEX,
    available_uatp=_COUNT,
    locked_uatp=_COUNT,
    nonce=_COUNT,
    height=_COUNT,
    proof=_nullable(_HEX),
)
_TRANSFER = _object(
    id=_HEX,
    source=_TEXT,
    destination=_TEXT,
    amount_uatp=_COUNT,
    expiry_ms=_COUNT,
    phase={"enum": ["locked", "committed", "rolled_back"]},
    height=_COUNT,
    proof=_nullable(_HEX),
)
_BLOCK = _object(
    height=_COUNT,
    digest=_HEX,
    parent=_HEX,
    time_ms=_COUNT,
    state_root=_HEX,
    payload_root=_HEX,
    transactions=_list(_object(id=_HEX, kind=_TEXT)),
    block=_HEX,
    certificate=_nullable(_HEX),
    signers=_list(_TEXT),
)
_SUBMISSION = _object(transactions={**_list(_HEX), "minItems": 1, "maxItems": MAX_SUBMISSION})

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "A platform of a web4 federation",
        "version": "1",
        "description": "Amounts are integers of micro-ATP, times milliseconds since 1970. "
        "Proofs are the records that spec/wire.md defines, in hex.",
    },
    "paths": {
        "/v1/health": _get("Whether the platform runs.", _object(status=_TEXT)),
        "/v1/status": _get("Where the platform is, and whom it hears.", _STATUS),
        "/v1/transactions": {
            "post": {
                "summary": "Hand in signed transactions; answered when they are on disk.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _SUBMISSION}},
                },
                "responses": {
                    "200": _answer(
                        "What became of each so far.", _object(transactions=_list(_SUBMITTED))
                    ),
                    "default": _answer("What was wrong, and what to do.", _ERROR),
                },
            }
        },
        "/v1/transactions/{id}": _get(
            "What became of a transaction.",
            _FATE,
            _path("id", "The transaction's id, 64 hex digits."),
            _query("wait_ms", "How long to wait for an outcome."),
        ),
        "/v1/accounts/{address}": _get(
            "An account, with its proof.", _ACCOUNT, _path("address", "agent@platform")
        ),
        "/v1/transfers/{id}": _get(
            "A cross-platform transfer, with its proof.",
            _TRANSFER,
            _path("id", "The id of the transaction that locked it."),
        ),
        "/v1/blocks/{height}": _get(
            "A block, with its certificate.", _BLOCK, _path("height", "A height, or latest.")
        ),
        "/v1/export": _get(
            "Consecutive blocks with their certificates.",
            _object(blocks=_list(_object(block=_HEX, certificate=_HEX))),
            _query("from", "The first height."),
            _query("limit", "How many blocks at most."),
        ),
        "/openapi.json": _get("This description.", {"type": "object"}),
    },
}
