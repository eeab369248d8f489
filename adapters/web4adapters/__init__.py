"""The adapters between the core and the outside: one subpackage for each outside thing.

Signers, transport, storage, runtime and the command line live below; nothing lives here.
Adapters are thin: a rule of the protocol or of the ledger belongs in `web4core`.
"""
