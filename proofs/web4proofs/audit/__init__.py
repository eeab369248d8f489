"""The audit: journals of real platforms, checked against the protocol. See `web4 audit`.

- `audit(journals, names, passes)` replays every journal and compares them with one another;
- `replay(journal, names, passes)` replays one.

The modules:

- `journal`: the input of an audit and its results, as plain values;
- `gate_check`: passes each message of a journal through the gate again;
- `inputs`: the votes and blocks that a journal has shown so far;
- `local_history`: a platform's past actions at one height, as relations of the abstract protocol;
- `chain`: checks that blocks follow from one another;
- `step_checker`: checks each act of a platform against its local history and the chain;
- `findings`: the departures that one replay has found;
- `journal_replay`: replays a journal;
- `comparison`: compares several journals;
- `auditor`: does all of this, and `report` renders it for machines.

`spec/audit.md` lists what an audit checks, and what it cannot see.

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
