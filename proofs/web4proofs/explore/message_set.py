"""The message set: every message within the bounds, with the statements that it needs.

Signatures are modelled: an honest platform's statement exists once the platform has made it, a
Byzantine platform's exists always.
So each message is made once, with signatures that name signer and bytes, and passes through the
shipped gate. The signature checks that the gate asks for tell which statements must exist before
any platform can send the message.
A mistake in the gate is explored as well: a message that it refuses is never received, and one with
too few signature checks is received too early.

A set of statements, or of messages, is an integer with a bit for each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from web4core.errors import RemoteProtocolError
from web4core.gate import Gate
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    Statement,
    Status,
    ViewChange,
    Vote,
    conflict,
)
from web4core.signature_check import SignatureCheck
from web4core.types import Signature
from web4proofs.explore.blocks import Blocks
from web4proofs.explore.candidate_messages import Signer, candidates
from web4proofs.explore.subject import Bounds

FORGOTTEN: Final = Signature(bytes(64))
"""The signature of every message inside a state, whose verified signatures no code reads."""

_Key: TypeAlias = tuple[object, ...]
Bits: TypeAlias = int
"""A set of statements or of offers, a bit for each."""


class Statements:
    """The known statements, each with its bit."""

    def __init__(self) -> None:
        self._index: dict[Statement, int] = {}
        self._all: list[Statement] = []
        self._conflicts: list[Bits] = []

    def __len__(self) -> int:
        return len(self._all)

    def bit(self, statement: Statement) -> Bits:
        """Return the bit of a statement; a new one for a new statement."""
        index = self._index.get(statement)
        if index is None:
            index = len(self._all)
            self._index[statement] = index
            self._all.append(statement)
            self._conflicts.append(0)
            for other, known in enumerate(self._all):
                if conflict(known, statement):
                    self._conflicts[index] |= 1 << other
                    self._conflicts[other] |= 1 << index
        return 1 << index

    def bits(self, statements: Iterable[Statement]) -> Bits:
        """Return the set of these statements."""
        found = 0
        for statement in statements:
            found |= self.bit(statement)
        return found

    def of(self, bits: Bits) -> tuple[Statement, ...]:
        """Return the statements of a set, in the order of their bits."""
        return tuple(self._all[index] for index in indices(bits))

    def conflicting(self, bits: Bits) -> Bits:
        """Return the subset of the statements that conflict with another one of the set."""
        found = 0
        for index in indices(bits):
            if self._conflicts[index] & bits:
                found |= 1 << index
        return found

    def all(self) -> tuple[Statement, ...]:
        """Return every known statement."""
        return tuple(self._all)


def indices(bits: Bits) -> Iterator[int]:
    """Yield the elements of a set, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@frozen(eq=False)
class Offer:
    """A message that may be received, whoever signed the certificates that it carries.

    `ways` are the actual messages, each with the statements that must exist before any platform can
    send it. They differ in the signers of a certificate, which no receiver looks at.
    """

    bit: Bits
    message: Message
    ways: tuple[tuple[Bits, Message], ...] = field(repr=False)


