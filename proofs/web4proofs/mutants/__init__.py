"""Mutants: the shipped source, broken on purpose, by one small change at a time.

- `operators` makes changes by machine, and `covered` applies them to all code that proofs execute;
- `of_consensus`, `of_ledger`, `of_node` and `of_adapters` have a change for each rule of the
  specification, and `catalogue` has all of these;
- `install` replaces a module's source;
- `trial` tries whether an instrument catches a mutant, in a process of its own: `child` runs the
  proofs there, `exploration_trial` the exploration.

A mutant that nothing catches is a hole in the proofs, or changes nothing: `equivalent` lists the
latter with the reason.
"""
