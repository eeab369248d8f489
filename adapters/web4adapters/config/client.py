"""`web4.toml`: what a client of a federation needs to know."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from web4adapters.config.errors import ConfigError
from web4adapters.config.strict_toml import check_keys, read_toml, take
from web4core import Address

CLIENT_FILE = "web4.toml"


@frozen
class ClientConfig:
    """The genesis, whose keys are trusted; the URLs of the platforms; the folders of the keys."""

    folder: Path
    genesis: Path
    wallets: Path
    platforms: dict[str, str]

    def wallet(self, address: Address) -> Path:
        """The file of an owner's key."""
        return self.wallets / f"{address}.key"

    def platform_key(self, platform: str) -> Path:
        """The file of a platform's key, where the operator keeps it."""
        return self.folder / platform / "platform.key"


def load_client_config(folder: Path) -> ClientConfig:
    """Read `web4.toml` in the folder of a federation."""
    path = folder / CLIENT_FILE
    if not path.is_file():
        remedy = "name the folder with --federation, or make one with `web4 init`"
        raise ConfigError(path, "there is none", remedy)
    document = read_toml(path)
    check_keys(path, "the file", document, ("genesis", "wallets", "platforms"))
    platforms = take(path, "the file", document, "platforms", dict)
    for name in platforms:
        take(path, "[platforms]", platforms, name, str)
    return ClientConfig(
        folder,
        folder / take(path, "the file", document, "genesis", str),
        folder / take(path, "the file", document, "wallets", str),
        dict(platforms),
    )


def client_toml(platforms: dict[str, str]) -> str:
    """The text of `web4.toml`."""
    listed = "\n".join(f'{name} = "{url}"' for name, url in platforms.items())
    return f'genesis = "genesis.json"\nwallets = "wallets"\n\n[platforms]\n{listed}\n'
