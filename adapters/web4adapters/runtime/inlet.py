"""From frames to events: through the gate, with the signatures checked in worker threads."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from concurrent.futures import Executor
from functools import partial

from web4adapters.runtime.engine import Engine
from web4adapters.signers import Verifier
from web4adapters.transport.links import Links
from web4core.claims import Claim
from web4core.errors import RemoteProtocolError
from web4core.events import Received
from web4core.gate import Gate
from web4core.link import Frame, Request, frame
from web4core.messages import Decided, Message, Submission, decided_bytes
from web4core.replica import FETCH_BLOCKS, may_drop

CLAIMS_IN_PLACE = 2
"""Up to so many signatures are checked in the event loop: handing them over takes as long."""

MAX_SERVED_BYTES = 8 * 1024 * 1024
"""Bytes of blocks sent in answer to one request."""

log = logging.getLogger("web4.inlet")


async def verify_beside(executor: Executor, verifier: Verifier, claims: list[Claim]) -> bool:
    """Check signatures in worker threads, unless they are so few that the way there is longer."""
    if len(claims) <= CLAIMS_IN_PLACE:
        return verifier.verify_many(claims)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, verifier.verify_many, claims)


class Inlet:
    """Listens to the links, and feeds the engine with what passes the gate."""

    def __init__(self, gate: Gate, verifier: Verifier, executor: Executor) -> None:
        self._gate = gate
        self._verifier = verifier
        self._executor = executor
        self.engine: Engine | None = None
        self.links: Links | None = None
        self.refused: Counter[str] = Counter()

    def connected(self, peer: int) -> None:
        """A link has come up."""
        if self.engine is not None:
            self.engine.connected(peer)

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        """Judge the frames of one packet, in order; what does not pass is counted and dropped."""
        messages: list[Message] = []
        encoded: list[bytes] = []
        claims: list[Claim] = []
        marks: list[int] = []
        for each in frames:
            if isinstance(each, Request):
                self._answer(peer, each)
                continue
            try:
                parsed = self._gate.parse(each)
            except RemoteProtocolError as error:
                self._refuse(peer, error)
                continue
            if self.engine is None or may_drop(self.engine.state, parsed.message):
                continue
            messages.append(parsed.message)
            encoded.append(each)
            claims.extend(parsed.claims)
            marks.append(len(claims))
        if messages:
            await self._hand_over(peer, messages, encoded, claims, marks)

    async def _hand_over(
        self,
        peer: int,
        messages: list[Message],
        encoded: list[bytes],
        claims: list[Claim],
        marks: list[int],
    ) -> None:
        engine = self.engine
        if engine is None:
            return
        authentic = await verify_beside(self._executor, self._verifier, claims)
        verify = self._verifier.verify_many
        first = 0
        for message, data, end in zip(messages, encoded, marks, strict=True):
            if not authentic and not verify(claims[first:end]):
                self._refuse(peer, RemoteProtocolError("W-MSG-2", "a signature does not verify"))
            else:
                if not isinstance(message, Decided | Submission):
                    engine.note(message.statement)
                await engine.offer(partial(Received, message), data)
            first = end

    def _refuse(self, peer: int, error: RemoteProtocolError) -> None:
        self.refused[error.clause] += 1
        log.warning("from platform %d: %s", peer, error)

    def _answer(self, peer: int, request: Request) -> None:
        """Send decided blocks from the store (A-EFFECT-5)."""
        if self.engine is None or self.links is None:
            return
        blocks = self.engine.store.blocks_from(request.height, FETCH_BLOCKS, MAX_SERVED_BYTES)
        for block in blocks:
            self.engine.sent["decided"] += 1
            self.links.send(peer, frame(decided_bytes(block.block, block.certificate)))
