"""The light client: proof + header + certificate, checked with the platforms' keys alone.

Implements L-LIGHT-1 to L-LIGHT-4.
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from web4core import codec
from web4core.certificates import proves_decided
from web4core.chain import (
    HEADER,
    MAX_BLOCK_ITEMS,
    MAX_ITEM_BYTES,
    Genesis,
    Header,
    chain_id,
    header_digest,
)
from web4core.errors import RemoteProtocolError
from web4core.hashing import DIGEST_BYTES
from web4core.ledger.state import ENTRY, Entry, path_of
from web4core.ledger.transactions import Transaction, decode_transaction
from web4core.merkle import MAX_DEPTH, MapProof, MapStep, check_list, check_map
from web4core.messages import (
    CERTIFICATE,
    MAX_MESSAGE_BYTES,
    Certificate,
    certified_statement,
    signing_bytes,
)
from web4core.schema import Schema, octets, record, sequence, uint
from web4core.signature_check import Verify
from web4core.types import ChainId, PublicKey

MAX_PROOF_NODES = 64
"""Nodes in a list proof; enough for 2^64 items."""


@frozen
class TrustAnchor:
    """All that a light client holds: the chain's id and the platforms' keys, in genesis order."""

    chain_id: ChainId
    """The chain."""
    keys: tuple[PublicKey, ...] = field(repr=False)
    """The public key of each platform, by index."""

    @classmethod
    def of(cls, genesis: Genesis) -> TrustAnchor:
        """The anchor that a genesis gives: its chain id and its keys."""
        return cls(chain_id(genesis), tuple(platform.key for platform in genesis.platforms))


@frozen
class SignedHeader:
    """A header and the commit certificate that proves its block decided."""

    header: Header
    """The header of the block."""
    certificate: Certificate
    """The commit certificate for its digest (C-CERT-4)."""


@frozen
class EntryProof:
    """An account or a transfer, as it is after the anchor's block."""

    anchor: SignedHeader
    """The header whose state root the entry is proved against."""
    entry: Entry
    """The account or transfer."""
    proof: MapProof
    """The branches from the state root to the entry (W-MAP-5)."""


@frozen(kw_only=True)
class InclusionProof:
    """A transaction, and its place in the anchor's block."""

    anchor: SignedHeader
    """The header whose payload root the transaction is proved against."""
    transaction: bytes
    """The bytes of the transaction, 1 to `MAX_ITEM_BYTES`."""
    index: int
    """Its place in the block, from 0, below `size`."""
    size: int
    """The number of items in the block."""
    path: tuple[bytes, ...]
    """The digests beside the way from the leaf to the root, lowest first (W-LIST-2)."""


_DIGEST = octets(DIGEST_BYTES, DIGEST_BYTES)
ANCHOR: Schema[SignedHeader] = record(
    "anchor", SignedHeader, header=HEADER, certificate=CERTIFICATE
)
_STEP: Schema[Any] = record("step", MapStep, bitmap=uint(0xFFFF), siblings=sequence(_DIGEST, 16))
_MAP_PROOF: Schema[Any] = record("proof", MapProof, steps=sequence(_STEP, MAX_DEPTH))
ENTRY_PROOF: Schema[EntryProof] = record(
    "entry_proof", EntryProof, anchor=ANCHOR, entry=ENTRY, proof=_MAP_PROOF
)
"""The form of an `EntryProof` on the wire (L-LIGHT-2)."""


def _inclusion_proof(
    anchor: SignedHeader, transaction: bytes, index: int, size: int, path: tuple[bytes, ...]
) -> InclusionProof:
    return InclusionProof(anchor=anchor, transaction=transaction, index=index, size=size, path=path)


INCLUSION_PROOF: Schema[InclusionProof] = record(
    "inclusion_proof",
    _inclusion_proof,
    anchor=ANCHOR,
    transaction=octets(1, MAX_ITEM_BYTES),
    index=uint(MAX_BLOCK_ITEMS),
    size=uint(MAX_BLOCK_ITEMS),
    path=sequence(_DIGEST, MAX_PROOF_NODES),
)
"""The form of an `InclusionProof` on the wire (L-LIGHT-3)."""


def check_signed_header(trust: TrustAnchor, anchor: SignedHeader, verify: Verify) -> None:
    """Check that a quorum of this federation decided a header (L-LIGHT-1).

    Raises `RemoteProtocolError` if it did not.
    """
    header, certificate = anchor.header, anchor.certificate
    if header.chain_id != trust.chain_id:
        raise RemoteProtocolError("L-LIGHT-1", "a header of another chain")
    digest = header_digest(header)
    if not proves_decided(certificate, len(trust.keys), header.height, digest):
        raise RemoteProtocolError("L-LIGHT-1", "the certificate does not prove this header")
    for signer, signature in certificate.signatures:
        statement = certified_statement(certificate, signer)
        message = signing_bytes(trust.chain_id, statement)
        if not verify(trust.keys[signer], message, signature):
            raise RemoteProtocolError("L-LIGHT-1", f"the signature of platform {signer} is wrong")


def check_entry(trust: TrustAnchor, data: bytes, verify: Verify) -> EntryProof:
    """The account or transfer that these bytes prove (L-LIGHT-2).

    Raises `RemoteProtocolError` for bytes that prove none.
    """
    proof = ENTRY_PROOF.decode(data, MAX_MESSAGE_BYTES)
    check_signed_header(trust, proof.anchor, verify)
    encoded = ENTRY.encode(proof.entry)
    root = proof.anchor.header.state_root
    if not check_map(root, path_of(proof.entry), encoded, proof.proof):
        raise RemoteProtocolError("L-LIGHT-2", "the entry is not in the state under this root")
    return proof


def check_inclusion(
    trust: TrustAnchor, data: bytes, verify: Verify
) -> tuple[InclusionProof, Transaction]:
    """The transaction that these bytes prove to be in a block (L-LIGHT-3).

    Raises `RemoteProtocolError` for bytes that prove none.
    """
    proof = INCLUSION_PROOF.decode(data, MAX_MESSAGE_BYTES)
    check_signed_header(trust, proof.anchor, verify)
    root = proof.anchor.header.payload_root
    if not check_list(root, proof.transaction, proof.index, proof.size, proof.path):
        raise RemoteProtocolError("L-LIGHT-3", "the transaction is not in this block")
    return proof, decode_transaction(proof.transaction, trust.chain_id)


def encode_trust_anchor(trust: TrustAnchor) -> bytes:
    """The bytes of an anchor, which a light client gets once, over a channel that it trusts.

    L-LIGHT-4.
    """
    return codec.encode(("trust", trust.chain_id, trust.keys))
