"""The tree of errors: its class alone decides with which status the command ends."""

from __future__ import annotations

import pytest

from engine import errors


def tree(error=errors.PhospheneError):
    return {error, *(each for child in error.__subclasses__() for each in tree(child))}


@pytest.mark.parametrize("error", sorted(tree(), key=lambda error: error.__name__))
def test_the_machines_failures_end_with_1_and_the_users_mistakes_with_2(error):
    machines = {"MachineFailure", "WorkspaceError", "DiskFull", "LaunchError"}
    assert error.exit_status == (1 if error.__name__ in machines else 2)


def test_the_tree_is_drawn_whole_at_the_top_of_its_module():
    drawn = {
        line.strip("│ ├└─").split()[0] for line in errors.__doc__.splitlines() if "Phosphene" in line or "──" in line
    }
    assert drawn == {error.__name__ for error in tree() if error.__module__ == "engine.errors"}


@pytest.mark.parametrize(("error", "status"), [(errors.DiskFull, 1), (errors.UnknownRun, 2)])
def test_the_command_asks_the_error(monkeypatch, capsys, error, status):
    from commands.entry import main

    def fail(**_):
        raise error("one sentence")

    monkeypatch.setattr("sys.argv", ["phosphene", "runs"])
    monkeypatch.setattr("commands.main.app", fail)
    assert main() == status
    assert capsys.readouterr().err == "phosphene: one sentence\n"
