"""The settings that builds need and images must not contain.

They are CA bundle, proxies, package indexes and Python mirrors.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from raydock.core.cabundle import ca_bundle
from raydock.core.errors import ConfigurationError
from raydock.index import addresses
from raydock.index.addresses import Address
from raydock.index.credentials import netrc_files

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# The variables with the mirror and the list of uv's managed Pythons, by their names in uv's configuration.
PYTHON_VARIABLES = {
    "python-install-mirror": "UV_PYTHON_INSTALL_MIRROR",
    "python-downloads-json-url": "UV_PYTHON_DOWNLOADS_JSON_URL",
}


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Values for BuildKit secrets.

    Attributes:
        bundle: a file of PEM certificates.
        netrc: the netrc file, for an index whose files are on a different host.
        default: the package index that replaces the default one.
        extra: further package indexes.
        pythons: pairs of a setting in uv's configuration and the address for managed Pythons.
        has_bridge: whether the engine has a network for builds; otherwise they use the host's.
    """

    bundle: Path | None = None
    netrc: Path | None = None
    default: Address | None = None
    extra: tuple[Address, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()
    has_bridge: bool = True

    def with_indexes(self, indexes: tuple[Address, ...]) -> Self:
        """The same secrets with further package indexes."""
        return replace(self, extra=(*self.extra, *indexes))

    @property
    def uv(self) -> str:
        """The text of uv's configuration, with credentials.

        Empty if there is nothing to configure.
        """
        # A JSON string is a TOML string.
        settings = [f"{name} = {json.dumps(url)}\n" for name, url in self.pythons]
        settings += ['index-strategy = "unsafe-best-match"\n'] if self.extra else []
        tables = [_table(index) for index in self.extra]
        tables += [f"{_table(self.default)}default = true\n"] if self.default else []
        return "".join((*settings, *tables))

    @property
    def host_network(self) -> bool:
        """Whether builds use the host's network.

        They do if an index, a mirror or a proxy is on this machine's loopback address, or the engine has no bridge.
        """
        proxies = (os.environ.get(name, "") for name in PROXY_VARIABLES if name.lower() != "no_proxy")
        indexes = (index.url for index in (*self.extra, *((self.default,) if self.default else ())))
        urls = (*indexes, *(url for _, url in self.pythons), *proxies)
        return not self.has_bridge or any(urlsplit(url).hostname in LOOPBACK for url in urls)

    def options(self, folder: Path) -> list[str]:
        """The options for `docker buildx build`.

        Writes uv's configuration to `folder`, readable only by the owner.
        """
        options = [f"--secret=id=ca,src={self.bundle}"] if self.bundle else []
        if self.netrc and (self.default or self.extra):
            options.append(f"--secret=id=netrc,src={self.netrc}")
        if text := self.uv:
            path = folder / "uv.toml"
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            options.append(f"--secret=id=uv,src={path}")
        # A build argument without a value gets that of the environment. Proxy arguments do not stay in the image.
        options += [f"--build-arg={name}" for name in PROXY_VARIABLES if os.environ.get(name)]
        return [*options, *(["--network=host"] if self.host_network else [])]


def proxies() -> dict[str, str]:
    """The proxies of the environment by variable.

    They also have lower-case names, because apt reads only those.
    """
    values = {name: os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)}
    return {**{name.lower(): value for name, value in values.items()}, **values}


def gather(bundle: Path | None = None) -> Secrets:
    """The secrets of this machine.

    They are CA bundle, package index (index/addresses.py) and mirror of Pythons.

    bundle: a file of PEM certificates; None for the one of the environment.
    Raises ConfigurationError if `bundle` does not exist, or if two settings name different indexes.
    """
    if bundle and not bundle.is_file():
        raise ConfigurationError(f"--ca-bundle {bundle} is not a file.", todo="name a file of PEM certificates.")
    return Secrets(
        bundle=bundle or ca_bundle(),
        netrc=next((path for path in netrc_files(os.environ) if path.is_file()), None),
        default=addresses.default(os.environ),
        pythons=tuple((name, os.environ[key]) for name, key in PYTHON_VARIABLES.items() if os.environ.get(key)),
    )


def _table(index: Address) -> str:
    """The table of an index in uv's configuration.

    As in index/client.py, 403 means that a project is missing.
    """
    return f"[[index]]\nurl = {json.dumps(index.full)}\nignore-error-codes = [403]\n"
