"""What people write wrongly is told in one line: platform.toml, and the places of `web4 init`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from web4adapters.config import ConfigError, NodeConfig, Plan, load_node_config, make_federation
from web4adapters.config.client import load_client_config
from web4adapters.config.endpoints import check_host, check_url, parse_place, place_url
from web4adapters.config.node import node_toml
from web4cli.federation import init

GOOD_URLS = (
    "http://127.0.0.1:4101",
    "https://thor.example",
    "http://thor.example:80/",
    "http://web4_thor:1",
    "http://[::1]:65535",
)
BAD_URLS = (
    "",
    "thor.example:4101",
    "ftp://thor:1",
    "http://",
    "http://:4101",
    "http://thor:0",
    "http://thor:65536",
    "http://thor:",
    "http://thor:४१०१",
    "http://thor:4101/v1",
    "http://thor:4101?x",
    "http://thor:4101#x",
    "http://me@thor:4101",
    "http://th or:4101",
    "http://thor:4101 ",
    "http://thor:4101\n",
    "http://::1:4101",
    "http://[::1]x:4101",
    "http://[::g]:4101",
    "http://[thor]:4101",
    "http://256.1.1.1:1",
)
BAD_HOSTS = (
    "",
    'x"y',
    "ex ample",
    "-a",
    "a..b",
    "1.2.3",
    "\uff11.2.3.4",
    "fe80::1%eth0",
    "a" * 254,
    "é",
)


@pytest.mark.parametrize("url", GOOD_URLS)
def test_good_urls_are_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize("url", BAD_URLS)
def test_bad_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        check_url(url)


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_bad_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        check_host(host)


def test_a_place_and_its_url_are_the_same_place() -> None:
    assert parse_place("[::1]:4999") == ("::1", 4999)
    assert parse_place("thor.example:1") == ("thor.example", 1)
    for place in (("::1", 4999), ("127.0.0.1", 1)):
        assert check_url(place_url(*place)) == place_url(*place)


# --- platform.toml ---


def toml_with(folder: Path, old: str, new: str) -> Path:
    """A platform.toml with one thing changed."""
    paths = (Path("genesis.json"), Path("key"), Path("guard"), Path("store"))
    peers = {"sprout": "http://127.0.0.1:4102"}
    text = node_toml(NodeConfig("thor", *paths, "127.0.0.1", 4101, peers))
    assert old in text
    path = folder / "platform.toml"
    path.write_text(text.replace(old, new))
    return path


WRONG = {
    "nul": ('"guard"', '"a\\u0000b"', r"\[platform\].guard holds a NUL"),
    "long port": ("4101", "9" * 5_000, "a number in it is too long"),
    "big port": ("4101", "9" * 4_000, r"\[listen\].port is no port"),
    "nested": ("4101", "[" * 5_000, "nested too deeply"),
    "host": ('host = "127.0.0.1"', 'host = "a b"', r"\[listen\].host: 'a b' is no host"),
    "url": ("http://127.0.0.1:4102", "http://127.0.0.1:4102/v1", r"\[peers\].sprout: .* is no URL"),
    "env": ("[listen]", "passphrase_env = 7\n[listen]", "passphrase_env is a int"),
}


@pytest.mark.parametrize(("old", "new", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_platform_toml_is_told_in_a_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as told:
        load_node_config(toml_with(tmp_path, old, new))
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 500


# --- web4 init ---

IMPOSSIBLE = {
    'a=x"y:4999': "is no host",
    "a=http://x:1": "not HOST:PORT",
    "a=::1:4999": "goes in brackets",
    "a=ex ample:4999": "is no host",
    "a=x:\uff14\uff19\uff19\uff19": "not HOST:PORT",
    "a=x:0": "is no port",
    "a=x:65536": "is no port",
    "a=:4999": "is no host",
    "wallets": "the federation has a file so",
    "genesis.json": "the federation has a file so",
    "web4.toml": "the federation has a file so",
}


@pytest.mark.parametrize(("given", "says"), IMPOSSIBLE.items())
def test_init_refuses_places_that_cannot_be(tmp_path: Path, given: str, says: str) -> None:
    folder = tmp_path / "federation"
    result = CliRunner().invoke(init, [str(folder), "--platform", given])
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert not folder.exists()


@pytest.mark.parametrize("second", ["b=x:4999", "b=X:4999"])
def test_init_names_two_platforms_at_one_place(tmp_path: Path, second: str) -> None:
    folder = tmp_path / "federation"
    given = [str(folder), "--platform", "a=x:4999", "--platform", second]
    result = CliRunner().invoke(init, given)
    assert result.exit_code == 2
    assert "a and b cannot both listen on" in " ".join(result.output.split())


def test_init_takes_ipv6_in_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    result = CliRunner().invoke(init, [str(folder), "--platform", "a=[::1]:4999"])
    assert result.exit_code == 0, result.output
    config = load_node_config(folder / "a" / "platform.toml")
    assert (config.host, config.port, config.peers) == ("::1", 4999, {"a": "http://[::1]:4999"})
    assert load_client_config(folder).platforms == config.peers


def test_a_plan_that_clashes_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    with pytest.raises(ConfigError, match="cannot both listen"):
        make_federation(folder, Plan("web4", dict.fromkeys("ab", ("127.0.0.1", 1)), {}))
    assert list(tmp_path.iterdir()) == []
