"""What a build may know and an image must not: a company's CA bundle, its proxies, its package indexes, its Pythons."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from raydock.errors import ConfigurationError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
DEFAULT_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
# Where uv downloads its managed Pythons, and the list of them; by the name of each in uv's configuration.
PYTHON_VARIABLES = {
    "python-install-mirror": "UV_PYTHON_INSTALL_MIRROR",
    "python-downloads-json-url": "UV_PYTHON_DOWNLOADS_JSON_URL",
}


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Values for BuildKit secrets: `bundle` is a file of PEM certificates, `default` the address of a package index
    that stands for the default one, `extra` are those of indexes beside it, `pythons` those of uv's managed Pythons,
    by their names in uv's configuration."""

    bundle: Path | None = None
    default: str = ""
    extra: tuple[str, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()

    def beside(self, indexes: tuple[str, ...]) -> Self:
        """The same with more package indexes."""
        return replace(self, extra=(*self.extra, *indexes))

    @property
    def uv(self) -> str:
        """The text of uv's configuration; empty where there is nothing to configure."""
        # A JSON string is a TOML string.
        settings = [f"{name} = {json.dumps(url)}\n" for name, url in self.pythons]
        settings += ['index-strategy = "unsafe-best-match"\n'] if self.extra else []
        tables = [f"[[index]]\nurl = {json.dumps(url)}\n" for url in self.extra]
        tables += [f"[[index]]\nurl = {json.dumps(self.default)}\ndefault = true\n"] if self.default else []
        return "".join((*settings, *tables))

    @property
    def loopback(self) -> bool:
        """Whether an index, a mirror or a proxy is on this machine's own loopback address."""
        proxies = (os.environ.get(name, "") for name in PROXY_VARIABLES if name.lower() != "no_proxy")
        addresses = (*self.extra, self.default, *(url for _, url in self.pythons), *proxies)
        return any(urlsplit(address).hostname in LOOPBACK for address in addresses)

    def options(self, folder: Path) -> list[str]:
        """The options for `docker buildx build`. Puts uv's configuration into `folder`, readable by its owner alone."""
        options = [f"--secret=id=ca,src={self.bundle}"] if self.bundle else []
        if text := self.uv:
            path = folder / "uv.toml"
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            options.append(f"--secret=id=uv,src={path}")
        # A build argument without a value takes the environment's, and proxies' never stay in the image.
        options += [f"--build-arg={name}" for name in PROXY_VARIABLES if os.environ.get(name)]
        return [*options, *(["--network=host"] if self.loopback else [])]


def gather(bundle: Path | None = None) -> Secrets:
    """The secrets of this machine: `bundle`, or the first of CA_VARIABLES that names a file; and its package indexes
    and its mirror of Pythons, those of the environment (uv's and pip's variables).

    Raises ConfigurationError where `bundle` does not exist.
    """
    if bundle and not bundle.is_file():
        raise ConfigurationError(f"--ca-bundle {bundle} is no file.", todo="name a file of PEM certificates.")
    named = (Path(os.environ[name]) for name in CA_VARIABLES if os.environ.get(name))
    return Secrets(
        bundle=bundle or next((path for path in named if path.is_file()), None),
        default=next((os.environ[name] for name in DEFAULT_INDEX_VARIABLES if os.environ.get(name)), ""),
        pythons=tuple((name, os.environ[key]) for name, key in PYTHON_VARIABLES.items() if os.environ.get(key)),
    )
