"""`web4 transfer` and `web4 account`: for clients."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import click

from web4adapters.cli.common import (
    AddressType,
    AmountType,
    DigestType,
    Session,
    federation_option,
    json_option,
    via_option,
)
from web4adapters.client import next_transaction, signed_transaction
from web4adapters.config import ConfigError
from web4adapters.config.amounts import format_atp
from web4adapters.signers import KeyFile
from web4core.chain import chain_id
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)

COMMIT_TIMEOUT_S = 30.0
ADDRESS = AddressType()
AMOUNT = AmountType()
DIGEST = DigestType()
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def _duration_ms(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write a number and ms, s, m, h or d, such as 10m")
    return int(match.group(1)) * _UNIT_MS[match.group(2)]


def _key(path: Path, whose: str) -> KeyFile:
    if not path.exists():
        raise ConfigError(path, f"there is no key of {whose} here", "name one with --key")
    return KeyFile.load(path)


def _finish(session: Session, via: str | None, home: str, transaction: Transaction) -> None:
    client = session.any_client(via, home)
    client.submit(transaction)
    committed = client.wait(transaction, COMMIT_TIMEOUT_S)
    click.echo(f"{transaction.id.hex()} is committed in block {committed.height}")


@click.group()
def transfer() -> None:
    """Move ATP: at once within a platform, in two phases across platforms."""


@transfer.command("send")
@click.argument("source", type=ADDRESS)
@click.argument("destination", type=ADDRESS)
@click.argument("amount", type=AMOUNT)
@click.option("--key", type=click.Path(path_type=Path), help="The owner's key file.")
@federation_option
@via_option
def transfer_send(
    source: Address, destination: Address, amount: int, key: Path | None, folder: Path, via: str
) -> None:
    """Send AMOUNT ATP from SOURCE to DESTINATION on the same platform."""
    session = Session(folder)
    chain = chain_id(session.genesis)
    transaction = next_transaction(
        session.any_client(via, source.platform),
        source,
        _key(key or session.config.wallet(source), str(source)),
        lambda nonce: Transfer(chain, source, destination, amount, nonce),
    )
    _finish(session, via, source.platform, transaction)


@transfer.command("lock")
@click.argument("source", type=ADDRESS)
@click.argument("destination", type=ADDRESS)
@click.argument("amount", type=AMOUNT)
@click.option("--expires", "lock_ms", default="1h", callback=_duration_ms, show_default=True)
@click.option("--key", type=click.Path(path_type=Path), help="The owner's key file.")
@federation_option
@via_option
def transfer_lock(
    source: Address,
    destination: Address,
    amount: int,
    lock_ms: int,
    key: Path | None,
    folder: Path,
    via: str,
) -> None:
    """Lock AMOUNT ATP of SOURCE for DESTINATION on another platform.

    The id that is printed names the transfer; the destination's platform commits it, or anyone
    rolls it back once it has expired.
    """
    session = Session(folder)
    chain = chain_id(session.genesis)
    expiry_ms = time.time_ns() // 1_000_000 + lock_ms
    transaction = next_transaction(
        session.any_client(via, source.platform),
        source,
        _key(key or session.config.wallet(source), str(source)),
        lambda nonce: TransferLock(chain, source, destination, amount, nonce, expiry_ms),
    )
    _finish(session, via, source.platform, transaction)


@transfer.command("commit")
@click.argument("identity", type=DIGEST, metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), help="The destination platform's key file.")
@federation_option
@via_option
def transfer_commit(identity: bytes, key: Path | None, folder: Path, via: str | None) -> None:
    """Credit the locked transfer ID to its destination, as the destination's platform."""
    session = Session(folder)
    home = session.any_client(via).transfer(identity).transfer.destination.platform
    signer = _key(key or session.config.platform_key(home), home)
    body = TransferCommit(chain_id(session.genesis), identity)
    _finish(session, via, home, signed_transaction(body, signer))


@transfer.command("rollback")
@click.argument("identity", type=DIGEST, metavar="ID")
@click.option("--reason", default="rolled back", show_default=True)
@click.option("--key", type=click.Path(path_type=Path), help="Who signs; else the destination.")
@federation_option
@via_option
def transfer_rollback(
    identity: bytes, reason: str, key: Path | None, folder: Path, via: str | None
) -> None:
    """Return the locked transfer ID to its source: anyone may, once it has expired."""
    session = Session(folder)
    home = session.any_client(via).transfer(identity).transfer.destination.platform
    signer = _key(key or session.config.platform_key(home), home)
    body = TransferRollback(chain_id(session.genesis), identity, reason)
    _finish(session, via, home, signed_transaction(body, signer))


@transfer.command("show")
@click.argument("identity", type=DIGEST, metavar="ID")
@federation_option
@via_option
@json_option
def transfer_show(identity: bytes, folder: Path, via: str | None, as_json: bool) -> None:
    """Show the transfer ID, proved."""
    shown = Session(folder).any_client(via).transfer(identity)
    each = shown.transfer
    told = {
        "id": each.id.hex(),
        "source": str(each.source),
        "destination": str(each.destination),
        "atp": format_atp(each.amount_uatp),
        "expiry_ms": each.expiry_ms,
        "phase": each.phase.name.lower().replace("_", " "),
        "height": shown.height,
    }
    _tell(told, as_json)


def _tell(told: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told))
        return
    width = max(map(len, told))
    for name, value in told.items():
        click.echo(f"{name:<{width}}  {value}")


class _AccountGroup(click.Group):
    """`web4 account ADDRESS` is short for `web4 account show ADDRESS`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An argument with an @ is an address, not a command."""
        if args and "@" in args[0]:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_AccountGroup)
def account() -> None:
    """Show and open accounts: `web4 account alice@thor`."""


@account.command("show")
@click.argument("address", type=ADDRESS)
@federation_option
@via_option
@json_option
def account_show(address: Address, folder: Path, via: str | None, as_json: bool) -> None:
    """Show the account ADDRESS, proved."""
    shown = Session(folder).any_client(via, address.platform).account(address)
    told: dict[str, object] = {
        "address": str(address),
        "available": format_atp(shown.account.available_uatp),
        "locked": format_atp(shown.account.locked_uatp),
        "nonce": shown.account.nonce,
        "height": shown.height,
    }
    _tell(told, as_json)


@account.command("open")
@click.argument("address", type=ADDRESS)
@federation_option
@via_option
def account_open(address: Address, folder: Path, via: str | None) -> None:
    """Open the account ADDRESS, as its platform, with a new key in the wallets' folder."""
    session = Session(folder)
    platform = _key(session.config.platform_key(address.platform), address.platform)
    wallet = session.config.wallet(address)
    owner = KeyFile.load(wallet) if wallet.exists() else KeyFile.create(wallet)
    body = AccountOpen(chain_id(session.genesis), address, owner.public_key)
    _finish(session, via, address.platform, signed_transaction(body, platform, owner))


@account.command("list-wallets")
@federation_option
def account_list(folder: Path) -> None:
    """List the addresses whose keys lie in the wallets' folder."""
    for path in sorted(Session(folder).config.wallets.glob("*@*.key")):
        click.echo(path.name.removesuffix(".key"))
