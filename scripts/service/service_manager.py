"""systemd: telling it that we listen and that we end, and the unit that runs us with no more rights than we need."""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_UNIT = """\
# outcomes serve --unit > /etc/systemd/system/outcomes.service; systemctl enable --now outcomes
[Unit]
Description=outcomes: what happened to learning outcomes in Canvas
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
User={user}
ExecStart={command}
Restart=on-failure
RestartSec=2
TimeoutStopSec=15
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ReadWritePaths={folder}
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
"""


def unit(folder: Path, arguments: Sequence[str], user: str) -> str:
    """Return a systemd unit that serves a home with these options of `serve`."""
    command = Path(shutil.which("outcomes") or Path(sys.executable).with_name("outcomes")).absolute()
    words = [str(command), "--home", str(folder.absolute()), "serve", *arguments]
    return _UNIT.format(
        user=user,
        command=" ".join(map(_quoted, words)),
        folder=_quoted(str(folder.absolute())),
        home="read-only" if any(path.parts[:2] in _HOMES for path in (folder.absolute(), command)) else "yes",
    )


_HOMES = {("/", "home"), ("/", "root")}


def _quoted(word: str) -> str:
    """Write a word as systemd reads it: `%` and `$` stand for something there."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if any(letter in word for letter in " \t\"'\\;") else plain


def is_watched() -> bool:
    """Say whether systemd has started us."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def notify(state: str) -> None:
    """Tell systemd `READY=1` or `STOPPING=1`, if it has started us and asks; where it does not listen, we go on."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    where = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
        told.sendto(state.encode(), where)
