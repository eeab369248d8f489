------------------------------ MODULE Agreement ------------------------------
(***************************************************************************)
(* How the platforms of a federation agree on one block of one height.     *)
(*                                                                         *)
(* This is the protocol of spec/consensus.md, as abstract as the one that  *)
(* is proved in spec/proofs.md (P-AGREE-1), and it is the same one.        *)
(* tests/proofs/test_tla.py compares the two, name by name and state by    *)
(* state.                                                                  *)
(*                                                                         *)
(* Every variable says what honest platforms have CAST: drafted, in a      *)
(* state that is on disk.  A statement is signed only after it was cast,   *)
(* so what anybody can show of an honest platform was cast by it.          *)
(*                                                                         *)
(* There are no messages.  Whatever was cast may be heard late, twice, or  *)
(* never; a step that needs to hear it is merely allowed from then on.     *)
(*                                                                         *)
(* A Byzantine platform takes no step, for it needs none: it has said      *)
(* everything, to everybody, always.  That is why a certificate asks only  *)
(* the honest members of its quorum.                                       *)
(*                                                                         *)
(* A crash loses nothing, because what a platform has cast is on disk      *)
(* before anybody hears of it.  That is why Restart changes nothing.       *)
(*                                                                         *)
(* One height stands for all, because no step at one looks at another.     *)
(*                                                                         *)
(* Names are those of proofs/web4proofs/agreement/model.py: a relation     *)
(* that changes is a variable of the same name, and everything else is     *)
(* written in CamelCase.  Clauses are those of spec/consensus.md and       *)
(* spec/invariants.md.                                                     *)
(***************************************************************************)

\* In the module, in the model, and the clauses (names, generated)
\*
\* sort
\*   Digests    digest
\*   Views      view
\*   Quorums    quorum
\*   Platforms  platform
\*
\* given
\*   Honest       honest
\*   UpTo         up_to
\*   JudgedValid  judged_valid
\*   QuorumsMeet  quorums_meet  C-QUORUM-2
\*
\* variable
\*   proposed   proposed
\*   prepared   prepared
\*   committed  committed
\*   announced  announced
\*   left       left
\*   locked     locked
\*   decided    decided
\*
\* definition
\*   Below                below
\*   PreparedCertificate  prepared_certificate
\*   CommitCertificate    commit_certificate
\*   StillChoosable       still_choosable
\*
\* premise
\*   NotLeft            not_left             C-VIEW-1
\*   Reached            reached              C-PREP-2 C-LOCK-1
\*   NotProposed        not_proposed         C-PROP-2
\*   NotPrepared        not_prepared         C-PREP-1
\*   LockAgrees         lock_agrees          C-PREP-3
\*   LockNotAbove       lock_not_above       C-PREP-3
\*   Justified          justified            C-PREP-3 C-CERT-3
\*   JustifiedBelow     justified_below      C-CERT-3
\*   NotCommitted       not_committed        C-LOCK-3
\*   PreparedByQuorum   prepared_by_quorum   C-LOCK-1
\*   CommittedByQuorum  committed_by_quorum  C-DEC-1 C-SYNC-1 C-CERT-4
\*   Higher             higher               C-VIEW-1 C-VIEW-2
\*
\* action
\*   Propose           propose            C-PROP-2
\*   Prepare           prepare            C-PREP-1 C-PREP-4 C-PREP-3
\*   PrepareJustified  prepare_justified  C-PREP-1 C-PREP-4 C-PREP-3 C-CERT-3
\*   LockAndCommit     lock_and_commit    C-LOCK-3 C-LOCK-1
\*   Decide            decide             C-DEC-1 C-SYNC-1 C-CERT-4
\*   Enter             enter              C-VIEW-1 C-VIEW-2
\*   Restart           restart
\*
\* claim
\*   PreparedOnce             prepared_once               C-STMT-4 I-SIGN-1
\*   PreparedAfterLeaving     prepared_after_leaving      C-VIEW-1
\*   CommittedAfterLeaving    committed_after_leaving     C-VIEW-1
\*   CommittedIsCertified     committed_is_certified      C-LOCK-1 I-LOCK-1
\*   DecidedIsCertified       decided_is_certified        C-DEC-1 I-TIP-1
\*   ChoosableIsGuarded       choosable_is_guarded        C-PREP-3 C-LOCK-1
\*   OneCertificateAView      one_certificate_a_view      C-CERT-3
\*   DecidedWasPrepared       decided_was_prepared        C-DEC-1
\*   DecisionBindsLaterViews  decision_binds_later_views  C-PREP-3
\*   Agreement                agreement                   I-AGREE-1
\*   PreparedIsValid          prepared_is_valid           C-PREP-4
\*   DecidedIsValid           decided_is_valid            C-LOCK-1 C-PREP-4
\*   ProposedOnce             proposed_once               C-STMT-4 I-SIGN-1
\*   CommittedOnce            committed_once              C-STMT-4 I-SIGN-1
\*   AnnouncedOnce            announced_once              C-STMT-4 I-SIGN-1
\*   AnnouncedAfterLeaving    announced_after_leaving     C-VIEW-1
\*   NoConflict               no_conflict                 C-STMT-4 I-SIGN-1
\* (end of names)

