"""Requests to a worker are small files in the run's ``control`` folder. The worker removes those it has taken."""

from __future__ import annotations

import json
import os
import secrets
import time
from typing import TYPE_CHECKING, Any

from engine.record.files import disk_errors, write_json

if TYPE_CHECKING:
    from pathlib import Path


def send(control: Path, request: str, /, **values: Any) -> Path:
    """Write a request (``stop``, ``set``, ``checkpoint``) into the folder; its file name keeps the order of arrival."""
    path = control / f"{time.time_ns():020d}-{secrets.token_hex(3)}.json"
    with disk_errors(control):
        control.mkdir(exist_ok=True)
        write_json(path, {"request": request, "values": values})
    return path


def take(control: Path) -> list[dict[str, Any]]:
    """Return the waiting requests, oldest first, and remove them; those that cannot be read are removed too."""
    try:
        names = sorted(name for name in os.listdir(control) if name.endswith(".json") and not name.startswith("."))
    except FileNotFoundError:
        return []
    requests = []
    for name in names:
        try:
            request = json.loads((control / name).read_bytes())
        except (OSError, ValueError):
            request = None
        (control / name).unlink(missing_ok=True)
        if isinstance(request, dict) and "request" in request and isinstance(request.get("values", {}), dict):
            requests.append(request)
    return requests
