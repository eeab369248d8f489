"""`web4 transfer` and `web4 account`: for clients."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from web4adapters.client import (
    Client,
    ClientError,
    Denied,
    Fate,
    Refused,
    Unreachable,
    held,
    next_transaction,
    signed_transaction,
)
from web4adapters.config import ConfigError
from web4adapters.config.amounts import format_atp
from web4adapters.signers import KeyFile
from web4cli.common import (
    ERROR,
    UNSETTLED,
    AddressType,
    AmountType,
    DigestType,
    PaymentCommand,
    Session,
    Unsettled,
    federation_option,
    json_option,
    via_option,
)
from web4core import (
    CONTROL,
    MAX_REASON_CHARACTERS,
    AccountOpen,
    Address,
    Body,
    Nonce,
    TimeMs,
    Transaction,
    TransactionId,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    chain_id,
)

COMMIT_TIMEOUT_S = 30.0
"""The longest that a command waits until its transaction is in a block."""

ADDRESS = AddressType()
AMOUNT = AmountType()
DIGEST = DigestType()
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_KNOWN_BEST = ("committed", "pending", "refused", "unknown")
_SHOW_CODES = {"committed": 0, "pending": UNSETTLED, "refused": ERROR, "unknown": UNSETTLED}
_KINDS = {
    AccountOpen: "account open",
    Transfer: "send",
    TransferLock: "lock",
    TransferCommit: "commit",
    TransferRollback: "rollback",
}


def _duration_ms(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write a number and ms, s, m, h or d, such as 10m")
    return int(match.group(1)) * _UNIT_MS[match.group(2)]


def _key(path: Path, whose: str) -> KeyFile:
    if not path.exists():
        raise ConfigError(path, f"there is no key of {whose} here", "name one with --key")
    return KeyFile.load(path)


def _reason(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is no Unicode text") from None
    if len(text) > MAX_REASON_CHARACTERS or CONTROL.search(text):
        limit = f"at most {MAX_REASON_CHARACTERS} characters"
        raise click.BadParameter(f"it has {len(text)} characters; write one line of {limit}")
    return text


def _finish(client: Client, transaction: Transaction, as_json: bool) -> None:
    """Hand a transaction in, and wait for it; its id is printed in any case."""
    identity = transaction.id.hex()
    is_in = False
    try:
        client.submit(transaction)
        is_in = True
        click.echo(f"{identity} is handed in", err=True)
        committed = client.wait(transaction, COMMIT_TIMEOUT_S)
    except (ClientError, KeyboardInterrupt) as error:
        if isinstance(error, Denied | Unreachable) and not is_in:
            raise
        raise _unsettled(identity, is_in, error) from None
    if as_json:
        told = {"id": identity, "status": "committed", "block": committed.height}
        click.echo(json.dumps(told))
    else:
        click.echo(f"{identity} is committed in block {committed.height}")


def _unsettled(identity: str, is_in: bool, error: BaseException) -> Unsettled:
    why = str(error) if isinstance(error, ClientError) else "interrupted"
    what = "was handed in" if is_in else "may have been handed in"
    ask = f"ask with `web4 transfer show {identity}`"
    said = f"{why}; {identity} {what}, and may still be committed; {ask}"
    return Unsettled(identity, said)


def _pay(
    session: Session,
    via: str | None,
    source: Address,
    key: Path | None,
    body: Callable[[Nonce], Body],
    as_json: bool,
) -> None:
    """Make and finish the next payment of an account, one at a time."""
    path = key or session.config.wallet(source)
    signer = _key(path, str(source))
    with held(path):
        client = session.any_client(via, source.platform)
        transaction = next_transaction(client, source, signer, body)
        if client.fate(transaction.id).status in ("pending", "committed"):
            identity = transaction.id.hex()
            ask = f"ask with `web4 transfer show {identity}` before you pay again"
            said = f"{identity} was handed in before, and is not paid twice; {ask}"
            raise Unsettled(identity, said)
        _finish(client, transaction, as_json)


@click.group()
def transfer() -> None:
    """Move ATP: at once within a platform, in two phases across platforms.

    \b
    Exit codes: 0 committed, 1 refused or not handed in, 2 usage, 3 what became of it cannot be
    said: it was handed in and may still be committed; `web4 transfer show ID` tells.
    """


@transfer.command("send", cls=PaymentCommand)
@click.argument("source", type=ADDRESS)
@click.argument("destination", type=ADDRESS)
@click.argument("amount", type=AMOUNT)
@click.option("--key", type=click.Path(path_type=Path), help="The owner's key file.")
@federation_option
@via_option
@json_option
def transfer_send(
    source: Address,
    destination: Address,
    amount: int,
    key: Path | None,
    folder: Path,
    via: str,
    as_json: bool,
) -> None:
    """Send AMOUNT ATP from SOURCE to DESTINATION on the same platform.

    Payments with the same key file are made one after the other.

    \b
    Exit codes: 0 committed, 1 refused or not handed in, 2 usage, 3 handed in, and may still be
    committed: `web4 transfer show ID` tells.
    """
    session = Session(folder)
    chain = chain_id(session.genesis)

    def body(nonce: Nonce) -> Body:
        return Transfer(
            chain_id=chain, source=source, destination=destination, amount_uatp=amount, nonce=nonce
        )

    _pay(session, via, source, key, body, as_json)


@transfer.command("lock", cls=PaymentCommand)
@click.argument("source", type=ADDRESS)
@click.argument("destination", type=ADDRESS)
@click.argument("amount", type=AMOUNT)
@click.option("--expires", "lock_ms", default="1h", callback=_duration_ms, show_default=True)
@click.option("--key", type=click.Path(path_type=Path), help="The owner's key file.")
@federation_option
@via_option
@json_option
def transfer_lock(
    source: Address,
    destination: Address,
    amount: int,
    lock_ms: int,
    key: Path | None,
    folder: Path,
    via: str,
    as_json: bool,
) -> None:
    """Lock AMOUNT ATP of SOURCE for DESTINATION on another platform.

    The id that is printed names the transfer; the destination's platform commits it, or anyone
    rolls it back once it has expired.

    \b
    Exit codes: 0 committed, 1 refused or not handed in, 2 usage, 3 handed in, and may still be
    committed: `web4 transfer show ID` tells.
    """
    session = Session(folder)
    chain = chain_id(session.genesis)

    def body(nonce: Nonce) -> Body:
        expiry_ms = TimeMs(time.time_ns() // 1_000_000 + lock_ms)
        return TransferLock(
            chain_id=chain,
            source=source,
            destination=destination,
            amount_uatp=amount,
            nonce=nonce,
            expiry_ms=expiry_ms,
        )

    _pay(session, via, source, key, body, as_json)


@transfer.command("commit")
@click.argument("identity", type=DIGEST, metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), help="The destination platform's key file.")
@federation_option
@via_option
@json_option
def transfer_commit(
    identity: TransactionId, key: Path | None, folder: Path, via: str | None, as_json: bool
) -> None:
    """Credit the locked transfer ID to its destination, as the destination's platform.

    \b
    Exit codes: 0 committed, 1 refused or not handed in, 2 usage, 3 handed in, and may still be
    committed: `web4 transfer show ID` tells.
    """
    session = Session(folder)
    home = session.any_client(via).transfer(identity).transfer.destination.platform
    signer = _key(key or session.config.platform_key(home), home)
    body = TransferCommit(chain_id(session.genesis), identity)
    _finish(session.any_client(via, home), signed_transaction(body, signer), as_json)


@transfer.command("rollback")
@click.argument("identity", type=DIGEST, metavar="ID")
@click.option(
    "--reason",
    default="rolled back",
    callback=_reason,
    show_default=True,
    help=f"For people; at most {MAX_REASON_CHARACTERS} characters.",
)
@click.option("--key", type=click.Path(path_type=Path), help="Who signs; else the destination.")
@federation_option
@via_option
@json_option
def transfer_rollback(
    identity: TransactionId,
    reason: str,
    key: Path | None,
    folder: Path,
    via: str | None,
    as_json: bool,
) -> None:
    """Return the locked transfer ID to its source.

    With the key of the destination's platform it goes back at once; with any other key only once
    it has expired.

    \b
    Exit codes: 0 committed, 1 refused or not handed in, 2 usage, 3 handed in, and may still be
    committed: `web4 transfer show ID` tells.
    """
    session = Session(folder)
    home = session.any_client(via).transfer(identity).transfer.destination.platform
    signer = _key(key or session.config.platform_key(home), home)
    body = TransferRollback(chain_id(session.genesis), identity, reason)
    _finish(session.any_client(via, home), signed_transaction(body, signer), as_json)


@transfer.command("show")
@click.argument("identity", type=DIGEST, metavar="ID")
@federation_option
@via_option
@json_option
def transfer_show(identity: TransactionId, folder: Path, via: str | None, as_json: bool) -> None:
    """Show what became of the transaction ID; that it is committed is proved.

    Of a lock it shows the transfer, with its phase now. Without --via every platform is asked,
    until one proves that it is committed.

    \b
    Exit codes: 0 committed, 1 refused or an error, 2 usage, 3 pending or unknown.
    """
    client, fate = _best_fate(Session(folder), via, identity)
    _tell(_told_fate(client, identity, fate), as_json)
    sys.exit(_SHOW_CODES[fate.status])


def _best_fate(session: Session, via: str | None, identity: TransactionId) -> tuple[Client, Fate]:
    """Ask the platforms, and return the answer of the one that knows most."""
    found: list[tuple[Client, Fate]] = []
    failed: ClientError | None = None
    for client in session.clients(via):
        try:
            fate = client.fate(identity)
        except ClientError as error:
            failed = error
            continue
        found.append((client, fate))
        if fate.committed is not None:
            break
    if not found and failed is not None:
        raise failed
    return min(found, key=lambda each: _KNOWN_BEST.index(each[1].status))


def _told_fate(client: Client, identity: TransactionId, fate: Fate) -> dict[str, object]:
    told: dict[str, object] = {"id": identity.hex(), "status": fate.status}
    if fate.status == "refused":
        return told | {"code": fate.code, "meaning": fate.meaning}
    if fate.committed is None:
        return told
    body = fate.committed.transaction.body
    told |= {"kind": _KINDS[type(body)], "block": fate.committed.height}
    match body:
        case Transfer(source=source, destination=destination, amount_uatp=amount_uatp):
            amount = format_atp(amount_uatp)
            told |= {"source": str(source), "destination": str(destination), "atp": amount}
        case AccountOpen(_, address):
            told |= {"address": str(address)}
        case TransferCommit(_, transfer) | TransferRollback(_, transfer):
            told |= {"transfer": transfer.hex()}
        case TransferLock():
            told |= _told_transfer(client, identity)
    return told


def _told_transfer(client: Client, identity: TransactionId) -> dict[str, object]:
    shown = client.transfer(identity)
    each = shown.transfer
    return {
        "source": str(each.source),
        "destination": str(each.destination),
        "atp": format_atp(each.amount_uatp),
        "expiry_ms": each.expiry_ms,
        "phase": each.phase.name.lower().replace("_", " "),
        "height": shown.height,
    }


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
    """Show and open accounts: `web4 account alice@thor`.

    \b
    Exit codes: 0 shown or opened, 1 refused or an error, 2 usage, 3 `open` was handed in, and may
    still be committed: `web4 transfer show ID` tells.
    """


@account.command("show")
@click.argument("address", type=ADDRESS)
@federation_option
@via_option
@json_option
def account_show(address: Address, folder: Path, via: str | None, as_json: bool) -> None:
    """Show the account ADDRESS, proved.

    \b
    Exit codes: 0 shown, 1 there is none or an error, 2 usage.
    """
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
@json_option
def account_open(address: Address, folder: Path, via: str | None, as_json: bool) -> None:
    """Open the account ADDRESS, as its platform, with a new key in the wallets' folder.

    A key that lies there already is taken; a new one is removed if the opening is refused.

    \b
    Exit codes: 0 opened, 1 refused or not handed in, 2 usage, 3 handed in, and may still be
    committed: `web4 transfer show ID` tells.
    """
    session = Session(folder)
    platform = _key(session.config.platform_key(address.platform), address.platform)
    wallet = session.config.wallet(address)
    client = session.any_client(via, address.platform)
    is_new = not wallet.exists()
    owner = KeyFile.create(wallet) if is_new else KeyFile.load(wallet)
    body = AccountOpen(chain_id(session.genesis), address, owner.public_key)
    try:
        _finish(client, signed_transaction(body, platform, owner), as_json)
    except (Refused, Denied, Unreachable):
        if is_new:
            wallet.unlink()
            click.echo(f"removed the new key {wallet}, which opens nothing", err=True)
        raise


@account.command("list-wallets")
@federation_option
@json_option
def account_list(folder: Path, as_json: bool) -> None:
    """List the addresses whose keys lie in the wallets' folder."""
    keys = sorted(Session(folder).config.wallets.glob("*@*.key"))
    addresses = [path.name.removesuffix(".key") for path in keys]
    if as_json:
        click.echo(json.dumps({"addresses": addresses}))
    else:
        click.echo("".join(f"{each}\n" for each in addresses), nl=False)
