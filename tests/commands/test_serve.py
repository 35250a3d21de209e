"""The workbench in a browser: who is let in, what a tab starts and leaves behind, and how it looks in Chromium."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import asynccontextmanager, suppress

import psutil
import pytest
from PIL import Image

pytest.importorskip("textual_serve", reason="phosphene serve needs the extra phosphene[serve]")
import aiohttp

PATIENCE = 60.0
"""Seconds until something that should happen is given up: the app starts in two on a quiet machine."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Served:
    """A server and the address that it printed."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "phosphene", "serve", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        self.base, _, self.token = self.address.partition("/?token=")
        self.place = self.base.removeprefix("http://")

    def apps(self) -> list[psutil.Process]:
        """Return the processes that tabs have started."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                if "--browser" in child.cmdline():
                    found.append(child)
        return found

    def end(self) -> None:
        """End it, as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def served(home):
    """Start ``phosphene serve ARGUMENTS`` at a free port."""
    started = []

    def start(*arguments: str) -> Served:
        started.append(Served(*(arguments if "--socket" in arguments else ("--port", "0", *arguments))))
        return started[-1]

    yield start
    for server in started:
        server.end()


@asynccontextmanager
async def visitor(connector=None):
    """A browser without pages: it keeps cookies, and follows no redirect."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, connector=connector) as session:
        yield session


async def let_in(session, server) -> None:
    async with session.get(server.address, allow_redirects=False) as answer:
        assert answer.status == 303


def tab(session, server, **options):
    return session.ws_connect(f"{server.base}/ws?width=120&height=40", origin=server.base, max_msg_size=0, **options)


async def seen(websocket, text: str) -> str:
    """Read what is drawn until a text has come; return all of it."""
    drawn = ""
    async with asyncio.timeout(PATIENCE):
        while text not in drawn:
            message = await websocket.receive()
            assert message.type is aiohttp.WSMsgType.BINARY or message.type is aiohttp.WSMsgType.TEXT, message
            drawn += message.data if isinstance(message.data, str) else message.data.decode()
    return drawn


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_only_the_token_opens_the_door_and_only_once(served):
    server = served()

    async def scenario() -> None:
        async with visitor() as session:
            for address in ("/", "/?token=", "/?token=wrong", "/page/page.js", "/static/js/textual.js", "/download/x"):
                async with session.get(server.base + address, allow_redirects=False) as answer:
                    assert answer.status == 403, address
                    assert "Set-Cookie" not in answer.headers
            async with session.head(server.address) as answer:
                assert answer.status == 403  # a look at the address does not use it up
            async with session.get(server.address, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
                assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["Set-Cookie"].split("; "))
            async with session.get(server.base) as answer:
                assert answer.status == 200
                policy, page = answer.headers["Content-Security-Policy"], await answer.text()
                assert "default-src 'none'" in policy
                assert "script-src 'self';" in policy
                assert "https:" not in policy + page
        async with visitor() as other:
            async with other.get(server.address, allow_redirects=False) as answer:
                assert answer.status == 403
                assert "used before" in await answer.text()
            newer = server.process.stdout.readline().strip()
            async with other.get(newer, allow_redirects=False) as answer:
                assert answer.status == 303

    asyncio.run(scenario())


def test_other_pages_and_other_names_are_refused_before_a_process_starts(served):
    server = served()
    foreign = [
        {"Host": "evil.example", "Origin": "http://evil.example"},  # a name that was rebound to this machine
        {"Host": f"{server.place}.evil.example", "Origin": server.base},
        {"Host": server.place, "Origin": "http://evil.example"},
        {"Host": server.place, "Origin": "http://127.0.0.1:1"},  # another server of this machine
        {"Host": server.place, "Origin": "null"},
        {"Host": server.place},
    ]

    async def status(session, headers) -> int:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        async with session.get(f"{server.base}/ws", headers=upgrade | key | headers) as answer:
            return answer.status

    async def scenario() -> None:
        async with visitor() as stranger:
            own = {"Host": server.place, "Origin": server.base}
            assert set(await asyncio.gather(*(status(stranger, own) for _ in range(100)))) == {403}
        async with visitor() as session:
            await let_in(session, server)
            flood = [status(session, headers) for headers in foreign * 20]
            assert set(await asyncio.gather(*flood)) == {403}
            assert server.apps() == []
            for place in ("localhost:9999", "127.0.0.1", "[::1]:9999"):  # as ssh -L forwards it
                headers = {"Host": place, "Origin": f"http://{place}"}
                async with session.get(server.base, headers=headers) as answer:
                    assert answer.status == 200
                    assert f"ws://{place};" in answer.headers["Content-Security-Policy"]

    asyncio.run(scenario())


