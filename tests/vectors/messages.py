"""Messages: which bytes pass the gate of a federation of four, and what refuses the others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import evolve

from tests.support.federation import platform_key
from tests.support.forge import block_after, certificate, proposal, status, view_change, vote
from tests.vectors.curve import ORDER, little, value
from tests.vectors.fixtures import (
    block,
    encoded_genesis,
    federation,
    genesis_from,
    opening,
    payment,
    verify,
)
from tests.vectors.form import (
    Document,
    Json,
    Vector,
    accept,
    check_each,
    long,
    raw,
    readable,
    refuse,
    sentence,
)
from web4core.chain import Block, seal
from web4core.gate import Gate
from web4core.ledger.application import Ledger
from web4core.ledger.transactions import assemble
from web4core.messages import (
    MAX_MESSAGE_BYTES,
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    SignedMessage,
    Statement,
    Status,
    Submission,
    ViewChange,
    Vote,
    prepared_reference,
)
from web4core.types import Signature

ABOUT = (
    "Whether a message passes the gate, its signatures included. A refusal names the first clause "
    "that the table of spec/wire.md comes upon, or any of those that the bytes break."
)
Case = tuple[str, Message, str]
"""What it is, the message, and its clauses."""


def _signed(message: Any, **changes: Any) -> Any:
    """The message with parts of its statement changed, signed again by whoever signs it then."""
    statement = evolve(message.statement, **changes)
    signer = min(statement.signer, 3)
    return federation().sign_as(signer, evolve(message, statement=statement))


@cache
def prepared(view: int = 0, kind: Kind = Kind.PREPARE) -> Certificate:
    """The first three platforms' votes for the block."""
    return certificate(federation(), kind, block(), view)


def _vote(kind: Kind = Kind.PREPARE, signer: int = 2, view: int = 0) -> Vote:
    return vote(federation(), kind, signer, block(), view)


def _changed(justified: Certificate | None = None, of: Block | None = None) -> ViewChange:
    return view_change(federation(), 2, 1, 1, justified, of)


def _accepted() -> Iterator[Case]:
    fed = federation()
    yield "PREPARE", _vote(), "W-MSG-2 W-MSG-3 W-MSG-4"
    yield "COMMIT", _vote(Kind.COMMIT), "W-MSG-2 W-MSG-3 W-MSG-4"
    yield "PREPARE of a later view", _vote(signer=0, view=9), "W-MSG-3"
    yield "PREPARE of the last platform", _vote(signer=3), "W-MSG-3"
    yield "STATUS", status(fed, 0, 1), "W-MSG-4"
    yield "STATUS of another view", status(fed, 3, 5, 2), "W-MSG-4"
    yield "PRE-PREPARE of view 0", proposal(fed, block()), "W-MSG-5 W-MSG-6 C-QUORUM-4"
    yield "PRE-PREPARE of view 3", proposal(fed, block(), 3), "W-MSG-6 C-QUORUM-4"
    again = proposal(fed, block(), 1, prepared())
    yield "PRE-PREPARE with a certificate", again, "W-MSG-6 C-CERT-3"
    later = proposal(fed, block(), 5, prepared(4))
    yield "PRE-PREPARE with a certificate of the view before", later, "C-CERT-3"
    yield "VIEW-CHANGE without a certificate", _changed(), "C-STMT-3 C-VIEW-3"
    yield "VIEW-CHANGE with a certificate", _changed(prepared(), block()), "C-STMT-3 C-CERT-3"
    yield "decided", Decided(block(), prepared(2, Kind.COMMIT)), "W-MSG-5 C-CERT-4"
    everybody = certificate(fed, Kind.COMMIT, block(), 0, range(4))
    yield "decided by all", Decided(block(), everybody), "C-CERT-1 C-CERT-4"
    yield "submission of two", Submission((payment(), opening())), "W-MSG-2 L-TX-4"
    yield "submission of nothing", Submission(()), "W-MSG-7"
    yield "submission of one twice", Submission((payment(), payment())), "W-MSG-7"


