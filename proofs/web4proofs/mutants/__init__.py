"""The shipped source, broken on purpose, one small change at a time.

`operators` makes the changes, `named` lists those that break a safety rule, `install` puts one in
place of the real module, and `trial` sees whether a proof catches it.
A mutant that nothing catches is a hole in the proofs, or changes nothing: `equivalent` lists those
with the reason.
"""
