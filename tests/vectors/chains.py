"""Chains: blocks with their certificates from height 1 on, and where a verifier must stop.

All four platforms sign whatever these vectors need: what is refused here is refused although a
quorum certified it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, frozen

from tests.support.federation import START_MS
from tests.support.forge import certificate
from tests.vectors import chain_checker
from tests.vectors.fixtures import encoded_genesis, federation, genesis_from, opening, payment
from tests.vectors.form import (
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    number,
    refuse,
    sentence,
)
from tests.vectors.rules import shown
from web4core.application import Applied
from web4core.chain import Block, Header, payload_root, seal
from web4core.errors import RemoteProtocolError
from web4core.ledger.transactions import Transaction
from web4core.messages import Certificate, Decided, Kind
from web4core.types import TimeMs

ABOUT = (
    "A chain of decided messages from height 1 on, verified as spec/ledger.md says. The result is "
    "its end; a refusal tells the height of the block at which a verifier must stop."
)


@frozen
class Chain:
    """A chain in the making: its blocks, decided, and the state after them."""

    place: chain_checker.Place
    decided: tuple[Decided, ...] = ()

    def block(
        self, items: Iterable[Transaction], time_ms: int | None = None, **changes: Any
    ) -> Block:
        """A block on top, with parts of its header changed; it need not be valid."""
        fed, tip = federation(), self.place.tip
        payload = tuple(items)
        time_ms = tip.header.time_ms + 1_000 if time_ms is None else time_ms
        applied = fed.ledger.apply(self.place.state, payload, TimeMs(time_ms))
        root = applied.root if isinstance(applied, Applied) else tip.header.state_root
        height = tip.header.height + 1
        header = Header(
            fed.chain_id, height, tip.digest, TimeMs(time_ms), payload_root(payload), root
        )
        return seal(evolve(header, **changes), payload)

    def then(self, *items: Transaction, view: int = 0) -> Chain:
        """The chain with one more block, which is valid."""
        made = self.block(items)
        place = chain_checker.after(federation().genesis, self.place, made)
        return Chain(place, (*self.decided, decide(made, view)))

    def with_another(self, *messages: Decided) -> tuple[Decided, ...]:
        """The messages of the chain and these, whatever they are."""
        return (*self.decided, *messages)


def decide(block: Block, view: int = 0, signers: Iterable[int] | None = None) -> Decided:
    """A block with the COMMITs of these platforms, or of the first three."""
    return Decided(block, certificate(federation(), Kind.COMMIT, block, view, signers))


def _empty() -> Chain:
    return Chain(chain_checker.beginning(federation().genesis))


def _two() -> Chain:
    return _empty().then(payment(1, 0)).then(payment(2, 1), opening())


def _verified() -> Iterator[tuple[str, tuple[Decided, ...]]]:
    two = _two()
    yield "no blocks", ()
    yield "two blocks", two.decided
    yield "a block of no items", two.then(view=1).decided
    yield "a block decided in view 3", two.then(payment(3, 2), view=3).decided
    block = two.block([payment(3, 2)])
    yield "a block decided by all", two.with_another(decide(block, signers=range(4)))
    yield "a block decided by the last three", two.with_another(decide(block, signers=(1, 2, 3)))
    near = two.block([payment(3, 2)], two.place.tip.header.time_ms + 1)
    yield "a block a millisecond after its parent", two.with_another(decide(near))


def _stopped() -> Iterator[tuple[str, tuple[Decided, ...], int, str, str | None]]:
    """What it is, the chain, the height of the block that is refused, clauses, code."""
    two = _two()
    third = two.then(payment(3, 2))
    first, second, last = third.decided
    yield "the first block missing", (second, last), 1, "C-VALID-1", None
    yield "a block missing", (first, last), 2, "C-VALID-1", None
    yield "a block twice", (first, second, second), 3, "C-VALID-1", None
    yield "two blocks exchanged", (second, first), 1, "C-VALID-1", None
    fork = _empty().then(payment(1, 0)).then(payment(9, 1))
    yield "a block of a fork", (*fork.decided, last), 3, "C-VALID-1", None
    for name, parent in (
        ("a parent of all zeros", bytes(32)),
        ("the grandparent as parent", first.block.digest),
    ):
        block = two.block([payment(3, 2)], parent=parent)
        yield name, two.with_another(decide(block)), 3, "C-VALID-1", None
    here = two.place.tip.header.time_ms
    for name, time_ms in (("the time of its parent", here), ("an earlier time", START_MS)):
        block = two.block([payment(3, 2)], time_ms)
        yield name, two.with_another(decide(block)), 3, "C-VALID-2", None
    root = two.block([payment(3, 2)], state_root=two.place.tip.header.state_root)
    yield (
        "the state root before the block",
        two.with_another(decide(root)),
        3,
        "I-ROOT-1 C-VALID-1",
        None,
    )
    for name, item, code in (
        ("a transaction of block 1 again", payment(1, 0), "nonce-used"),
        ("a nonce too high", payment(3, 3), "nonce-gap"),
        ("an opening again", opening(), "account-exists"),
        ("more than there is", payment(10**9, 2), "insufficient-funds"),
    ):
        yield name, two.with_another(decide(two.block([item]))), 3, "L-BLOCK-1", code
    yield from _badly_certified(two)


def _badly_certified(two: Chain) -> Iterator[tuple[str, tuple[Decided, ...], int, str, str | None]]:
    good = two.block([payment(3, 2)])
    few = decide(good, signers=(0, 3))
    yield "decided by two", two.with_another(few), 3, "C-CERT-4 C-CERT-1", None
    other = certificate(federation(), Kind.COMMIT, two.place.tip)
    yield (
        "the certificate of its parent",
        two.with_another(Decided(good, other)),
        3,
        "C-CERT-4",
        None,
    )
    prepared = certificate(federation(), Kind.PREPARE, good)
    yield "prepared only", two.with_another(Decided(good, prepared)), 3, "C-CERT-4", None
    mixed = _of_two_views(good)
    yield "COMMITs of two views in one", two.with_another(Decided(good, mixed)), 3, "W-MSG-2", None
    elsewhere = certificate(federation(5), Kind.COMMIT, good, 0, (0, 1, 2))
    yield "COMMITs of another chain", two.with_another(Decided(good, elsewhere)), 3, "W-MSG-2", None
    foreign = two.block([payment(3, 2)], chain_id=bytes(32))
    yield "a block of another chain", two.with_another(decide(foreign)), 3, "W-MSG-5", None
    swapped = evolve(good, payload=(payment(4, 2),))
    yield "another payload", two.with_another(decide(swapped)), 3, "H-BLOCK-2", None


def _of_two_views(block: Block) -> Certificate:
    """Three COMMITs, one of which is of another view, as if all were of one."""
    one, other = (certificate(federation(), Kind.COMMIT, block, view) for view in (0, 1))
    return evolve(one, signatures=(*one.signatures[:2], other.signatures[2]))


def _vectors() -> Iterator[Vector]:
    encode = federation().gate.encode
    for name, chain in _verified():
        blocks = [encode(each).hex() for each in chain]
        places = chain_checker.follow(
            federation().genesis, [bytes.fromhex(each) for each in blocks]
        )
        clauses = "C-VALID-1 C-VALID-2 C-CERT-4 L-BLOCK-1 I-ROOT-1"
        yield accept(name, sentence(name), clauses, end_of(places), blocks=blocks)
    for name, chain, height, clauses, code in _stopped():
        vector = refuse(
            name, sentence(name), clauses, code, blocks=[encode(e).hex() for e in chain]
        )
        yield evolve(vector, refusal={**(vector.refusal or {}), "height": height})


def end_of(places: list[chain_checker.Place]) -> Json:
    """Where a chain ends, and every entry of its last state."""
    last = places[-1]
    header = last.tip.header
    return {
        "height": number(header.height),
        "digest": last.tip.digest.hex(),
        "time_ms": number(header.time_ms),
        "state_root": header.state_root.hex(),
        "supply_uatp": number(last.state.supply_uatp),
        "entries": shown(tuple(entry for _, entry in last.state.entries.items())),
    }


def make() -> Document:
    return Document("chains", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def judge(given: Json, vector: Json) -> Json:
    genesis = genesis_from(given["genesis"])
    blocks = [bytes.fromhex(each) for each in vector["blocks"]]
    places: list[chain_checker.Place] = []
    for count in range(len(blocks) + 1):
        try:
            places = chain_checker.follow(genesis, blocks[:count])
        except (Refused, RemoteProtocolError) as error:
            code = getattr(error, "code", None)
            raise Refused(error.clause, code, count) from None
    return end_of(places)


def check(document: Json) -> list[str]:
    return check_each(document, judge)