# --- refused, message by message, in the order of the checks -------------------------------------


def _bad_votes() -> Iterator[Case]:
    good, here = _vote(), status(federation(), 2, 1)
    for kind in (Kind.PRE_PREPARE, Kind.VIEW_CHANGE, Kind.STATUS):
        yield f"vote with a {kind.name}", _signed(good, kind=kind), "W-MSG-4"
    for kind in (Kind.PREPARE, Kind.PRE_PREPARE, Kind.VIEW_CHANGE):
        yield f"status with a {kind.name}", _signed(here, kind=kind), "W-MSG-4"
    yield "vote of platform 4 of 4", _signed(good, signer=4), "W-MSG-3"
    yield "vote of platform 127 of 4", _signed(good, signer=127), "W-MSG-3"
    yield "vote of height 0", _signed(good, height=0), "W-MSG-3"
    yield "status of height 0", _signed(here, height=0), "W-MSG-3"
    both = _signed(good, kind=Kind.STATUS, signer=4)
    yield "vote with a STATUS of platform 4: the kind comes first", both, "W-MSG-4"
    spoilt = evolve(_signed(good, signer=4), signature=bytes(64))
    yield "vote of platform 4 with no signature: the signer comes first", spoilt, "W-MSG-3"


def _bad_proposals() -> Iterator[Case]:
    fed = federation()
    good, again = proposal(fed, block()), proposal(fed, block(), 1, prepared())
    yield "proposal with a PREPARE", _signed(good, kind=Kind.PREPARE), "W-MSG-4"
    yield "proposal of height 0", _signed(good, height=0), "W-MSG-3"
    yield "proposal out of turn", _signed(good, signer=2), "W-MSG-6"
    yield "proposal in turn for another view", _signed(good, view=1), "W-MSG-6"
    yield "proposal that names another block", _signed(good, digest=bytes(32)), "W-MSG-6"
    elsewhere = _sealed(chain_id=bytes(32))
    yield "proposal of a block of another chain", _naming(good, elsewhere), "W-MSG-5"
    yield "proposal of a block of another height", _naming(good, _sealed(height=2)), "W-MSG-5"
    wrong_turn = _naming(_signed(good, signer=2), elsewhere)
    yield "proposal out of turn, of another chain: the turn first", wrong_turn, "W-MSG-6"
    for name, justification in _bad_certificates():
        yield f"proposal with {name}", evolve(again, justification=justification), "C-CERT-3"
    same_view = proposal(fed, block(), 1, prepared(1))
    yield "proposal with a certificate of its own view", same_view, "C-CERT-3"
    yield "proposal of view 0 with a certificate", proposal(fed, block(), 0, prepared()), "C-CERT-3"


def _sealed(**changes: Any) -> Block:
    """The block with a header of which something is changed; its digest follows."""
    return seal(evolve(block().header, **changes), block().payload)


def _naming(message: Proposal, other: Block) -> Proposal:
    changed: Proposal = _signed(evolve(message, block=other), digest=other.digest)
    return changed


def _bad_certificates() -> Iterator[tuple[str, Certificate]]:
    """Certificates that do not prove the block prepared at height 1."""
    fed, good = federation(), prepared()
    yield "a certificate of two", evolve(good, signatures=good.signatures[:2])
    yield "a certificate in descending order", evolve(good, signatures=good.signatures[::-1])
    twice = (*good.signatures[:2], good.signatures[1])
    yield "a certificate with one signer twice", evolve(good, signatures=twice)
    yield "a certificate of another block", certificate(fed, Kind.PREPARE, block(7))
    yield "a certificate of COMMITs", prepared(kind=Kind.COMMIT)
    yield "a certificate of another height", evolve(good, height=2)


