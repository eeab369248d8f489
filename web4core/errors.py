"""The two ways in which a call can be wrong: our embedder's fault, or the other side's.

Nothing else may live here.
`LocalProtocolError` is a defect in the program that embeds the core; `RemoteProtocolError` refuses
bytes from outside.
"""

from __future__ import annotations


class LocalProtocolError(Exception):
    """The embedder broke the contract of the core: wrong types or impossible settings."""


class RemoteProtocolError(Exception):
    """Bytes from outside that the core refuses.

    `clause` is the id of the rule in `spec/` that they break; `reason` says what was found.
    """

    def __init__(self, clause: str, reason: str) -> None:
        super().__init__(f"{clause}: {reason}")
        self.clause = clause
        self.reason = reason
