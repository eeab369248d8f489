"""The theorems about the ledger hold of the shipped code, and fail of a rule that is wrong."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve

from web4core import codec, merkle
from web4core.hashing import DIGEST_BYTES
from web4core.ledger import rules
from web4core.ledger.overlay import Overlay
from web4core.ledger.rules import RULES, Call, Code
from web4core.ledger.state import Account, CrossTransfer, Phase
from web4core.ledger.transactions import (
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.types import Nonce
from web4proofs.ledger import (
    THEOREMS,
    authority,
    blocks,
    custom,
    exactness,
    invariants,
    lists,
    maps,
    overlay,
    wire,
)
from web4proofs.ledger.conditions import table_of
from web4proofs.ledger.contract import CONTRACTS
from web4proofs.ledger.view import KINDS
from web4proofs.theorem import Failure, Outcome, Theorem

LONG = ("P-LEDGER-12", "P-LEDGER-13", "P-LEDGER-14", "P-LIGHT-1", "P-LIGHT-2")
"""Proved by `web4 check prove`; their parts are tried on wrong code below."""
SLOW = ("P-LEDGER-9", "P-LEDGER-11")


@pytest.mark.clause(
    "L-RULE-1", "L-RULE-2", "L-RULE-3", "L-RULE-4", "L-OPEN-4", "L-XFER-8", "L-LOCK-9",
    "L-COMMIT-5", "L-BACK-4", "I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4",
)  # fmt: skip
@pytest.mark.parametrize(
    "theorem",
    [
        pytest.param(each, id=each.id, marks=[pytest.mark.slow] if each.id in SLOW else [])
        for each in THEOREMS
        if each.id not in LONG
    ],
)
def test_the_theorem_holds(theorem: Theorem) -> None:
    outcome = theorem.prove()
    assert outcome.failures == ()
    assert outcome.holds
    assert outcome.paths > 1
    assert outcome.executed


def test_no_two_theorems_share_an_id() -> None:
    identities = [theorem.id for theorem in THEOREMS]
    assert sorted(set(identities)) == sorted(identities)


@pytest.mark.clause("L-RULE-1")
def test_the_contracts_list_their_checks_in_the_published_order() -> None:
    for contract in CONTRACTS.values():
        assert exactness.out_of_order(contract) is None
        turned = evolve(contract, requires=contract.requires[::-1])
        assert exactness.out_of_order(turned) is not None


def test_each_kind_of_body_has_a_rule_and_a_contract() -> None:
    assert set(KINDS) == set(RULES) == set(CONTRACTS)


def test_a_contract_can_be_printed() -> None:
    printed = table_of(CONTRACTS[TransferRollback]).splitlines()
    assert printed[2] == "| L-BACK-1 | the transfer exists | `unknown-transfer` |"
    assert printed[-1].startswith("| L-BACK-4 | then the transfer is rolled back")


# --- wrong rules -----------------------------------------------------------------------------


def transfer_to_itself(view: Any, body: Transfer, call: Call) -> Any:
    """Reads the destination before the debit, and does not ask whether it is another account."""
    source, destination = view.account(body.source), view.account(body.destination)
    if body.source.platform != body.destination.platform:
        return Code.NOT_LOCAL
    if source is None:
        return Code.UNKNOWN_SOURCE
    if destination is None:
        return Code.UNKNOWN_DESTINATION
    refusal = rules._spend_refused(source, body.amount_uatp, body.nonce, call)
    if refusal is not None:
        return refusal
    left = source.available_uatp - body.amount_uatp
    debited = evolve(source, available_uatp=left, nonce=source.nonce + 1)
    return debited, evolve(
        destination, available_uatp=destination.available_uatp + body.amount_uatp
    )


def commit_of_the_settled(view: Any, body: TransferCommit, call: Call) -> Any:
    pending = view.transfer(body.transfer)
    if pending is None:
        return Code.UNKNOWN_TRANSFER
    if call.keys[0] != view.platform_key(pending.destination.platform):
        return Code.WRONG_KEY
    source, destination = view.account(pending.source), view.account(pending.destination)
    if source is None or destination is None:
        return Code.ALREADY_SETTLED
    if call.time_ms >= pending.expiry_ms:
        return Code.TRANSFER_EXPIRED
    return _committed(pending, source, destination)


def commit_after_the_expiry(view: Any, body: TransferCommit, call: Call) -> Any:
    outcome = rules.transfer_commit(view, body, call)
    if outcome is not Code.TRANSFER_EXPIRED:
        return outcome
    pending = view.transfer(body.transfer)
    if call.time_ms > pending.expiry_ms:
        return Code.TRANSFER_EXPIRED
    return _committed(pending, view.account(pending.source), view.account(pending.destination))


def commit_to_the_source(view: Any, body: TransferCommit, call: Call) -> Any:
    outcome = rules.transfer_commit(view, body, call)
    if isinstance(outcome, Code):
        return outcome
    pending, source, _ = outcome
    assert isinstance(pending, CrossTransfer)
    assert isinstance(source, Account)
    paid = evolve(source, available_uatp=source.available_uatp + pending.amount_uatp)
    return pending, paid


def commit_by_anyone(view: Any, body: TransferCommit, call: Call) -> Any:
    pending = view.transfer(body.transfer)
    if pending is None:
        return Code.UNKNOWN_TRANSFER
    source, destination = view.account(pending.source), view.account(pending.destination)
    if pending.phase is not Phase.LOCKED or source is None or destination is None:
        return Code.ALREADY_SETTLED
    if call.time_ms >= pending.expiry_ms:
        return Code.TRANSFER_EXPIRED
    return _committed(pending, source, destination)


def _committed(pending: CrossTransfer, source: Account, destination: Account) -> Any:
    debited = evolve(source, locked_uatp=source.locked_uatp - pending.amount_uatp)
    gained = destination.available_uatp + pending.amount_uatp
    credited = evolve(destination, available_uatp=gained)
    return evolve(pending, phase=Phase.COMMITTED), debited, credited


def lock_of_a_negative_amount(view: Any, body: TransferLock, call: Call) -> Any:
    outcome = rules.transfer_lock(view, body, call)
    if outcome is not Code.AMOUNT_NOT_POSITIVE or body.expiry_ms <= call.time_ms:
        return outcome
    source = view.account(body.source)
    debited = evolve(
        source,
        available_uatp=source.available_uatp - body.amount_uatp,
        locked_uatp=source.locked_uatp + body.amount_uatp,
        nonce=source.nonce + 1,
    )
    opened = CrossTransfer(
        id=call.id,
        source=body.source,
        destination=body.destination,
        amount_uatp=body.amount_uatp,
        expiry_ms=body.expiry_ms,
        phase=Phase.LOCKED,
    )
    return debited, opened


def lock_without_a_nonce(view: Any, body: TransferLock, call: Call) -> Any:
    outcome = rules.transfer_lock(view, body, call)
    if isinstance(outcome, Code):
        return outcome
    debited, opened = outcome
    assert isinstance(debited, Account)
    return evolve(debited, nonce=Nonce(debited.nonce - 1)), opened


def open_by_the_owner_alone(view: Any, body: AccountOpen, call: Call) -> Any:
    if view.platform_key(body.address.platform) is None:
        return Code.UNKNOWN_PLATFORM
    if call.keys[1] != body.owner:
        return Code.WRONG_KEY
    if view.account(body.address) is not None:
        return Code.ACCOUNT_EXISTS
    return (
        Account(
            address=body.address, owner=body.owner, available_uatp=0, locked_uatp=0, nonce=Nonce(0)
        ),
    )


def rollback_in_another_order(view: Any, body: TransferRollback, call: Call) -> Any:
    pending = view.transfer(body.transfer)
    if pending is None:
        return Code.UNKNOWN_TRANSFER
    by_destination = call.keys[0] == view.platform_key(pending.destination.platform)
    if call.time_ms < pending.expiry_ms and not by_destination:
        return Code.NOT_EXPIRED
    return rules.transfer_rollback(view, body, call)


def rollback_that_writes_and_refuses(view: Any, body: TransferRollback, call: Call) -> Any:
    outcome = rules.transfer_rollback(view, body, call)
    if outcome is Code.NOT_EXPIRED:
        return (Code.NOT_EXPIRED, view.transfer(body.transfer))
    return outcome


def transfer_that_raises(view: Any, body: Transfer, call: Call) -> Any:
    if view.account(body.source).available_uatp < body.amount_uatp:
        return Code.INSUFFICIENT_FUNDS
    return rules.transfer(view, body, call)


def transfer_that_prints(view: Any, body: Transfer, call: Call) -> Any:
    return Code.NOT_LOCAL if str(body.amount_uatp) else rules.transfer(view, body, call)


WRONG: list[tuple[type, Callable[..., Any], str]] = [
    (Transfer, transfer_to_itself, "carried out, against L-XFER-4"),
    (Transfer, transfer_that_raises, "the rule raises AttributeError"),
    (Transfer, transfer_that_prints, "could not be followed: str() of a SymbolicInt"),
    (TransferLock, lock_of_a_negative_amount, "carried out, against L-LOCK-7"),
    (TransferLock, lock_without_a_nonce, "an account is not as L-LOCK-9 says"),
    (TransferCommit, commit_of_the_settled, "carried out, against L-COMMIT-3"),
    (TransferCommit, commit_after_the_expiry, "carried out, against L-COMMIT-4"),
    (TransferCommit, commit_to_the_source, "an account is not as L-COMMIT-5 says"),
    (TransferCommit, commit_by_anyone, "carried out, against L-COMMIT-2"),
    (AccountOpen, open_by_the_owner_alone, "carried out, against L-OPEN-2"),
    (TransferRollback, rollback_in_another_order, "but by L-BACK-2 it is already-settled"),
    (TransferRollback, rollback_that_writes_and_refuses, "neither a refusal nor entries"),
]


def named(each: Any) -> str:
    """The same in every process: a function shows its address otherwise."""
    return getattr(each, "__name__", str(each))


@pytest.mark.parametrize(("kind", "wrong", "told"), WRONG, ids=named)
def test_a_wrong_rule_breaks_its_contract(
    kind: type, wrong: Callable[..., Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, kind, wrong)
    outcome = exactness.exact(kind)
    assert not outcome.holds
    assert told in "\n".join(failure.found for failure in outcome.failures)


@pytest.mark.parametrize(
    ("kind", "wrong", "broken"),
    [
        (Transfer, transfer_to_itself, "I-SUPPLY-1"),
        (TransferLock, lock_of_a_negative_amount, "I-SUPPLY-2"),
        (TransferLock, lock_without_a_nonce, "L-STATE-4"),
        pytest.param(TransferCommit, commit_of_the_settled, "I-SUPPLY-3", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_rule_breaks_an_invariant(
    kind: type, wrong: Callable[..., Any], broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, kind, wrong)
    outcome = invariants.keeps((kind,))
    assert broken in "\n".join(failure.query for failure in outcome.failures)


@pytest.mark.slow
def test_money_that_anyone_may_move_breaks_the_theorem_of_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authority, "KINDS", (TransferCommit,))
    monkeypatch.setitem(RULES, TransferCommit, commit_by_anyone)
    told = "\n".join(failure.query for failure in authority.prove_by_right().failures)
    assert "committed without its destination's platform" in told


@pytest.mark.slow
def test_a_wrong_payee_breaks_the_theorem_of_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "KINDS", (TransferCommit,))
    monkeypatch.setitem(RULES, TransferCommit, commit_to_the_source)
    told = "\n".join(failure.query for failure in authority.prove_for_good().failures)
    assert "pays its amount to the right account" in told


# --- counterexamples -------------------------------------------------------------------------


def shown_by(failure: Failure) -> str:
    """What a counterexample's program prints."""
    assert failure.snippet is not None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(failure.snippet, "counterexample", "exec"), {"__name__": "counterexample"})
    return printed.getvalue()