def _bad_view_changes() -> Iterator[Case]:
    good = _changed(prepared(), block())
    yield "view_change with a STATUS", _signed(good, kind=Kind.STATUS), "W-MSG-4"
    yield "view_change of platform 4", _signed(good, signer=4), "W-MSG-3"
    yield "view_change into view 0", _signed(_changed(), view=0), "C-VIEW-1"
    yield "view_change that names no certificate", _signed(good, digest=bytes(32)), "C-STMT-3"
    named = prepared_reference(prepared())
    yield "view_change without the one it names", _signed(_changed(), digest=named), "C-STMT-3"
    swapped = evolve(good, prepared=prepared(3))
    yield "view_change with a certificate of another view", swapped, "C-STMT-3"
    yield "view_change without the block", evolve(good, block=None), "C-VIEW-3"
    bare = evolve(_changed(), block=block())
    yield "view_change with a block alone", bare, "C-VIEW-3"
    elsewhere = _sealed(chain_id=bytes(32))
    yield "view_change with a block of another chain", evolve(good, block=elsewhere), "W-MSG-5"
    higher = evolve(good, block=_sealed(height=2))
    yield "view_change with a block of another height", higher, "W-MSG-5"
    other = evolve(good, block=block(7))
    yield "view_change with another block than its certificate's", other, "C-CERT-3"
    same_view = view_change(federation(), 2, 1, 1, prepared(1), block())
    yield "view_change with a certificate of its own view", same_view, "C-CERT-3"
    few = evolve(good, prepared=evolve(prepared(), signatures=prepared().signatures[:2]))
    yield "view_change with a certificate of two", few, "C-CERT-3"
    zero = _signed(good, view=0, digest=bytes(32))
    yield "view_change into view 0 that names none: the view first", zero, "C-VIEW-1"


def _bad_decisions() -> Iterator[Case]:
    fed = federation()
    good = Decided(block(), prepared(kind=Kind.COMMIT))
    few = evolve(good.certificate, signatures=good.certificate.signatures[:2])
    yield "decided by two", evolve(good, certificate=few), "C-CERT-4 C-CERT-1"
    yield "decided by PREPAREs", evolve(good, certificate=prepared()), "C-CERT-4"
    other = certificate(fed, Kind.COMMIT, block(7))
    yield "decided with another block's certificate", evolve(good, certificate=other), "C-CERT-4"
    elsewhere = evolve(good, block=_sealed(chain_id=bytes(32)))
    yield "decided on another chain", elsewhere, "W-MSG-5"
    higher = evolve(good, certificate=evolve(good.certificate, height=2))
    yield "decided at another height", higher, "C-CERT-4"
    first = fed.nodes[0].state.tip
    yield "decided at height 0", Decided(first, certificate(fed, Kind.COMMIT, first)), "W-MSG-3"


def _bad_signatures() -> Iterator[Case]:
    """Good in every other way, so that the last check of all refuses them."""
    fed, good = federation(), _vote()
    r, s = good.signature[:32], value(good.signature[32:])
    yield "vote with S plus L", evolve(good, signature=Signature(r + little(s + ORDER))), "W-MSG-2"
    yield "vote signed by another", evolve(good, signature=_vote(signer=1).signature), "W-MSG-2"
    commit = evolve(good, signature=_vote(Kind.COMMIT).signature)
    yield "PREPARE with the signature of the COMMIT", commit, "W-MSG-2"
    yield (
        "vote of another view's signature",
        evolve(good, signature=_vote(view=1).signature),
        "W-MSG-2",
    )
    elsewhere = federation(5).sign_as(2, good)
    yield "vote of another chain", elsewhere, "W-MSG-2"
    here = status(fed, 2, 1)
    yield "status with no signature", evolve(here, signature=Signature(bytes(64))), "W-MSG-2"
    yield (
        "proposal with no signature",
        evolve(proposal(fed, block()), signature=Signature(bytes(64))),
        "W-MSG-2",
    )
    yield (
        "view_change with no signature",
        evolve(_changed(), signature=Signature(bytes(64))),
        "W-MSG-2",
    )
    forged = _with_a_forged_signature(prepared())
    again = proposal(fed, block(), 1, forged)
    yield "proposal with a forged signature in its certificate", again, "W-MSG-2"
    changed = _changed(forged, block())
    yield "view_change with a forged signature in its certificate", changed, "W-MSG-2"
    commits = _with_a_forged_signature(prepared(kind=Kind.COMMIT))
    yield "decided with a forged signature", Decided(block(), commits), "W-MSG-2"
    stolen = assemble(payment().body, payment().keys, (Signature(bytes(64)),))
    yield "submission with a forged transaction", Submission((payment(), stolen)), "W-MSG-2 L-TX-4"
    hidden = Decided(*_decided_with(stolen))
    yield "decided block with a forged transaction", hidden, "W-MSG-2 L-TX-4"


