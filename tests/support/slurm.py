"""A Slurm of our own: one node, this machine, with what Debian packages. It listens on loopback."""

import contextlib
import getpass
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pages import block
from people import free_port
from programs import environment
from waiting import explained_by, unhurriedly, wait_for

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")
# Debian keeps those that serve off a user's PATH.
PATH = f"{environment()['PATH']}:/usr/sbin:/sbin"


def lacking() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start it; the environment in which its commands, and those that use them, are given."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    key, munge = folder / "munge.key", folder / "munge"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    munge.mkdir(mode=0o755)
    user, host = getpass.getuser(), socket.gethostname().partition(".")[0]
    config = folder / "slurm.conf"
    config.write_text(
        f"""
ClusterName=drinkdeep
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={munge}/socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=1,sched_interval=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=20000 State=UNKNOWN
PartitionName=normal Nodes={host} Default=YES MaxTime=INFINITE State=UP
""",
        encoding="utf-8",
    )
    variables = environment(PATH=PATH, SLURM_CONF=str(config))
    commands = [
        [
            *("munged", "--foreground", "--force", f"--key-file={key}"),
            *(f"--socket={munge}/socket", f"--pid-file={munge}/pid"),
            *(f"--log-file={munge}/log", f"--seed-file={munge}/seed"),
        ],
        ["slurmctld", "-D", "-f", config],
        ["slurmd", "-D", "-f", config, "-N", host],
    ]
    with contextlib.ExitStack() as stack, (folder / "log").open("w") as log:
        for command in commands:
            process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
            stack.callback(_stop, process)
            if command[0] == "munged":
                with explained_by(folder):
                    wait_for(lambda: (munge / "socket").exists())
        with explained_by(folder):
            wait_for(lambda: "idle" in _ask(variables, "sinfo", "--noheader"), pause=unhurriedly)
        yield variables
        _ask(variables, "scancel", f"--user={user}")
        with explained_by(folder):
            wait_for(lambda: not _ask(variables, "squeue", "--noheader"), pause=unhurriedly)


@dataclass
class Recipe:
    """The book's recipe, running: what ``drinkdeep grade`` is given."""

    address: str
    options: list[str]
    environment: dict[str, str]


@contextlib.contextmanager
def recipe(folder: Path) -> Iterator[Recipe]:
    """Start a Slurm, make the book's certificate, and leave the book's script running."""
    home = folder / "home"
    home.mkdir(parents=True)
    with cluster(folder / "slurm") as known:
        known = {
            **known,
            "HOME": str(home),
            # Where the page's script listens on the network that joins the nodes.
            "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
            "OMP_NUM_THREADS": "1",
        }
        certify = block("cluster.md", "sh", "openssl")
        subprocess.run(["bash", "-euc", certify], env=known, check=True, capture_output=True)
        script = home / "slurm.py"
        script.write_text(block("cluster.md", "python", "SLURMCluster"), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, script],
            cwd=home,
            env=known,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin
            assert running.stdout
            address = running.stdout.readline().strip()
            assert address.startswith("tls://127.0.0.1:"), address
            command = block("cluster.md", "text", "--scheduler tls://ADDRESS")
            for said, meant in (("\\\n", ""), ("tls://ADDRESS", address), ("~", str(home))):
                command = command.replace(said, meant)
            words = shlex.split(command)
            yield Recipe(address, words[words.index("--scheduler") :], known)
            running.stdin.write("\n")
            running.stdin.close()
            running.wait(60)


def jobs(variables: dict[str, str], state: str = "running") -> list[str]:
    """The numbers of the jobs in a state."""
    return _ask(variables, "squeue", "--noheader", "--format=%i", f"--states={state}").split()


def _ask(variables: dict[str, str], *command: str) -> str:
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return run.stdout


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
