"""The engine that Docker's configuration names: variables, config.json, contexts.

Docker's SDK ignores a context's certificate authority without a client certificate, and finds no context without a
config.json. So this module reads the contexts, as the command line does (docker/cli, cli/context/store, read
2026-11-29).
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from docker import auth
from docker.errors import DockerException

from raydock.core.errors import ConfigurationError, nearest
from raydock.engine.endpoint import DEFAULT, Endpoint, Tls, from_environment, parse_address


def resolve() -> Endpoint:
    """The address of the engine that the docker command line would use.

    It is from DOCKER_HOST, else DOCKER_CONTEXT, else the current context. Raises ConfigurationError if it is invalid.
    """
    configuration = read()
    source, name = "DOCKER_CONTEXT", os.environ.get("DOCKER_CONTEXT") or ""
    if not name:
        source, name = "the current context", str(configuration.get("currentContext") or DEFAULT)
    if os.environ.get("DOCKER_HOST") or name == DEFAULT:
        return from_environment(os.environ, folder())
    return context(name, source)


def folder() -> Path:
    """The folder of Docker's configuration: DOCKER_CONFIG, or ~/.docker."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


class Logins(auth.AuthConfig):  # type: ignore[misc] # the SDK has no types
    """The logins of config.json and its credential helpers.

    Every fault of a helper is a DockerException.
    """

    def resolve_authconfig(self, registry: str | None = None) -> dict[str, str] | None:
        """The login for a registry; None if there is none."""
        try:
            login: dict[str, str] | None = super().resolve_authconfig(registry)
        except DockerException:
            raise
        except Exception as error:  # a helper's answer that is not what Docker specifies
            name = f"docker-credential-{self.get_credential_store(registry)}"
            raise DockerException(f"Credentials store error: {name} gave no usable answer: {error!r}") from None
        return login


def logins() -> Logins:
    """The logins of this user. Raises the errors of `read`."""
    return Logins(auth.load_config(config_dict=read()))


def read() -> dict[str, Any]:
    """Read config.json; empty if the file is missing.

    Raises ConfigurationError if it cannot be read, or if Docker's SDK cannot read it.
    """
    path = folder() / "config.json"
    try:
        text = path.read_text(encoding="utf-8").strip()
        document: dict[str, Any] = dict(json.loads(text or "{}"))
        dict(document.get("HttpHeaders") or {})
        [dict(proxies) for proxies in dict(document.get("proxies") or {}).values()]
        for registry, login in dict(document.get("auths") or {}).items():
            _check_login(registry, login)
        auth.load_config(config_dict=dict(document))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(
            f"Docker's configuration {path} cannot be read: {error.strerror}.",
            todo=f"`sudo chown -R $(id -u) {path.parent}`, or set DOCKER_CONFIG to a different folder.",
        ) from None
    except Exception as error:  # the SDK passes on every exception of its parser
        raise ConfigurationError(
            f"Docker's configuration {path} is invalid: {' '.join(str(error).split()) or type(error).__name__}.",
            meaning="It has the logins of registries and the current context.",
            todo=f"correct it, or rename it and run `docker login` again: `mv {path} {path}.broken`.",
        ) from None
    return document


def context_names() -> list[str]:
    """The names of all contexts; those that cannot be read are left out."""
    return [DEFAULT, *sorted(filter(None, map(_name, (folder() / "contexts" / "meta").glob("*/meta.json"))))]


def has_context(name: str) -> bool:
    """Whether a context of this name exists."""
    return name == DEFAULT or (_folder("meta", name) / "meta.json").exists()


def context(name: str, source: str) -> Endpoint:
    """The engine of a context that is not `default`.

    `source`: where the context is named, such as `DOCKER_CONTEXT`.

    Raises ConfigurationError if the context does not exist, or if its files are invalid.
    """
    path = _folder("meta", name) / "meta.json"
    try:
        endpoint = json.loads(path.read_text(encoding="utf-8"))["Endpoints"]["docker"]
        host, skips = str(endpoint.get("Host") or ""), bool(endpoint.get("SkipTLSVerify"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{source} names the docker context {name!r}, which does not exist.",
            todo=f"`docker context ls` lists them. {nearest(name, context_names())}",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"the docker context {name!r} ({source}) cannot be read: {path}: {_describe(error)}.",
            todo=f"`docker context rm --force {name}`, then `docker context create {name} --docker host=ADDRESS`.",
        ) from None
    if not host:
        raise ConfigurationError(
            f"the docker context {name!r} ({source}) names no engine.",
            todo=f"`docker context update {name} --docker host=ADDRESS`.",
        )
    pems = {key: _folder("tls", name) / "docker" / f"{key}.pem" for key in ("ca", "cert", "key")}
    files = {key: file for key, file in pems.items() if file.is_file()}
    tls = Tls(**files, verify=not skips) if files or skips else None
    address = parse_address(host, f"the docker context {name!r}")
    return Endpoint(address=address, source=f"{source} {name!r}", context=name, tls=tls)


def _check_login(registry: str, login: object) -> None:
    try:
        auth.AuthConfig.parse_auth({registry: login}, raise_on_error=True)
    except Exception as error:  # as above
        raise ValueError(f"its login for {registry!r} cannot be decoded ({error})") from None


def _folder(kind: str, name: str) -> Path:
    """The folder of a context's `meta` or `tls`."""
    return folder() / "contexts" / kind / hashlib.sha256(name.encode()).hexdigest()


def _name(meta: Path) -> str:
    try:
        return str(json.loads(meta.read_text(encoding="utf-8"))["Name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _describe(error: Exception) -> str:
    """An error as text; the text of a KeyError is only the key."""
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
