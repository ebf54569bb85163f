"""Registries that require TLS, a password or a token, are read-only, or have a full disk."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raydock.core.cabundle import CA_VARIABLES
from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.registry.credentials import RegistryLogin
from raydock.registry.name import Name
from raydock.registry.repository import repository
from raydock.registry.transport import RegistryTransport
from tests.integration.registry.conftest import HASTY, Serve
from tests.support.certificates import certified
from tests.support.faults import Front
from tests.support.registry import HTPASSWD, PASSWORD, Guard, logged_in, small_disk

YEAR = timedelta(days=365)


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a company's certificate authority."""
    for name in CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def guarded(tmp_path: Path) -> Guard:
    """A registry with the user `ray`."""
    path = tmp_path / "htpasswd"
    path.write_text(HTPASSWD)
    return Guard(htpasswd=path)


def test_a_certificate_is_checked_against_the_authority(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard, bundle = certified(tmp_path)
    name = f"{serve(guard).address}/raydock"
    with pytest.raises(OutOfReachError, match="is not trusted: ") as refused:
        repository(name, patience=HASTY)
    assert "SSL_CERT_FILE" in refused.value.todo
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    target = repository(name, patience=HASTY)
    assert target.digest("one") is None
    assert not target.transport.plain


def test_a_certificate_is_not_checked_with_insecure(serve: Serve, tmp_path: Path) -> None:
    guard, _ = certified(tmp_path)
    with pytest.warns(match="Unverified HTTPS request"):
        target = repository(f"{serve(guard).address}/raydock", insecure=True, patience=HASTY)
    assert not target.transport.plain


@pytest.mark.parametrize(("begins", "reason"), [(-2, "has expired"), (1, "is not yet valid")])
def test_a_wrong_clock_is_reported(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: int, reason: str
) -> None:
    now = datetime.now(UTC)
    guard, bundle = certified(tmp_path, begins=now + begins * YEAR, ends=now + (begins + 1) * YEAR)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with pytest.raises(OutOfReachError, match=reason) as refused:
        repository(f"{serve(guard).address}/raydock", patience=HASTY)
    assert f"this machine's clock says {now:%Y-%m-%d}" in refused.value.todo


def test_plain_http_is_allowed_only_on_loopback(fronted: Front) -> None:
    host, port = fronted.address.split(":")
    elsewhere = Name(host=f"registry.example:{port}", path="raydock")

    class Elsewhere(Name):
        @property
        def api(self) -> str:
            return f"{host}:{port}"

    named = Elsewhere(host=elsewhere.host, path=elsewhere.path)
    with pytest.raises(OutOfReachError, match="does not support TLS") as refused:
        RegistryTransport(name=named, patience=HASTY).connect()
    assert "--insecure-registry" in refused.value.todo
    allowed = RegistryTransport(name=named, insecure=True, patience=HASTY)
    allowed.connect()
    assert allowed.plain


def test_a_docker_login_is_used(serve: Serve, guarded: Guard, anonymous: Path) -> None:
    address = serve(guarded).address
    target = repository(f"{address}/raydock", patience=HASTY)
    with pytest.raises(OutOfReachError, match="refuses requests without credentials"):
        target.digest("one")
    logged_in(anonymous, address, "wrong")
    with pytest.raises(OutOfReachError, match="refuses the credentials that Docker has for it") as refused:
        target.digest("one")
    assert f"`docker login {address}`" in refused.value.todo
    assert "wrong" not in str(refused.value)
    logged_in(anonymous, address)
    assert target.digest("one") is None
    target.upload(b"layer", "text/plain")


def test_a_credential_helper_is_used(
    serve: Serve, guarded: Guard, anonymous: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = serve(guarded).address
    (anonymous / "config.json").write_text(json.dumps({"credHelpers": {address: "kept"}}))
    with (
        pytest.warns(match="docker-credential-kept not installed"),
        pytest.raises(ConfigurationError, match="docker-credential-kept not installed or not available in PATH"),
    ):
        repository(f"{address}/raydock", patience=HASTY)
    helper = tmp_path / "bin" / "docker-credential-kept"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\nread host\necho '{json.dumps({'Username': 'ray', 'Secret': PASSWORD})}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(helper.parent), prepend=os.pathsep)
    assert repository(f"{address}/raydock", patience=HASTY).digest("one") is None


def test_a_damaged_docker_configuration_is_reported(serve: Serve, guarded: Guard, anonymous: Path) -> None:
    address = serve(guarded).address
    (anonymous / "config.json").write_text(json.dumps({"auths": {address: {"auth": "no base64"}}}))
    with pytest.raises(ConfigurationError, match=r"its login for .* cannot be decoded"):
        repository(f"{address}/raydock", patience=HASTY).digest("one")


def test_netrc_is_not_read(serve: Serve, guarded: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login ray password {PASSWORD}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with pytest.raises(OutOfReachError, match="refuses requests without credentials"):
        repository(f"{serve(guarded).address}/raydock", patience=HASTY).digest("one")


def test_the_token_server_gets_the_login_and_the_registry_gets_the_token(fronted: Front, anonymous: Path) -> None:
    target = repository(f"{fronted.address}/raydock", patience=HASTY)
    logged_in(anonymous, fronted.address)
    realm = f'Bearer realm="http://{fronted.address}/token",service="s",scope="repository:raydock:pull"'

    def fault(_method: str, path: str) -> int | None:
        if path.startswith("/token"):
            assert path == "/token?service=s&scope=repository%3Araydock%3Apull"
            assert fronted.authorizations[-1].startswith("Basic ")
            fronted.body = b'{"token": "t1"}'
            return 200
        fronted.headers, fronted.body = {"WWW-Authenticate": realm}, b"{}"
        return None if fronted.authorizations[-1] == "Bearer t1" else 401

    fronted.fault = fault
    assert target.digest("one") is None
    assert target.digest("two") is None
    assert [path for _, path in fronted.requests].count("/token?service=s&scope=repository%3Araydock%3Apull") == 1


def test_a_read_only_registry_is_reported(serve: Serve) -> None:
    target = repository(f"{serve(Guard(read_only=True)).address}/raydock", patience=HASTY)
    with pytest.raises(OutOfReachError, match="does not allow uploading 5 bytes"):
        target.upload(b"layer", "text/plain")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small") as folder:
        yield folder


def test_a_full_disk_of_the_registry_is_reported_and_nothing_is_lost(serve: Serve, small: Path) -> None:
    target = repository(f"{serve(folder=small).address}/raydock", patience=HASTY)
    kept = target.upload(b"layer", "text/plain")
    with pytest.raises(OutOfReachError, match="because its disk is full") as refused:
        target.upload(os.urandom(2_000_000), "text/plain")
    assert "free space in the registry" in refused.value.todo
    assert target.blob(kept.digest) == b"layer"


def test_the_repr_of_a_login_does_not_show_it() -> None:
    assert PASSWORD not in repr(RegistryLogin(user="ray", password=PASSWORD, token=PASSWORD))
