"""The signature checks that the gate requests, statement by statement.

The gate is that of any federation. Keys and signed bytes are symbolic values that identify their
owner and their statement, so a claim tells whose signature of what is to be checked.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3
from attrs import frozen

from web4core import gate
from web4core.errors import RemoteProtocolError
from web4core.messages import (
    Kind,
    Submission,
    certified_statement,
)
from web4core.signature_check import SignatureCheck
from web4proofs.replica import arbitrary
from web4proofs.replica.cutting import Reached, cut
from web4proofs.replica.invariant import Part
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import plainly
from web4proofs.symbolic import (
    SymbolicInt,
    assume,
    bind,
    choose,
    equal,
    integer,
    term,
)
from web4proofs.symbolic.values import Symbolic, strict


@frozen
class Key:
    """The key of a platform."""

    index: Any


@frozen
class Spoken:
    """The signed bytes of a statement, on this chain (C-STMT-2)."""

    chain_id: Any
    statement: Any


@frozen
class AllSigned:
    """A claim for each signature of a certificate, as `_certificate` requests."""

    certificate: Any


@strict
class Keys(Symbolic):
    """The platforms' keys, by index."""

    __slots__ = ("n",)

    def __init__(self, n: SymbolicInt) -> None:
        self.n = n

    def __getitem__(self, index: Any) -> Key:
        return Key(index)


def length(value: Any) -> Any:
    return value.n if type(value) is Keys else len(value)


def any_gate() -> Any:
    """Return any federation's gate. An item's claims are represented by the item."""
    n = integer("n")
    assume(n.term >= 1)
    application = SimpleNamespace(signature_checks=lambda item: (item,))
    return SimpleNamespace(
        chain_id=arbitrary.digest("chain"), keys=Keys(n), application=application
    )


def outcome(check: Callable[[], Any]) -> Any:
    """Return the result of a check, or the refusal that it raised; nothing else may be raised."""
    try:
        return check()
    except RemoteProtocolError as refusal:
        return refusal


SIGNED = {"signing_bytes": Spoken, "len": length}


def prove_parts(attempt: Attempt) -> None:
    """Statement (W-MSG-3), certificate, block (W-MSG-5) and items: each signature is claimed."""

    def signed() -> Case:
        claims: list[Any] = []
        judge = any_gate()
        statement = arbitrary.statement("statement", choose(tuple(Kind)))
        signature = arbitrary.signature("signature")
        bound = bind(gate._signed, SIGNED)
        refusal = outcome(lambda: bound(judge, statement, signature, claims))
        known = z3.And(term(statement.signer) < judge.keys.n.term, term(statement.height) >= 1)
        expected = [claim_of(judge, statement, signature)] if refusal is None else []
        parts = (
            Part("a platform of the federation, above height 0", passes(refusal) == known),
            plainly("its signature is claimed", same_claims(claims, expected)),
        )
        return Case(parts)

    attempt.cases(gate._signed, signed)
    _prove_endorsements(attempt)
    _prove_blocks(attempt)
    _prove_submissions(attempt)


def claim_of(judge: Any, statement: Any, signature: Any) -> SignatureCheck:
    spoken: Any = Spoken(judge.chain_id, statement)
    key: Any = Key(statement.signer)
    return SignatureCheck(key, spoken, signature)


def passes(refusal: Any) -> z3.BoolRef:
    return z3.BoolVal(refusal is None)


def same_claims(claims: list[Any], expected: list[Any]) -> bool:
    """Return whether these are the claims, with exactly the values of the message."""
    return len(claims) == len(expected) and all(map(_alike, claims, expected))


def _alike(one: Any, other: Any) -> bool:
    if type(one) is not SignatureCheck or type(other) is not SignatureCheck:
        return type(one) is type(other) and one.certificate is other.certificate
    said: Any = one.message
    meant: Any = other.message
    return (
        one.key.index is other.key.index
        and one.signature is other.signature
        and said.chain_id is meant.chain_id
        and _same_statement(said.statement, meant.statement)
    )


def _same_statement(one: Any, other: Any) -> bool:
    names = ("kind", "height", "view", "digest", "signer")
    return all(getattr(one, name) is getattr(other, name) for name in names)


def _prove_endorsements(attempt: Attempt) -> None:
    """Every signature of a certificate is claimed, each for the certificate's own statement."""
    parts = cut(bind(gate._certificate, SIGNED, (gate._signed,)))

    def turn() -> Case:
        claims: list[Any] = []
        judge = any_gate()
        certificate = arbitrary.certificate("certificate", choose(tuple(Kind)))
        assume(term(certificate.height) >= 1)
        signer, signature = arbitrary.natural("signer"), arbitrary.signature("signature")
        assume(signer.term < judge.keys.n.term)
        given = {"gate": judge, "certificate": certificate, "checks": claims}
        before = parts.before(**given)
        found = parts.turn(**given, element=(signer, signature))
        statement = certified_statement(certificate, signer)
        part = plainly(
            "each signature is claimed",
            type(before) is Reached and before.iterated is certificate.signatures,
            type(found) is Reached,
            same_claims(claims, [claim_of(judge, statement, signature)]),
            parts.after(**given) is None,
        )
        return Case((part,))

    attempt.cases(gate._certificate, turn, (gate._signed,), "one signature", parts)


def _prove_blocks(attempt: Attempt) -> None:
    """A block is of this chain and height, and all that its items need is claimed."""
    parts = cut(gate._block)

    def run() -> Case:
        claims: list[Any] = []
        judge, block = any_gate(), arbitrary.block("block")
        height = arbitrary.natural("height")
        given = {"gate": judge, "block": block, "height": height, "checks": claims}
        found = outcome(lambda: parts.before(**given))
        passed = type(found) is Reached
        fits = z3.And(
            equal(block.header.chain_id, judge.chain_id), equal(block.header.height, height)
        )
        item = arbitrary.opaque("item")
        parts.turn(**given, element=item)
        part = plainly(
            "every item's signatures are claimed",
            not passed or found.iterated is block.payload,
            len(claims) == 1 and claims[0] is item,
            parts.after(**given) is None,
        )
        return Case((Part("of this chain and height", z3.BoolVal(passed) == fits), part))

    attempt.cases(gate._block, run, parts=parts)


def _prove_submissions(attempt: Attempt) -> None:
    """All that the items of a SUBMISSION need is claimed, and nothing else is required of it."""
    parts = cut(gate._check_submission)

    def run() -> Case:
        claims: list[Any] = []
        items: Any = arbitrary.opaque("items")
        given = {"gate": any_gate(), "message": Submission(items), "checks": claims}
        before = parts.before(**given)
        item = arbitrary.opaque("item")
        part = plainly(
            "every item's signatures are claimed",
            type(before) is Reached and before.iterated is items,
            type(parts.turn(**given, element=item)) is Reached,
            len(claims) == 1 and claims[0] is item,
            parts.after(**given) is None,
        )
        return Case((part,))

    attempt.cases(gate._check_submission, run, parts=parts)
