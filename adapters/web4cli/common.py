"""Options, arguments and the client of a federation, which several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

import click

from web4adapters.client import Client, ClientError, Refused, plain
from web4adapters.config import ClientConfig, ConfigError, load_client_config, load_genesis
from web4adapters.config.amounts import parse_atp
from web4adapters.config.strict_toml import parse_address
from web4adapters.errors import PLATFORM_ERRORS, ExpectedError, one_line
from web4adapters.signers import Verifier
from web4adapters.verify import SourceError
from web4core import DIGEST_BYTES, Address, Genesis, TransactionId

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")
DEFAULT_FEDERATION = "federation"

FOLDER = click.Path(file_okay=False, path_type=Path)
ERROR, UNSETTLED, SAFETY, LIVENESS = 1, 3, 12, 13
_TOO_LARGE = re.compile(r"[0-9]{14,}(\.[0-9]{1,6})?")
_NEGATIVE = re.compile(r"-[0-9.]+")

EXPECTED = (*PLATFORM_ERRORS, ClientError, ExpectedError, Refused, SourceError)
"""Errors that are reported in one line, without a traceback."""


class Unsettled(click.ClickException):
    """The outcome of a transaction is unknown; carries its id."""

    exit_code = UNSETTLED

    def __init__(self, identity: str, message: str) -> None:
        super().__init__(message)
        self.identity = identity

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the error in the form of all errors of `web4`."""
        click.echo(f"web4: {self.format_message()}", file=file, err=file is None)


def federation_option(command: F) -> F:
    """--federation: the folder that `web4 init` made."""
    option = click.option(
        "--federation",
        "folder",
        type=FOLDER,
        default=DEFAULT_FEDERATION,
        envvar="WEB4_FEDERATION",
        show_default=True,
        help="The folder that `web4 init` made.",
    )
    return option(command)


def via_option(command: F) -> F:
    """--via: the platform to ask."""
    option = click.option("--via", metavar="PLATFORM", help="Ask this platform; else any.")
    return option(command)


def _as_plain(error: Exception) -> dict[str, object]:
    if not isinstance(error, click.ClickException):
        return {"verdict": "error", "error": plain(one_line(error)), "exit_code": ERROR}
    said = {"error": plain(error.format_message()), "exit_code": error.exit_code}
    if isinstance(error, Unsettled):
        return {"verdict": "unsettled", "id": error.identity, **said}
    return {"verdict": "error", **said}


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """--json: print one object for machines, also when the command fails.

    It is the one way to ask a command for machine output. Commands that serve until they are told
    to end, `run` and `playground`, have no answer to give.
    """

    @wraps(command)
    def told(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return command(*arguments, **options)
        except click.UsageError:
            raise
        except (click.ClickException, *EXPECTED) as error:
            if options["as_json"]:
                click.echo(json.dumps(_as_plain(error)))
            raise

    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    return option(told)


class AddressType(click.ParamType[Address]):
    """agent@platform."""

    name = "agent@platform"

    def convert(self, value: Any, param: Any, ctx: Any) -> Address:
        """Parse an address."""
        if isinstance(value, Address):
            return value
        try:
            return parse_address(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class AmountType(click.ParamType[int]):
    """Decimal ATP, as integer micro-ATP."""

    name = "ATP"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Parse an amount."""
        if isinstance(value, int):
            return value
        try:
            return parse_atp(str(value))
        except ValueError as error:
            if _TOO_LARGE.fullmatch(str(value)):
                self.fail(f"{plain(str(value))} ATP is more than any ledger holds", param, ctx)
            self.fail(str(error), param, ctx)


class PaymentCommand(click.Command):
    """A command whose last argument is an amount, which is no option even below zero."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a negative number as such."""
        for each in args:
            if _NEGATIVE.fullmatch(each):
                raise click.BadParameter(f"{each} is negative; write ATP above 0", ctx)
        return super().parse_args(ctx, args)


class DigestType(click.ParamType[TransactionId]):
    """32 bytes in hex."""

    name = "id"

    def convert(self, value: Any, param: Any, ctx: Any) -> TransactionId:
        """Parse an id."""
        if isinstance(value, bytes):
            return TransactionId(value)
        try:
            digest = bytes.fromhex(str(value))
        except ValueError:
            digest = b""
        if len(digest) != DIGEST_BYTES:
            self.fail("an id has 64 hex digits", param, ctx)
        return TransactionId(digest)


class Session:
    """A federation as a client sees it."""

    def __init__(self, folder: Path) -> None:
        self.config: ClientConfig = load_client_config(folder)
        self.genesis: Genesis = load_genesis(self.config.genesis)
        self._verifier = Verifier()

    def client(self, platform: str) -> Client:
        """The client of one platform that is listed."""
        return Client(self.config.platforms[platform], self.genesis, self._verifier)

    def any_client(self, via: str | None, preferred: str | None = None) -> Client:
        """The platform that was asked for, or the preferred one, or any that answers."""
        return next(self.clients(via, preferred))

    def clients(self, via: str | None, preferred: str | None = None) -> Iterator[Client]:
        """The platform that was asked for, or all that answer, the preferred one first."""
        if via is not None:
            yield self._named(via)
            return
        names = sorted(self.config.platforms, key=lambda name: name != preferred)
        nobody = True
        for name in names:
            client = self.client(name)
            if client.is_up():
                nobody = False
                yield client
        if nobody:
            remedy = "start one with `web4 run FOLDER/PLATFORM/platform.toml`"
            raise ConfigError(self.config.folder, "no platform answers", remedy)

    def _named(self, via: str) -> Client:
        if via not in self.config.platforms:
            known = ", ".join(self.config.platforms)
            raise click.BadParameter(f"there is no {via}; name one of {known}", param_hint="--via")
        return self.client(via)
