"""The web server: textual-serve's, with a door before it, a limit of sessions, and a page of our own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import WSMsgType, web
from textual_serve.server import Server, to_int

from commands.serving.door import Door, headers, stranger
from commands.serving.session import ENDING_SECONDS, Session

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Sequence

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLOSING_SECONDS = 1.0
"""For so long a new tab that finds no place waits for news that another one is closed."""
STUCK_SECONDS = 30.0
"""For so long the app may leave what is typed unread, before its tab is given up."""
LARGEST_MESSAGE = 1 << 20
"""Bytes of what a browser sends at once: keys, or a text that is pasted."""
PAGE = ("page.html", "page.css", "page.js")
_HERE = Path(__file__).parent


class WorkbenchServer(Server):
    """Serves the workbench to those whom the door lets in.

    Args:
        command: that starts the app, word by word.
        door: decides who comes in.
        sessions: how many tabs may be open at once.
    """

    def __init__(self, command: Sequence[str], door: Door, sessions: int) -> None:
        super().__init__(shlex.join(command), title="Phosphene")
        self._words = command
        self._door = door
        self._sessions = sessions
        self._taken = self._ending = 0
        self._changed = asyncio.Condition()
        self._open: set[web.WebSocketResponse] = set()

    async def serve_on(self, listening: socket.socket) -> None:
        """Serve on a socket until this task is cancelled; then end all sessions."""
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=2 * ENDING_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self.handle_page, allow_head=False),
                web.get("/page/{name}", self.handle_page, allow_head=False),
                web.get("/ws", self.handle_websocket, allow_head=False),
                web.get("/download/{key}", self.handle_download, allow_head=False),
                web.static("/static", self.statics_path),
            ]
        )
        app.on_response_prepare.append(_say_headers)
        app.on_shutdown.append(self.on_shutdown)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 403, before anything is done or started, to whoever has neither the cookie nor the token."""
        if reason := stranger(request):
            return _refused(reason)
        admitted = self._door.admits(request)
        if request.path == "/" and "token" in request.query and request.method == "GET":
            # The token must not stay in the address: not in the history, nor on the screen while others look at it.
            back = web.HTTPSeeOther("/")
            if admitted:
                return back
            if self._door.takes(request.query["token"]):
                back.set_cookie(self._door.cookie, self._door.secret, httponly=True, samesite="Strict")
                return back
            return _refused("this address is not valid, or was used before: phosphene serve printed a newer one")
        if not admitted:
            return _refused("open the address that phosphene serve printed, with its token")
        return await handler(request)

    async def handle_page(self, request: web.Request) -> web.StreamResponse:
        """Serve the page, or one of the files that belong to it."""
        name = request.match_info.get("name", PAGE[0])
        return web.FileResponse(_HERE / name) if name in PAGE else web.Response(status=404)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start the app for a tab, and keep the two in touch until one of them ends."""
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=LARGEST_MESSAGE)
        if not (websocket.can_prepare(request).ok and "Origin" in request.headers):
            raise web.HTTPForbidden(text="only the page of the workbench opens this")
        if not await self._place():
            await websocket.prepare(request)
            await websocket.close(message=self._full.encode())
            return websocket
        try:
            # Who has left while a place was waited for gets no process.
            if request.transport is not None and not request.transport.is_closing():
                await websocket.prepare(request)
                await self._serve(websocket, request)
        finally:
            await self._count(taken=-1)
        return websocket

    @property
    def _full(self) -> str:
        full = (
            "One tab is open already: close it"
            if self._sessions == 1
            else f"{self._sessions} tabs are open already: close one"
        )
        return f"{full}, then open this again (or: phosphene serve --sessions)."

    async def _place(self) -> bool:
        """Take a place and return True, or return False if all are taken.

        One that is just being left is waited for: a page that is loaded again comes before its old process has gone.
        """

        def is_free() -> bool:
            return self._taken < self._sessions

        async with self._changed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await self._changed.wait_for(lambda: is_free() or self._ending)
            await self._changed.wait_for(lambda: is_free() or not self._ending)
            taken = is_free()
            self._taken += taken
        return taken

    async def _count(self, *, taken: int = 0, ending: int = 0) -> None:
        async with self._changed:
            self._taken += taken
            self._ending += ending
            self._changed.notify_all()

    async def _serve(self, websocket: web.WebSocketResponse, request: web.Request) -> None:
        async def close(reason: str) -> None:
            await websocket.close(message=reason.encode())

        session = Session(
            self._words,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        self._open.add(websocket)
        try:
            await session.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._listen(websocket, session)
        finally:
            self._open.discard(websocket)
            await self._count(ending=1)
            try:
                await session.stop()
            finally:
                await self._count(ending=-1)

    async def _listen(self, websocket: web.WebSocketResponse, session: Session) -> None:
        """Tell the app what the browser says, until the browser says no more or the app no longer listens."""
        async for message in websocket:
            if message.type != WSMsgType.TEXT:
                continue
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    match json.loads(message.data):
                        case ["stdin", str(keys)]:
                            await session.send_bytes(keys.encode("utf-8", "replace"))
                        case ["resize", {"width": int(width), "height": int(height)}]:
                            await session.set_terminal_size(width, height)
                        case ["ping", str(time)]:
                            await websocket.send_json(["pong", time])
                        case ["blur"]:
                            await session.blur()
                        case ["focus"]:
                            await session.focus()
            except (ValueError, TimeoutError, ConnectionResetError):
                return

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """Hand out a file that the app delivers: always as a file, since a picture in SVG can hold scripts."""
        key = request.match_info["key"]
        try:
            offered = await self.download_manager.get_download_metadata(key)
        except KeyError:
            raise web.HTTPNotFound(text="this file was fetched before, or its workbench was closed") from None
        response = web.StreamResponse()
        response.content_type = offered.mime_type or "application/octet-stream"
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(offered.file_name)}"
        await response.prepare(request)
        async for chunk in self.download_manager.download(key):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def on_shutdown(self, app: web.Application) -> None:
        """Tell the open tabs that the server ends; what serves them ends their apps."""
        del app
        for websocket in [*self._open]:
            with contextlib.suppress(ConnectionResetError):
                await websocket.close(message=b"phosphene serve was ended; runs go on.")


def _refused(reason: str) -> web.Response:
    return web.Response(status=403, text=f"{reason}\n")


async def _say_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers.update(headers(request.headers.get("Host", "")))
