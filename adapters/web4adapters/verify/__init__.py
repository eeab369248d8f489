"""Offline verification of a chain: every signature, certificate, root, rule and invariant."""

from web4adapters.verify.chain import ChainReport, Finding, verify_chain
from web4adapters.verify.sources import SourceError, blocks_of_export, blocks_of_store, write_export

__all__ = [
    "ChainReport",
    "Finding",
    "SourceError",
    "blocks_of_export",
    "blocks_of_store",
    "verify_chain",
    "write_export",
]
