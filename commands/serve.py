"""``phosphene serve``: the workbench in a browser, for people whose terminal shows too little."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

PORT = 7788


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1; 0 takes a free one.")] = PORT,
    at: Annotated[
        Path | None,
        typer.Option("--socket", metavar="PATH", help="A Unix socket for you alone, in place of a port."),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: no run is started or changed.")] = False,
    sessions: Annotated[int, typer.Option(min=1, help="How many tabs may be open at once.")] = 2,
) -> None:
    """Open the workbench in a browser of this machine, or of another one through ssh -L; Ctrl-C ends it, not the runs.

    It prints the address to open. It is valid once, and the browser that has opened it is let in from then on; then
    the address for another browser is printed.
    """
    import asyncio

    from commands.serving.listening import at_path, at_port, until_told
    from engine import PhospheneError

    try:
        from commands.serving.door import Door
        from commands.serving.server import WorkbenchServer
    except ImportError as error:
        raise PhospheneError("serve needs textual-serve: pip install 'phosphene[serve]'") from error
    command = [sys.executable, "-P", str(Path(__file__).resolve().parents[1] / "phosphene.py"), "--browser"]
    with at_path(at) if at is not None else at_port(port) as listening:
        local = port or PORT if at is not None else listening.getsockname()[1]
        _explain(local, at)
        # The data of this command, for a browser: a new one each time that one was used.
        door = Door(lambda token: print(f"http://127.0.0.1:{local}/?token={token}", flush=True))  # noqa: T201
        server = WorkbenchServer([*command, "--read-only"] if read_only else command, door, sessions)
        asyncio.run(until_told(server.serve_on(listening)))


def _explain(port: int, at: Path | None) -> None:
    import socket

    from commands.output import say

    there = at.resolve() if at is not None else f"127.0.0.1:{port}"
    here = "" if at is not None else " here, or"
    say(f"open this address{here} on another machine after: ssh -L {port}:{there} {socket.gethostname()}")