EXTENDS Integers, FiniteSets

CONSTANTS
  Platforms,    \* all N of them
  Byzantine,    \* those that may do anything
  Views,        \* an initial piece of 0, 1, 2, ...
  Digests,      \* what a statement may name: a block, or a certificate
  JudgedValid   \* the pairs of a platform and a block that it finds valid

ASSUME
  /\ IsFiniteSet(Platforms)
  /\ Byzantine \subseteq Platforms
  /\ Views \subseteq Nat
  /\ JudgedValid \subseteq Platforms \X Digests

VARIABLES
  proposed,     \* <<p, v, d>>: p has cast PRE-PREPARE for d in view v
  prepared,     \* <<p, v, d>>: p has cast PREPARE for d in view v
  committed,    \* <<p, v, d>>: p has cast COMMIT for d in view v
  announced,    \* <<p, v, d>>: p has cast VIEW-CHANGE into v, which names d
  left,         \* <<p, v>>: p is in a view above v
  locked,       \* <<p, v, d>>: p has a lock on d, in view v or one above
  decided       \* <<p, v, d>>: p has decided d, on COMMITs of view v

vars == <<proposed, prepared, committed, announced, left, locked, decided>>

-----------------------------------------------------------------------------
(* Given.                                                                  *)

Honest == Platforms \ Byzantine

\* C-QUORUM-1
Faulty == (Cardinality(Platforms) - 1) \div 3

\* C-QUORUM-2
QuorumSize == (Cardinality(Platforms) + Faulty) \div 2 + 1

Quorums == {q \in SUBSET Platforms : Cardinality(q) >= QuorumSize}

UpTo(w, v) == w <= v

\* All that agreement needs of the sizes.
QuorumsMeet == \A q, s \in Quorums : \E k \in Honest : k \in q /\ k \in s

-----------------------------------------------------------------------------
(* Definitions.                                                            *)

Below(w, v) == UpTo(w, v) /\ w # v

\* The quorum q can sign a prepared certificate for d in v.
PreparedCertificate(q, v, d) ==
  \A k \in q \cap Honest : <<k, v, d>> \in prepared

\* The quorum q can sign a commit certificate for d in v.
CommitCertificate(q, v, d) ==
  \A k \in q \cap Honest : <<k, v, d>> \in committed

\* The quorum q can yet come to sign one: nobody honest left v without it.
StillChoosable(q, v, d) ==
  \A k \in q \cap Honest : <<k, v>> \notin left \/ <<k, v, d>> \in committed

-----------------------------------------------------------------------------
(* Premises.                                                               *)

\* Together, the next two say that v is the view in which p is.
NotLeft(p, v) == <<p, v>> \notin left
Reached(p, v) == \A w \in Views : Below(w, v) => <<p, w>> \in left

\* p has cast nothing of this kind in v.
NotProposed(p, v)  == \A e \in Digests : <<p, v, e>> \notin proposed
NotPrepared(p, v)  == \A e \in Digests : <<p, v, e>> \notin prepared
NotCommitted(p, v) == \A e \in Digests : <<p, v, e>> \notin committed

