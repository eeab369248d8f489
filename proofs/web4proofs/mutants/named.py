"""For each safety rule, the single change of the source that breaks it; a proof must catch each.

A change is a piece of the source that occurs in it once, and what stands there instead.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from web4proofs.mutants.install import source_of
from web4proofs.mutants.operators import Mutant

QUORUM: Final = "web4core.quorum"
CERTIFICATES: Final = "web4core.certificates"
RULES: Final = "web4core.consensus.rules"
STATE: Final = "web4core.consensus.state"
LEDGER: Final = "web4core.ledger.rules"
BLOCKS: Final = "web4core.ledger.application"


@frozen
class Named:
    """A rule broken: in words, by its clause, and in the source."""

    name: str
    clause: str
    module: str
    function: str
    old: str
    new: str


NAMED: Final[tuple[Named, ...]] = (
    Named(
        "one faulty platform too many",
        "C-QUORUM-1",
        QUORUM,
        "faulty",
        "return (n - 1) // 3",
        "return n // 3",
    ),
    Named(
        "a quorum is 2f + 1",
        "C-QUORUM-2",
        QUORUM,
        "quorum",
        "return (n + faulty(n)) // 2 + 1",
        "return 2 * faulty(n) + 1",
    ),
    Named(
        "f platforms are taken to contain an honest one",
        "C-QUORUM-3",
        QUORUM,
        "with_an_honest_one",
        "return faulty(n) + 1",
        "return faulty(n)",
    ),
    Named(
        "a certificate one signature short",
        "C-CERT-1",
        CERTIFICATES,
        "signers_count",
        "if not quorum(n) <= len(signers) <= n:",
        "if not quorum(n) - 1 <= len(signers) <= n:",
    ),
    Named(
        "a certificate with a repeated signer",
        "C-CERT-1",
        CERTIFICATES,
        "signers_count",
        "signer <= last",
        "signer < last",
    ),
    Named(
        "a certificate with a stranger",
        "C-CERT-1",
        CERTIFICATES,
        "signers_count",
        " or signer >= n",
        "",
    ),
    Named(
        "a prepared certificate of another height",
        "C-CERT-3",
        CERTIFICATES,
        "proves_prepared",
        "        certificate.kind == Kind.PREPARE\n        and certificate.height == height\n",
        "        certificate.kind == Kind.PREPARE\n",
    ),
    Named(
        "a prepared certificate for another block",
        "C-CERT-3",
        CERTIFICATES,
        "proves_prepared",
        "        and certificate.digest == digest\n        and certificate.view < below\n",
        "        and certificate.view < below\n",
    ),
    Named(
        "a prepared certificate of the view itself",
        "C-CERT-3",
        CERTIFICATES,
        "proves_prepared",
        "certificate.view < below",
        "certificate.view <= below",
    ),
    Named(
        "PREPAREs decide",
        "C-CERT-4",
        CERTIFICATES,
        "proves_decided",
        "certificate.kind == Kind.COMMIT",
        "certificate.kind in (Kind.PREPARE, Kind.COMMIT)",
    ),
    Named(
        "the lock is not asked",
        "C-PREP-3",
        RULES,
        "lock_permits",
        "if lock is None or lock.digest == digest:",
        "if True:",
    ),
    Named(
        "a justification older than the lock",
        "C-PREP-3",
        RULES,
        "lock_permits",
        "        and justification.view >= lock.view\n",
        "",
    ),
    Named(
        "a justification for another block",
        "C-PREP-3",
        RULES,
        "lock_permits",
        "        and justification.digest == digest\n",
        "",
    ),
    Named(
        "PREPARE twice in a view",
        "C-PREP-1",
        RULES,
        "awaits_verdict",
        "if agreement.said.prepare is not None:",
        "if False:",
    ),
    Named(
        "PREPARE for a block that is not valid",
        "C-PREP-4",
        RULES,
        "prepare",
        "if proposal is None or not valid:",
        "if proposal is None:",
    ),
    Named(
        "a vote below the view that was left",
        "C-PREP-2",
        STATE,
        "proposal_in_view",
        "if proposal is None or proposal.statement.view != agreement.view:",
        "if proposal is None:",
    ),
    Named(
        "a vote for a proposal of anybody",
        "C-PREP-2",
        STATE,
        "proposal_in_view",
        "index = proposer(agreement.height, agreement.view, agreement.n)",
        "index = 0",
    ),
    Named(
        "COMMIT without a certificate",
        "C-LOCK-1",
        RULES,
        "lock_and_commit",
        "if len(votes) < quorum(agreement.n):",
        "if len(votes) < 1:",
    ),
    Named(
        "COMMIT on votes of any view",
        "C-LOCK-1",
        STATE,
        "supporters",
        " and vote.statement.view == view",
        "",
    ),
    Named(
        "COMMIT on votes for any block",
        "C-LOCK-1",
        STATE,
        "supporters",
        " and vote.statement.digest == digest",
        "",
    ),
    Named(
        "COMMIT on COMMITs",
        "C-LOCK-1",
        RULES,
        "lock_and_commit",
        "supporters(agreement.slots.prepares,",
        "supporters(agreement.slots.commits,",
    ),
    Named(
        "COMMIT without a lock",
        "C-LOCK-1",
        RULES,
        "lock_and_commit",
        "evolve(agreement, lock=lock, said=",
        "evolve(agreement, said=",
    ),
    Named(
        "COMMIT twice in a view",
        "C-LOCK-3",
        RULES,
        "lock_and_commit",
        "if agreement.said.commit is not None:",
        "if False:",
    ),
    Named(
        "a decision by f + 1",
        "C-DEC-1",
        RULES,
        "certified",
        "needed = quorum(agreement.n)",
        "needed = with_an_honest_one(agreement.n)",
    ),
    Named(
        "a decision by PREPAREs",
        "C-DEC-1",
        RULES,
        "certified",
        "commits = agreement.slots.commits",
        "commits = agreement.slots.prepares",
    ),
    Named(
        "a VIEW-CHANGE that hides the lock",
        "C-VIEW-1",
        RULES,
        "enter",
        "prepared = None if lock is None else lock.certificate",
        "prepared = None",
    ),
    Named(
        "a time-out forgets the lock",
        "C-VIEW-1",
        RULES,
        "enter",
        "moved = evolve(agreement, view=view, said=Said(), gathered=False)",
        "moved = evolve(agreement, view=view, said=Said(), gathered=False, lock=None)",
    ),
    Named(
        "a new view remembers the votes of the old",
        "C-VIEW-1",
        RULES,
        "enter",
        "return evolve(moved, said=Said(view_change=draft)), draft",
        "return evolve(moved, said=evolve(agreement.said, view_change=draft)), draft",
    ),
    Named(
        "the current view is joined again",
        "C-VIEW-2",
        RULES,
        "join",
        "reached[enough - 1] <= agreement.view",
        "reached[enough - 1] < agreement.view",
    ),
    Named(
        "a view is joined on one word",
        "C-VIEW-2",
        RULES,
        "join",
        "enough = with_an_honest_one(agreement.n)",
        "enough = 1",
    ),
    Named(
        "a proposal twice in a view",
        "C-PROP-2",
        RULES,
        "may_propose",
        "if agreement.said.proposal is not None:",
        "if False:",
    ),
    Named(
        "the lowest certificate is proposed again",
        "C-NEW-3",
        RULES,
        "reproposal",
        "message.prepared.view > best.prepared.view",
        "message.prepared.view < best.prepared.view",
    ),
    Named(
        "a later message does not replace an earlier one",
        "C-SLOT-2",
        STATE,
        "keep",
        "present.statement.view >= statement.view",
        "present.statement.view <= statement.view",
    ),
    Named(
        "the supply is credited before the debit is checked",
        "L-XFER-7",
        LEDGER,
        "_spend_refused",
        "    if source.available_uatp < amount_uatp:\n        return Code.INSUFFICIENT_FUNDS\n",
        "",
    ),
    Named(
        "an account pays itself, and is credited over its debit",
        "L-XFER-4",
        LEDGER,
        "transfer",
        "    if body.source == body.destination:  # L-XFER-4\n        return Code.SAME_ACCOUNT\n",
        "",
    ),
    Named(
        "an amount below zero",
        "L-XFER-7",
        LEDGER,
        "_spend_refused",
        "    if amount_uatp <= 0:\n        return Code.AMOUNT_NOT_POSITIVE\n",
        "",
    ),
    Named(
        "anybody's key spends",
        "L-XFER-5",
        LEDGER,
        "_spend_refused",
        "    if call.keys[0] != source.owner:\n        return Code.WRONG_KEY\n",
        "",
    ),
    Named(
        "a payment is replayed",
        "L-XFER-6",
        LEDGER,
        "transfer",
        ", nonce=source.nonce + 1\n",
        "\n",
    ),
    Named(
        "an expiry that has passed already",
        "L-LOCK-8",
        LEDGER,
        "transfer_lock",
        "body.expiry_ms <= call.time_ms",
        "body.expiry_ms < call.time_ms",
    ),
    Named(
        "a lock sets nothing aside",
        "L-LOCK-9",
        LEDGER,
        "transfer_lock",
        "        available_uatp=source.available_uatp - body.amount_uatp,\n"
        "        locked_uatp=source.locked_uatp + body.amount_uatp,\n"
        "        nonce",
        "        locked_uatp=source.locked_uatp + body.amount_uatp,\n        nonce",
    ),
    Named(
        "a commit after the expiry",
        "L-COMMIT-4",
        LEDGER,
        "transfer_commit",
        "call.time_ms >= pending.expiry_ms",
        "call.time_ms < pending.expiry_ms",
    ),
    Named(
        "a commit at the expiry",
        "L-COMMIT-4",
        LEDGER,
        "transfer_commit",
        "call.time_ms >= pending.expiry_ms",
        "call.time_ms > pending.expiry_ms",
    ),
    Named(
        "a settled transfer is committed",
        "L-COMMIT-3",
        LEDGER,
        "transfer_commit",
        "pending.phase is not Phase.LOCKED or source is None or destination is None",
        "source is None or destination is None",
    ),
    Named(
        "anybody commits",
        "L-COMMIT-2",
        LEDGER,
        "transfer_commit",
        "    if call.keys[0] != view.platform_key(pending.destination.platform):"
        "  # L-COMMIT-2\n        return Code.WRONG_KEY\n",
        "",
    ),
    Named(
        "a commit pays the source",
        "L-COMMIT-5",
        LEDGER,
        "transfer_commit",
        "destination = view.account(pending.destination)",
        "destination = view.account(pending.source)",
    ),
    Named(
        "a commit leaves the amount locked too",
        "L-COMMIT-5",
        LEDGER,
        "transfer_commit",
        "return (evolve(pending, phase=Phase.COMMITTED), debited, credited)",
        "return (evolve(pending, phase=Phase.COMMITTED), credited)",
    ),
    Named(
        "a committed transfer is rolled back",
        "L-BACK-2",
        LEDGER,
        "transfer_rollback",
        "pending.phase is not Phase.LOCKED or source is None:  # L-BACK-2",
        "source is None:",
    ),
    Named(
        "a stranger rolls back before the expiry",
        "L-BACK-3",
        LEDGER,
        "transfer_rollback",
        "call.time_ms < pending.expiry_ms and not by_destination",
        "False",
    ),
    Named(
        "a rollback leaves the transfer open",
        "L-BACK-4",
        LEDGER,
        "transfer_rollback",
        "return (evolve(pending, phase=Phase.ROLLED_BACK), returned)",
        "return (pending, returned)",
    ),
    Named(
        "a refusal after a write: the block keeps what came before it",
        "L-BLOCK-1",
        BLOCKS,
        "Ledger.apply",
        "return Refusal(transaction.id, code)\n        return self._applied(overlay)",
        "break\n        return self._applied(overlay)",
    ),
)


class Stale(Exception):
    """The source has changed, so that a named change does not fit it any more."""


def mutant_of(named: Named) -> Mutant:
    """The module with this change in it. Raises `Stale`."""
    source = source_of(named.module)
    if source.count(named.old) != 1:
        raise Stale(
            f"{named.name}: `{named.old.strip()}` stands {source.count(named.old)} times "
            f"in {named.module}, not once"
        )
    line = source.count("\n", 0, source.index(named.old)) + 1
    text = source.replace(named.old, named.new)
    return Mutant(named.module, named.function, line, named.name, text)


def named_mutants() -> tuple[tuple[Named, Mutant], ...]:
    """All of them, in the order of the table."""
    return tuple((each, mutant_of(each)) for each in NAMED)
