"""The shipped replica, executed on symbolic values, takes only steps of the abstract protocol.

The proof is about one platform in any local state that satisfies an invariant J, and any event.
After the event J holds again, and the platform cast, locked or decided only what a step of
`agreement.model` permits.

- `terms`, `rows`, `invariant`, `arbitrary`: sizes and digests, tuples with a place for each of N
  platforms, J, and any state that satisfies it.
- `cutting`: loops cut at their heads, for contracts of every length.
- `counting`, `claiming`, `gating`, `refusing`: counted votes, requested signature checks, messages
  that pass the gate, and the clauses of refusals.
- `asking`, `searching`, `acting`: the rules that only answer, and the five that act, exactly.
- `abstraction`, `refinement`: local states as states of the protocol, and the table of steps.
- `scene`, `slotting`, `composing`, `deciding`, `restating`: the code that applies the rules.
- `judging`, `framing`, `dispatching`, `starting`: all other code, which keeps the agreement as is.
- `proving`, `plain`: paths and questions, and counterexamples that run.
"""

from web4proofs.replica.theorems import THEOREMS

__all__ = ["THEOREMS"]
