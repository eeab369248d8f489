"""Proofs about the code that ships: `web4 check prove`.

`theorem` defines a theorem and the outcome of an attempt to prove it, `smt` asks Z3, `runner` runs
the attempts side by side, `catalogue` lists the theorems, `reports` renders a run, and each folder
proves one subject:

- `agreement`: the protocol, for any number of platforms, views, heights and blocks;
- `symbolic`: runs unmodified Python on symbolic values, along every path;
- `replica`: the rules of consensus, executed in this way, are steps of that protocol;
- `ledger`: the rules of the ledger, executed in this way, keep its invariants and its contract;
- `mutants`: the shipped source, broken on purpose; the proofs must fail on it.

Folders that need no solver:

- `explore`: every order of events of a small federation, run on the shipped code;
- `audit`: the journals of real platforms, checked against the protocol.

Nothing here paraphrases the code under proof: it is imported from the installed `web4core`.
"""