def test_a_counterexample_is_a_program_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, TransferCommit, commit_by_anyone)
    failures = exactness.exact(TransferCommit).failures
    failure = next(each for each in failures if "carried out, against L-COMMIT-2" in each.found)
    assert dict(failure.values)["body"].startswith("TransferCommit(")
    assert "phase=<Phase.COMMITTED: 2>" in shown_by(failure)


def test_a_counterexample_that_does_not_replay_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def depends_on_who_asks(view: Any, body: TransferCommit, call: Call) -> Any:
        wrong = not isinstance(view, Overlay)
        return (commit_by_anyone if wrong else rules.transfer_commit)(view, body, call)

    monkeypatch.setitem(RULES, TransferCommit, depends_on_who_asks)
    failures = exactness.exact(TransferCommit).failures
    shown = [failure for failure in failures if "against L-COMMIT-2" in failure.found]
    assert shown
    assert all("does not replay" in failure.found for failure in shown)
    assert all(failure.snippet is None for failure in shown)


# --- the overlay, light clients, bytes ---------------------------------------------------------


def failures_of(prove: Callable[[], Outcome]) -> str:
    outcome = prove()
    assert not outcome.holds
    return "\n".join(f"{failure.query}: {failure.found}" for failure in outcome.failures)


@pytest.mark.slow
def test_a_state_that_hides_what_was_put_breaks_the_theorem_of_the_overlay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def put_first_only(self: Overlay, entries: tuple[Any, ...]) -> None:
        for entry in entries[:1]:
            if isinstance(entry, Account):
                self._accounts[entry.address] = entry
            else:
                self._transfers[entry.id] = entry

    monkeypatch.setattr(Overlay, "put", put_first_only)
    assert "as put last" in failures_of(overlay.prove_applying)