def test_a_closed_tab_leaves_no_process_and_gives_its_place_to_the_next(served, until):
    server = served("--sessions", "1")

    async def scenario() -> None:
        async with visitor() as session:
            await let_in(session, server)
            async with tab(session, server) as first:
                await seen(first, "anatomy")
                (app,) = server.apps()
                async with tab(session, server) as second:
                    message = await second.receive(timeout=PATIENCE)
                    assert message.type is aiohttp.WSMsgType.CLOSE
                    assert (
                        message.extra == "One tab is open already: close it, then open this again (or: phosphene "
                        "serve --sessions)."
                    )
                assert server.apps() == [app]
            async with tab(session, server) as third:
                await seen(third, "anatomy")
                assert has_ended(app)
                (app,) = server.apps()
                await third.send_json(["stdin", "q"])
                async with asyncio.timeout(PATIENCE):
                    while (message := await third.receive()).type is not aiohttp.WSMsgType.CLOSE:
                        pass
                assert message.extra == "You have left the workbench; runs go on."
            await asyncio.to_thread(until, lambda: not server.apps())

    asyncio.run(scenario())


@pytest.mark.parametrize("end", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_a_server_that_ends_leaves_no_process(served, until, end):
    server = served()

    async def scenario() -> None:
        async with visitor() as session:
            await let_in(session, server)
            async with tab(session, server) as opened:
                await seen(opened, "anatomy")
                (app,) = server.apps()
                server.process.send_signal(end)
                await asyncio.to_thread(until, lambda: has_ended(app))

    asyncio.run(scenario())
    assert server.process.wait(PATIENCE) == (-end if end is signal.SIGKILL else 0)


def test_a_workbench_that_only_looks_hands_out_a_chart_and_starts_nothing(served, launch, finish, visible):
    finish(launch("count", {"steps": 5}))
    server = served("--read-only")

    async def scenario() -> None:
        async with visitor() as session:
            await let_in(session, server)
            async with tab(session, server) as opened:
                await seen(opened, "finished")
                await opened.send_json(["stdin", "r"])
                await seen(opened, "only looks")
                await opened.send_json(["stdin", "e"])
                await seen(opened, ".pdf")
                await opened.send_json(["stdin", "curve.csv\r"])
                async with asyncio.timeout(PATIENCE):
                    while (message := await opened.receive()).type is not aiohttp.WSMsgType.TEXT:
                        pass
                what, key = json.loads(message.data)
                assert what == "deliver_file_start"
                async with session.get(f"{server.base}/download/{key}") as answer:
                    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
                    assert (await answer.text()).startswith("line,step,loss")
                async with session.get(f"{server.base}/download/{key}") as answer:
                    assert answer.status == 404

    asyncio.run(scenario())
    assert len(visible()) == 1


def test_a_unix_socket_is_its_owners_alone_and_goes_with_the_server(served, phosphene, tmp_path):
    path = tmp_path / "a socket"
    os.umask(before := os.umask(0))
    server = served("--socket", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    refused = phosphene("serve", "--socket", path)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"phosphene: {path} is served already: choose another path with --socket\n",
    )

    async def scenario() -> None:
        async with visitor(aiohttp.UnixConnector(str(path))) as session:
            await let_in(session, server)
            async with session.get(f"{server.base}/page/page.js") as answer:
                assert answer.status == 200

    asyncio.run(scenario())
    server.end()
    assert server.process.returncode == 0
    assert not path.exists()
    assert os.umask(before) == before


def test_a_port_that_is_taken_is_a_sentence(served, phosphene):
    port = served().place.rpartition(":")[2]
    refused = phosphene("serve", "--port", port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"phosphene: port {port} cannot be used (Address already in use): choose another")


class Chromium:
    """A headless Chromium with one page, driven by its own protocol.

    Attributes:
        drawn: what the server has sent to the page over WebSockets.
        complaints: what the page, or its security policy, found wrong.
    """

    def __init__(self, page: aiohttp.ClientWebSocketResponse) -> None:
        self._page = page
        self._count = 0
        self.drawn = ""
        self.complaints: list[str] = []

    async def do(self, method: str, **parameters):
        """Do something and return the answer."""
        self._count += 1
        await self._page.send_json({"id": self._count, "method": method, "params": parameters})
        while True:
            message = (await self._page.receive(timeout=PATIENCE)).json()
            if message.get("id") == self._count:
                return message["result"]
            self._take(message.get("method"), message["params"])

    def _take(self, event: str, told) -> None:
        if event == "Network.webSocketFrameReceived" and told["response"]["opcode"] == 2:
            self.drawn += base64.b64decode(told["response"]["payloadData"]).decode()
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told))

    async def open(self, address: str) -> None:
        """Go to a page."""
        self.drawn = ""
        await self.do("Page.navigate", url=address)

    async def until(self, expression: str) -> None:
        """Wait until something is true in the page."""
        async with asyncio.timeout(PATIENCE):
            while not (await self.do("Runtime.evaluate", expression=expression))["result"].get("value"):
                pass

    async def sees(self, text: str) -> None:
        """Wait until the workbench has drawn a text."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.drawn:
                await self.do("Runtime.evaluate", expression="0")

    async def press(self, key: str) -> None:
        for kind in ({"type": "keyDown", "text": key}, {"type": "keyUp"}):
            await self.do("Input.dispatchKeyEvent", key=key, **kind)

    async def picture(self) -> Image.Image:
        shot = await self.do("Page.captureScreenshot")
        return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")


@pytest.fixture
def devtools(tmp_path, until):
    """Start Chromium and return the address at which it is driven."""
    profile = tmp_path / "profile"
    options = ["--headless=new", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    browser = subprocess.Popen([CHROMIUM, *options, "--window-size=1400,900"], start_new_session=True, **quiet)
    port = profile / "DevToolsActivePort"
    until(lambda: port.exists() and len(port.read_text().split()) == 2, PATIENCE)
    yield f"http://127.0.0.1:{port.read_text().split()[0]}"
    os.killpg(browser.pid, signal.SIGKILL)
    browser.wait(PATIENCE)


@asynccontextmanager
async def driven(devtools):
    """A new page of the browser."""
    async with visitor() as session:
        async with session.put(f"{devtools}/json/new?about:blank") as answer:
            address = (await answer.json())["webSocketDebuggerUrl"]
        async with session.ws_connect(address, max_msg_size=0) as page:
            browser = Chromium(page)
            for domain in ("Page", "Network", "Log", "Runtime"):
                await browser.do(f"{domain}.enable")
            yield browser


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
def test_a_run_is_launched_from_chromium_goes_on_without_it_and_is_there_again(
    served, home, devtools, tmp_path, until, visible
):
    home.mkdir()
    (home / "workbench.json").write_text('{"experiment": "count", "warm": false}')
    server = served()

    async def scenario() -> None:
        async with driven(devtools) as browser:
            await browser.open(server.address)
            await browser.until("location.href.endsWith('/') && document.body.classList.contains('-first-byte')")
            await browser.sees("pause")
            await browser.press("r")
            await browser.sees("0.05000")
            picture = await browser.picture()
            picture.save(tmp_path / "workbench.png")
            assert picture.getpixel((700, 20))[2] < 60  # a dark head, drawn to the right edge
            assert len(picture.getcolors(1 << 20)) > 100  # letters have edges of many shades
            await browser.open("about:blank")
            await asyncio.to_thread(until, lambda: not server.apps())
            await browser.open(server.base)
            await browser.sees("finished")
            assert browser.complaints == []

    asyncio.run(scenario())
    (run,) = visible()
    assert run.status().state == "finished"
