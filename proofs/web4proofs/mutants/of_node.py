"""Mutants of the node's order of effects, one change each: `spec/api.md`.

Simulations catch all of them: their checker compares every effect that leaves with the journal and
the guard at that moment.
"""

from __future__ import annotations

from typing import Final

from web4proofs.mutants.named import SIMULATION, Named

NODE: Final = "web4core.node"
_WRITE: Final = "        return Write(tuple(batch.records), decided)\n"

ORDER: Final[tuple[Named, ...]] = (
    Named(
        "effects are carried out, and their events are never written",
        "A-DUR-1",
        NODE,
        "Node._first_task",
        _WRITE,
        (
            "        self._handed = Write((), ())\n"
            "        self.written()\n"
            "        task, self._ready = self._ready, None\n"
            "        return task\n"
        ),
        SIMULATION,
    ),
    Named(
        "effects are carried out a batch before their events are written",
        "A-DUR-1",
        NODE,
        "Node._first_task",
        _WRITE,
        (
            "        late = self.__dict__.get('late', [])\n"
            "        self.__dict__['late'] = batch.records\n"
            "        return Write(tuple(late), decided)\n"
        ),
        SIMULATION,
    ),
    Named(
        "a signature leaves before the guard knows of it",
        "C-GUARD-4",
        NODE,
        "Node.written",
        (
            "            self._ready = Remember(self._safe_memory)\n"
            "        else:\n"
            "            self._ask_signatures()\n"
        ),
        "            self._memory = self._safe_memory\n        self._ask_signatures()\n",
        SIMULATION,
    ),
    Named(
        "what the guard forbids is signed",
        "C-GUARD-1",
        NODE,
        "Node._ask_signatures",
        "            if conflict is None\n",
        "            if True\n",
        SIMULATION,
    ),
    Named(
        "a forgetful platform is not silenced",
        "C-GUARD-6",
        NODE,
        "Node.__init__",
        "self._safe_memory = guarded(self._memory, self.recovered)",
        "self._safe_memory = self._memory",
        SIMULATION,
    ),
    Named(
        "a platform hears itself before its words are signed",
        "A-EFFECT-9",
        NODE,
        "Node._add",
        "                batch.effects.append(effect)\n                batch",
        (
            "                batch.effects.append(effect)\n"
            "                if isinstance(effect, Sign):\n"
            "                    own = Received(with_signature(effect.draft, bytes(64)), 0)\n"
            "                    self._arrivals.appendleft(_Waiting(own, None, None, 0))\n"
            "                    self._turn_events += 1\n"
            "                batch"
        ),
        SIMULATION,
    ),
    Named(
        "a platform hears itself before what waits",
        "A-EFFECT-9",
        NODE,
        "Node._said",
        "self._arrivals.append(_Waiting(Received(message, 0), encoded, None, 0))",
        "self._arrivals.appendleft(_Waiting(Received(message, 0), encoded, None, 0))",
        SIMULATION,
    ),
    Named(
        "effects are carried out in another order",
        "A-EFFECT-9",
        NODE,
        "Node._release",
        "self._ready = Release(tuple(outputs))",
        "self._ready = Release(tuple(reversed(outputs)))",
        SIMULATION,
    ),
    Named(
        "a snapshot is of a later moment than its number",
        "A-DUR-2",
        NODE,
        "Node.snapshot",
        "Snapshot(self.seq, self.durable)",
        "Snapshot(self.seq, self.state)",
        SIMULATION,
    ),
    Named(
        "a snapshot has the number of a later moment",
        "A-DUR-2",
        NODE,
        "Node.snapshot",
        "Snapshot(self.seq, self.durable)",
        "Snapshot(self.seq + len(self._batch.records), self.durable)",
        SIMULATION,
    ),
)
