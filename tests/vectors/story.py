"""A small federation's whole chain: every transaction, a view change, and proofs of the end.

Four replicas run it; platform 2 is cut off while it is its turn to propose block 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from attrs import frozen

from tests.support.federation import ALICE, BOB, Federation, owner_key, platform_key, sign
from tests.vectors import chain_checker
from tests.vectors.chains import end_of
from tests.vectors.fixtures import CAROL, accounts_of, encoded_genesis, genesis_from, verify
from tests.vectors.form import Document, Json, Vector, accept, check_each, number
from tests.vectors.rules import shown
from web4core.chain import Block, header_digest
from web4core.ledger.light import (
    ENTRY_PROOF,
    INCLUSION_PROOF,
    EntryProof,
    InclusionProof,
    SignedHeader,
    TrustAnchor,
    check_entry,
    check_inclusion,
)
from web4core.ledger.state import Address, Entry, LedgerState, path_of
from web4core.ledger.transactions import (
    AccountOpen,
    Body,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.merkle import list_proof, prove
from web4core.messages import Decided
from web4core.types import ChainId, Nonce, PublicKey, TimeMs

ABOUT = (
    "The whole chain of a federation of four, and what a light client that has chain id and keys "
    "alone can verify of it: each entry of the last state, and transactions in their blocks."
)
DAVE = Address(platform="legion", agent="dave")


@frozen
class Story:
    """The federation, when it has come to rest."""

    fed: Federation
    transfers: tuple[bytes, ...]

    @property
    def decided(self) -> tuple[Decided, ...]:
        blocks = self.fed.nodes[0].blocks
        return tuple(blocks[height] for height in sorted(blocks))

    @property
    def state(self) -> LedgerState:
        state = self.fed.nodes[0].state.app
        assert isinstance(state, LedgerState)
        return state


@cache
def story() -> Story:
    """Open, pay, lock, commit, roll back, expire; one block comes in a later view."""
    fed = Federation(4, accounts=accounts_of(4), check=False)
    fed.settle()
    chain = fed.chain_id
    _then(fed, _by(AccountOpen(chain, DAVE, owner_key(DAVE).public), 2, DAVE))
    _then(
        fed,
        _by(
            Transfer(
                chain_id=chain,
                source=ALICE,
                destination=CAROL,
                amount_uatp=250_000_000,
                nonce=Nonce(0),
            ),
            None,
            ALICE,
        ),
    )
    soon, later = fed.now_ms + 20_000, fed.now_ms + 10**9
    locks = tuple(
        _by(
            TransferLock(
                chain_id=chain,
                source=ALICE,
                destination=to,
                amount_uatp=amount,
                nonce=Nonce(nonce),
                expiry_ms=TimeMs(expiry),
            ),
            None,
            ALICE,
        )
        for nonce, (to, amount, expiry) in enumerate(
            ((BOB, 100, later), (DAVE, 200, later), (BOB, 300, soon), (DAVE, 400, later)), start=1
        )
    )
    _then(fed, *locks)
    first, second, third, _ = (each.id for each in locks)
    _then(fed, _by(TransferCommit(chain, first), 1))
    _then(fed, _by(TransferRollback(chain, second, "no such agent"), 2))
    fed.now_ms = soon
    fed.cut = lambda source, target, _message: 2 in (source, target)
    expired = _by(TransferRollback(chain, third, "expired"), None, CAROL)
    _then(
        fed,
        expired,
        _by(
            Transfer(
                chain_id=chain, source=CAROL, destination=ALICE, amount_uatp=7, nonce=Nonce(0)
            ),
            None,
            CAROL,
        ),
        but=2,
    )
    fed.cut = lambda _source, _target, _message: False
    _then(
        fed,
        _by(
            Transfer(
                chain_id=chain, source=CAROL, destination=ALICE, amount_uatp=8, nonce=Nonce(1)
            ),
            None,
            CAROL,
        ),
    )
    return Story(fed, tuple(each.id for each in locks))


def _by(body: Body, platform: int | None, *owners: Address) -> Transaction:
    """The body signed by a platform, if one is named, and then by these owners."""
    host = () if platform is None else (platform_key(platform),)
    return sign(body, *host, *(owner_key(each) for each in owners))


def _then(fed: Federation, *items: Transaction, but: int | None = None) -> None:
    """Hand these to platform 0 and run until the next block is decided by all but one."""
    height = fed.height(0)
    fed.submit(0, *items)
    others = [index for index in range(4) if index != but]
    fed.run(lambda: all(fed.height(index) > height for index in others))


def anchor_of(decided: Decided) -> SignedHeader:
    return SignedHeader(decided.block.header, decided.certificate)


def entry_proof(entry: Entry) -> EntryProof:
    """The proof of an entry of the last state."""
    told = story()
    return EntryProof(anchor_of(told.decided[-1]), entry, prove(told.state.entries, path_of(entry)))


def inclusion_proof(height: int, index: int) -> InclusionProof:
    """The proof of a transaction of a block."""
    decided = story().decided[height - 1]
    items = [item.encoded for item in decided.block.payload]
    path = list_proof(items, index)
    return InclusionProof(
        anchor=anchor_of(decided), transaction=items[index], index=index, size=len(items), path=path
    )


def trust() -> Json:
    """All that a light client holds."""
    held = TrustAnchor.of(story().fed.genesis)
    return {"chain_id": held.chain_id.hex(), "keys": [key.hex() for key in held.keys]}


def trust_from(given: Json) -> TrustAnchor:
    keys = tuple(PublicKey(bytes.fromhex(key)) for key in given["keys"])
    return TrustAnchor(ChainId(bytes.fromhex(given["chain_id"])), keys)


def _step(block: Block, view: int) -> Json:
    """One block as the result tells it."""
    return {
        "height": number(block.header.height),
        "view": view,
        "digest": block.digest.hex(),
        "time_ms": number(block.header.time_ms),
        "state_root": block.header.state_root.hex(),
        "transactions": [item.id.hex() for item in block.payload],
    }


def _vectors() -> Iterator[Vector]:
    told = story()
    encode = told.fed.gate.encode
    entries = tuple(entry for _, entry in told.state.entries.items())
    proofs = [ENTRY_PROOF.encode(entry_proof(entry)).hex() for entry in entries]
    inclusions = [
        INCLUSION_PROOF.encode(inclusion_proof(decided.block.header.height, index)).hex()
        for decided in told.decided
        for index in range(len(decided.block.payload))
    ]
    given: dict[str, Json] = {
        "blocks": [encode(each).hex() for each in told.decided],
        "entry_proofs": proofs,
        "inclusion_proofs": inclusions,
    }
    clauses = (
        "L-BLOCK-1 I-ROOT-1 C-CERT-4 C-VALID-1 C-VALID-2 L-OPEN-4 L-XFER-8 L-LOCK-9 L-COMMIT-5 "
        "L-BACK-4 L-LIGHT-1 L-LIGHT-2 L-LIGHT-3 L-LIGHT-4"
    )
    result = judge(make_given(), given)
    yield accept("federation", "From genesis to the last proof.", clauses, result, **given)


def make_given() -> dict[str, Json]:
    return {"genesis": encoded_genesis(), "trust": trust()}


def make() -> Document:
    return Document("federation", ABOUT, make_given(), _vectors())


def judge(given: Json, vector: Json) -> Json:
    genesis = genesis_from(given["genesis"])
    light = trust_from(given["trust"])
    blocks = [bytes.fromhex(each) for each in vector["blocks"]]
    places = chain_checker.follow(genesis, blocks)
    views = [_view_of(block) for block in blocks]
    proved = [
        check_entry(light, bytes.fromhex(each), verify).entry for each in vector["entry_proofs"]
    ]
    included = [
        check_inclusion(light, bytes.fromhex(each), verify) for each in vector["inclusion_proofs"]
    ]
    return {
        "steps": [_step(place.tip, view) for place, view in zip(places[1:], views, strict=True)],
        "end": end_of(places),
        "proved_entries": shown(tuple(proved)),
        "included": [
            {
                "height": number(proof.anchor.header.height),
                "block": header_digest(proof.anchor.header).hex(),
                "transaction": item.id.hex(),
                "index": proof.index,
            }
            for proof, item in included
        ],
    }


def _view_of(decided: bytes) -> int:
    """The view that a block was decided in."""
    message = story().fed.gate.schemas.decided.decode(decided, len(decided))
    return message.certificate.view


def check(document: Json) -> list[str]:
    return check_each(document, judge)