@frozen(eq=False)
class Offers:
    """All messages within the bounds that the gate lets in.

    `each` has every message by itself. `all` also has offers that stand for several messages: the
    m-th vote for a block, by any signer, and a platform's VIEW-CHANGE, with any certificate.
    """

    statements: Statements
    blocks: Blocks
    each: tuple[Offer, ...] = field(repr=False)
    all: tuple[Offer, ...] = field(repr=False)
    refused: Mapping[str, int]
    """The number of candidate messages that the gate refused, by clause."""
    _votes: Mapping[_Key, tuple[Offer, ...]] = field(repr=False)
    _announced: Mapping[_Key, Offer] = field(repr=False)
    _made: Mapping[Statement, Message] = field(repr=False)
    _needing: Mapping[int, tuple[tuple[Bits, Bits], ...]] = field(repr=False)
    """By statement: the other statements that offers with it need, and these offers."""

    def votes(self, kind: Kind, height: int, view: int, digest: bytes) -> tuple[Offer, ...]:
        """Return the first vote for this block in this view, the second, and so on."""
        return self._votes.get((kind, height, view, digest), ())

    def announced(self, height: int, view: int, signer: int) -> Offer | None:
        """Return a platform's VIEW-CHANGE into a view."""
        return self._announced.get((height, view, signer))

    def made(self, statement: Statement) -> Message:
        """Return the message that makes a statement, as its signer may have sent it."""
        return self._made[statement]

    def decided(self, digest: bytes) -> Message:
        """Return a block with a proof that it was decided."""
        return next(
            offer.message
            for offer in self.each
            if isinstance(offer.message, Decided) and offer.message.block.digest == digest
        )

    def possible(self, said: Bits) -> Bits:
        """Return the offers that are possible when these statements exist."""
        found = 0
        for offer in self.all:
            for needs, _ in offer.ways:
                if not needs & ~said:
                    found |= offer.bit
                    break
        return found

    def possible_with(self, news: Bits, said: Bits) -> Bits:
        """Return the possible offers that need at least one of the new statements."""
        found = 0
        for index in indices(news):
            for needs, bit in self._needing.get(index, ()):
                if not needs & ~said:
                    found |= bit
        return found

    def shown(self, offer: Offer, said: Bits) -> Message | None:
        """Return an actual message for an offer, made of statements that exist."""
        for needs, message in offer.ways:
            if not needs & ~said:
                return message
        return None


def offers_of(
    gate: Gate,
    blocks: Blocks,
    bounds: Bounds,
    given: frozenset[SignatureCheck] = frozenset(),
    *,
    each_signer: bool = False,
) -> Offers:
    """Make every message, pass it through the gate, and return the offers.

    `given` are the signatures of clients, which exist from the start.
    With `each_signer`, messages stay apart that differ only in the signers of a certificate.
    """
    statements = Statements()
    signer = Signer(gate)
    refused: dict[str, int] = {}
    found: dict[_Key, dict[Bits, Message]] = {}
    for message in candidates(signer, blocks, bounds):
        needs = _needs(gate, signer, statements, given, message, refused)
        if needs is not None:
            key = (*_key(message), needs) if each_signer else _key(message)
            found.setdefault(key, {}).setdefault(needs, message)
    each = tuple(
        Offer(1 << index, forgotten(next(iter(ways.values()))), _least(ways))
        for index, ways in enumerate(found.values())
    )
    votes = _by_number(each, len(each))
    taken = len(each) + sum(map(len, votes.values()))
    announced = _whatever_shown(each, taken)
    every = (*each, *itertools.chain.from_iterable(votes.values()), *announced.values())
    return Offers(
        statements,
        blocks,
        each,
        every,
        refused,
        votes,
        announced,
        _said_in(each),
        _by_need(every),
    )


def _by_need(offers: tuple[Offer, ...]) -> dict[int, tuple[tuple[Bits, Bits], ...]]:
    found: dict[int, list[tuple[Bits, Bits]]] = {}
    for offer in offers:
        for needs, _ in offer.ways:
            for index in indices(needs):
                found.setdefault(index, []).append((needs, offer.bit))
    return {index: tuple(pairs) for index, pairs in found.items()}


def _said_in(each: tuple[Offer, ...]) -> dict[Statement, Message]:
    """Return for each statement the first message that makes it: a proposal has no certificate."""
    found: dict[Statement, Message] = {}
    for offer in each:
        if isinstance(offer.message, Vote | Proposal | ViewChange):
            found.setdefault(offer.message.statement, offer.message)
    return found


