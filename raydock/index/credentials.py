"""The credentials of a package index, from the places of pip and uv."""

import netrc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from raydock.index import settings

Environment = Mapping[str, str]

_KEYRING_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class IndexLogin:
    """The login for an index.

    Attributes:
        user: the user.
        password: the password; may be empty.
        source: the variable, file or program that it comes from.
    """

    user: str
    password: str = field(repr=False)
    source: str


def user_of(names: tuple[str, ...], environment: Environment) -> str:
    """The user that UV_INDEX_NAME_USERNAME names for one of an index's `names`.

    Empty if none does.
    """
    return next(filter(None, (environment.get(f"{_prefix(name)}_USERNAME", "") for name in names)), "")


def from_variables(user: str, names: tuple[str, ...], environment: Environment) -> IndexLogin | None:
    """The login with the password of UV_INDEX_NAME_PASSWORD.

    `names` are the names of the index.
    """
    for name in names:
        if password := environment.get(f"{_prefix(name)}_PASSWORD", ""):
            return IndexLogin(user=user, password=password, source=f"{_prefix(name)}_PASSWORD")
    return None


def from_netrc(url: str, user: str, environment: Environment) -> IndexLogin | None:
    """The login of a host in netrc.

    If the address names a `user`, only a login of that user.
    """
    for path in netrc_files(environment):
        try:
            entry = netrc.netrc(path).authenticators(urlsplit(url).hostname or "")
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue  # as pip and uv do
        if entry and entry[2] and user in {"", entry[0]}:
            return IndexLogin(user=entry[0] or entry[1] or "", password=entry[2], source=str(path))
    return None


def netrc_files(environment: Environment) -> tuple[Path, ...]:
    """The paths where pip and uv look for netrc; the files need not exist."""
    if path := environment.get("NETRC"):
        return (Path(path),)
    home = Path(environment.get("HOME") or Path.home())
    return (home / ".netrc", home / "_netrc")


def from_keyring(url: str, user: str, environment: Environment) -> IndexLogin | None:
    """The login for the index `url` from the command `keyring`.

    Returns None if the command or the login is missing. As in pip and uv, it looks up the address, then the host.
    """
    program = keyring(environment)
    services = (url, url.rstrip("/"), f"{url.rstrip('/')}/", urlsplit(url).netloc) if program else ()
    for service in dict.fromkeys(services):
        command = [program, "get", service, user] if user else [program, "--mode", "creds", "get", service]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=_KEYRING_SECONDS,
                env=dict(environment),
            )
        except (subprocess.TimeoutExpired, OSError):
            return None  # locked or broken: the index then reports that credentials are required
        lines = done.stdout.splitlines()
        if done.returncode == 0 and len(lines) >= (1 if user else 2):
            return IndexLogin(user=user or lines[0], password=lines[0 if user else 1], source="keyring")
    return None


def keyring(environment: Environment) -> str:
    """The path of the command `keyring`.

    Empty if it is missing or the settings disable it.
    """
    if settings.keyring_provider(environment) == "disabled":
        return ""
    path = os.pathsep.join((environment.get("PATH", ""), str(Path(sys.executable).parent)))
    return shutil.which("keyring", path=path) or ""


def _prefix(name: str) -> str:
    return f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', name.upper())}"
