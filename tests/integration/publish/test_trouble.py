"""`publish` to registries that fail, refuse, or hold a release that cannot be read; and what it never tells."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import docker
import pytest

from raydock.core.errors import OutOfReachError
from raydock.core.events import silent
from raydock.core.http import RetryPolicy
from raydock.publish import store
from raydock.publish.assemble import PublishOptions, publishers
from raydock.publish.publisher import Publisher
from raydock.publish.push import Pusher
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, artifact
from raydock.registry.repository import repository
from tests.integration.publish.conftest import PATH, TOOLS, Serve, Stall
from tests.support.certificates import certified
from tests.support.faults import front
from tests.support.registry import HTPASSWD, PASSWORD, Guard, logged_in, small_disk
from tests.support.registry import program as cosign
from tests.support.toy import NAMES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES


@pytest.fixture
def guarded(stall: Stall, serve: Serve, tmp_path: Path) -> Stall:
    """The same stall with a registry that asks for a password."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    (folder / "htpasswd").write_text(HTPASSWD)
    return replace(stall, address=serve(Guard(htpasswd=folder / "htpasswd"), folder).address)


@pytest.mark.parametrize("code", [500, 429])
def test_a_registry_that_fails_now_and_then_gets_everything(stall: Stall, code: int) -> None:
    with front(stall.address) as seen:
        refused: set[tuple[str, str]] = set()

        def fault(method: str, path: str) -> int | None:
            # The engine waits five seconds after a failure of its own; raydock's requests fail once each.
            key = (method, path.partition("?")[0])
            ours = "/uploads/" not in path and method in {"GET", "PUT"} and "sha256-" in path
            if not ours or key in refused:
                return None
            refused.add(key)
            return code

        seen.fault = fault
        done = stall.run("publish", "--registry", f"{seen.address}/{PATH}")
    assert done.code == 0, done.words
    assert len(refused) == 4
    assert "latest" in stall.tags()


def test_a_registry_that_goes_on_failing_is_told_and_nothing_moved(stall: Stall) -> None:
    with front(stall.address) as seen:
        seen.fault = lambda method, path: 500 if method == "PUT" and path.endswith(f"manifests/{NEW}") else None
        done = stall.run("publish", "--registry", f"{seen.address}/{PATH}")
    assert done.code == 4, done.words
    assert "failed while writing" in done.err
    tags = stall.tags()
    assert not {NEW, "latest"} & set(tags)
    assert stall.run("verify", "--registry", stall.name).code == 2
    assert stall.publish().code == 0
    assert {OLD, NEW, "latest"} < set(stall.tags())


def test_a_registry_that_hangs_is_given_up_and_gets_the_rest_later(stall: Stall) -> None:
    hanging = Event()

    def fault(method: str, path: str) -> None:
        if method == "PUT" and path.endswith(f"/manifests/{NEW}"):
            hanging.wait(20)

    with front(stall.address) as seen:
        there = repository(f"{seen.address}/{PATH}", patience=RetryPolicy(read=0.5, pauses=(0.01,)))
        [made] = publishers(
            stall.shelf.project,
            stall.variants,
            [str(there.name)],
            silent,
            PublishOptions(jobs=2),
        ).values()
        assert isinstance(made, Publisher)
        made = replace(made, repository=there, carrier=replace(made.carrier, repository=there))
        seen.fault = fault
        with pytest.raises(OutOfReachError, match="gave no answer in time while writing"):
            made.publish()
        assert "latest" not in stall.tags()
        hanging.set()
        assert made.publish().errors == {}
    assert "latest" in stall.tags()


def test_an_engine_that_waits_for_a_registry_is_given_up(stall: Stall) -> None:
    hanging = Event()
    client = docker.from_env(timeout=1)
    with front(stall.address) as seen:
        seen.fault = lambda method, _path: (hanging.wait(20), None)[1] if method == "POST" else None
        with pytest.raises(OutOfReachError, match=r"could not be pushed: .*timed out"):
            Pusher(client, silent).push(NEW, stall.ids[NEW], f"{seen.address}/{PATH}", "tag")
        hanging.set()
    client.close()