def test_a_block_whose_refusals_are_passed_over_breaks_its_theorem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def applied_anyway(self: Any, state: Any, payload: Any, time_ms: int) -> Any:
        log = blocks._Log(state, self.platform_keys)
        for item in payload:
            log.apply(item, time_ms)
        return self._applied(log)

    monkeypatch.setattr(blocks, "JUDGING", evolve(blocks.JUDGING, call=applied_anyway))
    assert "the first refusal" in failures_of(blocks.prove_block)


@pytest.mark.clause("W-MAP-5")
def test_a_proof_whose_bitmap_is_not_asked_breaks_the_theorem_of_maps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lax(root: Any, path: Any, value: Any, proof: Any) -> bool:
        current = maps._leaf(path, value)
        for step in reversed(proof.steps):
            if not 0 < step.bitmap < 1 << 16 or not step.siblings:
                return False
            if any(len(sibling) != DIGEST_BYTES for sibling in step.siblings):
                return False
            current = maps._branch(step.bitmap, (current, *step.siblings))
        return bool(current == root)

    monkeypatch.setattr(maps, "_PROOFS", ((1,),))
    subject = evolve(maps.PROOFS, call=lax, wholly=False)
    text = failures_of(lambda: maps.prove_proofs(subject))
    assert "what is accepted is in the map" in text


