"""The phases of one height, recorded by running the consensus rules over a small set of runs.

One platform of four, each in turn, with one block and views 0 to 2. The other three speak as one:
they propose in their views, vote, and change views, in any order that these inputs allow.
After each input the rules are applied as the replica applies them, and every change of phase is
recorded with the rule that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

from attrs import evolve, frozen

from web4core.chain import Block, Header, payload_root, seal
from web4core.consensus import rules
from web4core.consensus.state import Agreement, SlotMessage, begin, keep, no_slots, signed
from web4core.hashing import Tag, digest
from web4core.messages import (
    Certificate,
    Kind,
    Proposal,
    Statement,
    ViewChange,
    Vote,
    prepared_reference,
    with_signature,
)
from web4core.quorum import proposer
from web4core.types import ChainId, Digest, Signature, StateRoot, TimeMs, View

N, HEIGHT, LAST_VIEW = 4, 1, 2
MAX_STATES = 200_000
"""More would mean that the set of inputs is not as small as it should be."""

SIGNATURE = Signature(bytes(64))
"""Rules never look at signatures: the gate did."""

DECIDED = "decided"
Edge: TypeAlias = tuple[str, str, str]
Input: TypeAlias = Callable[[Agreement], Agreement | None]


def _block() -> Block:
    chain = digest(Tag.GENESIS)
    return seal(
        Header(
            ChainId(chain), HEIGHT, Digest(chain), TimeMs(1), payload_root(()), StateRoot(bytes(32))
        ),
        (),
    )


BLOCK = _block()


def phase(agreement: Agreement) -> str:
    """Where a platform is: its view, what it has said in it, and whether it is locked from before.

    In the view of its COMMIT a platform is locked as a matter of course (I-SAID-2).
    """
    view = "view 0" if agreement.view == 0 else "later view"
    said = agreement.said
    if said.commit is not None:
        return f"{view}, committed"
    stage = "proposed" if said.proposal is not None else "waiting"
    if said.prepare is not None:
        stage = "prepared"
    return f"{view}, {stage}" + (", locked" if agreement.lock is not None else "")


# --- what the others may do ---------------------------------------------------------------------


def _statement(kind: Kind, view: int, of: bytes, signer: int) -> Statement:
    return Statement(kind, HEIGHT, View(view), Digest(of), signer)


def _others(agreement: Agreement) -> list[int]:
    return [index for index in range(N) if index != agreement.me]


def _heard(agreement: Agreement, messages: list[SlotMessage]) -> Agreement:
    slots = agreement.slots
    for message in messages:
        slots = keep(slots, message)
    return evolve(agreement, slots=slots)


def _proposal(view: int) -> Input:
    def happens(agreement: Agreement) -> Agreement | None:
        turn = proposer(HEIGHT, view, N)
        if turn == agreement.me:
            return None
        statement = _statement(Kind.PRE_PREPARE, view, BLOCK.digest, turn)
        return _heard(agreement, [Proposal(statement, SIGNATURE, BLOCK, None)])

    return happens


def _votes(kind: Kind, view: int) -> Input:
    def happens(agreement: Agreement) -> Agreement:
        statements = [_statement(kind, view, BLOCK.digest, each) for each in _others(agreement)]
        return _heard(agreement, [Vote(each, SIGNATURE) for each in statements])

    return happens


def _view_changes(view: int, prepared: Certificate | None) -> Input:
    def happens(agreement: Agreement) -> Agreement:
        of = prepared_reference(prepared)
        block = None if prepared is None else BLOCK
        statements = [_statement(Kind.VIEW_CHANGE, view, of, each) for each in _others(agreement)]
        changes = [ViewChange(each, SIGNATURE, prepared, block) for each in statements]
        return _heard(agreement, list(changes))

    return happens


def _inputs() -> Iterator[Input]:
    for view in range(LAST_VIEW + 1):
        yield _proposal(view)
        yield _votes(Kind.PREPARE, view)
        yield _votes(Kind.COMMIT, view)
        if view > 0:
            pairs = tuple((index, SIGNATURE) for index in range(3))
            prepared = Certificate(Kind.PREPARE, HEIGHT, View(view - 1), BLOCK.digest, pairs)
            yield _view_changes(view, None)
            yield _view_changes(view, prepared)


# --- what the platform does ---------------------------------------------------------------------


@frozen
class Taken:
    """A step that a rule took: what the platform knew before, and after."""

    rule: str
    before: Agreement
    after: Agreement


class Recorder:
    """Runs of one platform, and the edges that they took.

    `trusts` says whether it finds the blocks of others valid, such as by its clock (C-VALID-3).
    """

    def __init__(self) -> None:
        self.edges: dict[Edge, None] = {}
        self.steps: list[Taken] = []
        self.trusts = True

    def explore(self, me: int) -> int:
        """Follow every order of inputs from the start; how many states there are."""
        inputs = tuple(_inputs())
        first = self.settle(begin(N, me, HEIGHT, no_slots(N)))
        seen: dict[Agreement, None] = {}
        waiting = [] if first is None else [first]
        while waiting:
            agreement = waiting.pop()
            if agreement in seen:
                continue
            seen[agreement] = None
            if len(seen) > MAX_STATES:
                raise RuntimeError(f"more than {MAX_STATES} states")
            for happens in inputs:
                heard = happens(agreement)
                if heard is not None and heard != agreement:
                    waiting.extend(self._after(heard))
            waiting.extend(self._after_timers(agreement))
        return len(seen)

    def _after(self, agreement: Agreement) -> list[Agreement]:
        settled = self.settle(agreement)
        return [] if settled is None else [settled]

    def _after_timers(self, agreement: Agreement) -> list[Agreement]:
        after = self._after(evolve(agreement, gathered=True))
        if agreement.view < LAST_VIEW:
            moved, _ = rules.enter(agreement, View(agreement.view + 1))
            self.note(agreement, "time-out", phase(moved))
            self.steps.append(Taken("time-out", agreement, moved))
            after += self._after(moved)
        return after

    def settle(self, agreement: Agreement) -> Agreement | None:
        """Apply the rules, with the platform's own voice coming back; None once it decides."""
        while True:
            before = agreement
            agreement = self.rule("join", agreement, rules.join)
            agreement = self.rule("propose", agreement, _propose)
            agreement = self.rule("prepare", agreement, self.prepare)
            agreement = self.rule("lock and commit", agreement, rules.lock_and_commit)
            if rules.decision(agreement) is not None:
                self.note(agreement, "decide", DECIDED)
                self.steps.append(Taken("decide", agreement, agreement))
                return None
            agreement = _own_voice(agreement)
            if agreement == before:
                return agreement

    def prepare(self, agreement: Agreement) -> rules.RuleOutcome:
        """Vote, unless the block is another's and found wanting."""
        own = proposer(HEIGHT, agreement.view, N) == agreement.me
        return rules.prepare(agreement, own or self.trusts)

    def rule(
        self, name: str, agreement: Agreement, rule: Callable[[Agreement], rules.RuleOutcome]
    ) -> Agreement:
        """Apply one rule, and note where it leads if it takes a step."""
        moved, draft = rule(agreement)
        if draft is not None:
            self.note(agreement, name, phase(moved))
            self.steps.append(Taken(name, agreement, moved))
        return moved

    def note(self, agreement: Agreement, rule: str, where: str) -> None:
        """Remember an edge."""
        self.edges[phase(agreement), rule, where] = None


