----------------------------- MODULE MCAgreement -----------------------------
(***************************************************************************)
(* The bounds within which TLC goes through all states of Agreement.       *)
(*                                                                         *)
(* No step that votes asks what was proposed or announced, and no step     *)
(* that proposes or announces asks for votes.  So the two are checked      *)
(* apart: every behaviour is one of OnlyVotes, if one looks at prepared,   *)
(* committed, left, locked and decided, and one of OnlyWords, if one       *)
(* looks at proposed, announced and left.                                  *)
(***************************************************************************)
EXTENDS Agreement, TLC

CONSTANT reference   \* the digest that stands for a certificate

Blocks == Digests \ {reference}

EveryBlock == Platforms \X Blocks

OnlyVotes ==
  /\ proposed' = {}
  /\ announced' \subseteq Platforms \X Views \X {reference}

OnlyWords == prepared' = {}

\* Nothing tells two honest platforms apart, or two blocks.
Renamings == Permutations(Honest) \cup Permutations(Blocks)
=============================================================================
