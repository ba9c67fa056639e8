"""A JupyterHub of our own, on loopback: each of its people is a user of the system.

Users, homes, /opt and the exchange are there for the hub alone: it runs in namespaces of mounts and
of processes, and what was made for it goes with it. That takes root.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from people import free_port
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect
from waiting import explained_by, unhurriedly, wait_for

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PROGRAMS = ("configurable-http-proxy", "unshare")
# Where the hub's processes find what they need, although a folder above it may be closed to users.
SHOWN = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
OWN = ("/opt", "/home", "/usr/local/share", "/mnt")
FIRST_USER = 30_001

SET_UP = r"""
set -eu
folder=$1; users=$2; hidden=$3; shown=$4
# What is shown is held fast before the folders above it are covered.
mount -t tmpfs -o mode=755 tmpfs /mnt
number=0
for path in $shown; do
    number=$((number + 1)); mkdir /mnt/$number; mount --rbind "$path" /mnt/$number
done
mkdir /mnt/files; mount --bind "$folder" /mnt/files
for path in $hidden; do mount -t tmpfs -o mode=755 tmpfs "$path"; done
number=0
for path in $shown; do
    number=$((number + 1)); mkdir -p "$path"; mount --rbind /mnt/$number "$path"
done
cp -r /mnt/files/opt/. /opt
mkdir -p -m 755 /usr/local/share/nbgrader
mkdir -m 777 /usr/local/share/nbgrader/exchange
cp /etc/passwd /mnt/passwd
number=%d
for user in $users; do
    echo "$user:x:$number:$number::/home/$user:/bin/bash" >> /mnt/passwd
    mkdir "/home/$user"
    cp -r "/mnt/files/home/$user/." "/home/$user"
    chown -R $number:$number "/home/$user"
    chmod 700 "/home/$user"
    number=$((number + 1))
done
mount --bind /mnt/passwd /etc/passwd
mkdir -p /root
cd /mnt
exec "%s" -m jupyterhub --config=/mnt/files/jupyterhub_config.py
"""


def lacking() -> list[str]:
    """What a hub needs that is not there."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    return programs + (["the rights of root"] if os.geteuid() != 0 else [])


@dataclass
class Person:
    """Somebody with an account, and the server that the hub has started for them."""

    name: str
    address: str
    token: str

    def get(self, path: str) -> Any:
        """What the server answers."""
        return self._ask("GET", path)

    def put(self, path: str, content: Mapping[str, Any]) -> Any:
        """Give the server something to keep."""
        return self._ask("PUT", path, json.dumps(content).encode())

    def press(self, path: str, /, **form: str) -> Any:
        """Ask what a button of nbgrader's asks, with the fields of its form."""
        return self._ask("POST", path, urllib.parse.urlencode(form).encode())

    def type(self, command: str) -> tuple[int, str]:
        """Give a command in a terminal of JupyterLab's; its exit code, and what it says."""
        said, code = (f"{what}-{uuid.uuid4().hex}.txt" for what in ("said", "code"))
        # Debian's /etc/profile, which a terminal reads, sets a PATH of its own.
        line = f"( PATH={BIN}:$PATH; {command} ) > {said} 2>&1; echo $? > .code; mv .code {code}"
        # It begins in the home, and only what lies below the server's root can be read from here.
        line = f"(cd $JUPYTER_SERVER_ROOT; {line.replace('( ', '(cd; ', 1)})\r"
        name = self._ask("POST", "api/terminals", b"{}")["name"]
        address = self.address.replace("http:", "ws:", 1) + f"/terminals/websocket/{name}"
        asyncio.run(_send(address, self.token, json.dumps(["stdin", line])))
        files: list[str] = []

        def done() -> bool:
            files[:] = [file["name"] for file in self.get("api/contents/")["content"]]
            return code in files

        wait_for(done, 300, pause=unhurriedly)
        return int(self.read(code)), self.read(said)

    def read(self, path: str) -> str:
        """What is in a text file."""
        content: str = self.get(f"api/contents/{path}?type=file&format=text")["content"]
        return content

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        return ask(method, f"{self.address}/{urllib.parse.quote(path, '/?=&')}", self.token, body)


async def _send(address: str, token: str, message: str) -> None:
    """Send a message to a socket, which answers first."""
    request = HTTPRequest(address, headers={"Authorization": f"token {token}"})
    connection = await websocket_connect(request)
    await connection.read_message()
    await connection.write_message(message)
    await connection.read_message()
    connection.close()


def ask(method: str, address: str, token: str, body: bytes | None = None) -> Any:
    """What is answered to a request, read as JSON; an error's words are raised."""
    headers = {"Authorization": f"token {token}"}
    request = urllib.request.Request(address, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            said = answer.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{error}: {error.read().decode(errors='replace')}") from error
    return json.loads(said) if said else None


@contextlib.contextmanager
def hub(folder: Path, users: tuple[str, ...], config: str) -> Iterator[dict[str, Person]]:
    """Start a hub, and a server for each user.

    ``folder`` has what lies in ``opt``, which everybody can read, and in each user's ``home``.
    ``config`` is what the hub is told besides where to listen and whom to let in.
    """
    proxy, own, api = free_port(), free_port(), free_port()
    token = secrets.token_hex(16)
    (folder / "jupyterhub_config.py").write_text(
        f"""
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{own}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {set(users)!r}
c.JupyterHub.services = [{{"name": "test", "admin": True, "api_token": "{token}"}}]
c.Spawner.cmd = [{str(BIN / "jupyterhub-singleuser")!r}]
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
{config}
""",
        encoding="utf-8",
    )
    closed = [
        next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)
        for path in SHOWN
    ]
    hidden = dict.fromkeys([*(place for place in OWN[:-1]), *(str(p) for p in closed if p)])
    script = SET_UP % (FIRST_USER, sys.executable)
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += ["bash", "-c", script, "hub", str(folder), " ".join(users)]
    command += [" ".join(hidden), " ".join(map(str, dict.fromkeys(SHOWN)))]
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    address = f"http://127.0.0.1:{proxy}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        with explained_by(folder):
            wait_for(
                # By way of the proxy, which has no route to the hub until the hub gives it one.
                lambda: process.poll() is not None or _answers(f"{address}/hub/api/")
            )
            assert process.poll() is None
            people = {}
            for user in users:
                api_of = f"{address}/hub/api/users/{user}"
                ask("POST", f"{api_of}/server", token, b"")
                own_token = ask("POST", f"{api_of}/tokens", token, b"{}")["token"]
                people[user] = Person(user, f"{address}/user/{user}", own_token)
            for user in users:
                api_of = f"{address}/hub/api/users/{user}"
                wait_for(lambda at=api_of: _ready(ask("GET", at, token)), pause=unhurriedly)
        yield people
    finally:
        process.kill()  # and with it all that there is in its namespaces
        process.wait()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5)
    except OSError:
        return False
    return True


def _ready(user: dict[str, Any]) -> bool:
    return bool(user["servers"].get("", {}).get("ready"))
