"""From frames to events: through the gate, with the signatures checked in worker threads.

Statements are checked as they come; transactions and old blocks wait in an inbox, one for each
peer, and have worker threads of their own, so that no flood of them delays a vote or another peer.
A peer is limited: it gets one answer at a time, and few of its messages may fail at the gate.
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
"""A packet up to this size is decoded in the event loop; a hostile one takes up to 30 ms."""

MAX_REFUSED_ON_LINK = 8
"""Messages that do not pass the gate before the link is closed; an honest peer sends none."""

log = logging.getLogger("web4.ingress")


@frozen
class _Parsed:
    """A message that is authentic if its checks hold."""

    message: Message
    encoded: bytes
    checks: tuple[SignatureCheck, ...]


class PeerInbox:
    """The messages of one peer that wait to be checked, its request, and its count of refusals."""

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
    """Listens to the links, and feeds the engine with the messages that pass the gate.

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
        self._inboxes = [PeerInbox(peer) for peer in range(len(gate.keys))]
        self.refused: Counter[str] = Counter()

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._inboxes[peer].refused_on_link = 0
        self._engine.connected(peer)

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        """Check the frames of one packet; a message that does not pass is counted and dropped.

        Statements are handed on before the rest is looked at.
        Raises `RemoteProtocolError` once too many have failed, which closes the link (W-LINK-8).
        """
        inbox = self._inboxes[peer]
        _check_conduct(inbox)
        for each in frames:
            if isinstance(each, Request):
                self._ask(inbox, each)
        passed = await self._parse_all(inbox, [each for each in frames if isinstance(each, bytes)])
        _check_conduct(inbox)
        statements = [each for each in passed if not _is_bulk(each)]
        if statements:
            await self._check_statements(inbox, statements)
        for parsed in passed:
            if _is_bulk(parsed) and not inbox.keep(parsed):
                self.refused["overload"] += 1  # it is sent or asked for again if still wanted

    async def run(self) -> None:
        """Check waiting messages, one a peer at a time, and answer requests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for inbox in self._inboxes:
                group.create_task(self._check_bulk(inbox))
                group.create_task(self._answer_requests(inbox))

    # --- messages ---

    async def _parse_all(self, inbox: PeerInbox, messages: list[bytes]) -> list[_Parsed]:
        """The messages that pass the gate and are of use; large packets are decoded in a thread."""
        if sum(map(len, messages)) <= PARSE_IN_PLACE_BYTES:
            parsed = _parse(self._gate, messages)
        else:
            parsed = await self._pool.run(partial(_parse, self._gate), messages)
        for each in parsed:
            if isinstance(each, RemoteProtocolError):
                self._refuse(inbox, each)
        node = self._engine.node
        passed = (each for each in parsed if isinstance(each, _Parsed))
        return [each for each in passed if not node.is_late(each.message)]

    async def _check_statements(self, inbox: PeerInbox, statements: list[_Parsed]) -> None:
        checks = [parsed.checks for parsed in statements]
        verdicts = await self._pool.each_holds(checks)
        for parsed, authentic in zip(statements, verdicts, strict=True):
            if not authentic:
                self._refuse_signature(inbox)
                continue
            if not isinstance(parsed.message, Decided | Submission):
                self._engine.note(parsed.message.statement)
            await self._engine.receive(parsed.message, parsed.encoded)

    async def _check_bulk(self, inbox: PeerInbox) -> None:
        while True:
            parsed = await inbox.next_bulk()
            if self._engine.node.is_late(parsed.message):
                continue
            checks = list(parsed.checks)
            if await self._bulk_pool.holds(checks):
                await self._engine.receive(parsed.message, parsed.encoded)
            else:
                self._refuse_signature(inbox)

    def _refuse_signature(self, inbox: PeerInbox) -> None:
        """Let one bad signature close the link: an honest peer verifies before it forwards."""
        self._refuse(inbox, RemoteProtocolError("W-MSG-2", "a signature does not verify"))
        inbox.refused_on_link += MAX_REFUSED_ON_LINK

    def _refuse(self, inbox: PeerInbox, error: RemoteProtocolError) -> None:
        self.refused[error.clause] += 1
        if inbox.refused % LOG_EVERY == 0:
            log.warning("from platform %d: %s (%d before)", inbox.peer, error, inbox.refused)
        inbox.refused += 1
        inbox.refused_on_link += 1

    # --- requests ---

    def _ask(self, inbox: PeerInbox, request: Request) -> None:
        """Take a request unless an earlier one is in work or its answer still waits (W-LINK-6)."""
        if inbox.asked.is_set() or self._links.bulk_left(inbox.peer) < inbox.answered:
            self.refused["busy"] += 1
            return
        inbox.request = request
        inbox.asked.set()

    async def _answer_requests(self, inbox: PeerInbox) -> None:
        while True:
            await inbox.asked.wait()
            await self._answer(inbox)
            inbox.asked.clear()

    async def _answer(self, inbox: PeerInbox) -> None:
        """Send decided blocks from the store (A-EFFECT-5), as far as they find room.

        They are read in the loop, since the store has one reader, but it turns after each.
        """
        peer, first, size = inbox.peer, inbox.request.height, 0
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
        inbox.answered = self._links.bulk_queued(peer)


def _parse(gate: Gate, messages: Iterable[bytes]) -> list[_Parsed | RemoteProtocolError]:
    """Check messages but for their signatures, until too many have failed; for any thread."""
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


def _check_conduct(inbox: PeerInbox) -> None:
    if inbox.refused_on_link >= MAX_REFUSED_ON_LINK:
        raise RemoteProtocolError("W-LINK-8", "too much that it sent does not pass the gate")


def _is_bulk(parsed: _Parsed) -> bool:
    return is_bulk(parsed.message)
