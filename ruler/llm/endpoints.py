"""Where a model is served, told without secrets, and whether that place is this machine.

What counts is what the address says, not what a name resolves to: a name is local only where it is
`localhost` or stands in the list of allowed hosts, and an address only where it is loopback in its
usual spelling. `0.0.0.0`, `127.1` and `2130706433` reach this machine on some systems; they are
refused rather than guessed at.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[!$%&'()*+,;=:@\[\]A-Za-z0-9._~/?-]+", re.IGNORECASE)
"""An address in plain characters. A backslash, a blank or a sign from another script is where two
readers of one address disagree about its host."""


def check_address(url: str) -> str:
    """Return the address of a server as given, if it can be one.

    Raises:
        ValueError: says how it should look.
    """
    if not _ADDRESS.fullmatch(url) or not host_of(url):
        raise ValueError("must look like http://host:port/v1")
    return url


def host_of(url: str) -> str:
    """The host of an address: lower case, no brackets, no dot at the end; "" where it has none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return ""
    return (parts.hostname or "").lower().rstrip(".")


def without_secrets(url: str) -> str:
    """The address without user, password, query and the slash at its end."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether nothing that is sent to this host (as by `host_of`) leaves the machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (inner or address).is_loopback


def is_local(url: str, allowed_hosts: Collection[str]) -> bool:
    """Whether a scene that is local only may be shown to the server at this address."""
    host = host_of(url)
    return is_loopback(host) or host in {name.lower().strip("[].") for name in allowed_hosts}
