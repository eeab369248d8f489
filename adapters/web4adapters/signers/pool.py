"""Signatures checked beside the event loop, in the threads of a pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from web4adapters.signers.verifier import Verifier
from web4core import SignatureCheck

A = TypeVar("A")
B = TypeVar("B")

CHECKS_IN_PLACE = 2
"""Up to so many signatures are checked in the event loop: handing them over takes as long."""


class VerifierPool:
    """A verifier and the threads that it works in; other work does not wait for them."""

    def __init__(self, verifier: Verifier, executor: Executor) -> None:
        self._verifier = verifier
        self._executor = executor

    async def holds(self, checks: Sequence[SignatureCheck]) -> bool:
        """Whether all of these signatures hold."""
        (all_hold,) = await self.each_holds([checks])
        return all_hold

    async def each_holds(self, groups: Sequence[Sequence[SignatureCheck]]) -> list[bool]:
        """Whether all signatures of a group hold, for each group."""
        if sum(map(len, groups)) <= CHECKS_IN_PLACE:
            return self._verifier.verify_each(groups)
        return await self.run(self._verifier.verify_each, groups)

    async def run(self, work: Callable[[A], B], given: A) -> B:
        """Do other work on what came with the signatures, such as decoding, in these threads."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, given)