def _propose(agreement: Agreement) -> rules.RuleOutcome:
    again = rules.reproposal(agreement)
    if again is None:
        return rules.propose(agreement, BLOCK, None)
    return rules.propose(agreement, again.block, again.justification)


def _own_voice(agreement: Agreement) -> Agreement:
    drafts = [each for each in rules.standing(agreement) if signed(agreement, each) is None]
    return _heard(agreement, [with_signature(each, SIGNATURE) for each in drafts])  # type: ignore[misc]


# --- the page -----------------------------------------------------------------------------------

CLAUSES = {
    "join": "C-VIEW-2",
    "time-out": "C-VIEW-1",
    "propose": "C-PROP-1 to C-PROP-3, C-NEW-1 to C-NEW-3",
    "prepare": "C-PREP-1 to C-PREP-4",
    "lock and commit": "C-LOCK-1 to C-LOCK-3",
    "decide": "C-DEC-1 to C-DEC-4",
}
GUARDS = {
    "join": "f + 1 platforms have reached a view above the own one",
    "time-out": "the view timer runs out, and there is work",
    "propose": "it is the platform's turn, it has heard enough, and has not proposed in this view",
    "prepare": "the view's proposal is kept, the lock permits it, its block is valid, no PREPARE "
    "was cast in this view",
    "lock and commit": "q PREPAREs of this view for the view's proposal, no COMMIT was cast in it",
    "decide": "q COMMITs of one view for one digest, and the block is held",
}


@cache
def recorded() -> Recorder:
    """All runs of all four platforms."""
    recorder = Recorder()
    for recorder.trusts in (True, False):
        for me in range(N):
            recorder.explore(me)
    return recorder


def edges() -> tuple[Edge, ...]:
    """Every edge that a run of any of the four platforms took, in a fixed order."""
    rank = {name: place for place, name in enumerate(CLAUSES)}
    return tuple(sorted(recorded().edges, key=lambda edge: (edge[0], rank[edge[1]], edge[2])))


def page() -> str:
    """The page `diagrams/height.md`."""
    merged: dict[tuple[str, str], list[str]] = {}
    for source, rule, target in edges():
        merged.setdefault((source, target), []).append(rule)
    lines = [_TITLE, "```mermaid", "stateDiagram-v2", f"    [*] --> {_node('view 0, waiting')}"]
    for (source, target), several in merged.items():
        lines.append(f"    {_node(source)} --> {_node(target)}: {', '.join(several)}")
    lines += [f"    {DECIDED} --> [*]", "```", "", _HEADING]
    for rule, clauses in CLAUSES.items():
        lines.append(f"| {rule} | {GUARDS[rule]} | {clauses} |")
    return "\n".join(lines)


def _node(name: str) -> str:
    return name.replace(",", "").replace(" ", "_")


_TITLE = """# The phases of one height, for one platform

Recorded by running the rules of `web4core.consensus.rules` for each of four platforms, with one
block and views 0 to 2, over every order of what the other three may say; written by
`python3 -m tests.spec_tools`.

"Locked" means from an earlier view; "committed" is locked as well, in this view.
A platform that finds the proposed block wanting, such as by its clock, does not prepare, and yet
locks and commits when a quorum prepared it (C-LOCK-1).
A platform may decide in any phase, since commit certificates count whatever their view (C-DEC-1),
and a block with its certificate is taken whenever it comes (C-SYNC-1).
"""
_HEADING = """## The rules

| rule | guard | clauses |
|---|---|---|"""
