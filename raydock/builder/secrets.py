"""What a build may know and an image must not: a company's CA bundle, its proxies, its package indexes, its Pythons."""

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
# Where uv downloads its managed Pythons, and the list of them; by the name of each in uv's configuration.
PYTHON_VARIABLES = {
    "python-install-mirror": "UV_PYTHON_INSTALL_MIRROR",
    "python-downloads-json-url": "UV_PYTHON_DOWNLOADS_JSON_URL",
}


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Values for BuildKit secrets.

    Attributes:
        bundle: a file of PEM certificates.
        netrc: the file of the logins of hosts, for an index that keeps its files on a different host.
        default: the package index that replaces the default one.
        extra: the indexes in addition to it.
        pythons: the addresses of uv's managed Pythons, by their names in uv's configuration.
    """

    bundle: Path | None = None
    netrc: Path | None = None
    default: Address | None = None
    extra: tuple[Address, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()

    def beside(self, indexes: tuple[Address, ...]) -> Self:
        """The same with more package indexes."""
        return replace(self, extra=(*self.extra, *indexes))

    @property
    def uv(self) -> str:
        """The text of uv's configuration, with credentials; empty if there is nothing to configure."""
        # A JSON string is a TOML string.
        settings = [f"{name} = {json.dumps(url)}\n" for name, url in self.pythons]
        settings += ['index-strategy = "unsafe-best-match"\n'] if self.extra else []
        tables = [_table(index) for index in self.extra]
        tables += [f"{_table(self.default)}default = true\n"] if self.default else []
        return "".join((*settings, *tables))

    @property
    def loopback(self) -> bool:
        """Whether an index, a mirror or a proxy is on this machine's own loopback address."""
        proxies = (os.environ.get(name, "") for name in PROXY_VARIABLES if name.lower() != "no_proxy")
        indexes = (index.url for index in (*self.extra, *((self.default,) if self.default else ())))
        urls = (*indexes, *(url for _, url in self.pythons), *proxies)
        return any(urlsplit(url).hostname in LOOPBACK for url in urls)

    def options(self, folder: Path) -> list[str]:
        """The options for `docker buildx build`. Puts uv's configuration into `folder`, readable by its owner alone."""
        options = [f"--secret=id=ca,src={self.bundle}"] if self.bundle else []
        if self.netrc and (self.default or self.extra):
            options.append(f"--secret=id=netrc,src={self.netrc}")
        if text := self.uv:
            path = folder / "uv.toml"
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            options.append(f"--secret=id=uv,src={path}")
        # A build argument without a value takes the environment's, and proxies' never stay in the image.
        options += [f"--build-arg={name}" for name in PROXY_VARIABLES if os.environ.get(name)]
        return [*options, *(["--network=host"] if self.loopback else [])]


def proxies() -> dict[str, str]:
    """The proxies of the environment by variable, also by the names in lower case, which are all that apt reads."""
    given = {name: os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)}
    return {**{name.lower(): value for name, value in given.items()}, **given}


def gather(bundle: Path | None = None) -> Secrets:
    """The secrets of this machine: `bundle`, or the one of the environment; its package index (index/addresses.py) and
    its mirror of Pythons.

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
    """An index for uv. It has raydock's meaning of 403: the index does not have the project (index/client.py)."""
    return f"[[index]]\nurl = {json.dumps(index.full)}\nignore-error-codes = [403]\n"
