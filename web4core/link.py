"""The link between two platforms: a handshake that proves both ends, and packets of messages.

Every statement carries its own signature, so the link protects no safety property.
It keeps strangers from filling queues and asking for blocks, and tells which platform to answer.
A *packet* is what is written at once: one frame or more.
Only bytes in, values out; the socket is the adapter's.
Implements W-LINK-1 to W-LINK-7.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, TypeAlias

from attrs import frozen

from web4core.chain import DIGEST, MAX_PLATFORMS, SIGNATURE
from web4core.errors import RemoteProtocolError
from web4core.hashing import Tag, domain
from web4core.messages import MAX_MESSAGE_BYTES
from web4core.schema import MAX_UINT, Schema, octets, record, uint
from web4core.signature_check import SignatureCheck
from web4core.types import ChainId, PublicKey, Signature

NONCE_BYTES = 32
"""Length of the number that makes each handshake different (W-LINK-2)."""

MAX_HANDSHAKE_BYTES = 512
"""Length of any handshake message."""

MAX_PACKET_BYTES = 2 * MAX_MESSAGE_BYTES
"""Length of a packet (W-LINK-5)."""

MAX_FRAMES = 4096
"""Frames in a packet (W-LINK-5)."""

_PARTIES = struct.Struct(">HH")
_FRAME = struct.Struct(">BI")
_HEIGHT = struct.Struct(">Q")
_MESSAGE, _REQUEST = 1, 2

_PLATFORM = uint(MAX_PLATFORMS - 1)
_NONCE = octets(NONCE_BYTES, NONCE_BYTES)


@frozen
class Hello:
    """The first message of the platform that dials: its chain, its index, and its nonce."""

    chain_id: ChainId
    """The chain that the caller is on."""
    platform: int
    """The index of the caller."""
    nonce: bytes
    """The caller's nonce, `NONCE_BYTES` random bytes (W-LINK-2)."""


@frozen
class Welcome:
    """The answer of the platform that was dialled: its index, its nonce, and its signature."""

    platform: int
    """The index of the platform that answers."""
    nonce: bytes
    """Its nonce, `NONCE_BYTES` random bytes."""
    signature: Signature
    """Its signature over `link_signing_bytes` (W-LINK-3)."""


@frozen
class Proof:
    """The last message of the platform that dialled: its signature over both nonces."""

    signature: Signature
    """The caller's signature over `link_signing_bytes` (W-LINK-3)."""


HELLO: Schema[Hello] = record("hello", Hello, chain_id=DIGEST, platform=_PLATFORM, nonce=_NONCE)
"""The form of a `Hello` on the wire (W-LINK-2)."""
WELCOME: Schema[Welcome] = record(
    "welcome", Welcome, platform=_PLATFORM, nonce=_NONCE, signature=SIGNATURE
)
"""The form of a `Welcome` on the wire (W-LINK-2)."""
PROOF: Schema[Proof] = record("proof", Proof, signature=SIGNATURE)
"""The form of a `Proof` on the wire (W-LINK-2)."""


def link_signing_bytes(
    chain_id: ChainId, *, speaker: int, listener: int, challenge: bytes, own_nonce: bytes
) -> bytes:
    """The bytes that each end signs to prove that it speaks to this listener, now (W-LINK-3).

    `challenge` is the listener's nonce, `own_nonce` the speaker's.
    They name speaker and listener, so that a signature cannot be sent back to its maker, nor passed
    on to another platform.
    """
    return domain(Tag.HELLO) + chain_id + _PARTIES.pack(speaker, listener) + challenge + own_nonce


def dials(*, me: int, other: int) -> bool:
    """Whether this platform dials that one: there is one link a pair (W-LINK-1)."""
    return me > other


def check_hello(data: bytes, chain_id: ChainId, *, n: int, me: int) -> Hello:
    """The hello of a platform that may dial this one, `me`, of `n` (W-LINK-1, W-LINK-2).

    Raises `RemoteProtocolError` for any other bytes.
    """
    hello = HELLO.decode(data, MAX_HANDSHAKE_BYTES)
    if hello.chain_id != chain_id:
        raise RemoteProtocolError("W-LINK-2", "the caller is on another chain")
    if hello.platform >= n or not dials(me=hello.platform, other=me):
        raise RemoteProtocolError("W-LINK-1", f"platform {hello.platform} does not dial {me}")
    return hello


