"""The shipped replica, executed on symbolic values, takes only steps of the abstract protocol.

One platform, in any local state that satisfies an invariant J, whatever event comes: J holds again,
and what was cast, locked or decided is a step that `agreement.model` permits.

- `terms`, `rows`, `invariant`, `arbitrary`: sizes and digests, tuples with a place for each of N
  platforms, J, and any state that satisfies it.
- `cutting`: loops cut at their heads, for contracts of every length.
- `counting`, `claiming`, `gating`, `refusing`: what is counted, and what passes the gate.
- `asking`, `searching`, `acting`: the rules that answer, and the five that act, exactly.
- `abstraction`, `refinement`: a local state read as one of the protocol, and the table of steps.
- `scene`, `slotting`, `composing`, `deciding`, `restating`: what applies the rules, and how.
- `judging`, `framing`, `dispatching`, `starting`: all else, which leaves the agreement alone.
- `proving`, `plain`: paths and questions, and counterexamples that run.
"""

from web4proofs.replica.theorems import THEOREMS

__all__ = ["THEOREMS"]
