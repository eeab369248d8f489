"""From frames to events: through the gate, with the signatures checked in worker threads.

Statements are judged as they come; transactions and old blocks wait at a *desk*, one for each peer,
and have worker threads of their own, so that no flood of them delays a vote or another peer.
A peer is held to what it may ask: one answer at a time, and few messages that do not pass.
Clauses: W-LINK-6, W-LINK-8, W-LINK-9.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable
from functools import partial

from attrs import frozen

from web4adapters.runtime.engine import Engine
from web4adapters.signers import VerifierPool
from web4adapters.throttled_log import LOG_EVERY
from web4adapters.transport import Links
from web4core import (
    FETCH_BLOCKS,
    Decided,
    Frame,
    Gate,
    Message,
    RemoteProtocolError,
    Request,
    SignatureCheck,
    Submission,
    decided_bytes,
    frame,
    is_bulk,
)

MAX_WAITING = 2 * FETCH_BLOCKS
"""Messages with transactions or old blocks of one peer that may wait to be checked.

Transactions may take half of it, so that there is room for all blocks of an answer.
"""

MAX_SERVED_BYTES = 8 * 1024 * 1024
"""Bytes of blocks sent in answer to one request."""

MAX_WAITING_BYTES = 2 * MAX_SERVED_BYTES
"""Bytes of the messages that wait; transactions may take half of it."""

PARSE_IN_PLACE_BYTES = 32 * 1024
"""A packet up to this size is decoded in the event loop; nonsense of it takes up to 30 ms."""

MAX_REFUSED_ON_LINK = 8
"""Messages that do not pass the gate before the link is closed; an honest peer sends none."""

log = logging.getLogger("web4.inlet")


@frozen
class _Parsed:
    """A message that is authentic if its checks hold."""

    message: Message
    encoded: bytes
    checks: tuple[SignatureCheck, ...]


class PeerInbox:
    """What one peer has handed in and still waits, and what became of the rest."""

    def __init__(self, peer: int) -> None:
        self.peer = peer
        self.request = Request(1)
        self.asked = asyncio.Event()
        """Set while the request is in work."""
        self.answered = 0
        """The number of the last bulk frame of the last answer."""
        self.refused = 0
        self.refused_on_link = 0
        self._bulk: deque[_Parsed] = deque()
        self._bulk_bytes = 0
        self._bulk_arrived = asyncio.Event()

    def keep(self, parsed: _Parsed) -> bool:
        """Let a message wait, if there is room for it."""
        share = 1 if isinstance(parsed.message, Decided) else 2
        full = len(self._bulk) >= MAX_WAITING // share
        if full or self._bulk_bytes + len(parsed.encoded) > MAX_WAITING_BYTES // share:
            return False
        self._bulk.append(parsed)
        self._bulk_bytes += len(parsed.encoded)
        self._bulk_arrived.set()
        return True

    async def next_bulk(self) -> _Parsed:
        """The message that has waited longest."""
        while not self._bulk:
            self._bulk_arrived.clear()
            await self._bulk_arrived.wait()
        parsed = self._bulk.popleft()
        self._bulk_bytes -= len(parsed.encoded)
        return parsed


class Ingress:
    """Listens to the links, and feeds the engine with what passes the gate.

    `pool` serves statements, `bulk_pool` transactions and old blocks.
    """

    def __init__(
        self,
        gate: Gate,
        pool: VerifierPool,
        engine: Engine,
        links: Links,
        bulk_pool: VerifierPool | None = None,
    ) -> None:
        self._gate = gate
        self._pool = pool
        self._bulk_pool = bulk_pool or pool
        self._engine = engine
        self._links = links
        self._desks = [PeerInbox(peer) for peer in range(len(gate.keys))]
        self.refused: Counter[str] = Counter()

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._desks[peer].refused_on_link = 0
        self._engine.connected(peer)

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        """Judge the frames of one packet; what does not pass is counted and dropped.

        Statements are handed on before the rest is looked at.
        Raises `RemoteProtocolError` once too many did not pass, which closes the link (W-LINK-8).
        """
        desk = self._desks[peer]
        _check_conduct(desk)
        for each in frames:
            if isinstance(each, Request):
                self._ask(desk, each)
        passed = await self._parse_all(desk, [each for each in frames if isinstance(each, bytes)])
        _check_conduct(desk)
        statements = [each for each in passed if not _is_bulk(each)]
        if statements:
            await self._check_statements(desk, statements)
        for parsed in passed:
            if _is_bulk(parsed) and not desk.keep(parsed):
                self.refused["overload"] += 1  # it is sent or asked for again if still wanted

    async def run(self) -> None:
        """Judge what waits, one message a peer at a time, and answer requests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for desk in self._desks:
                group.create_task(self._judge_bulk(desk))
                group.create_task(self._answer_requests(desk))

    # --- messages ---

    async def _parse_all(self, desk: PeerInbox, messages: list[bytes]) -> list[_Parsed]:
        """What passes the gate, and is of use; large packets are decoded beside the loop."""
        if sum(map(len, messages)) <= PARSE_IN_PLACE_BYTES:
            parsed = _parse(self._gate, messages)
        else:
            parsed = await self._pool.run(partial(_parse, self._gate), messages)
        for each in parsed:
            if isinstance(each, RemoteProtocolError):
                self._refuse(desk, each)
        node = self._engine.node
        passed = (each for each in parsed if isinstance(each, _Parsed))
        return [each for each in passed if not node.is_late(each.message)]

    async def _check_statements(self, desk: PeerInbox, statements: list[_Parsed]) -> None:
        checks = [parsed.checks for parsed in statements]
        verdicts = await self._pool.each_holds(checks)
        for parsed, authentic in zip(statements, verdicts, strict=True):
            if not authentic:
                self._refuse_signature(desk)
                continue
            if not isinstance(parsed.message, Decided | Submission):
                self._engine.note(parsed.message.statement)
            await self._engine.receive(parsed.message, parsed.encoded)

    async def _judge_bulk(self, desk: PeerInbox) -> None:
        while True:
            parsed = await desk.next_bulk()
            if self._engine.node.is_late(parsed.message):
                continue
            checks = list(parsed.checks)
            if await self._bulk_pool.holds(checks):
                await self._engine.receive(parsed.message, parsed.encoded)
            else:
                self._refuse_signature(desk)

    def _refuse_signature(self, desk: PeerInbox) -> None:
        """One is enough: whoever forwards a message has verified it."""
        self._refuse(desk, RemoteProtocolError("W-MSG-2", "a signature does not verify"))
        desk.refused_on_link += MAX_REFUSED_ON_LINK

    def _refuse(self, desk: PeerInbox, error: RemoteProtocolError) -> None:
        self.refused[error.clause] += 1
        if desk.refused % LOG_EVERY == 0:
            log.warning("from platform %d: %s (%d before)", desk.peer, error, desk.refused)
        desk.refused += 1
        desk.refused_on_link += 1

    # --- requests ---

    def _ask(self, desk: PeerInbox, request: Request) -> None:
        """Take a request unless an earlier one is in work or its answer still waits (W-LINK-6)."""
        if desk.asked.is_set() or self._links.bulk_left(desk.peer) < desk.answered:
            self.refused["busy"] += 1
            return
        desk.request = request
        desk.asked.set()

    async def _answer_requests(self, desk: PeerInbox) -> None:
        while True:
            await desk.asked.wait()
            await self._answer(desk)
            desk.asked.clear()

    async def _answer(self, desk: PeerInbox) -> None:
        """Send decided blocks from the store (A-EFFECT-5), as far as they find room.

        They are read in the loop, since the store has one reader, but it turns after each.
        """
        peer, first, size = desk.peer, desk.request.height, 0
        for height in range(first, first + FETCH_BLOCKS):
            block = self._engine.store.block(height)
            if block is None:
                break
            framed = frame(decided_bytes(block=block.block, certificate=block.certificate))
            size += len(framed)
            if size > MAX_SERVED_BYTES or len(framed) > self._links.room(peer):
                break
            self._engine.sent["decided"] += 1
            self._links.send(peer, framed, bulk=True)
            await asyncio.sleep(0)
        desk.answered = self._links.bulk_queued(peer)


def _parse(gate: Gate, messages: Iterable[bytes]) -> list[_Parsed | RemoteProtocolError]:
    """Judge messages but for their signatures, until too many do not pass; for any thread."""
    parsed: list[_Parsed | RemoteProtocolError] = []
    refused = 0
    for encoded in messages:
        try:
            opened = gate.parse(encoded)
            parsed.append(_Parsed(opened.message, encoded, opened.checks))
        except RemoteProtocolError as error:
            parsed.append(error)
            refused += 1
        if refused >= MAX_REFUSED_ON_LINK:
            break
    return parsed


def _check_conduct(desk: PeerInbox) -> None:
    if desk.refused_on_link >= MAX_REFUSED_ON_LINK:
        raise RemoteProtocolError("W-LINK-8", "too much that it sent does not pass the gate")


def _is_bulk(parsed: _Parsed) -> bool:
    return is_bulk(parsed.message)
