"""Proofs for light clients: which entries and transactions they prove, and which prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from attrs import evolve

from tests.support.federation import ALICE
from tests.support.forge import certificate
from tests.vectors.curve import ORDER, little, value
from tests.vectors.fixtures import verify
from tests.vectors.form import Document, Json, Vector, accept, check_each, number, refuse, sentence
from tests.vectors.rules import shown
from tests.vectors.story import entry_proof, inclusion_proof, story, trust, trust_from
from web4core.ledger.light import (
    ENTRY_PROOF,
    INCLUSION_PROOF,
    EntryProof,
    InclusionProof,
    SignedHeader,
    check_entry,
    check_inclusion,
)
from web4core.ledger.state import Account, Address, account_path, path_of
from web4core.merkle import MapProof, prove
from web4core.messages import Certificate, Kind
from web4core.types import ChainId, Digest, Nonce, PublicKey, Signature, StateRoot, TimeMs, View

ENTRIES = (
    "Whether an account or a transfer is proved to somebody who holds the chain id and the "
    "platforms' keys, in the order of the genesis, and nothing else."
)
INCLUSIONS = "Whether a transaction is proved to be in a block, to somebody who holds the same."
LIGHT = "L-LIGHT-1 L-LIGHT-2 L-LIGHT-4 W-MAP-5"
INCLUDED = "L-LIGHT-1 L-LIGHT-3 L-LIGHT-4 W-LIST-3"
PAYMENTS_HEIGHT = 3
"""The block of the story that holds four transactions."""


@cache
def _alice() -> EntryProof:
    """The proof of Alice's account, to be spoilt."""
    entry = story().state.entries.get(account_path(ALICE))
    assert isinstance(entry, Account)
    return entry_proof(entry)


def _spoilt_anchors(good: SignedHeader) -> Iterator[tuple[str, SignedHeader]]:
    """Anchors that prove no header."""
    signed = good.certificate
    yield (
        "another state root",
        evolve(good, header=evolve(good.header, state_root=StateRoot(bytes(32)))),
    )
    yield (
        "another time",
        evolve(good, header=evolve(good.header, time_ms=TimeMs(good.header.time_ms + 1))),
    )
    yield (
        "a header of another chain",
        evolve(good, header=evolve(good.header, chain_id=ChainId(bytes(32)))),
    )
    yield (
        "two signatures",
        evolve(good, certificate=evolve(signed, signatures=signed.signatures[:2])),
    )
    twice = (*signed.signatures[:2], signed.signatures[1])
    yield "one signer twice", evolve(good, certificate=evolve(signed, signatures=twice))
    backwards = evolve(signed, signatures=signed.signatures[::-1])
    yield "signers in descending order", evolve(good, certificate=backwards)
    yield "the certificate of the block before", evolve(good, certificate=_of_the_block_before())
    prepared = _prepared(signed)
    yield "PREPAREs instead of COMMITs", evolve(good, certificate=prepared)
    passed_off = evolve(prepared, kind=Kind.COMMIT)
    yield "PREPAREs passed off as COMMITs", evolve(good, certificate=passed_off)
    yield "another view", evolve(good, certificate=evolve(signed, view=View(signed.view + 1)))
    signer, signature = signed.signatures[0]
    large = Signature(signature[:32] + little(value(signature[32:]) + ORDER))
    forged = evolve(signed, signatures=((signer, large), *signed.signatures[1:]))
    yield "a signature with S plus L", evolve(good, certificate=forged)


def _of_the_block_before() -> Certificate:
    return story().decided[-2].certificate


def _prepared(signed: Certificate) -> Certificate:
    last = story().decided[-1].block
    return certificate(story().fed, Kind.PREPARE, last, signed.view)


def _spoilt_entries() -> Iterator[tuple[str, EntryProof]]:
    good = _alice()
    entry, steps = good.entry, good.proof.steps
    assert isinstance(entry, Account)
    yield (
        "a micro-ATP more",
        evolve(good, entry=evolve(entry, available_uatp=entry.available_uatp + 1)),
    )
    yield "the nonce before", evolve(good, entry=evolve(entry, nonce=Nonce(entry.nonce - 1)))
    yield "another owner", evolve(good, entry=evolve(entry, owner=PublicKey(bytes(32))))
    other = evolve(entry, address=Address(platform="thor", agent="carol"))
    yield "the balance under another name", evolve(good, entry=other)
    yield "no steps", evolve(good, proof=MapProof(()))
    yield "a step too few", evolve(good, proof=MapProof(steps[:-1]))
    yield "a step too many", evolve(good, proof=MapProof((*steps, steps[-1])))
    spoilt = evolve(steps[0], siblings=(bytes(32), *steps[0].siblings[1:]))
    yield "another sibling", evolve(good, proof=MapProof((spoilt, *steps[1:])))
    empty = evolve(steps[0], bitmap=0)
    yield "an empty bitmap", evolve(good, proof=MapProof((empty, *steps[1:])))
    state = story().state.entries
    elsewhere = next(path for path, _ in state.items() if path != path_of(entry))
    yield "the proof of another entry", evolve(good, proof=prove(state, elsewhere))


