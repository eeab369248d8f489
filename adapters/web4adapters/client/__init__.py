"""A client that trusts no answer: every answer is checked against the platforms' keys."""

from web4adapters.client.client import Client, Fate, Shown, ShownTransfer
from web4adapters.client.errors import ClientError, Denied, Nonsense, Refused, Unreachable, plain
from web4adapters.client.wallet import held, next_transaction, signed_transaction

__all__ = [
    "Client",
    "ClientError",
    "Denied",
    "Fate",
    "Nonsense",
    "Refused",
    "Shown",
    "ShownTransfer",
    "Unreachable",
    "held",
    "next_transaction",
    "plain",
    "signed_transaction",
]
