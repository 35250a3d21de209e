"""Who may come in: other users of the host, and other pages of the browser, reach loopback, too."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class Door:
    """Exchanges a token, once, for a cookie, and lets in whoever brings the cookie.

    Args:
        announce: called with each new token; the one before is worth nothing any more.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        # Browsers send a cookie to every port of a host: servers side by side need names of their own.
        self.cookie = f"phosphene-{secrets.token_hex(4)}"
        self.secret = secrets.token_urlsafe(32)
        self._announce = announce
        self._token = ""
        self.renew()

    def renew(self) -> None:
        """Make a new token."""
        self._token = secrets.token_urlsafe(32)
        self._announce(self._token)

    def takes(self, token: str) -> bool:
        """Tell whether this is the token; if so, it was that for the last time."""
        if not _equal(token, self._token):
            return False
        self.renew()
        return True

    def admits(self, request: web.BaseRequest) -> bool:
        """Tell whether a request brings the cookie."""
        return _equal(request.cookies.get(self.cookie, ""), self.secret)


def stranger(request: web.BaseRequest) -> str:
    """Return why a request does not come from a page of this server, or the empty string.

    The name in ``Host`` must be one of loopback, since a page of any other name may have had it resolved to this
    machine. Its port may be any: ``ssh -L`` forwards another one. ``Origin``, if there is one, must be the same place.
    """
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return "the address in the browser must begin with http://127.0.0.1 or http://localhost"
    origins = request.headers.getall("Origin", [])
    allowed = {f"{scheme}://{hosts[0]}".lower() for scheme in ("http", "https")}
    if any(origin.lower() not in allowed for origin in origins):
        return "another page may not use this workbench"
    return ""


def headers(host: str) -> dict[str, str]:
    """Return what every answer says: everything comes from here, nothing is kept, nobody frames it.

    Args:
        host: of the request; some browsers do not count its WebSockets to ``'self'``.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # xterm.js writes the rules for its colours into the page
        "font-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' ws://{host}" if _LOOPBACK.fullmatch(host) else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
