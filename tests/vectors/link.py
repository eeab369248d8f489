"""The link: handshakes and packets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.federation import Key, platform_key
from tests.vectors.fixtures import encoded_genesis, federation, genesis_from, verify
from tests.vectors.form import (
    ACCEPTED,
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    long,
    number,
    raw,
    refuse,
    sentence,
)
from web4core.chain import chain_id
from web4core.link import (
    HELLO,
    MAX_PACKET_BYTES,
    PROOF,
    WELCOME,
    Hello,
    Proof,
    Request,
    Welcome,
    check_hello,
    check_welcome,
    frame,
    link_signing_bytes,
    open_packet,
    packet,
    parse_proof,
    proof_check,
    welcome_check,
)
from web4core.schema import MAX_UINT
from web4core.types import ChainId

HANDSHAKES = (
    "One message of a handshake, as platform `me` gets it. `message` says which of the three it "
    "is; a welcome comes from `other`, and `nonce` is the one that `me` sent before it; a proof "
    "comes after the `hello` that is given, and `nonce` is that of the welcome that `me` sent."
)
PACKETS = (
    "A packet and its frames, each a message, which is not looked into, or a request; the frames "
    "of a large packet are only counted."
)
MAX_SHOWN = 16
"""Frames that a result lists."""
DIALLER, LISTENER = 2, 1
THEIRS, OURS = bytes([1]) * 32, bytes([2]) * 32


# --- handshakes ----------------------------------------------------------------------------------


def _hello(**changes: Any) -> dict[str, Json]:
    fields = {"chain_id": federation().chain_id, "platform": DIALLER, "nonce": THEIRS, **changes}
    return {"message": "hello", "me": LISTENER, "bytes": HELLO.encode(Hello(**fields)).hex()}


def _hellos() -> Iterator[Vector]:
    both = "W-LINK-1 W-LINK-2"
    yield accept("hello", "Platform 2 dials platform 1.", both, **_hello())
    yield accept("hello of the last", "Platform 3 dials platform 1.", both, **_hello(platform=3))
    other = _hello(chain_id=federation(5).chain_id)
    yield refuse("hello of another chain", "Another chain id.", "W-LINK-2", **other)
    for platform, who in ((0, "a lower platform"), (1, "this platform itself"), (4, "no platform")):
        yield refuse(
            f"hello of {who}",
            f"The caller says that it is {who}.",
            "W-LINK-1",
            **_hello(platform=platform),
        )
    good = _hello()
    yield refuse(
        "hello and more", "A byte after it.", "W-CBOR-3", **{**good, "bytes": good["bytes"] + "00"}
    )
    yield refuse(
        "hello of 513 bytes",
        "Too long for a handshake.",
        "W-CBOR-1 W-LINK-2",
        **{**good, "bytes": long(b"\x59\x01\xfe", b"\0", 510)},
    )
    yield refuse("welcome for hello", "The wrong message.", "W-TYPE-5", **{**good, **_only_bytes()})


def _signing_bytes(chain: bytes, parties: tuple[int, int], nonces: tuple[bytes, bytes]) -> bytes:
    speaker, listener = parties
    challenge, own_nonce = nonces
    return link_signing_bytes(
        ChainId(chain), speaker=speaker, listener=listener, challenge=challenge, own_nonce=own_nonce
    )


def _only_bytes() -> dict[str, Json]:
    return {"bytes": _welcome()["bytes"]}


def _welcome(
    key: Key | None = None,
    platform: int = LISTENER,
    parties: tuple[int, int] = (LISTENER, DIALLER),
    nonces: tuple[bytes, bytes] = (THEIRS, OURS),
    chain: bytes | None = None,
) -> dict[str, Json]:
    """What the listener answers; the dialler looks at it."""
    message = _signing_bytes(chain or federation().chain_id, parties, nonces)
    signature = (key or platform_key(LISTENER)).sign(message)
    data = WELCOME.encode(Welcome(platform, OURS, signature))
    return {
        "message": "welcome",
        "me": DIALLER,
        "other": LISTENER,
        "nonce": THEIRS.hex(),
        "bytes": data.hex(),
    }


def _welcomes() -> Iterator[Vector]:
    yield accept("welcome", "Platform 1 answers.", "W-LINK-2 W-LINK-3", **_welcome())
    yield refuse(
        "welcome of another",
        "Platform 0 answers instead.",
        "W-LINK-2",
        **_welcome(platform_key(0), 0),
    )
    for name, given in (
        ("another key", _welcome(platform_key(0))),
        ("the parties exchanged", _welcome(parties=(DIALLER, LISTENER))),
        ("another listener", _welcome(parties=(LISTENER, 3))),
        ("the nonces exchanged", _welcome(nonces=(OURS, THEIRS))),
        ("an old nonce", _welcome(nonces=(bytes(32), OURS))),
        ("another chain", _welcome(chain=bytes(32))),
    ):
        yield refuse(f"welcome with {name}", f"Signed with {name}.", "W-LINK-3", **given)


def _proof(
    key: Key | None = None,
    parties: tuple[int, int] = (DIALLER, LISTENER),
    nonces: tuple[bytes, bytes] = (OURS, THEIRS),
) -> dict[str, Json]:
    """The dialler's last word; the listener looks at it."""
    message = _signing_bytes(federation().chain_id, parties, nonces)
    data = PROOF.encode(Proof((key or platform_key(DIALLER)).sign(message)))
    return {
        "message": "proof",
        "me": LISTENER,
        "nonce": OURS.hex(),
        "hello": _hello()["bytes"],
        "bytes": data.hex(),
    }