@pytest.mark.clause("W-LIST-3")
def test_a_proof_whose_side_is_not_asked_breaks_the_theorem_of_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lax(items: Any, leaf: Any, index: int, size: int, proof: Any) -> bool:
        root, current = lists._list_root(items), lists._leaf(leaf)
        if not 0 <= index < size or any(len(sibling) != DIGEST_BYTES for sibling in proof):
            return False
        for sibling in proof:
            current = lists._pair(current, sibling)
        return bool(current == root)

    monkeypatch.setattr(lists, "MOST_ITEMS", 3)
    monkeypatch.setattr(lists, "MOST_CLAIMED", 3)
    subject = evolve(lists.LISTS, call=lax, wholly=False)
    assert "at its index" in failures_of(lambda: lists.prove_lists(subject))


@pytest.mark.clause("W-CBOR-4")
def test_heads_that_are_not_the_shortest_break_the_theorem_of_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shortest_only = wire._long_argument

    def any_width(data: Any, position: int, head: int) -> tuple[Any, int]:
        if head & 0x1F == 24:
            return data[position], position + 1
        longer: tuple[Any, int] = shortest_only(data, position, head)
        return longer

    monkeypatch.setattr(wire, "_long_argument", any_width)
    assert "is the head of what it says" in failures_of(wire.prove_heads)


# --- rules of an embedder ----------------------------------------------------------------------


@pytest.mark.slow
def test_the_rule_that_loses_the_fee_is_refuted_and_the_mended_one_proved() -> None:
    mended, leaky = custom.check_rules("tests.proofs.example_fees")
    assert mended.prove().holds
    failures = leaky.prove().failures
    lost = next(failure for failure in failures if "keeps its sum" in failure.query)
    assert "LeakyTransfer" in dict(lost.values)["body"]
    assert "together before" in lost.found
    assert "Account(" in shown_by(lost)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("tests.proofs.no_such_module", "cannot be imported"),
        ("web4core.quorum", "has no RULES"),
    ],
)
def test_a_module_without_rules_is_told_so(module: str, told: str) -> None:
    with pytest.raises(custom.NotRules, match=told):
        custom.check_rules(module)


def test_the_shipped_rules_pass_as_rules_of_an_embedder() -> None:
    checked = custom.check_rules("web4core.ledger.rules")
    assert [theorem.id.rpartition(".")[2] for theorem in checked] == [k.__name__ for k in KINDS]
    assert all(theorem.prove().holds for theorem in checked[:3])


# --- what the theorems take for granted --------------------------------------------------------


@pytest.mark.clause("W-MAP-1")
def test_the_authenticated_map_is_a_map() -> None:
    """Over paths that part at every depth that matters, every set and delete from every content."""
    paths = [bytes(32)[:at] + bytes((bit,)) + bytes(31 - at) for at, bit in PARTINGS]
    assert all(one != other for one, other in pairwise(sorted(paths)))
    empty = merkle.Map[int].empty(codec.encode)
    for content in range(1 << len(paths)):
        known = {path: n for n, path in enumerate(paths) if content >> n & 1}
        entries = empty
        for path, value in known.items():
            entries = entries.set(path, value)
        for changed in paths:
            assert contents(entries.set(changed, 99), paths) == {**known, changed: 99}
            rest = {path: value for path, value in known.items() if path != changed}
            assert contents(entries.delete(changed), paths) == rest


PARTINGS = ((0, 0x00), (0, 0x10), (0, 0x01), (1, 0x10), (15, 0x01), (31, 0x01), (31, 0x10))


def contents(entries: merkle.Map[int], paths: list[bytes]) -> dict[bytes, int]:
    found = {path: entries.get(path) for path in paths}
    return {path: value for path, value in found.items() if value is not None}
