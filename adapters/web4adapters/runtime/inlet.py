"""From frames to events: through the gate, with the signatures checked in worker threads.

Statements are judged as they come; transactions and old blocks wait in a queue of their own, so
that a flood of them never delays a vote.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from concurrent.futures import Executor
from functools import partial

from attrs import frozen

from web4adapters.runtime.engine import Engine
from web4adapters.signers import Verifier
from web4adapters.transport import Links
from web4core.claims import Claim
from web4core.errors import RemoteProtocolError
from web4core.events import Received
from web4core.gate import Gate
from web4core.link import Frame, Request, frame
from web4core.messages import Decided, Message, Submission, decided_bytes
from web4core.replica import FETCH_BLOCKS, may_drop

CLAIMS_IN_PLACE = 2
"""Up to so many signatures are checked in the event loop: handing them over takes as long."""

MAX_WAITING = 64
"""Messages with transactions or old blocks that may wait for their signatures to be checked."""

MAX_SERVED_BYTES = 8 * 1024 * 1024
"""Bytes of blocks sent in answer to one request."""

log = logging.getLogger("web4.inlet")


@frozen
class _Parsed:
    """A message that is authentic if its claims verify."""

    peer: int
    message: Message
    encoded: bytes
    claims: tuple[Claim, ...]


async def verify_beside(executor: Executor, verifier: Verifier, claims: list[Claim]) -> bool:
    """Check signatures in worker threads, unless they are so few that the way there is longer."""
    if len(claims) <= CLAIMS_IN_PLACE:
        return verifier.verify_many(claims)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, verifier.verify_many, claims)


class Inlet:
    """Listens to the links, and feeds the engine with what passes the gate."""

    def __init__(
        self, gate: Gate, verifier: Verifier, executor: Executor, engine: Engine, links: Links
    ) -> None:
        self._gate = gate
        self._verifier = verifier
        self._executor = executor
        self._engine = engine
        self._links = links
        self._bulk: asyncio.Queue[_Parsed] = asyncio.Queue(MAX_WAITING)
        self.refused: Counter[str] = Counter()

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._engine.connected(peer)

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        """Judge the frames of one packet, in order; what does not pass is counted and dropped."""
        statements: list[_Parsed] = []
        for each in frames:
            if isinstance(each, Request):
                self._answer(peer, each)
                continue
            parsed = self._parse(peer, each)
            if parsed is None:
                continue
            if not isinstance(parsed.message, Submission | Decided):
                statements.append(parsed)
            elif isinstance(parsed.message, Decided) or not self._bulk.full():
                await self._bulk.put(parsed)
            else:  # transactions are sent again if they are still wanted
                self.refused["overload"] += 1
        if statements:
            await self._check_statements(statements)

    async def run(self) -> None:
        """Judge what waits, one message at a time, until cancelled."""
        while True:
            parsed = await self._bulk.get()
            if may_drop(self._engine.state, parsed.message):
                continue
            if await verify_beside(self._executor, self._verifier, list(parsed.claims)):
                items = _items(parsed.message)
                make = partial(Received, parsed.message)
                await self._engine.offer_bulk(make, parsed.encoded, items)
            else:
                self._refuse_signature(parsed.peer)

    def _parse(self, peer: int, encoded: bytes) -> _Parsed | None:
        try:
            parsed = self._gate.parse(encoded)
        except RemoteProtocolError as error:
            self._refuse(peer, error)
            return None
        if may_drop(self._engine.state, parsed.message):
            return None
        return _Parsed(peer, parsed.message, encoded, parsed.claims)

    async def _check_statements(self, statements: list[_Parsed]) -> None:
        claims = [claim for parsed in statements for claim in parsed.claims]
        all_authentic = await verify_beside(self._executor, self._verifier, claims)
        for parsed in statements:
            # one bad signature must not cost the others: what was verified is remembered
            if not all_authentic and not self._verifier.verify_many(parsed.claims):
                self._refuse_signature(parsed.peer)
                continue
            if not isinstance(parsed.message, Decided | Submission):
                self._engine.note(parsed.message.statement)
            await self._engine.offer(partial(Received, parsed.message), parsed.encoded)

    def _refuse_signature(self, peer: int) -> None:
        self._refuse(peer, RemoteProtocolError("W-MSG-2", "a signature does not verify"))

    def _refuse(self, peer: int, error: RemoteProtocolError) -> None:
        self.refused[error.clause] += 1
        log.warning("from platform %d: %s", peer, error)

    def _answer(self, peer: int, request: Request) -> None:
        """Send decided blocks from the store (A-EFFECT-5)."""
        blocks = self._engine.store.blocks_from(request.height, FETCH_BLOCKS, MAX_SERVED_BYTES)
        for block in blocks:
            self._engine.sent["decided"] += 1
            framed = frame(decided_bytes(block.block, block.certificate))
            self._links.send(peer, framed, bulk=True)


def _items(message: Message) -> int:
    if isinstance(message, Submission):
        return len(message.transactions)
    return len(message.block.payload) if isinstance(message, Decided) else 0
