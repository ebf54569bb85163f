"""The package indexes of locks and builds, and their credentials.

The default index can be set in the user's environment, pip.conf or uv.toml. Only matrix.yaml adds further indexes,
because a developer's environment must not change a lock.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from urllib.parse import quote, unquote, urlsplit

from raydock.core.errors import ConfigurationError
from raydock.index import credentials, settings
from raydock.index.credentials import IndexLogin
from raydock.index.settings import Setting
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant

DEFAULT_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
EXTRA_VARIABLES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL")
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT")
DEFAULT = "default"
_PORTS = {"http": 80, "https": 443}
_PROBE_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Address:
    """A package index.

    Attributes:
        url: its address without credentials.
        name: `default`, or the label of a CUDA in matrix.yaml.
        source: the variable or file that names it; empty for the built-in default.
        given: the user and password in the address.
        given_by: the variable or file with the user and password; empty if it is `source`.
        aliases: uv's names for it.
        environment: the variables in which credentials are looked up.
    """

    url: str
    name: str = DEFAULT
    source: str = ""
    given: tuple[str, str] = field(default=("", ""), repr=False)
    given_by: str = ""
    aliases: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False, compare=False)

    @property
    def label(self) -> str:
        """The index in messages.

        An example is `the package index pypi.example (named by /etc/pip.conf)`.
        """
        source = f" (named by {self.source})" if self.source else ""
        return f"the package index {urlsplit(self.url).netloc}{source}"

    @cached_property
    def login(self) -> IndexLogin | None:
        """Its credentials: from its address, UV_INDEX_NAME_*, netrc or keyring.

        Returns None if there are none. The keyring is used only if the address names a user, the settings name a
        keyring provider, or the index answers 401, because it can open a dialog.
        """
        user, password = self.given
        if user and password:
            return IndexLogin(user=user, password=password, source=self.given_by or self.source)
        names = tuple(dict.fromkeys((*self.aliases, self.name)))
        user = user or credentials.user_of(names, self.environment)
        login = credentials.from_variables(user, names, self.environment)
        login = login or credentials.from_netrc(self.url, user, self.environment)
        if login:
            return login
        provider = bool(user) or settings.keyring_provider(self.environment) in {"subprocess", "import", "auto"}
        if credentials.keyring(self.environment) and (provider or _answers_401(self.url, self.environment)):
            login = credentials.from_keyring(self.url, user, self.environment)
        # A token can be the user, without a password.
        return login or (IndexLogin(user=user, password="", source=self.given_by or self.source) if user else None)

    @property
    def full(self) -> str:
        """The address with its credentials, for a file that only its owner can read."""
        parts, login = urlsplit(self.url), self.login
        if login is None:
            return self.url
        password = f":{quote(login.password, safe='')}" if login.password else ""
        return parts._replace(netloc=f"{quote(login.user, safe='')}{password}@{parts.netloc}").geturl()


def default(environment: Mapping[str, str]) -> Address | None:
    """The index that replaces the default one; None if nothing names one.

    Raises ConfigurationError if two settings name different indexes, or if one is not an http or https address.
    """
    variables = (settings.of_variable(variable, environment) for variable in DEFAULT_VARIABLES)
    candidates = (*variables, settings.pip_default(environment), settings.uv_default(environment))
    named = [setting for setting in candidates if setting]
    if not named:
        return None
    addresses = [_address(setting, environment) for setting in named]
    first = addresses[0]
    for other in addresses[1:]:
        if _key(other.url) != _key(first.url):
            raise _disagreement(first, other)
    with_login = next((address for address in addresses if any(address.given)), first)
    names = (*(setting.name for setting in named if setting.name), *_aliases(first.url, environment))
    return replace(first, given=with_login.given, given_by=with_login.source, aliases=names)


def for_cuda(label: str, url: str, environment: Mapping[str, str]) -> Address:
    """The index that matrix.yaml names for a CUDA."""
    address = _address(Setting(url=url, source="matrix.yaml"), environment)
    aliases = _aliases(address.url, environment)
    return replace(address, name=label, source=f"indexes: {label} in matrix.yaml", aliases=aliases)


def extras(matrix: Matrix, variant: Variant, environment: Mapping[str, str]) -> tuple[Address, ...]:
    """The indexes that serve a variant in addition to the default one."""
    return tuple(for_cuda(variant.label, url, environment) for url in matrix.indexes_of(variant))


def unused(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The settings that name extra indexes, which raydock does not use."""
    variables = (variable for variable in EXTRA_VARIABLES if environment.get(variable, "").strip())
    return (*variables, *settings.pip_extra(environment), *settings.uv_extra(environment))


def clean(url: str) -> str:
    """An address without its user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _address(setting: Setting, environment: Mapping[str, str]) -> Address:
    try:
        parts = urlsplit(setting.url)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:  # raised for an invalid port
        valid = False
    if not valid or parts.scheme not in _PORTS or any(map(str.isspace, setting.url)):
        raise ConfigurationError(
            f"{setting.source} is not set to an http or https address of a package index.",
            todo=f"fix it, or remove it from {setting.source}.",
        )
    given = (unquote(parts.username or ""), unquote(parts.password or ""))
    return Address(url=clean(setting.url), source=setting.source, given=given, environment=environment)


def _aliases(url: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """uv's names for an index, from UV_INDEX and uv.toml."""
    listed = (settings.parse(text, "UV_INDEX") for text in environment.get("UV_INDEX", "").split())
    known = (*listed, *settings.uv_indexes(environment))
    return tuple(setting.name for setting in known if setting.name and _key(setting.url) == _key(url))


def _key(url: str) -> tuple[str, str, int | None, str]:
    """A key that is equal for addresses of the same index.

    It does not contain credentials and trailing slashes.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme), parts.path.rstrip("/")


def _disagreement(one: Address, other: Address) -> ConfigurationError:
    return ConfigurationError(
        f"{one.source} names the package index {one.url}, and {other.source} names {other.url}.",
        meaning="Both replace the default index, so it is not clear which one to use for locks and builds.",
        todo=f"set both to the same address, or remove one: `unset NAME` for a variable, the line for a file"
        f" (PIP_CONFIG_FILE={os.devnull} and UV_NO_CONFIG=1 make raydock ignore pip's and uv's files).",
    )


def _answers_401(url: str, environment: Mapping[str, str]) -> bool:
    import requests

    bundle = next((environment[name] for name in CA_VARIABLES if environment.get(name)), True)
    try:
        answer = requests.get(url, timeout=_PROBE_SECONDS, stream=True, verify=bundle)
        return answer.status_code == HTTPStatus.UNAUTHORIZED
    except (requests.RequestException, OSError):
        return False  # the next request to the index reports the error