\* p is not locked, or locked on d.
LockAgrees(p, d) == \A <<k, w, e>> \in locked : k = p => e = d

\* The lock of p, if it has one, is of view r or one before it.
LockNotAbove(p, r) == \A <<k, w, e>> \in locked : k = p => UpTo(w, r)

Justified(q, r, d) == PreparedCertificate(q, r, d)
JustifiedBelow(r, v) == Below(r, v)
PreparedByQuorum(q, v, d) == PreparedCertificate(q, v, d)
CommittedByQuorum(q, v, d) == CommitCertificate(q, v, d)
Higher(v, w) == Below(v, w)

-----------------------------------------------------------------------------
(* Actions.  Each is a step of one honest platform p.                      *)

\* Cast PRE-PREPARE for a block.
Propose(p, v, d) ==
  /\ p \in Honest
  /\ NotLeft(p, v)
  /\ Reached(p, v)
  /\ NotProposed(p, v)
  /\ proposed' = proposed \cup {<<p, v, d>>}
  /\ UNCHANGED <<prepared, committed, announced, left, locked, decided>>

\* Cast PREPARE for a block that the lock does not speak against.
Prepare(p, v, d) ==
  /\ p \in Honest
  /\ NotLeft(p, v)
  /\ Reached(p, v)
  /\ NotPrepared(p, v)
  /\ <<p, d>> \in JudgedValid
  /\ LockAgrees(p, d)
  /\ prepared' = prepared \cup {<<p, v, d>>}
  /\ UNCHANGED <<proposed, committed, announced, left, locked, decided>>

\* Cast PREPARE for a block that a prepared certificate of view r allows,
\* whatever the lock.
PrepareJustified(p, v, d, r, q) ==
  /\ p \in Honest
  /\ NotLeft(p, v)
  /\ Reached(p, v)
  /\ NotPrepared(p, v)
  /\ <<p, d>> \in JudgedValid
  /\ LockNotAbove(p, r)
  /\ Justified(q, r, d)
  /\ JustifiedBelow(r, v)
  /\ prepared' = prepared \cup {<<p, v, d>>}
  /\ UNCHANGED <<proposed, committed, announced, left, locked, decided>>

\* On a prepared certificate of the current view, lock on it, and cast COMMIT.
\* The lock takes the place of the one before.
LockAndCommit(p, v, d, q) ==
  /\ p \in Honest
  /\ NotLeft(p, v)
  /\ Reached(p, v)
  /\ NotCommitted(p, v)
  /\ PreparedByQuorum(q, v, d)
  /\ committed' = committed \cup {<<p, v, d>>}
  /\ locked' = {held \in locked : held[1] # p}
                 \cup ({p} \X {w \in Views : UpTo(w, v)} \X {d})
  /\ UNCHANGED <<proposed, prepared, announced, left, decided>>

\* Decide on a commit certificate, of whatever view, whoever sent it.
Decide(p, v, d, q) ==
  /\ p \in Honest
  /\ CommittedByQuorum(q, v, d)
  /\ decided' = decided \cup {<<p, v, d>>}
  /\ UNCHANGED <<proposed, prepared, committed, announced, left, locked>>

\* Leave the current view v for a higher one w, with the lock, and cast
\* VIEW-CHANGE.  Whether a timer ran out or others went first is all the same.
Enter(p, v, w, d) ==
  /\ p \in Honest
  /\ NotLeft(p, v)
  /\ Reached(p, v)
  /\ Higher(v, w)
  /\ announced' = announced \cup {<<p, w, d>>}
  /\ left' = left \cup ({p} \X {u \in Views : Below(u, w)})
  /\ UNCHANGED <<proposed, prepared, committed, locked, decided>>

\* Crash, and come back with what is on disk.
Restart(p) ==
  /\ p \in Honest
  /\ UNCHANGED vars

-----------------------------------------------------------------------------
(* Behaviours.                                                             *)