def check_welcome(data: bytes, expected: int) -> Welcome:
    """The welcome of the platform that was dialled (W-LINK-2).

    Raises `RemoteProtocolError` for other bytes, and for the welcome of another platform.
    """
    welcome = WELCOME.decode(data, MAX_HANDSHAKE_BYTES)
    if welcome.platform != expected:
        raise RemoteProtocolError("W-LINK-2", f"platform {welcome.platform} answered instead")
    return welcome


def welcome_check(
    chain_id: ChainId, me: int, keys: tuple[PublicKey, ...], own_nonce: bytes, welcome: Welcome
) -> SignatureCheck:
    """The signature that the dialler must verify before it trusts the welcome (W-LINK-3)."""
    other = welcome.platform
    message = link_signing_bytes(
        chain_id, speaker=other, listener=me, challenge=own_nonce, own_nonce=welcome.nonce
    )
    return SignatureCheck(keys[other], message, welcome.signature)


def proof_check(
    chain_id: ChainId,
    me: int,
    keys: tuple[PublicKey, ...],
    own_nonce: bytes,
    hello: Hello,
    proof: Proof,
) -> SignatureCheck:
    """The signature that the dialled platform must verify before it reads on (W-LINK-3)."""
    message = link_signing_bytes(
        chain_id, speaker=hello.platform, listener=me, challenge=own_nonce, own_nonce=hello.nonce
    )
    return SignatureCheck(keys[hello.platform], message, proof.signature)


@frozen
class Request:
    """A question for the decided blocks from this height on (W-LINK-6)."""

    height: int
    """The first height that is wanted, 1 to `MAX_UINT`."""


Frame: TypeAlias = bytes | Request
"""An encoded message, or a request."""


def frame(content: Frame) -> bytes:
    """The bytes of one frame: type, length, content (W-LINK-4)."""
    if isinstance(content, Request):
        return _FRAME.pack(_REQUEST, _HEIGHT.size) + _HEIGHT.pack(content.height)
    return _FRAME.pack(_MESSAGE, len(content)) + content


def packet(frames: Iterable[bytes]) -> bytes:
    """Frames, one after the other (W-LINK-4)."""
    return b"".join(frames)


def open_packet(data: bytes) -> tuple[Frame, ...]:
    """The frames of a packet, in order (W-LINK-4, W-LINK-5).

    Raises `RemoteProtocolError` for bytes that are no packet, or too many.
    """
    if len(data) > MAX_PACKET_BYTES:
        raise RemoteProtocolError("W-LINK-5", f"a packet of over {MAX_PACKET_BYTES} bytes")
    frames: list[Frame] = []
    position = 0
    while position < len(data):
        if len(frames) == MAX_FRAMES:
            raise RemoteProtocolError("W-LINK-5", f"a packet of over {MAX_FRAMES} frames")
        if len(data) - position < _FRAME.size:
            raise RemoteProtocolError("W-LINK-4", "a truncated frame")
        kind, length = _FRAME.unpack_from(data, position)
        position += _FRAME.size
        content = data[position : position + length]
        if len(content) != length:
            raise RemoteProtocolError("W-LINK-4", "a truncated frame")
        position += length
        frames.append(_content(kind, content))
    return tuple(frames)


def _content(kind: int, content: bytes) -> Frame:
    if kind == _MESSAGE:
        return content
    if kind != _REQUEST or len(content) != _HEIGHT.size:
        raise RemoteProtocolError("W-LINK-4", "an unknown kind of frame")
    (height,) = _HEIGHT.unpack(content)
    if not 1 <= height <= MAX_UINT:
        raise RemoteProtocolError("W-LINK-6", "no such height")
    return Request(height)


def parse_proof(data: bytes) -> Proof:
    """The last message of a handshake (W-LINK-2).

    Raises `RemoteProtocolError` for other bytes.
    """
    value: Any = PROOF.decode(data, MAX_HANDSHAKE_BYTES)
    proof: Proof = value
    return proof
