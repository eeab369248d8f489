"""What several commands share: options, arguments, and the client of a federation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from web4adapters.client import Client
from web4adapters.config import ClientConfig, ConfigError, load_client_config, load_genesis
from web4adapters.config.amounts import parse_atp
from web4adapters.config.reading import parse_address
from web4adapters.signers import Verifier
from web4core.chain import Genesis
from web4core.hashing import DIGEST_BYTES
from web4core.ledger.state import Address

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_FEDERATION = "federation"

FOLDER = click.Path(file_okay=False, path_type=Path)


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


def json_option(command: F) -> F:
    """--json: for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


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
            self.fail(str(error), param, ctx)


class DigestType(click.ParamType[bytes]):
    """32 bytes in hex."""

    name = "id"

    def convert(self, value: Any, param: Any, ctx: Any) -> bytes:
        """Parse an id."""
        if isinstance(value, bytes):
            return value
        try:
            digest = bytes.fromhex(str(value))
        except ValueError:
            digest = b""
        if len(digest) != DIGEST_BYTES:
            self.fail("an id has 64 hex digits", param, ctx)
        return digest


class Session:
    """A federation as a client sees it."""

    def __init__(self, folder: Path) -> None:
        self.config: ClientConfig = load_client_config(folder)
        self.genesis: Genesis = load_genesis(self.config.genesis)
        self._verifier = Verifier()

    def client(self, platform: str) -> Client:
        """The client of one platform."""
        url = self.config.platforms.get(platform)
        if url is None:
            known = ", ".join(self.config.platforms)
            path = self.config.folder
            raise ConfigError(path, f"it lists no platform {platform}", f"it lists {known}")
        return Client(url, self.genesis, self._verifier)

    def any_client(self, via: str | None, preferred: str | None = None) -> Client:
        """The platform that was asked for, or the preferred one, or any that answers."""
        if via is not None:
            return self.client(via)
        names = sorted(self.config.platforms, key=lambda name: name != preferred)
        for name in names:
            client = self.client(name)
            if client.is_up():
                return client
        remedy = "start one with `web4 run FOLDER/PLATFORM/platform.toml`"
        raise ConfigError(self.config.folder, "no platform answers", remedy)