TypeOK ==
  /\ proposed  \subseteq Honest \X Views \X Digests
  /\ prepared  \subseteq Honest \X Views \X Digests
  /\ committed \subseteq Honest \X Views \X Digests
  /\ announced \subseteq Honest \X Views \X Digests
  /\ left      \subseteq Honest \X Views
  /\ locked    \subseteq Honest \X Views \X Digests
  /\ decided   \subseteq Honest \X Views \X Digests

Init ==
  /\ proposed = {}
  /\ prepared = {}
  /\ committed = {}
  /\ announced = {}
  /\ left = {}
  /\ locked = {}
  /\ decided = {}

Next ==
  \E p \in Platforms :
    \/ Restart(p)
    \/ \E v \in Views, d \in Digests :
         \/ Propose(p, v, d)
         \/ Prepare(p, v, d)
         \/ \E w \in Views : Enter(p, v, w, d)
         \/ \E q \in Quorums :
              \/ LockAndCommit(p, v, d, q)
              \/ Decide(p, v, d, q)
              \/ \E r \in Views : PrepareJustified(p, v, d, r, q)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* Claims.  Each is an invariant of Spec, as long as QuorumsMeet.          *)

CastOnce(cast) ==
  \A <<p, v, d>> \in cast, e \in Digests : <<p, v, e>> \in cast => d = e

\* A platform casts one digest at most of each kind in a view.
ProposedOnce  == CastOnce(proposed)
PreparedOnce  == CastOnce(prepared)
CommittedOnce == CastOnce(committed)
AnnouncedOnce == CastOnce(announced)

CastAfterLeaving(cast) ==
  \A <<p, v, d>> \in cast, w \in Views : Below(w, v) => <<p, w>> \in left

\* What is cast in a view is cast after leaving all views below it.
PreparedAfterLeaving  == CastAfterLeaving(prepared)
CommittedAfterLeaving == CastAfterLeaving(committed)
AnnouncedAfterLeaving == CastAfterLeaving(announced)

\* Whoever casts COMMIT has a prepared certificate.
CommittedIsCertified ==
  \A <<p, v, d>> \in committed :
    \E q \in Quorums : PreparedCertificate(q, v, d)

\* Whoever decides has a commit certificate.
DecidedIsCertified ==
  \A <<p, v, d>> \in decided :
    \E q \in Quorums : CommitCertificate(q, v, d)

\* The heart of it.  While a digest can yet be decided in a view, whoever cast
\* COMMIT for it there keeps a lock on it, and prepares nothing else later.
ChoosableIsGuarded ==
  \A <<p, v, d>> \in committed :
    (\E q \in Quorums : StillChoosable(q, v, d)) =>
      /\ <<p, v, d>> \in locked
      /\ \A <<k, w, e>> \in prepared : k = p /\ Below(v, w) => e = d

\* Only what a platform finds valid does it prepare.
PreparedIsValid ==
  \A <<p, v, d>> \in prepared : <<p, d>> \in JudgedValid

\* One digest at most has a prepared certificate in a view.
OneCertificateAView ==
  \A v \in Views, d \in Digests, q \in Quorums :
    PreparedCertificate(q, v, d) =>
      \A e \in Digests, s \in Quorums : PreparedCertificate(s, v, e) => d = e

\* What is decided has a prepared certificate of the same view.
DecidedWasPrepared ==
  \A <<p, v, d>> \in decided :
    \E q \in Quorums : PreparedCertificate(q, v, d)

\* After a decision no quorum prepares anything else.
DecisionBindsLaterViews ==
  \A <<p, v, d>> \in decided, w \in Views :
    Below(v, w) =>
      \A e \in Digests, q \in Quorums : PreparedCertificate(q, w, e) => d = e

\* Two honest platforms do not decide differently.
Agreement ==
  \A <<p, v, d>> \in decided, <<k, w, e>> \in decided : d = e

\* What is decided was found valid by all honest platforms of some quorum.
DecidedIsValid ==
  \A <<p, v, d>> \in decided :
    \E q \in Quorums : \A k \in q \cap Honest : <<k, d>> \in JudgedValid

\* No honest platform casts two statements that conflict.
NoConflict ==
  \A cast \in {proposed, prepared, committed, announced} : CastOnce(cast)

THEOREM QuorumsMeet => (Spec => [](Agreement /\ NoConflict))
=============================================================================
