"""The parts of the workbench, and its words, without a screen."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from types import SimpleNamespace

from engine import Engine, Sweeps, Workspace, catalogue, wording
from tui.workbench.following import RunFollower
from tui.workbench.listing import News, RunListing, last_finished, last_time
from tui.workbench.requests import RunRequests


class Owner:
    """Runs workers and collects messages, as a screen does."""

    def __init__(self) -> None:
        self.messages = []
        self._groups = {}
        self._posted = asyncio.Event()

    def post_message(self, message) -> bool:
        self.messages.append(message)
        self._posted.set()
        return True

    def run_worker(self, work, *, group="", exclusive=False):
        if exclusive and group in self._groups:
            self._groups[group].cancel()
        self._groups[group] = asyncio.ensure_future(work() if callable(work) else work)

    def of(self, kind):
        return [message for message in self.messages if isinstance(message, kind)]

    async def wait_for(self, kind, count=1):
        async with asyncio.timeout(15):
            while len(self.of(kind)) < count:
                self._posted.clear()
                await self._posted.wait()
        return self.of(kind)

    async def close(self):
        for task in self._groups.values():
            task.cancel()
        await asyncio.gather(*self._groups.values(), return_exceptions=True)


def with_owner(scenario, home):
    """Run a scenario with an owner and an engine."""

    async def play():
        owner, engine = Owner(), Engine(home)
        try:
            await scenario(owner, lambda: engine)
        finally:
            await owner.close()

    asyncio.run(play())


def test_follows_one_run_at_a_time_and_says_when_it_has_ended(album):
    async def scenario(owner, engine):
        follower = RunFollower(owner, engine)
        follower.follow("1121-1100-count-9qd", pause=10)
        await asyncio.sleep(0)
        follower.follow("1121-1200-cnn-k3f")
        await owner.wait_for(RunFollower.Ended)
        (opened,) = owner.of(RunFollower.Opened)
        assert opened.shown.run.id == "1121-1200-cnn-k3f"
        assert opened.shown.history.step == 300
        assert owner.of(RunFollower.Advanced)
        said = [line.text for message in owner.of(RunFollower.Said) for line in message.lines]
        assert "a [bold]plain[/] word" in said
        assert not follower.busy

    with_owner(scenario, album)


def test_a_run_that_fails_while_it_is_followed_says_why(home, launch):
    run = launch("trouble", {"trouble": "raise"})

    async def scenario(owner, engine):
        RunFollower(owner, engine).follow(run.id)
        (ended,) = await owner.wait_for(RunFollower.Ended)
        assert ended.run == run.id
        assert "the [red]third[/] step divides by zero" in ended.failure

    with_owner(scenario, home)


def test_a_run_that_is_not_there_is_a_message(album):
    async def scenario(owner, engine):
        RunFollower(owner, engine).follow("nothing-like-that")
        (failed,) = await owner.wait_for(RunFollower.Failed)
        assert "nothing-like-that" in failed.reason

    with_owner(scenario, album)


def test_lists_at_once_on_demand_and_complains_once(album, monkeypatch):
    monkeypatch.setattr("tui.workbench.listing.LIST_SECONDS", 3600)

    async def scenario(owner, engine):
        begun = asyncio.Event()
        listing = RunListing(owner, lambda: (begun.set(), engine())[1], lambda: Sweeps(album))
        listing.start()
        (first,) = await owner.wait_for(RunListing.Changed)
        assert [run.id for run in first.runs] == ["1121-1200-cnn-k3f", "1121-1100-count-9qd", "1121-1000-count-7xy"]
        listing.look_again()
        await owner.wait_for(RunListing.Changed, 2)
        (album / "runs").rename(album / "away")
        (album / "runs").write_text("")
        for _ in range(3):
            begun.clear()
            listing.look_again()
            await begun.wait()
        (album / "runs").unlink()
        (album / "away").rename(album / "runs")
        listing.look_again()
        await owner.wait_for(RunListing.Changed, 3)
        assert len(owner.of(RunListing.Failed)) == 1

    with_owner(scenario, album)


def test_a_request_that_is_refused_is_a_message_with_the_field_or_the_reason(album):
    async def scenario(owner, engine):
        requests = RunRequests(owner, engine)
        requests.launch(catalogue.experiment("count"), {"steps": "zero"}, {})
        (refused,) = await owner.wait_for(RunRequests.Refused)
        assert [*refused.problems] == ["steps"]
        requests.stop(Workspace(album).find("k3f"), 1)
        (failed,) = await owner.wait_for(RunRequests.Failed)
        assert "k3f" in failed.reason

    with_owner(scenario, album)


def test_news_are_what_ended_since_the_runs_were_last_seen_and_what_is_active(album):
    runs = Workspace(album).list()
    ended = [run.status.changed for run in runs]
    assert News.since(0, runs).ended == []
    news = News.since(min(ended) + 1, runs)
    assert [run.id for run in news.ended] == [run.id for run in runs if run.status.changed > min(ended) + 1]
    assert news.best == runs[0].id
    assert any("test/accuracy 0.974" in text for text, _ in news.lines())
    assert News.since(0, []).best == ""
    states = ("queued", "running", "finished")
    queue = [replace(run, status=replace(run.status, state=state)) for run, state in zip(runs, states, strict=True)]
    waiting = News.since(0, queue)
    assert [run.status.state for run in waiting.active] == ["running", "queued"]
    assert waiting.best == queue[1].id


def test_says_how_an_experiment_went_last_time(album):
    runs, experiments = Workspace(album).list(), catalogue.experiments()
    assert (
        last_time(last_finished(runs, experiments["cnn"]), experiments["cnn"]) == "last .974, 5:01"
    )  # without its wait
    assert last_finished(runs, experiments["count"]) is None


def test_a_command_line_switches_booleans_and_quotes_what_needs_it():
    views = (SimpleNamespace(name="resume_it", kind="boolean"), SimpleNamespace(name="title", kind="string"))
    experiment = SimpleNamespace(name="demo", fields=lambda: views)
    command = wording.command_line(experiment, {"resume_it": "off", "title": "a b"})
    assert shlex.split(command) == ["phosphene", "run", "demo", "--no-resume-it", "--title", "a b"]


def test_the_listing_ends_when_it_is_cancelled_in_the_moment_in_which_it_is_wanted(album, monkeypatch):
    monkeypatch.setattr("tui.workbench.listing.LIST_SECONDS", 3600)

    async def scenario(owner, engine):
        for passes in range(6):
            listing = RunListing(owner, engine, lambda: Sweeps(album))
            listing.start()
            await owner.wait_for(RunListing.Changed, passes + 1)
            await asyncio.sleep(0)
            listing.look_again()
            for _ in range(passes):
                await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await owner.close()

    with_owner(scenario, album)


def test_a_launch_that_takes_long_is_said_to_be_prepared_and_a_quick_one_is_not(monkeypatch):
    class Slow:
        def __init__(self) -> None:
            self.ready = asyncio.Event()

        async def launch(self, *_):
            await self.ready.wait()
            return "run"

    async def scenario() -> None:
        owner, engine = Owner(), Slow()
        requests = RunRequests(owner, lambda: engine)
        experiment = SimpleNamespace(name="probe")
        monkeypatch.setattr("tui.workbench.requests.SLOW_SECONDS", 0.0)
        requests.launch(experiment, {}, {})
        await owner.wait_for(RunRequests.Done)
        assert owner.of(RunRequests.Done)[0].text == "probe is being looked up and prepared"
        engine.ready.set()
        await owner.wait_for(RunRequests.Started)
        monkeypatch.setattr("tui.workbench.requests.SLOW_SECONDS", 60.0)
        requests.launch(experiment, {}, {})
        await owner.wait_for(RunRequests.Started, 2)
        assert len(owner.of(RunRequests.Done)) == 1

    asyncio.run(scenario())
