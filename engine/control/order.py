"""The order a worker gets: which attempt to make, and under which name to publish its directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.record.claim import write_claim
from engine.record.identity import Identity
from engine.record.log import RESERVE_NAME
from engine.version import CODE


@dataclass(frozen=True, slots=True)
class Order:
    """An attempt to be made.

    A run, or a further attempt of one, is prepared under a hidden name and published by one rename. Launcher and worker
    both try the rename, so that it happens even if the launcher is killed. Every visible attempt has a worker.

    Attributes:
        staged: the hidden directory.
        published: the same directory under its final name.
        run: the run directory.
        attempt: name of the attempt's folder in it.
        code: version and folder of the launcher's code, which the worker's must be too.
    """

    staged: Path
    published: Path
    run: Path
    attempt: str
    code: str = CODE

    def to_json(self) -> str:
        """Return the order as one line."""
        return json.dumps({name: str(value) for name, value in asdict(self).items()})

    @classmethod
    def from_json(cls, line: str) -> Order:
        """Read an order."""
        values = json.loads(line)
        return cls(
            Path(values["staged"]), Path(values["published"]), Path(values["run"]), values["attempt"], values["code"]
        )

    def folders(self) -> tuple[Path, Path]:
        """Return the attempt's folder before and after it is published."""
        there = self.run / "attempts" / self.attempt
        return self.staged / there.relative_to(self.published), there

    def claim(self, worker: Identity) -> bool:
        """Write that this worker serves the attempt; return False if another one does, or if the attempt is gone."""
        for folder in self.folders():
            try:
                return write_claim(folder, worker)
            except FileNotFoundError:
                continue
        return False

    def claim_for_this(self) -> bool:
        """Claim the attempt for this process; return False if it is another one's.

        To be called before :meth:`publish`: whenever launcher or worker is killed, a visible attempt names its worker.

        Raises:
            OSError: if the disk refuses.
        """
        try:
            return self.claim(Identity.own())
        except OSError:
            # The disk is full: removing the reserve makes room for the claim and for the reason.
            for folder in self.folders():
                (folder / RESERVE_NAME).unlink(missing_ok=True)
            return self.claim(Identity.own())

    def publish(self) -> bool:
        """Give the directory its final name; return False if another directory has that name."""
        try:
            self.staged.rename(self.published)
        except FileNotFoundError:
            return self.published.is_dir()
        except OSError:
            return False
        return True