def _entries() -> Iterator[Vector]:
    entries = [entry for _, entry in story().state.entries.items()]
    for number_of, entry in enumerate(entries):
        proof = entry_proof(entry)
        about = "An account." if isinstance(entry, Account) else "A transfer."
        yield accept(f"entry {number_of}", about, LIGHT, _entry_result(proof), **_encoded(proof))
    for name, anchor in _spoilt_anchors(_alice().anchor):
        spoilt = evolve(_alice(), anchor=anchor)
        yield refuse(name, sentence(name), "L-LIGHT-1 C-CERT-4 W-MSG-2", **_encoded(spoilt))
    for name, spoilt in _spoilt_entries():
        yield refuse(name, sentence(name), "L-LIGHT-2 W-MAP-5", **_encoded(spoilt))
    data = ENTRY_PROOF.encode(_alice())
    yield refuse(
        "a byte after the proof", "A byte too many.", "W-CBOR-3", proof=(data + b"\0").hex()
    )
    yield refuse("a proof cut short", "A byte too few.", "W-CBOR-2", proof=data[:-1].hex())


def _encoded(proof: EntryProof) -> dict[str, Json]:
    return {"proof": ENTRY_PROOF.encode(proof).hex()}


def _entry_result(proof: EntryProof) -> Json:
    return {"height": number(proof.anchor.header.height), "entry": shown((proof.entry,))[0]}


def _inclusions() -> Iterator[Vector]:
    for height, index in ((PAYMENTS_HEIGHT, 0), (PAYMENTS_HEIGHT, 3), (1, 0), (6, 1)):
        proof = inclusion_proof(height, index)
        about = f"Transaction {index} of block {height}."
        yield accept(
            f"transaction {index} of block {height}",
            about,
            INCLUDED,
            _inclusion_result(proof),
            proof=INCLUSION_PROOF.encode(proof).hex(),
        )
    good = inclusion_proof(PAYMENTS_HEIGHT, 2)
    for name, spoilt in _spoilt_inclusions(good):
        yield refuse(
            name, sentence(name), "L-LIGHT-3 W-LIST-3", proof=INCLUSION_PROOF.encode(spoilt).hex()
        )
    for name, header in (
        ("another payload root", evolve(good.anchor.header, payload_root=Digest(bytes(32)))),
        ("another height", evolve(good.anchor.header, height=9)),
        ("another chain", evolve(good.anchor.header, chain_id=ChainId(bytes(32)))),
    ):
        spoilt = evolve(good, anchor=evolve(good.anchor, header=header))
        yield refuse(
            name,
            sentence(name),
            "L-LIGHT-1 C-CERT-4 W-MSG-2",
            proof=INCLUSION_PROOF.encode(spoilt).hex(),
        )


def _spoilt_inclusions(good: InclusionProof) -> Iterator[tuple[str, InclusionProof]]:
    elsewhere = inclusion_proof(1, 0)
    yield "another transaction", evolve(good, transaction=elsewhere.transaction)
    yield "another index", evolve(good, index=1)
    yield "an index beyond the block", evolve(good, index=4)
    yield "another size", evolve(good, size=2)
    yield "a size of zero", evolve(good, size=0, index=0)
    yield "no path", evolve(good, path=())
    yield "a node too many", evolve(good, path=(*good.path, bytes(32)))
    yield "the nodes the other way round", evolve(good, path=good.path[::-1])
    yield "a proof of another block's transaction", evolve(elsewhere, anchor=good.anchor)


def _inclusion_result(proof: InclusionProof) -> Json:
    return {
        "height": number(proof.anchor.header.height),
        "index": proof.index,
        "transaction": proof.transaction.hex(),
    }


def make_entries() -> Document:
    return Document("entry_proofs", ENTRIES, {"trust": trust()}, _entries())


def make_inclusions() -> Document:
    return Document("inclusion_proofs", INCLUSIONS, {"trust": trust()}, _inclusions())


def _judge_entry(given: Json, vector: Json) -> Json:
    data = bytes.fromhex(vector["proof"])
    return _entry_result(check_entry(trust_from(given["trust"]), data, verify))


def _judge_inclusion(given: Json, vector: Json) -> Json:
    data = bytes.fromhex(vector["proof"])
    proof, _ = check_inclusion(trust_from(given["trust"]), data, verify)
    return _inclusion_result(proof)


def check_entries(document: Json) -> list[str]:
    return check_each(document, _judge_entry)


def check_inclusions(document: Json) -> list[str]:
    return check_each(document, _judge_inclusion)
