"""Agreement for any number of platforms: the protocol itself, apart from any code that follows it.

- `logic`: first-order logic as plain values.
- `vocabulary`, `protocol`, `actions`, `model`: the abstract protocol in it, with one action for
  each rule of `web4core.consensus.rules`; `model` has all of it for whoever uses it.
- `symbolic_reading`, `finite`, `text`: the model as questions to a solver, as truth in plain
  Python over few elements, and as text.
- `taken`: how a step that was really taken is read as one of its actions.
- `induction`, `stratification`, `counterexample`: the proof for any number of everything.
- `quorums`: the arithmetic beneath it, of the shipped functions, for every N.
- `heights`: from one height to the chain.
- `reachable`, `examples`, `necessity`: that the proof is about something, and rests on all of it.
- `accountability`: who can be named after a fork, and who cannot.
- `theorems`: all that is proved of it.

Nothing is imported here, so that the protocol can be read where no solver is installed.
"""