def _with_a_forged_signature(good: Certificate) -> Certificate:
    return evolve(good, signatures=(*good.signatures[:2], (2, platform_key(2).sign(b"other"))))


def _decided_with(item: Any) -> tuple[Block, Certificate]:
    """A block with this item that a quorum decided."""
    made = block_after(federation().nodes[0].state, [item], block().header.time_ms)
    return made, certificate(federation(), Kind.COMMIT, made)


REFUSED = (
    _bad_votes,
    _bad_proposals,
    _bad_view_changes,
    _bad_decisions,
    _bad_signatures,
)


def _bytes_refused(encode: Any) -> Iterator[Vector]:
    good = encode(_vote())
    cases = (
        ("a byte after the message", good + b"\0", "W-CBOR-3"),
        ("a message cut short", good[:-1], "W-CBOR-2"),
        ("two messages", good + good, "W-CBOR-3"),
        ("no message", b"", "W-CBOR-2"),
        ("evidence as a message", b"\x85" + b"\x68evidence" + b"\0" * 4, "W-MSG-8 W-TYPE-6"),
    )
    for name, data, clauses in cases:
        yield refuse(name, sentence(name), clauses, message=data.hex())
    about = "A byte string that makes a message of 2,097,153 bytes."
    content = MAX_MESSAGE_BYTES + 1 - 5
    head = b"\x5a" + content.to_bytes(4, "big")
    yield refuse("over the limit", about, "W-MSG-1 W-CBOR-1", message=long(head, b"\0", content))
    item = payment().encoded
    length = len(item)
    start = b"\x82\x6asubmission\x99\x01\x01"
    about = "A submission of 257 transactions."
    each = b"\x58" + bytes([length]) + item
    yield refuse("submission of 257", about, "W-TYPE-4 W-MSG-7", message=long(start, each, 257))


def _vectors() -> Iterator[Vector]:
    encode = federation().gate.encode
    for name, message, clauses in _accepted():
        yield accept(
            name,
            f"A good message: {name}.",
            clauses,
            _result(message),
            message=encode(message).hex(),
        )
    item = payment().encoded
    each = b"\x58" + bytes([len(item)]) + item
    full = long(b"\x82\x6asubmission\x99\x01\x00", each, 256)
    yield accept(
        "submission of 256",
        "A submission of 256 transactions, all the same.",
        "W-MSG-7",
        {"label": "submission", "statement": None},
        message=full,
    )
    for bad in REFUSED:
        for name, message, clauses in bad():
            yield refuse(name, sentence(name), clauses, message=encode(message).hex())
    yield from _bytes_refused(encode)


LABELS = {
    Vote: "vote",
    Proposal: "proposal",
    ViewChange: "view_change",
    Status: "status",
    Decided: "decided",
    Submission: "submission",
}


def _result(message: Message) -> Json:
    """The label, and what is signed; the rest of a message is in records.json."""
    statement: Statement | None = None
    if isinstance(message, SignedMessage):
        statement = message.statement
    return {"label": LABELS[type(message)], "statement": readable(statement)}


def make() -> Document:
    return Document("messages", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def judge(given: Json, vector: Json) -> Json:
    genesis = genesis_from(given["genesis"])
    gate = Gate.of(genesis, Ledger.of(genesis))
    return _result(gate.open(raw(vector["message"]), verify))


def check(document: Json) -> list[str]:
    return check_each(document, judge)
