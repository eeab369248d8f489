"""The shipped source, broken on purpose, one small change at a time.

`operators` makes changes by machine; `of_consensus`, `of_ledger` and `of_adapters` hold one for
each rule of the specification, and `catalogue` all of them; `install` puts one in place of the real
module, and `trial` sees whether an instrument catches it: `child` the proofs, `exploring` the
exploration.
A mutant that nothing catches is a hole in the proofs, or changes nothing: `equivalent` lists those
with the reason.
"""