def _by_number(each: tuple[Offer, ...], taken: int) -> dict[_Key, tuple[Offer, ...]]:
    """Return for each block, view and kind the first vote, the second, ..., by any signer."""
    cast: dict[_Key, list[Offer]] = {}
    for offer in each:
        if isinstance(offer.message, Vote):
            cast.setdefault(_cast(offer.message.statement), []).append(offer)
    found: dict[_Key, tuple[Offer, ...]] = {}
    for key, votes in cast.items():
        numbered: list[Offer] = []
        for number in range(1, len(votes) + 1):
            ways = [
                (sum(vote.ways[0][0] for vote in some), some[-1].ways[0][1])
                for some in itertools.combinations(votes, number)
            ]
            numbered.append(Offer(1 << taken, votes[number - 1].message, tuple(ways)))
            taken += 1
        found[key] = tuple(numbered)
    return found


def _cast(statement: Statement) -> _Key:
    return (statement.kind, statement.height, statement.view, statement.digest)


def _whatever_shown(each: tuple[Offer, ...], taken: int) -> dict[_Key, Offer]:
    """Return for each view and signer its VIEW-CHANGE into that view, with any certificate."""
    ways: dict[_Key, list[Offer]] = {}
    for offer in each:
        if isinstance(offer.message, ViewChange):
            statement = offer.message.statement
            key = (statement.height, statement.view, statement.signer)
            ways.setdefault(key, []).append(offer)
    return {
        key: Offer(
            1 << (taken + index),
            offers[0].message,
            tuple(itertools.chain.from_iterable(offer.ways for offer in offers)),
        )
        for index, (key, offers) in enumerate(ways.items())
    }


def _least(ways: Mapping[Bits, Message]) -> tuple[tuple[Bits, Message], ...]:
    """Leave out the messages that need all that another one needs, and more."""
    return tuple(
        (needs, message)
        for needs, message in ways.items()
        if not any(other != needs and not other & ~needs for other in ways)
    )


def _needs(
    gate: Gate,
    signer: Signer,
    statements: Statements,
    given: frozenset[SignatureCheck],
    message: Message,
    refused: dict[str, int],
) -> Bits | None:
    """Return the statements that this message needs to pass the gate; None if it cannot pass.

    The message passes through the gate as bytes, as it would from a peer.
    """
    try:
        claims = gate.parse(gate.encode(message)).checks
    except RemoteProtocolError as error:
        refused[error.clause] = refused.get(error.clause, 0) + 1
        return None
    says = [signer.says.get(claim) for claim in claims if claim not in given]
    if any(statement is None for statement in says):
        refused[UNKNOWN] = refused.get(UNKNOWN, 0) + 1
        return None
    return statements.bits(statement for statement in says if statement is not None)


UNKNOWN: Final = "W-MSG-2"
"""The clause counted for a message with a signature that no platform can have made."""


def _key(message: Message) -> _Key:
    """Return the identity of an offer: the message without the signers of its certificate."""
    match message:
        case Proposal(statement=statement, justification=certificate):
            return ("proposal", statement, _said(certificate))
        case ViewChange(statement=statement, prepared=certificate):
            return ("view-change", statement, _said(certificate))
        case Decided(block=block, certificate=certificate):
            return ("decided", block.digest, _said(certificate))
        case Vote(statement=statement) | Status(statement=statement):
            return ("statement", statement)
        case _:
            return ("other", message)


def _said(certificate: Certificate | None) -> _Key | None:
    if certificate is None:
        return None
    return (certificate.kind, certificate.height, certificate.view, certificate.digest)


def forgotten(message: Message) -> Message:
    """Return the message as a state holds it: without its signatures."""
    match message:
        case Decided(certificate=certificate):
            return evolve(message, certificate=_unsigned(certificate))
        case Proposal(justification=shown):
            bare = None if shown is None else _unsigned(shown)
            return evolve(message, signature=FORGOTTEN, justification=bare)
        case ViewChange(prepared=shown):
            bare = None if shown is None else _unsigned(shown)
            return evolve(message, signature=FORGOTTEN, prepared=bare)
        case Vote() | Status():
            return evolve(message, signature=FORGOTTEN)
        case _:
            return message


def _unsigned(certificate: Certificate) -> Certificate:
    """Return a certificate without its signatures, but with its signers."""
    signers = tuple((signer, FORGOTTEN) for signer, _ in certificate.signatures)
    return evolve(certificate, signatures=signers)