def test_a_wrong_password_is_said_without_it(guarded: Stall) -> None:
    nobody = guarded.publish()
    assert nobody.code == 4, nobody.words
    assert "refuses requests without credentials" in nobody.err
    logged_in(guarded.docker, guarded.address, "wr0ng-w0rd")
    wrong = guarded.publish()
    assert wrong.code == 4, wrong.words
    assert "refuses the credentials that Docker has for it" in wrong.err
    assert f"`docker login {guarded.address}`" in wrong.err
    assert "wr0ng-w0rd" not in wrong.words


def test_the_password_is_nowhere_in_what_is_said_or_published(guarded: Stall, tmp_path: Path) -> None:
    logged_in(guarded.docker, guarded.address)
    told = [guarded.publish(*words) for words in (("--dry-run", "-v"), ("-v",), ("--json", "--force", "-v"))]
    for done in told:
        assert done.code == 0, done.words
    secrets = (PASSWORD, base64.b64encode(f"ray:{PASSWORD}".encode()).decode())
    storage = [path for path in (tmp_path / "guarded" / "registry").rglob("*") if path.is_file()]
    assert len(storage) > 50
    logs = [path for path in (guarded.toy.root / ".raydock").rglob("*") if path.is_file()]
    held = [path.read_bytes() for path in [*storage, *logs]]
    held += [subprocess.run(["gzip", "-dcq"], input=data, capture_output=True, check=False).stdout for data in held]
    for secret in secrets:
        assert not [done for done in told if secret in done.words]
        assert not [data for data in held if secret.encode() in data]


