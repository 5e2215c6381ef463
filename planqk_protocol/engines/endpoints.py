"""Check the addresses of endpoints before anything is sent to them.

What is wrong with an address shows at once, and no message quotes a part of it that may be
a secret: a user name with its password, or a query.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from planqk_protocol.engines.container import EngineError
from planqk_protocol.excerpts import excerpt

__all__ = ["check_endpoint"]

_LOCAL = {"localhost", "127.0.0.1", "::1"}


def check_endpoint(address: str, what: str) -> bool:
    """Check an address. Whether its connections stay on this machine, or are encrypted.

    Args:
        address: The address.
        what: What it is, for messages.

    Raises:
        EngineError: It is not an address of HTTP, or it holds a user name, a query or a fragment.

    >>> check_endpoint("https://gateway/service", "endpoint"), check_endpoint("http://gateway", "endpoint")
    (True, False)
    """
    if "@" in address:
        raise EngineError(f"the {what} holds a user name, as it has an @; leave it out")
    is_plain = address.isascii() and address.isprintable() and " " not in address
    with suppress(ValueError):
        parts = urlsplit(address)
        is_bare = parts.port != 0 and not (parts.query or parts.fragment)  # `port` raises if it is no port
        if is_plain and is_bare and parts.scheme in {"http", "https"} and parts.hostname:
            return parts.scheme == "https" or parts.hostname in _LOCAL
    shown = excerpt(re.split("[?#]", address)[0])
    raise EngineError(f"{shown} is no {what}; give its address, such as https://HOST/PATH")
