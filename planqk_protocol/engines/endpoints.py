"""Check the addresses of endpoints before anything is sent to them.

What is wrong with an address shows at once, and no message quotes a part of it that may be
a secret: a user name with its password, or a query.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from planqk_protocol.engines.bounded_http import LOCAL_HOSTS
from planqk_protocol.engines.container import EngineError
from planqk_protocol.excerpts import excerpt

__all__ = ["check_endpoint"]

_LOCAL = {host.strip("[]") for host in LOCAL_HOSTS}


def check_endpoint(address: str, what: str) -> bool:
    """Check an address. Whether its connections stay on this machine, or are encrypted.

    Args:
        address: The address.
        what: What it is, for messages.

    Raises:
        EngineError: It is not an address of HTTP, or it holds an @, a query or a fragment.

    >>> check_endpoint("https://gateway/service", "endpoint"), check_endpoint("http://gateway", "endpoint")
    (True, False)
    """
    if "@" in address:
        raise EngineError(f"the {what} holds an @; leave out user names, and write %40 in a path")
    if "?" in address or "#" in address:
        raise EngineError(f"the {what} holds a query (?) or a fragment (#); leave it out")
    is_plain = address.isascii() and address.isprintable() and " " not in address
    with suppress(ValueError):
        parts = urlsplit(address)
        has_port = parts.port != 0  # or none; `port` raises if it can be no port
        if is_plain and has_port and parts.scheme in {"http", "https"} and parts.hostname:
            return parts.scheme == "https" or parts.hostname in _LOCAL
    raise EngineError(f"{excerpt(address)} is no {what}; give its address, such as https://HOST/PATH")
