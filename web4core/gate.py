"""The gate: the one way by which bytes from outside become a message.

Decodes strictly, checks all that can be checked without state, and collects every signature inside,
nested ones too, as checks to be verified.
What does not pass raises `RemoteProtocolError` and nothing else.
Every statement in a message that passed was signed by its signer, for this chain, height and kind.
Implements W-MSG-1 to W-MSG-8, C-CERT-3, C-CERT-4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import field, frozen

from web4core.application import AnyApplication
from web4core.certificates import proves_decided, proves_prepared
from web4core.chain import Block, Genesis, chain_id
from web4core.errors import RemoteProtocolError
from web4core.messages import (
    MAX_MESSAGE_BYTES,
    Certificate,
    Decided,
    Kind,
    Message,
    MessageSchemas,
    Proposal,
    Statement,
    Status,
    Submission,
    ViewChange,
    Vote,
    certified_statement,
    message_schemas,
    prepared_reference,
    signing_bytes,
)
from web4core.quorum import proposer
from web4core.signature_check import SignatureCheck, Verify
from web4core.types import ChainId, PublicKey, Signature


@frozen
class Parsed:
    """A message that is authentic if and only if all its checks hold."""

    message: Message
    """The message; not to be trusted before every check holds."""
    checks: tuple[SignatureCheck, ...] = field(repr=False)
    """The signatures in it, nested ones too, in the order in which they were found."""


@frozen(eq=False)
class Gate:
    """The chain, its platforms' keys and the form of items: enough to judge bytes from outside."""

    chain_id: ChainId
    """The chain whose messages pass."""
    keys: tuple[PublicKey, ...]
    """The public key of each platform, by index."""
    application: AnyApplication = field(repr=False)
    """The application that reads the items and names their signatures."""
    schemas: MessageSchemas = field(repr=False)
    """The forms of all messages with items of this application."""

    @classmethod
    def of(
        cls,
        genesis: Genesis,
        application: AnyApplication,
        decode: Callable[[bytes], Any] | None = None,
    ) -> Gate:
        """The gate of a federation.

        `decode` may be a memo of `application.decode`: an item comes in once by itself, and again
        in every message about its block.
        """
        keys = tuple(platform.key for platform in genesis.platforms)
        schemas = message_schemas(decode or application.decode)
        return cls(chain_id(genesis), keys, application, schemas)

    def encode(self, message: Message) -> bytes:
        """The bytes of a message, as `parse` takes them."""
        return self.schemas.message.encode(message)

    def parse(self, data: bytes) -> Parsed:
        """Decode and check all but the signatures, which are returned as checks.

        Raises `RemoteProtocolError` with the first clause that is broken (W-MSG-1 to W-MSG-8).
        """
        message = self.schemas.message.decode(data, MAX_MESSAGE_BYTES)
        checks: list[SignatureCheck] = []
        _CHECKS[type(message)](self, message, checks)
        return Parsed(message, tuple(checks))

    def open(self, data: bytes, verify: Verify) -> Message:
        """Decode, check and verify: the message that the bytes hold.

        Raises `RemoteProtocolError` with the first clause that is broken (W-MSG-1 to W-MSG-8).
        """
        parsed = self.parse(data)
        for check in parsed.checks:
            if not verify(check.key, check.message, check.signature):
                raise RemoteProtocolError("W-MSG-2", "a signature does not verify")
        return parsed.message

    def parse_item(self, encoded: bytes) -> tuple[Any, tuple[SignatureCheck, ...]]:
        """Decode one transaction as a client hands it in: the item and its checks.

        Raises `RemoteProtocolError` for bytes that are no transaction (A-APP-1).
        """
        item = self.schemas.item.load(encoded)
        return item, self.application.signature_checks(item)


def _signed(
    gate: Gate, statement: Statement, signature: Signature, checks: list[SignatureCheck]
) -> None:
    if statement.signer >= len(gate.keys):  # W-MSG-3
        raise RemoteProtocolError("W-MSG-3", "the signer is not a platform of this federation")
    if statement.height == 0:
        raise RemoteProtocolError("W-MSG-3", "nobody votes on height 0")
    key = gate.keys[statement.signer]
    checks.append(SignatureCheck(key, signing_bytes(gate.chain_id, statement), signature))