def test_a_registry_with_tls_and_a_password(guarded: Stall, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    guard, bundle = certified(folder)
    guard = replace(guard, htpasswd=tmp_path / "guarded" / "htpasswd")
    secure = replace(guarded, address=serve(guard, folder).address)
    logged_in(secure.docker, secure.address)
    untrusted = secure.publish()
    assert untrusted.code == 4, untrusted.words
    assert "is not trusted" in untrusted.err
    done = secure.publish(SSL_CERT_FILE=str(bundle))
    assert done.code == 0, done.words
    assert "11 tags moved" in done.out
    unchecked = secure.publish("--insecure-registry")
    assert unchecked.code == 0, unchecked.words
    assert "nothing to move" in unchecked.out
    assert "Warning" not in unchecked.err


def test_a_read_only_registry_is_said(stall: Stall, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    assert stall.publish().code == 0
    fixed = replace(stall, address=serve(Guard(read_only=True), tmp_path).address)
    assert fixed.publish().code == 0
    done = fixed.publish("--force")
    assert done.code == 4, done.words
    assert "does not allow" in done.err
    anew = fixed.run("publish", "--registry", f"{fixed.address}/new", "--select", f"name={NEW}")
    assert anew.code == 4, anew.words
    assert "does not allow uploading 2 bytes" in anew.err


def test_a_clock_that_is_far_from_the_registrys_is_said_and_nothing_is_pushed(stall: Stall) -> None:
    with front(stall.address) as seen:
        seen.headers = {"Date": "Fri, 01 Jan 1999 00:00:00 GMT"}
        seen.fault = lambda _method, path: 200 if path == "/v2/" else None
        done = stall.run("publish", "--registry", f"{seen.address}/{PATH}", "--registry", stall.name)
        assert done.code == 4, done.words
        assert f"and that of {seen.address} 1999-01-01 00:00 UTC." in done.err
        assert seen.writes == []
    assert NEW in stall.tags()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small") as folder:
        yield folder


def test_a_full_disk_of_the_registry_is_said_and_no_tag_moves(stall: Stall, serve: Serve, small: Path) -> None:
    full = replace(stall, address=serve(folder=small).address)
    smoke = stall.shelf.checkout.report(NEW)
    report = json.loads(smoke.read_text())
    report["checks"][0]["detail"] = base64.b64encode(os.urandom(2_000_000)).decode()
    smoke.write_text(json.dumps(report))
    done = full.publish("--select", f"name={NEW}", "--require-attachments")
    assert done.code == 4, done.words
    assert "since its disk is full" in done.err
    assert NEW not in full.tags()


def test_a_release_that_is_damaged_or_newer_is_said(stall: Stall) -> None:
    assert stall.publish().code == 0
    good = stall.releases.repository.manifest(stall.releases.latest)
    assert good
    for data, words in ((b"{", "is damaged: it is not JSON"), (b'{"schema": 99}', "is of schema 99")):
        overwrite(stall, data)
        done = stall.publish()
        assert done.code == 2, done.words
        assert words in done.err
    overwrite(stall, b"{}")
    mended = stall.publish("--force")
    assert mended.code == 0, mended.words
    assert {item.name for item in stall.release.entries} == set(NAMES)


def overwrite(stall: Stall, data: bytes) -> None:
    """Another release.json as the latest."""
    index = stall.releases.repository
    index.upload(EMPTY, EMPTY_TYPE)
    blob = index.upload(data, "application/json")
    index.put(stall.releases.latest, artifact(store.KIND, [(blob, store.FILE)], None, {}))


def test_cosign_signs_each_image_by_its_digest_before_a_tag_moves(stall: Stall, tmp_path: Path) -> None:
    """By a program that stands in for cosign and writes down how it was called, so that it runs everywhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "cosign"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/signed\n[ -e {tmp_path}/works ] || {{ echo no key >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    failed = stall.publish("--select", f"name={NEW}", PATH=path, COSIGN_KEY="env://SOME_KEY")
    assert failed.code == 1, failed.words
    assert "cosign did not sign" in failed.err
    assert "no key" in failed.err
    assert NEW not in stall.tags()
    (tmp_path / "works").touch()
    done = stall.publish("--select", f"name={NEW}", PATH=path, COSIGN_KEY="env://SOME_KEY")
    assert done.code == 0, done.words
    entry = stall.release.entry(NEW)
    assert entry
    assert entry.signed
    calls = (tmp_path / "signed").read_text().splitlines()
    assert calls == [f"sign --yes --key=env://SOME_KEY --allow-http-registry {stall.name}@{entry.digest}"] * 2
    assert "no cosign" not in done.err


def test_what_cosign_itself_signed_it_verifies(guarded: Stall, serve: Serve, tmp_path: Path) -> None:
    try:
        program = cosign(TOOLS, "cosign")
    except OutOfReachError as error:
        pytest.skip(str(error))
    folder = tmp_path / "tls"
    folder.mkdir()
    guard, bundle = certified(folder)
    stall = replace(guarded, address=serve(replace(guard, htpasswd=tmp_path / "guarded" / "htpasswd"), folder).address)
    logged_in(stall.docker, stall.address)

    def told(*words: str) -> str:
        given = {"COSIGN_PASSWORD": "right", "SSL_CERT_FILE": str(bundle), "DOCKER_CONFIG": str(stall.docker)}
        command = [program, *words]
        done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told("generate-key-pair", f"--output-key-prefix={tmp_path}/test")
    # No log of this test's signatures; cosign 3 asks for the services that it signs with first.
    alone = "--tlog-upload=false" + (" --use-signing-config=false" * ("--use-signing-config" in told("sign", "--help")))
    given = {
        "PATH": str(Path(program).parent),
        "COSIGN_KEY": f"{tmp_path}/test.key",
        "RAYDOCK_COSIGN": alone,
        "REQUESTS_CA_BUNDLE": str(bundle),
    }
    refused = stall.publish("--select", f"name={NEW}", COSIGN_PASSWORD="wrong", **given)
    assert refused.code == 1, refused.words
    assert "cosign did not sign" in refused.err
    assert "wrong" not in refused.words
    done = stall.publish("--select", f"name={NEW}", COSIGN_PASSWORD="right", **given)
    assert done.code == 0, done.words
    assert PASSWORD not in done.words
    told("verify", f"--key={tmp_path}/test.pub", "--insecure-ignore-tlog", f"{stall.name}:{NEW}")
    verified = stall.run("verify", "--registry", stall.name, SSL_CERT_FILE=str(bundle))
    assert verified.code == 0, verified.words


def test_the_absence_of_cosign_is_said_once(stall: Stall) -> None:
    assert stall.publish().err.count("cosign is not on PATH") == 1
