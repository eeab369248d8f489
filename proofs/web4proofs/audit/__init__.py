"""What platforms really did, from their journals, held against the protocol: `web4 audit`.

- `audit(journals, names, passes)` folds every journal and compares them with one another;
- `replay(journal, names, passes)` folds one.

`journal` says what is audited and what comes out; `passing` judges messages by the gate once more,
`hearing` keeps what a journal has shown, `standing` reads what a platform has done in the words of
the abstract protocol, `chain` judges blocks, `following` holds each act of a platform against both,
`replaying` folds a journal, `comparing` looks at what several say of one another, `auditing` does
it all, and `report` tells it.
What an audit says and what it cannot see is in `spec/audit.md`.

It needs no solver: the protocol that is proved is read here in plain Python.
"""

from web4proofs.audit.auditor import Audit, AuditResult, audit
from web4proofs.audit.gate_check import Passes, passing
from web4proofs.audit.journal import Departure, Journal, Replayed
from web4proofs.audit.journal_replay import replay
from web4proofs.audit.report import as_plain

__all__ = [
    "Audit",
    "AuditResult",
    "Departure",
    "Journal",
    "Passes",
    "Replayed",
    "as_plain",
    "audit",
    "passing",
    "replay",
]