def _kind(statement: Statement, *kinds: Kind) -> None:
    if statement.kind not in kinds:  # W-MSG-4
        raise RemoteProtocolError("W-MSG-4", f"a {statement.kind.name} in the wrong message")


def _certificate(gate: Gate, certificate: Certificate, checks: list[SignatureCheck]) -> None:
    for signer, signature in certificate.signatures:
        _signed(gate, certified_statement(certificate, signer), signature, checks)


def _block(gate: Gate, block: Block, height: int, checks: list[SignatureCheck]) -> None:
    if block.header.chain_id != gate.chain_id:  # W-MSG-5
        raise RemoteProtocolError("W-MSG-5", "a block of another chain")
    if block.header.height != height:
        raise RemoteProtocolError("W-MSG-5", "a block of another height")
    for item in block.payload:
        checks.extend(gate.application.signature_checks(item))


def _prepared(
    gate: Gate,
    certificate: Certificate,
    statement: Statement,
    block: Block,
    checks: list[SignatureCheck],
) -> None:
    height, view = statement.height, statement.view
    if not proves_prepared(certificate, len(gate.keys), height, block.digest, view):  # C-CERT-3
        raise RemoteProtocolError("C-CERT-3", "the prepared certificate does not prove this block")
    _certificate(gate, certificate, checks)


def _check_vote(gate: Gate, message: Vote, checks: list[SignatureCheck]) -> None:
    _kind(message.statement, Kind.PREPARE, Kind.COMMIT)
    _signed(gate, message.statement, message.signature, checks)


def _check_status(gate: Gate, message: Status, checks: list[SignatureCheck]) -> None:
    _kind(message.statement, Kind.STATUS)
    _signed(gate, message.statement, message.signature, checks)


def _check_proposal(gate: Gate, message: Proposal, checks: list[SignatureCheck]) -> None:
    statement = message.statement
    _kind(statement, Kind.PRE_PREPARE)
    _signed(gate, statement, message.signature, checks)
    if statement.signer != proposer(statement.height, statement.view, len(gate.keys)):  # W-MSG-6
        raise RemoteProtocolError("W-MSG-6", "not this platform's turn to propose")
    if statement.digest != message.block.digest:
        raise RemoteProtocolError("W-MSG-6", "the statement names another block")
    _block(gate, message.block, statement.height, checks)
    if message.justification is not None:
        _prepared(gate, message.justification, statement, message.block, checks)


def _check_view_change(gate: Gate, message: ViewChange, checks: list[SignatureCheck]) -> None:
    statement = message.statement
    _kind(statement, Kind.VIEW_CHANGE)
    _signed(gate, statement, message.signature, checks)
    if statement.view == 0:  # C-VIEW-1
        raise RemoteProtocolError("C-VIEW-1", "nobody changes into view 0")
    if statement.digest != prepared_reference(message.prepared):  # C-STMT-3
        raise RemoteProtocolError("C-STMT-3", "the statement names another certificate")
    if (message.prepared is None) != (message.block is None):  # C-VIEW-3
        raise RemoteProtocolError("C-VIEW-3", "a certificate comes with its block, or neither does")
    if message.prepared is not None and message.block is not None:
        _block(gate, message.block, statement.height, checks)
        _prepared(gate, message.prepared, statement, message.block, checks)


def _check_decided(gate: Gate, message: Decided, checks: list[SignatureCheck]) -> None:
    height = message.block.header.height
    _block(gate, message.block, height, checks)
    digest = message.block.digest
    if not proves_decided(message.certificate, len(gate.keys), height, digest):  # C-CERT-4
        raise RemoteProtocolError("C-CERT-4", "the commit certificate does not prove this block")
    _certificate(gate, message.certificate, checks)


def _check_submission(gate: Gate, message: Submission, checks: list[SignatureCheck]) -> None:
    for item in message.transactions:
        checks.extend(gate.application.signature_checks(item))


_CHECKS: Final[dict[type, Callable[[Gate, Any, list[SignatureCheck]], None]]] = {
    Vote: _check_vote,
    Status: _check_status,
    Proposal: _check_proposal,
    ViewChange: _check_view_change,
    Decided: _check_decided,
    Submission: _check_submission,
}
