"""What a worker is told: which directory to publish under which name, and which attempt is its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.record.claim import write_claim

if TYPE_CHECKING:
    from engine.record.identity import Identity


@dataclass(frozen=True, slots=True)
class Order:
    """An attempt to be made.

    A run (or a further attempt of it) is prepared under a hidden name and appears by one rename, done by the launcher
    or by the worker, whoever comes first: what is visible has a worker, even if the launcher dies on the way.

    Attributes:
        staged: the hidden directory.
        published: the name it gets.
        run: the run directory.
        attempt: name of the attempt's folder in it.
    """

    staged: Path
    published: Path
    run: Path
    attempt: str

    def to_json(self) -> str:
        """Return the order as one line."""
        return json.dumps({name: str(value) for name, value in asdict(self).items()})

    @classmethod
    def from_json(cls, line: str) -> Order:
        """Read an order."""
        values = json.loads(line)
        return cls(Path(values["staged"]), Path(values["published"]), Path(values["run"]), values["attempt"])

    def folders(self) -> tuple[Path, Path]:
        """Return where the attempt lies before and after it is published."""
        there = self.run / "attempts" / self.attempt
        return self.staged / there.relative_to(self.published), there

    def claim(self, worker: Identity) -> bool:
        """Write that the attempt is this worker's; return False if it is another one's, or gone."""
        for folder in self.folders():
            try:
                return write_claim(folder, worker)
            except FileNotFoundError:
                continue
        return False

    def publish(self) -> bool:
        """Give the directory its name; return False if another one has taken it."""
        try:
            self.staged.rename(self.published)
        except FileNotFoundError:
            return self.published.is_dir()
        except OSError:
            return False
        return True
