"""The gate: exactly which messages pass it, and which signature checks it requests.

J says of every slot what the gate ensures, so J assumes nothing of the sender of a message.
A message is any value that the decoder returns (W-TYPE-1 to W-TYPE-6): its numbers are not
negative, its kind is one of five, and nothing else is known of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3
from attrs import evolve

from web4core import gate
from web4core.errors import RemoteProtocolError
from web4core.gate import Gate, Parsed
from web4core.messages import (
    MAX_MESSAGE_BYTES,
    Decided,
    Kind,
    Proposal,
    Status,
    Submission,
    ViewChange,
    Vote,
)
from web4core.signature_check import SignatureCheck
from web4proofs.replica import arbitrary
from web4proofs.replica.claiming import (
    AllSigned,
    Key,
    Spoken,
    any_gate,
    claim_of,
    length,
    outcome,
    passes,
    same_claims,
)
from web4proofs.replica.cutting import Reached, cut
from web4proofs.replica.invariant import TRUE, Part, proves, well_formed
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.refusing import clauses_of, names_the_first
from web4proofs.replica.scene import plainly
from web4proofs.replica.terms import prepared_reference, proposer
from web4proofs.symbolic import (
    SymbolicBool,
    bind,
    boolean,
    choose,
    equal,
    optional,
    term,
)
from web4proofs.symbolic.reach import Excuse

# --- messages ----------------------------------------------------------------------------------


def prove_votes(attempt: Attempt) -> None:
    """A vote is a PREPARE or COMMIT, a status is a STATUS, of a platform of the federation."""
    _prove_check(attempt, gate._check_vote, _any_vote, (Kind.PREPARE, Kind.COMMIT))
    _prove_check(attempt, gate._check_status, _any_status, (Kind.STATUS,))


def prove_proposals(attempt: Attempt) -> None:
    """A proposal is the proposer's, names its block, and has an earlier certificate for that."""
    _prove_check(attempt, gate._check_proposal, _any_proposal, (Kind.PRE_PREPARE,))
    attempt.excuse(*_NO_ITEMS)


def prove_view_changes(attempt: Attempt) -> None:
    """A VIEW-CHANGE names its certificate, of an earlier view, and carries its block."""
    _prove_check(attempt, gate._check_view_change, _any_view_change, (Kind.VIEW_CHANGE,))
    attempt.excuse(_BOTH_OR_NEITHER, *_NO_ITEMS)


_BOTH_OR_NEITHER = Excuse(
    "web4core.gate._check_view_change",
    '"message.block is not None" is None',
    "a certificate without its block was refused just before; the type checker asks again",
)
_ITEMS = "the items of a block are the matter of P-GATE-1"
_NO_ITEMS = (
    Excuse(
        "web4core.gate._block", '"checks.extend(gate.application.signature_checks(item))"', _ITEMS
    ),
    Excuse("web4core.gate._block", '"for item in block.payload:" is another item', _ITEMS),
)
_OWN_HEIGHT = "a decided block is asked for the height that it names itself"
_OF_ITS_HEIGHT = (
    Excuse(
        "web4core.gate._block",
        '"raise RemoteProtocolError("W-MSG-5", "a block of another height")"',
        _OWN_HEIGHT,
    ),
    Excuse("web4core.gate._block", '"block.header.height != height" is true', _OWN_HEIGHT),
)


def _any_vote() -> Vote:
    return arbitrary.vote("message", choose(tuple(Kind)))


def _any_status() -> Status:
    vote = _any_vote()
    return Status(vote.statement, vote.signature)


def _any_proposal() -> Proposal:
    message = arbitrary.proposal("message")
    return evolve(
        message,
        statement=_of_any_kind(message.statement),
        block=_block(message.block),
        justification=_shown(message.justification),
    )


def _any_view_change() -> ViewChange:
    """Return any VIEW-CHANGE, with or without certificate and block."""
    statement = _of_any_kind(arbitrary.statement("message", Kind.VIEW_CHANGE))
    shown = _shown(arbitrary.maybe_certificate("shown", Kind.PREPARE))
    block = optional(lambda: _block(arbitrary.block("block")))
    return ViewChange(statement, arbitrary.signature("signature"), shown, block)