def _proofs() -> Iterator[Vector]:
    yield accept("proof", "Platform 2 proves itself.", "W-LINK-2 W-LINK-3", **_proof())
    for name, given in (
        ("another key", _proof(platform_key(3))),
        (
            "the welcome's own signature",
            _proof(platform_key(LISTENER), (LISTENER, DIALLER), (THEIRS, OURS)),
        ),
        ("the parties exchanged", _proof(parties=(LISTENER, DIALLER))),
        ("the nonces exchanged", _proof(nonces=(THEIRS, OURS))),
        ("an old nonce", _proof(nonces=(bytes(32), THEIRS))),
    ):
        yield refuse(f"proof with {name}", f"Signed with {name}.", "W-LINK-3", **given)


def _handshakes() -> Iterator[Vector]:
    yield from _hellos()
    yield from _welcomes()
    yield from _proofs()


def make_handshakes() -> Document:
    return Document("handshakes", HANDSHAKES, {"genesis": encoded_genesis()}, _handshakes())


def _judge_handshake(given: Json, vector: Json) -> Json:
    genesis = genesis_from(given["genesis"])
    keys = tuple(platform.key for platform in genesis.platforms)
    chain, me, data = chain_id(genesis), vector["me"], raw(vector["bytes"])
    if vector["message"] == "hello":
        check_hello(data, chain, n=len(keys), me=me)
        return ACCEPTED
    nonce = bytes.fromhex(vector["nonce"])
    if vector["message"] == "welcome":
        welcome = check_welcome(data, vector["other"])
        claim = welcome_check(chain, me, keys, nonce, welcome)
    else:
        hello = check_hello(bytes.fromhex(vector["hello"]), chain, n=len(keys), me=me)
        claim = proof_check(chain, me, keys, nonce, hello, parse_proof(data))
    if not verify(*claim):
        raise Refused("W-LINK-3")
    return ACCEPTED


# --- packets -------------------------------------------------------------------------------------


def _frames(*contents: bytes | int) -> Json:
    if len(contents) > MAX_SHOWN:
        return {"count": len(contents)}
    frames = [
        {"message": each.hex()} if isinstance(each, bytes) else {"request": number(each)}
        for each in contents
    ]
    return {"count": len(contents), "frames": frames}


def _packet(*contents: bytes | int) -> bytes:
    return packet(frame(Request(e) if isinstance(e, int) else e) for e in contents)


def _packets() -> Iterator[Vector]:
    cases: dict[str, tuple[bytes | int, ...]] = {
        "no frames": (),
        "a message": (b"\x80",),
        "a message of no bytes": (b"",),
        "a request": (1,),
        "a request for the last height": (MAX_UINT,),
        "three frames": (b"one", 7, b"three"),
    }
    for name, contents in cases.items():
        yield accept(
            name,
            sentence(name),
            "W-LINK-4 W-LINK-6",
            _frames(*contents),
            packet=_packet(*contents).hex(),
        )
    full = _frames(*(b"",) * 4096)
    yield accept(
        "4096 frames",
        "As many as there may be, all empty.",
        "W-LINK-5",
        full,
        packet=long(b"", _packet(b""), 4096),
    )
    yield refuse(
        "4097 frames", "One frame too many.", "W-LINK-5", packet=long(b"", _packet(b""), 4097)
    )
    size = MAX_PACKET_BYTES - 5
    head = b"\x01" + (size + 1).to_bytes(4, "big")
    yield refuse(
        "a byte too many",
        "A packet of 4,194,305 bytes: one message.",
        "W-LINK-5",
        packet=long(head, b"\0", size + 1),
    )
    yield from _malformed()


def _malformed() -> Iterator[Vector]:
    height = (1).to_bytes(8, "big")
    for name, data, clauses in (
        ("type 0", b"\x00\0\0\0\x00", "W-LINK-4"),
        ("type 3", b"\x03\0\0\0\x00", "W-LINK-4"),
        ("type 255", b"\xff\0\0\0\x00", "W-LINK-4"),
        ("a head of one byte", b"\x01", "W-LINK-4"),
        ("a head of four bytes", b"\x01\0\0\0", "W-LINK-4"),
        ("content cut short", b"\x01\0\0\0\x02a", "W-LINK-4"),
        ("content that is missing", b"\x01\0\0\0\x01", "W-LINK-4"),
        ("a length of 2^32 - 1", b"\x01\xff\xff\xff\xffabc", "W-LINK-4"),
        ("a good frame and half a head", _packet(b"one") + b"\x01\0", "W-LINK-4"),
        ("a request of 7 bytes", b"\x02\0\0\0\x07" + height[:7], "W-LINK-4 W-LINK-6"),
        ("a request of 9 bytes", b"\x02\0\0\0\x09" + height + b"\0", "W-LINK-4 W-LINK-6"),
        ("a request of no bytes", b"\x02\0\0\0\x00", "W-LINK-4 W-LINK-6"),
        ("a request for height 0", b"\x02\0\0\0\x08" + bytes(8), "W-LINK-6"),
        ("a request for height 2^63", b"\x02\0\0\0\x08\x80" + bytes(7), "W-LINK-6"),
        ("a good frame and one of type 3", _packet(b"one") + b"\x03\0\0\0\x00", "W-LINK-4"),
    ):
        yield refuse(name, sentence(name), clauses, packet=data.hex())


def make_packets() -> Document:
    return Document("packets", PACKETS, {}, _packets())


def _judge_packet(_given: Json, vector: Json) -> Json:
    frames = open_packet(raw(vector["packet"]))
    return _frames(*(each.height if isinstance(each, Request) else each for each in frames))


def check_handshakes(document: Json) -> list[str]:
    return check_each(document, _judge_handshake)


def check_packets(document: Json) -> list[str]:
    return check_each(document, _judge_packet)
