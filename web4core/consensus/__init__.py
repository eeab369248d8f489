"""Agreement on one height: FB-PBFT with a lock and a prepared certificate.

`state` holds what a platform knows, `rules` what it may do.
Knows digests, views and platforms, and nothing of ledgers.
"""