def _of_any_kind(statement: Any) -> Any:
    return evolve(statement, kind=choose(tuple(Kind)))


def _block(block: Any) -> Any:
    """Accept the block's payload: `_prove_blocks` is about it."""
    return evolve(block, payload=())


def _shown(certificate: Any) -> Any:
    if certificate is None:
        return None
    return evolve(certificate, kind=choose((Kind.PREPARE, Kind.COMMIT, Kind.STATUS)))


def _prove_check(
    attempt: Attempt,
    check: Any,
    any_message: Callable[[], Any],
    kinds: tuple[Kind, ...],
) -> None:
    through = _CALLED[check]
    names: dict[str, Any] = {"signing_bytes": Spoken, "len": length, **_SUMMARIES[check]}

    def run() -> Case:
        claims: list[Any] = []
        judge = any_gate()
        message = any_message()
        given = {"_certificate": _claims_all} if "_certificate" in _names(check) else {}
        bound = bind(check, {**names, **given}, through)
        refusal = outcome(lambda: bound(judge, message, claims))
        parts = (
            Part("what passes, exactly", passes(refusal) == _accepted(judge, message, kinds)),
            names_the_first(refusal, clauses_of(judge, message, kinds)),
            plainly(
                "every signature is claimed",
                refusal is not None or _all_claimed(judge, message, claims),
            ),
        )
        return Case(parts, {"message": message})

    attempt.cases(check, run, through)


def _claims_all(_gate: Any, certificate: Any, claims: list[Any]) -> None:
    """Summarise `gate._certificate` for a certificate that counts: its signers are platforms."""
    if certificate.height < 1:
        raise RemoteProtocolError("W-MSG-3", "nobody votes on height 0")
    claims.append(AllSigned(certificate))


def _all_claimed(judge: Any, message: Any, claims: list[Any]) -> bool:
    expected: list[Any] = [claim_of(judge, message.statement, message.signature)]
    shown = getattr(message, "justification", None) or getattr(message, "prepared", None)
    if shown is not None:
        expected.append(AllSigned(shown))
    return same_claims(claims, expected)


def _accepted(judge: Any, message: Any, kinds: tuple[Kind, ...]) -> z3.BoolRef:
    statement = message.statement
    n, height = judge.keys.n, statement.height
    block = getattr(message, "block", None)
    return z3.And(
        z3.Or([well_formed(message, kind, height, n) for kind in kinds]),
        term(height) >= 1,
        TRUE if block is None else equal(block.header.chain_id, judge.chain_id),
    )


def _proves_prepared(
    certificate: Any, _n: Any, height: Any, digest: Any, below: Any
) -> SymbolicBool:
    """Summarise `certificates.proves_prepared`."""
    return SymbolicBool(proves(certificate, Kind.PREPARE, height, digest, below))


def _proves_decided(certificate: Any, _n: Any, height: Any, digest: Any) -> SymbolicBool:
    """Summarise `certificates.proves_decided`."""
    return SymbolicBool(proves(certificate, Kind.COMMIT, height, digest))


_WITH_BLOCK = (gate._signed, gate._kind, gate._block, gate._prepared)
_CALLED: dict[Any, tuple[Callable[..., Any], ...]] = {
    gate._check_vote: (gate._signed, gate._kind),
    gate._check_status: (gate._signed, gate._kind),
    gate._check_proposal: _WITH_BLOCK,
    gate._check_view_change: _WITH_BLOCK,
}
"""By check, the functions that it calls and that are executed with it."""

_SUMMARIES: dict[Any, dict[str, Any]] = {
    gate._check_vote: {},
    gate._check_status: {},
    gate._check_proposal: {
        "proposer": proposer,
        "proves_prepared": _proves_prepared,
    },
    gate._check_view_change: {
        "prepared_reference": prepared_reference,
        "proves_prepared": _proves_prepared,
    },
}


def _names(check: Any) -> tuple[str, ...]:
    """Return the names that a check and the functions executed with it look up."""
    return tuple(
        name for function in (check, *_CALLED[check]) for name in function.__code__.co_names
    )


