"""The rules by which certificates prove something: pure counting, signatures are checked elsewhere.

Implements C-CERT-1 to C-CERT-4.
"""

from __future__ import annotations

from web4core.messages import Certificate, Kind
from web4core.quorum import quorum
from web4core.types import Digest, View


def signers_count(signers: tuple[int, ...], n: int) -> bool:
    """Whether these are q distinct platforms of the federation, by ascending index (C-CERT-1).

    Ascending order makes repetition visible and the certificate's bytes canonical.
    Signers are counted, never messages.
    """
    if not quorum(n) <= len(signers) <= n:
        return False
    last = -1
    for signer in signers:
        if signer <= last or signer >= n:
            return False
        last = signer
    return True


def proves_prepared(
    certificate: Certificate, n: int, height: int, digest: Digest, below: View
) -> bool:
    """Whether the certificate shows this digest prepared at this height in a view under `below`.

    C-CERT-3.
    """
    return (
        certificate.kind == Kind.PREPARE
        and certificate.height == height
        and certificate.digest == digest
        and certificate.view < below
        and signers_count(tuple(signer for signer, _ in certificate.signatures), n)
    )


def proves_decided(certificate: Certificate, n: int, height: int, digest: Digest) -> bool:
    """Whether the certificate shows this digest decided at this height (C-CERT-4)."""
    return (
        certificate.kind == Kind.COMMIT
        and certificate.height == height
        and certificate.digest == digest
        and signers_count(tuple(signer for signer, _ in certificate.signatures), n)
    )
