"""A client that believes nothing: every answer is checked against the platforms' keys."""

from web4adapters.client.client import Client, ClientError, Refused, Shown, ShownTransfer
from web4adapters.client.wallet import next_transaction, signed_transaction

__all__ = [
    "Client",
    "ClientError",
    "Refused",
    "Shown",
    "ShownTransfer",
    "next_transaction",
    "signed_transaction",
]
