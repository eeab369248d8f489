"""Proofs about the code that ships: `web4 check prove`.

`theorem` says what a proof is and what it tells, `solving` asks Z3, `catalogue` lists the theorems,
and each folder proves one subject:

- `agreement`: the protocol, for any number of platforms, views, heights and blocks;
- `symbolic`: runs unmodified Python on symbolic values, along every path;
- `replica`: the rules of consensus, executed so, are steps of that protocol;
- `ledger`: the rules of the ledger, executed so, keep its invariants and its contract;
- `mutants`: the shipped source, broken on purpose, to see that the proofs fail.

Nothing here paraphrases the code under proof: it is imported from the installed `web4core`.
"""