def prove_decided(attempt: Attempt) -> None:
    """A decided block has a commit certificate for it, and all its signatures are claimed."""
    check = gate._check_decided
    through = (gate._block,)

    def run() -> Case:
        claims: list[Any] = []
        judge = any_gate()
        block = _block(arbitrary.block("block"))
        certificate = arbitrary.certificate("certificate", choose(tuple(Kind)))
        names = {"len": length, "proves_decided": _proves_decided, "_certificate": _claims_all}
        bound = bind(check, names, through)
        message = Decided(block, certificate)
        refusal = outcome(lambda: bound(judge, message, claims))
        accepted = z3.And(
            equal(block.header.chain_id, judge.chain_id),
            term(block.header.height) >= 1,
            proves(certificate, Kind.COMMIT, block.header.height, block.digest),
        )
        expected = [AllSigned(certificate)] if refusal is None else []
        parts = (
            Part("what passes, exactly", passes(refusal) == accepted),
            names_the_first(refusal, clauses_of(judge, message, ())),
            plainly("every signature is claimed", same_claims(claims, expected)),
        )
        return Case(parts, {"block": block, "certificate": certificate})

    attempt.cases(check, run, through)
    attempt.excuse(*_NO_ITEMS, *_OF_ITS_HEIGHT)


# --- from bytes to messages --------------------------------------------------------------------


def prove_opening(attempt: Attempt) -> None:
    """Bytes become a message only if it passes its check and every claim verifies."""

    def parse() -> Case:
        message = choose(_samples())
        data, asked = arbitrary.opaque("data"), []

        def decode(given: Any, limit: int) -> Any:
            asked.append((given is data, limit))
            return message

        def check(_gate: Any, checked: Any, claims: list[Any]) -> None:
            claims.append(checked)

        schemas = SimpleNamespace(message=SimpleNamespace(decode=decode))
        judge: Any = SimpleNamespace(schemas=schemas)
        found = bind(Gate.parse, {"_CHECKS": {type(message): check}})(judge, data)
        part = plainly(
            "it is decoded within its bound, and checked by its type",
            type(found) is Parsed and found.message is message,
            len(found.checks) == 1 and found.checks[0] is message,
            asked == [(True, MAX_MESSAGE_BYTES)],
        )
        return Case((part,))

    attempt.cases(Gate.parse, parse)
    attempt.cases(Gate.open, _opens, parts=cut(Gate.open))
    _prove_checks(attempt)


def _samples() -> tuple[Any, ...]:
    block = arbitrary.block("block")
    return (
        arbitrary.vote("vote", Kind.PREPARE),
        Submission(()),
        Decided(block, arbitrary.certificate("certificate", Kind.COMMIT)),
    )


def _opens() -> Case:
    message, verdict = arbitrary.opaque("message"), boolean("verifies")
    key: Any = Key(1)
    claim = SignatureCheck(key, arbitrary.opaque("bytes"), arbitrary.opaque("signature"))
    asked: list[tuple[Any, ...]] = []
    parsed = Parsed(message, (claim,))

    def verify(*given: Any) -> Any:
        asked.append(given)
        return verdict

    parts = cut(Gate.open)
    given = {
        "self": SimpleNamespace(parse=lambda _data: parsed),
        "data": arbitrary.opaque("data"),
        "verify": verify,
    }
    before = parts.before(**given)
    found = outcome(lambda: parts.turn(**given, parsed=parsed, element=claim))
    whole = (claim.key, claim.message, claim.signature)
    part = plainly(
        "every claim is verified, whole",
        type(before) is Reached and before.iterated is parsed.checks,
        len(asked) == 1 and all(one is other for one, other in zip(asked[0], whole, strict=True)),
        parts.after(**given, parsed=parsed) is message,
    )
    passed = z3.BoolVal(type(found) is Reached)
    return Case((Part("one that does not verify is refused", passed == term(verdict)), part))


def _prove_checks(attempt: Attempt) -> None:
    """Each type of message has the check whose contract is proved."""
    checks = {
        Vote: gate._check_vote,
        Status: gate._check_status,
        Proposal: gate._check_proposal,
        ViewChange: gate._check_view_change,
        Decided: gate._check_decided,
        Submission: gate._check_submission,
    }
    if checks != gate._CHECKS:
        attempt.fail("table", "a type of message has another check")
