"""The theorems about the shipped replica: its rules, their basis, and their application.

From the bottom up:

1. signatures are counted right (P-CERT);
2. so messages that pass the gate are in order (P-GATE);
3. so every slot is in order (P-SLOT);
4. from any such state each rule does exactly what its clauses say, and takes only steps of the
   abstract protocol (P-RULE, P-ASK);
5. nothing else changes the state that the rules use (P-STEP);
6. from the first state on (P-START), agreement follows by P-AGREE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from web4proofs.replica import (
    acting,
    asking,
    claiming,
    composing,
    counting,
    deciding,
    dispatching,
    framing,
    gating,
    judging,
    restating,
    searching,
    slotting,
    starting,
)
from web4proofs.replica.proving import Attempt, attempt
from web4proofs.theorem import Theorem

_STATES: Final = "any local state that satisfies J, any views, heights and digests; all paths"
_ANY: Final = f"any N, {_STATES}"
_TURNS: Final = f"{starting.SIZES_SAID}, {_STATES}"
"""The scope of theorems that need a proposer to be a platform, which P-START-2 proves."""
_COUNTED: Final = ("P-COUNT-1", "P-QUORUM-1")
_HONEST: Final = ("A2", "A3", "A6", "A10", "A11")


def _theorem(
    identity: str,
    says: str,
    clauses: tuple[str, ...],
    assumes: tuple[str, ...],
    *proofs: Callable[[Attempt], None],
    scope: str = _ANY,
) -> Theorem:
    def prove(trying: Attempt) -> None:
        for each in proofs:
            each(trying)

    return Theorem(identity, says, clauses, assumes, scope, attempt(prove))


def _rule(
    number: int,
    says: str,
    clauses: tuple[str, ...],
    assumes: tuple[str, ...],
    contract: acting.Contract,
    scope: str = _ANY,
) -> Theorem:
    """Return the theorem of a rule that acts, checked by its contract, J and the protocol."""
    whole = (*clauses, "I-LOCK-1", "I-SAID-1", "I-SAID-2", "I-SAID-3")
    return _theorem(
        f"P-RULE-{number}",
        says,
        whole,
        (*_HONEST, *assumes),
        lambda trying: acting.prove(trying, contract),
        scope=scope,
    )


_FOUNDATIONS: Final = (
    _theorem(
        "P-CERT-1",
        "Signers are accepted just if they are q at least and N at most, ascending and below N, so"
        " distinct platforms.",
        ("C-CERT-1", "C-CERT-2", "C-QUORUM-2"),
        ("A11",),
        counting.prove_signers_count,
        scope="any N, any number of signers, repeats and strangers among them",
    ),
    _theorem(
        "P-CERT-2",
        "A certificate is taken as proof just of what its kind, height, view and digest say.",
        ("C-CERT-3", "C-CERT-4"),
        ("A11", "P-CERT-1"),
        counting.prove_proofs,
        scope="any certificate of any kind",
    ),
    _theorem(
        "P-COUNT-1",
        "Votes and VIEW-CHANGEs are counted one a signer, just those that are meant, and a"
        " certificate holds the signatures of all that were counted.",
        ("C-CERT-2", "C-NEW-2", "C-VIEW-2", "C-LOCK-1"),
        ("A11",),
        *(counting.prove_supporters, counting.prove_views_reached),
        *(counting.prove_gathered, counting.prove_certificate_of),
        scope="any number of slots, any messages in them",
    ),
    _theorem(
        "P-SLOT-1",
        "A message goes into the slot of its kind and signer just if what is there is of an earlier"
        " view, and all other slots stay as they are.",
        ("C-SLOT-1", "C-SLOT-2", "I-SLOT-1"),
        ("A11",),
        counting.prove_keep,
    ),
    _theorem(
        "P-START-1",
        "A platform starts at height 1 on the block of its genesis, and a new height begins in view"
        " 0, unlocked, with nothing said, which is how the abstract protocol begins.",
        ("C-DEC-2", "I-LOCK-1", "I-SAID-1", "I-TIP-1", "H-GENESIS-2"),
        ("A11",),
        starting.prove_start,
        scope=f"any height, any genesis and application; empty slots for {starting.SIZES_SAID}",
    ),
    _theorem(
        "P-START-2",
        "The proposer of a view is platform (h + v) mod N.",
        ("C-QUORUM-4",),
        ("A11",),
        starting.prove_turns,
        scope=f"any height and view, {starting.SIZES_SAID}",
    ),
)

_MESSAGES: Final = "any message that the decoder gives; all paths"
_AT_THE_GATE: Final = f"any N, {_MESSAGES}"
_GATE: Final = (
    _theorem(
        "P-GATE-1",
        "Each signature in a message, nested ones too, is claimed over just what it is said to"
        " sign, by the key of a platform of the federation; a submission is claimed item by item.",
        ("W-MSG-2", "W-MSG-3", "W-MSG-5"),
        ("A11",),
        claiming.prove_parts,
        scope=_AT_THE_GATE,
    ),
    _theorem(
        "P-GATE-2",
        "A vote passes just if it is a PREPARE or COMMIT, a status just if it is a STATUS, of a"
        " platform and above height 0; a refusal here and below names the first clause broken.",
        ("W-MSG-3", "W-MSG-4"),
        ("A11", "P-GATE-1"),
        gating.prove_votes,
        scope=_AT_THE_GATE,
    ),
    _theorem(
        "P-GATE-3",
        "A proposal passes just if it is by the proposer of its view, names the block that it"
        " carries, and justifies it, if at all, by a certificate of an earlier view.",
        ("W-MSG-3", "W-MSG-4", "W-MSG-5", "W-MSG-6", "C-CERT-3", "C-PROP-1"),
        ("A11", "P-GATE-1", "P-CERT-2", "P-START-2"),
        gating.prove_proposals,
        scope=f"{starting.SIZES_SAID}, {_MESSAGES}",
    ),
    _theorem(
        "P-GATE-4",
        "A VIEW-CHANGE passes just if it is into a view above 0, names the certificate that it"
        " carries, that is of an earlier view, and its block comes with it.",
        ("W-MSG-3", "W-MSG-4", "W-MSG-5", "C-VIEW-1", "C-VIEW-3", "C-STMT-3", "C-CERT-3"),
        ("A3", "A11", "P-GATE-1", "P-CERT-2"),
        gating.prove_view_changes,
        scope=_AT_THE_GATE,
    ),
    _theorem(
        "P-GATE-5",
        "A decided block passes just if its certificate counts and is of COMMITs for it.",
        ("W-MSG-3", "W-MSG-5", "C-CERT-4"),
        ("A11", "P-GATE-1", "P-CERT-2"),
        gating.prove_decided,
        scope=_AT_THE_GATE,
    ),
    _theorem(
        "P-GATE-6",
        "Bytes become a message just if they decode within the bound, pass the check of their type,"
        " and every claim verifies.",
        ("W-MSG-1", "W-MSG-2", "W-MSG-8"),
        ("A11",),
        gating.prove_opening,
        scope="any bytes, any number of claims",
    ),
)

_RULES: Final = (
    _rule(
        1,
        "join enters just the highest view that f + 1 platforms have reached, if it is above its"
        " own.",
        ("C-VIEW-2", "C-QUORUM-3", "C-VIEW-1"),
        ("P-COUNT-1", "P-QUORUM-3"),
        acting.JOIN,
    ),
    _rule(
        2,
        "enter leaves the view for a higher one with its lock, says so with the lock's certificate"
        " and block, and is a step of the protocol.",
        ("C-VIEW-1", "C-VIEW-3", "C-STMT-3"),
        (),
        acting.ENTER,
    ),
    _rule(
        3,
        "propose casts a PRE-PREPARE for the given block just in its turn, once in a view.",
        ("C-PROP-1", "C-PROP-2"),
        ("P-ASK-1", "P-START-2"),
        acting.PROPOSE,
        _TURNS,
    ),
    _rule(
        4,
        "prepare casts a PREPARE just once in a view, for the valid proposal of the view's proposer"
        " that the lock allows, and is a step of the protocol.",
        ("C-PREP-1", "C-PREP-2", "C-PREP-3", "C-PREP-4"),
        ("P-ASK-2", "P-CERT-2", "P-START-2"),
        acting.PREPARE,
        _TURNS,
    ),
    _rule(
        5,
        "lock_and_commit locks and casts a COMMIT just on q PREPAREs of the current view for the"
        " proposal that it holds, once, and is a step of the protocol.",
        ("C-LOCK-1", "C-LOCK-2", "C-LOCK-3", "C-QUORUM-2"),
        (*_COUNTED, "P-CERT-1", "P-START-2"),
        acting.LOCK_AND_COMMIT,
        _TURNS,
    ),
)

_QUESTIONS: Final = (
    _theorem(
        "P-ASK-1",
        "A platform may propose just in its turn, once in a view, and in a later view with all"
        " VIEW-CHANGEs or with q and the wait over.",
        ("C-NEW-1", "C-NEW-2", "C-PROP-2", "C-QUORUM-4"),
        ("A11", "P-COUNT-1", "P-START-2"),
        asking.prove_may_propose,
        scope=_TURNS,
    ),
    _theorem(
        "P-ASK-2",
        "The lock allows just its own digest, or one with a prepared certificate of its view or a"
        " later one.",
        ("C-PREP-3",),
        ("A11",),
        asking.prove_lock_permits,
        scope="any lock, digest and certificate",
    ),
    _theorem(
        "P-ASK-3",
        "The proposal that is judged is just that of the current view's proposer for this view,"
        " where the lock allows it and no PREPARE was cast.",
        ("C-PREP-1", "C-PREP-2", "C-PREP-3"),
        ("A11", "P-ASK-2", "P-START-2"),
        asking.prove_awaits_verdict,
        scope=_TURNS,
    ),
    _theorem(
        "P-ASK-4",
        "There is a commit certificate just if q COMMITs agree, and a decision just if its block is"
        " held too.",
        ("C-DEC-1", "C-SLOT-3", "C-CERT-4"),
        ("A11", *_COUNTED, "P-CERT-1"),
        *(searching.prove_certified, searching.prove_held_block, searching.prove_decision),
    ),
    _theorem(
        "P-ASK-5",
        "What must be proposed again is the block of a certificate of the highest view among the"
        " gathered VIEW-CHANGEs, and nothing if none carries one.",
        ("C-NEW-3",),
        ("A11", "P-COUNT-1"),
        searching.prove_reproposal,
    ),
    _theorem(
        "P-ASK-6",
        "A view's clock may run just if q platforms are in the view or beyond.",
        ("C-PACE-2",),
        ("A11", "P-COUNT-1"),
        asking.prove_quorum_in_view,
    ),
    _theorem(
        "P-ASK-7",
        "What a platform stands for is all that it said in its view, and what came back of it"
        " signed is what its slots hold.",
        ("C-LOSS-1",),
        ("A11",),
        asking.prove_standing,
    ),
)

_STEPS: Final = (
    _theorem(
        "P-STEP-1",
        "A message that passed the gate changes at most one slot, of its kind, signer and height;"
        " J holds again.",
        ("C-SLOT-1", "C-SLOT-2", "C-LOSS-2", "C-EVID-2", "I-SLOT-1"),
        ("A11", "P-SLOT-1", "P-GATE-2", "P-GATE-3", "P-GATE-4"),
        slotting.prove_slots,
    ),
    _theorem(
        "P-STEP-2",
        "The rules are applied once each in order, every one to the agreement that the last left,"
        " and just what they cast is signed.",
        ("C-FLOW-1", "I-SAID-1"),
        ("A11", "P-RULE-1", "P-RULE-5"),
        *(composing.prove_take, composing.prove_apply_rules),
    ),
    _theorem(
        "P-STEP-3",
        "In its turn a platform proposes just what may be decided already, or else a fresh block,"
        " and no empty one in view 0.",
        ("C-NEW-3", "C-PROP-1", "C-PROP-3"),
        ("A11", "P-RULE-3", "P-ASK-1", "P-ASK-5", "P-STEP-5"),
        composing.prove_propose,
    ),
    _theorem(
        "P-STEP-4",
        "The verdict that lets a platform prepare is that on the proposal's own block, whose time"
        " is near the clock if it is fresh.",
        ("C-PREP-4", "C-VALID-3"),
        ("A11", "P-RULE-4", "P-ASK-3"),
        composing.prove_prepare,
    ),
    _theorem(
        "P-STEP-5",
        "A block is valid just by C-VALID-1, C-VALID-2 and C-VALID-4, and a fresh one names this"
        " chain, this height and the tip.",
        ("C-VALID-1", "C-VALID-2", "C-VALID-4"),
        ("A11",),
        *(judging.prove_validity, judging.prove_fresh_block),
        scope="any state and block, any application",
    ),
    _theorem(
        "P-STEP-6",
        "A platform decides just on a commit certificate for the block, which is a step of the"
        " protocol, and begins the next height with J, or halts.",
        ("C-DEC-1", "C-DEC-2", "C-DEC-4", "C-SYNC-1", "I-TIP-1", "I-LOCK-1", "I-SAID-1"),
        (*_HONEST, "P-ASK-4", "P-GATE-5", "P-START-1"),
        *(deciding.prove_decide, deciding.prove_on_decided, deciding.prove_advance),
        scope=f"{_ANY}; halting at heights {deciding.HALTING_HEIGHTS}",
    ),
    _theorem(
        "P-STEP-7",
        "The view timer leaves the view by the rule alone, for the next view, if there is work; the"
        " other timer ends the wait for VIEW-CHANGEs and changes nothing else.",
        ("C-VIEW-1", "C-NEW-2"),
        ("A11", "P-RULE-2"),
        restating.prove_timers,
    ),
    _theorem(
        "P-STEP-8",
        "On a restart, a new link or a re-send a platform says just what it stands for already, and"
        " its STATUS: it casts nothing.",
        ("C-LOSS-1", "C-LOSS-4", "A-EVENT-5", "I-SIGN-1"),
        ("A11", "P-ASK-7"),
        restating.prove_said_again,
        scope="any state, any number of standing drafts",
    ),
    _theorem(
        "P-STEP-9",
        "Pool, timers, help for others and STATUS leave agreement, slots and tip as they are, and"
        " sign at most a STATUS; whoever is behind gets the tip, what clients hand in goes to all,"
        " what waits to the proposer, and a timer that runs is not set again.",
        ("C-LOSS-1", "C-LOSS-3", "C-PACE-5", "L-POOL-7", "A-EFFECT-7"),
        ("A11", "P-START-2"),
        framing.prove_frames,
        scope=_TURNS,
    ),
    _theorem(
        "P-STEP-10",
        "Catching up leaves agreement, slots and tip as they are, and signs at most a STATUS; of"
        " each other platform that is named as ahead the highest claim is kept.",
        ("C-SYNC-2",),
        ("A11",),
        framing.prove_catching_up,
        scope=f"N = {framing.PLATFORMS_BEHIND}, any claims",
    ),
    _theorem(
        "P-STEP-11",
        "An event goes to the handler of its kind, then to the rules, then to the timers, and a"
        " halted platform answers none.",
        ("C-FLOW-1", "C-DEC-4", "A-EVENT-1", "C-PACE-5"),
        ("A11",),
        dispatching.prove_dispatch,
    ),
)

THEOREMS: Final[tuple[Theorem, ...]] = (*_FOUNDATIONS, *_GATE, *_RULES, *_QUESTIONS, *_STEPS)
