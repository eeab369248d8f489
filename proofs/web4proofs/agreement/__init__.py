"""Agreement for any number of platforms: proofs of the protocol, apart from any code.

- `logic`: first-order logic as plain values.
- `vocabulary`, `protocol`, `actions`, `model`: the abstract protocol in this logic, with one action
  for each rule of `web4core.consensus.rules`. Import from `model`, which has all of it.
- `symbolic_reading`, `finite`, `text`, `tla`: the model as solver formulas, as plain Python over
  few elements, as text, and as TLA+.
- `taken`: real steps of the code as actions of the model.
- `induction`, `stratification`, `counterexample`: the proof for any number of elements.
- `quorums`: the arithmetic of the shipped quorum functions, for every N.
- `heights`: from agreement at one height to agreement on the chain.
- `reachable`, `examples`, `necessity`: that the proof is not vacuous, and needs all its parts.
- `accountability`: which platforms can be identified after a fork, and which cannot.
- `theorems`: the theorems.

Nothing is imported here, so that the protocol can be read where no solver is installed.
"""
