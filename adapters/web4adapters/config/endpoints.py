"""The places where platforms listen: hosts, ports and URLs as people write them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

MAX_PORT = 65_535
"""The last port of TCP."""

MAX_HOST_CHARACTERS = 253
"""Length of a host's name."""

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PLACE = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*)):([0-9]{1,5})")
_URL = re.compile(r"https?://(?:\[([^\[\]/]*)\]|([^\[\]/:@?#]*))(?::([0-9]{1,5}))?/?")


def check_host(text: str) -> str:
    """The host, if it is a name or an IP address; ValueError says what is wrong."""
    labels = text.split(".")
    try:
        if ":" in text:
            if "%" in text:
                raise ValueError("zones belong to one machine")
            return str(IPv6Address(text))
        if labels[-1].isdigit():
            return str(IPv4Address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no IP address") from None
    good = len(text) <= MAX_HOST_CHARACTERS and all(_LABEL.fullmatch(each) for each in labels)
    if not good:
        raise ValueError(f"{text!r} is no host; write a name, or an IP address")
    return text


def parse_place(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; ValueError says what is wrong."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not HOST:PORT; an IPv6 address goes in brackets")
    return _host(found), _port(found[3])


def check_url(text: str) -> str:
    """The URL, if it is http(s)://HOST[:PORT] and no more; ValueError says what is wrong."""
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no URL such as http://127.0.0.1:4101, without a path")
    _host(found)
    if found[3] is not None:
        _port(found[3])
    return text


def place_url(host: str, port: int) -> str:
    """The URL of a platform that listens here."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _host(found: re.Match[str]) -> str:
    bracketed: str | None = found[1]
    if bracketed is None:
        return check_host(found[2])
    if ":" not in bracketed:
        raise ValueError(f"[{bracketed}] is no IPv6 address")
    return check_host(bracketed)


def _port(digits: str) -> int:
    port = int(digits)
    if not 1 <= port <= MAX_PORT:
        raise ValueError(f"{digits} is no port; choose one from 1 to {MAX_PORT}")
    return port
