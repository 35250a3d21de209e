"""A real Slurm of one host for tests: own ports on loopback, its state in a folder, no service, no password."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

CONFIGURATION = """
ClusterName=phosphene
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=5
SlurmdTimeout=10
MessageTimeout=5
KillWait=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=localhost MaxTime=1:00:00 State=UP PriorityTier=9
PartitionName=closed Nodes=localhost State=DOWN
"""
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
ENOUGH = 30.0


def missing() -> str:
    """Return why there can be no Slurm here; empty if there can be."""
    lacking = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
    return f"{', '.join(lacking)} needed: apt-get install slurm-wlm" if lacking else ""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class OneHostSlurm:
    """A controller and a node in two processes of ours."""

    def __init__(self, folder: Path) -> None:
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        self.folder = folder
        self.conf = folder / "slurm.conf"
        ports = {"controller_port": free_port(), "node_port": free_port()}
        self.conf.write_text(CONFIGURATION.format(folder=folder, user=getpass.getuser(), **ports))
        (folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
        # Tests put other commands in front of Slurm's.
        self._path = os.environ["PATH"]
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self.start_controller()
        self.start_node()
        self.wait_for(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%t"), "the node is idle")

    def start_controller(self) -> None:
        self._start("slurmctld", "-D")
        self.wait_for(lambda: self.ask("scontrol", "ping").count("UP"), "slurmctld answers")

    def start_node(self) -> None:
        self._start("slurmd", "-D", "-N", "localhost")

    def _start(self, name: str, *words: str) -> None:
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        with (self.folder / f"{name}.out").open("ab") as output:
            # They end with the tests, also where these are killed.
            bound = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
            self.daemons[name] = subprocess.Popen(
                [*bound, path, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=self.environment(),
            )

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a daemon, by default without a word."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        daemon.wait(ENOUGH)

    def environment(self) -> dict[str, str]:
        own = ("SLURM_", "SQUEUE_", "SBATCH_")
        return {name: value for name, value in os.environ.items() if not name.startswith(own)} | {
            "SLURM_CONF": str(self.conf),
            "PATH": self._path,
        }

    def ask(self, *words: str, within: float = ENOUGH) -> str:
        """Return what a command prints, whatever its status."""
        return subprocess.run(
            words, env=self.environment(), capture_output=True, text=True, timeout=within, check=False
        ).stdout

    def jobs(self) -> list[str]:
        """Return the states of the jobs that are not over."""
        return self.ask("squeue", "--noheader", "--array", "--format=%T").split()

    def wait_for(self, condition, what: str) -> None:
        deadline = time.monotonic() + ENOUGH
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.log()}"
            time.sleep(0.02)

    def log(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))

    def clear(self) -> None:
        """Make the cluster whole again and cancel all jobs."""
        if "slurmctld" not in self.daemons:
            self.start_controller()
        if "slurmd" not in self.daemons:
            self.start_node()
        for number in self.ask("squeue", "--noheader", "--format=%A").split():
            # Without a word first, so that nobody waits for a program that takes its time.
            for words in (("--batch", "--signal=KILL"), ()):
                self.ask("scancel", *words, number)
        self.ask("scontrol", "update", "NodeName=localhost", "State=RESUME")
        self.wait_for(lambda: not self.jobs(), "no job is left")

    def stop(self) -> None:
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self.clear()
        for name in list(self.daemons):
            self.kill(name)
