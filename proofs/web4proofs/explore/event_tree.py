"""The events that a platform may receive next, as a tree: each node is one of them.

A platform is stepped along each path from the root until its state changes for good; that is one
move. A path holds the events that one rule needs, or events that are easily mistaken for them.
The tree depends only on the platform's index and on the bounds, never on its state: it also offers
what a rule ought to ignore.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from attrs import define, field

from web4core.chain import Block
from web4core.events import TimerKind
from web4core.messages import Decided, Kind, Proposal, Statement, Status, ViewChange, Vote
from web4core.quorum import proposer
from web4core.replica.catchup import SYNC_ROUNDS
from web4core.types import View
from web4proofs.explore.blocks import AHEAD, ASTRAY, CLOCKS
from web4proofs.explore.canonical import ALL, Forget, Forgotten
from web4proofs.explore.message_set import Bits, Offer, Offers
from web4proofs.explore.oracle import enough_to_join
from web4proofs.explore.stimuli import Connect, Cue, Fire, Hear, Path, Resume, Stale
from web4proofs.explore.subject import Bounds


@define
class Node:
    """An event after those on the path to this node."""

    cue: Cue
    needs: Bits
    """The offers that must be possible for the path down to this node."""
    after: dict[Cue, Node] = field(factory=dict)


def tree_of(offers: Offers, bounds: Bounds, me: int, what: Forgotten = ALL) -> tuple[Node, ...]:
    """Return the tree of events for the platform with this index.

    `what` is forgotten between moves, so a path must repeat it; what a state keeps, paths may omit.
    """
    root: dict[Cue, Node] = {}
    for path in _Paths(offers, bounds, me).all(what):
        below, needs = root, 0
        for cue in path:
            needs |= cue.offer.bit if isinstance(cue, Hear) else 0
            node = below.setdefault(cue, Node(cue, needs))
            below = node.after
    return tuple(root.values())


def _all(offers: Iterable[Offer | None]) -> Path:
    return tuple(Hear(offer) for offer in offers if offer is not None)


class _Paths:
    """The paths of one platform, by their purpose."""

    def __init__(self, offers: Offers, bounds: Bounds, me: int) -> None:
        self.offers = offers
        self.bounds = bounds
        self.me = me
        self.next = (me + 1) % bounds.n
        self.proposals: list[tuple[Offer, Proposal]] = []
        self.decided: list[Offer] = []
        self.view_changes: list[tuple[Offer, ViewChange]] = []
        self.votes: list[tuple[Offer, Vote]] = []
        self.statuses: list[tuple[Offer, Status]] = []
        for offer in offers.each:
            self._sort(offer)

    def _sort(self, offer: Offer) -> None:
        match offer.message:
            case Proposal():
                self.proposals.append((offer, offer.message))
            case Decided():
                self.decided.append(offer)
            case ViewChange():
                self.view_changes.append((offer, offer.message))
            case Vote():
                self.votes.append((offer, offer.message))
            case Status():
                self.statuses.append((offer, offer.message))
            case _:
                pass

    def all(self, what: Forgotten) -> Iterator[Path]:
        yield from self._alone()
        yield from self._behind()
        yield from self._at_odds()
        if Forget.PREPARES in what:
            yield from self._voted(Kind.PREPARE)
        if Forget.COMMITS in what:
            yield from self._voted(Kind.COMMIT)
        if Forget.VIEW_CHANGES in what:
            for height in range(1, self.bounds.heights + 1):
                yield from self._reached(height)
                for view in range(1, self.bounds.views):
                    if proposer(height, view, self.bounds.n) == self.me:
                        yield from self._gathered(height, view)

    def _alone(self) -> Iterator[Path]:
        """Yield every message by itself, the timers, and the links."""
        for offer in self.offers.each:
            yield (Hear(offer),)
        for offer, _ in self.proposals:
            yield (Hear(offer, ASTRAY),)
        for offer in (*self.decided, *(offer for offer, _ in self.view_changes)):
            yield (Hear(offer, AHEAD),)
        for clock in CLOCKS:
            yield (Resume(clock),)
            for timer in TimerKind:
                yield (Fire(timer, clock),)
        for timer in TimerKind:
            yield (Resume(), Fire(timer))
            yield (Stale(timer),)
        for platform in range(self.bounds.n):
            yield (Connect(platform),)
        for offer, vote in self.votes:
            if vote.statement.signer == self.me:
                yield (Hear(offer), Connect(self.next))

    def _behind(self) -> Iterator[Path]:
        """Yield a claim of another platform to be ahead, then requests that fail or succeed."""
        in_vain = (Fire(TimerKind.SYNC),) * (SYNC_ROUNDS * self.bounds.n + 1)
        for offer, status in self.statuses:
            if status.statement.signer == self.next:
                yield (Hear(offer), *in_vain)
                for decided in self.decided:
                    yield (Hear(offer), Hear(decided))
                    yield (Hear(offer), Fire(TimerKind.SYNC), Hear(decided))

    def _at_odds(self) -> Iterator[Path]:
        """Yield COMMITs of one view for two blocks in turn: a quorum in sum, none for either."""
        for height in range(1, self.bounds.heights + 1):
            digests = [known.block.digest for known in self.offers.blocks.at(height) if known.valid]
            for view, first in itertools.product(range(self.bounds.views), range(2)):
                in_turn = itertools.cycle(digests[:2])
                yield _all(
                    self._vote(Statement(Kind.COMMIT, height, View(view), next(in_turn), signer))
                    for signer in range(first, self.bounds.n)
                )

    def _vote(self, statement: Statement) -> Offer | None:
        return next((offer for offer, vote in self.votes if vote.statement == statement), None)

    def _voted(self, kind: Kind) -> Iterator[Path]:
        """Yield votes of one view for one block, alone or after a proposal of that view.

        PREPAREs also come after proposals of other blocks, and after one with a time that the clock
        excludes.
        """
        for known in self.offers.blocks.by_digest.values():
            digest, height = known.block.digest, known.height
            for view in range(self.bounds.views):
                numbered = self.offers.votes(kind, height, view, digest)
                votes = _all(numbered)
                yield votes
                for offer, proposal in self._proposed(height, view):
                    same = proposal.block.digest == digest
                    bare = proposal.justification is None
                    if (same and bare) or (kind is Kind.PREPARE and (same or bare)):
                        yield (Hear(offer), *votes)
                    if same and bare:
                        yield (Hear(offer, ASTRAY), *(Hear(each, ASTRAY) for each in numbered))

    def _proposed(self, height: int, view: int) -> Iterator[tuple[Offer, Proposal]]:
        for offer, proposal in self.proposals:
            statement = proposal.statement
            if (statement.height, statement.view) == (height, view):
                yield offer, proposal

    def _reached(self, height: int) -> Iterator[Path]:
        """Yield VIEW-CHANGEs of any platforms into any views, then perhaps the view timer.

        Only the proposer of its view looks at what a VIEW-CHANGE carries. In the last view no timer
        matters, so a path has only as many of them there as make a platform join.
        """
        bounds = self.bounds
        last = bounds.views - 1
        choices: list[list[tuple[int, Offer | None]]] = [
            [(0, None), *self._reaching(height, by)] for by in range(bounds.n)
        ]
        for chosen in itertools.product(*choices):
            views = [view for view, offer in chosen if offer is not None]
            mine = last in views and proposer(height, last, bounds.n) == self.me
            if views and not (mine and len(views) > enough_to_join(bounds.n)):
                yield (*_all(offer for _, offer in chosen), Fire(TimerKind.VIEW))

    def _reaching(self, height: int, signer: int) -> Iterator[tuple[int, Offer | None]]:
        for view in range(1, self.bounds.views):
            if proposer(height, view, self.bounds.n) == self.me:
                for offer, change in self.view_changes:
                    statement = change.statement
                    if (statement.height, statement.view, statement.signer) == (
                        height,
                        view,
                        signer,
                    ) and (change.block is None or self._is_valid(change.block)):
                        yield view, offer
            else:
                yield view, self.offers.announced(height, view, signer)

    def _is_valid(self, block: Block) -> bool:
        return self.offers.blocks.of(block.digest).valid

    def _gathered(self, height: int, view: int) -> Iterator[Path]:
        """Yield VIEW-CHANGEs into a view in which this platform proposes, with any certificates.

        All certificates of one view are for one block: two blocks would be a failure already.
        """
        digests = [known.block.digest for known in self.offers.blocks.at(height) if known.valid]
        for by_view in itertools.product(digests, repeat=view):
            choices: list[list[Offer | None]] = [
                [None, *self._announced(height, view, by, by_view)] for by in range(self.bounds.n)
            ]
            for chosen in itertools.product(*choices):
                offers = [offer for offer in chosen if offer is not None]
                if not offers:
                    continue
                for clock in CLOCKS:
                    yield (*_all(offers[:-1]), Hear(offers[-1], clock))
                    yield (*_all(offers), Fire(TimerKind.PROPOSE, clock))

    def _announced(
        self, height: int, view: int, signer: int, by_view: tuple[bytes, ...]
    ) -> Iterator[Offer]:
        """Yield the signer's VIEW-CHANGEs without a certificate, or with one that fits the rest."""
        for offer, change in self.view_changes:
            statement, prepared = change.statement, change.prepared
            if (statement.height, statement.view, statement.signer) != (height, view, signer):
                continue
            if (
                prepared is None
                or prepared.view >= view
                or by_view[prepared.view] == prepared.digest
            ):
                yield offer
