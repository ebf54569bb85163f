"""`publish` to registries that fail, refuse or have a damaged release; and secrets that it never shows."""

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
from raydock.publish.assemble import create_publishers
from raydock.publish.options import PublishOptions
from raydock.publish.publisher import Publisher
from raydock.publish.push import Pusher
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, artifact
from raydock.registry.repository import repository
from tests.integration.publish.conftest import PATH, TOOLS, PublishProject, Serve
from tests.support.certificates import certified
from tests.support.faults import front
from tests.support.registry import HTPASSWD, PASSWORD, Guard, logged_in, small_disk
from tests.support.registry import program as cosign
from tests.support.toy import NAMES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES


@pytest.fixture
def guarded(project: PublishProject, serve: Serve, tmp_path: Path) -> PublishProject:
    """The same images with a registry that requires a password."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    (folder / "htpasswd").write_text(HTPASSWD)
    return replace(project, address=serve(Guard(htpasswd=folder / "htpasswd"), folder).address)


@pytest.mark.parametrize("code", [500, 429])
def test_a_registry_that_fails_sometimes_gets_everything(project: PublishProject, code: int) -> None:
    with front(project.address) as seen:
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
        done = project.run("publish", "--registry", f"{seen.address}/{PATH}")
    assert done.code == 0, done.summary
    assert len(refused) == 4
    assert "latest" in project.tags()


def test_a_registry_that_keeps_failing_is_reported_and_nothing_moves(project: PublishProject) -> None:
    with front(project.address) as seen:
        seen.fault = lambda method, path: 500 if method == "PUT" and path.endswith(f"manifests/{NEW}") else None
        done = project.run("publish", "--registry", f"{seen.address}/{PATH}")
    assert done.code == 4, done.summary
    assert "failed while writing" in done.err
    tags = project.tags()
    assert not {NEW, "latest"} & set(tags)
    assert project.run("verify", "--registry", project.name).code == 2
    assert project.publish().code == 0
    assert {OLD, NEW, "latest"} < set(project.tags())


def test_a_registry_that_hangs_times_out_and_gets_the_rest_later(project: PublishProject) -> None:
    hanging = Event()

    def fault(method: str, path: str) -> None:
        if method == "PUT" and path.endswith(f"/manifests/{NEW}"):
            hanging.wait(20)

    with front(project.address) as seen:
        target = repository(f"{seen.address}/{PATH}", patience=RetryPolicy(read=0.5, pauses=(0.01,)))
        [made] = create_publishers(
            project.built.project,
            project.variants,
            [str(target.name)],
            silent,
            PublishOptions(jobs=2),
        ).values()
        assert isinstance(made, Publisher)
        releases, uploader = replace(made.releases, images=target), replace(made.uploader, repository=target)
        made = replace(made, releases=releases, uploader=uploader)
        seen.fault = fault
        with pytest.raises(OutOfReachError, match="did not answer in time while writing"):
            made.publish()
        assert "latest" not in project.tags()
        hanging.set()
        assert made.publish().errors == {}
    assert "latest" in project.tags()


def test_a_push_by_the_engine_times_out(project: PublishProject) -> None:
    hanging = Event()
    client = docker.from_env(timeout=1)
    with front(project.address) as seen:
        seen.fault = lambda method, _path: (hanging.wait(20), None)[1] if method == "POST" else None
        with pytest.raises(OutOfReachError, match=r"could not be pushed: .*timed out"):
            Pusher(client, silent).push(NEW, project.ids[NEW], f"{seen.address}/{PATH}", "tag")
        hanging.set()
    client.close()


def test_a_wrong_password_is_reported_without_showing_it(guarded: PublishProject) -> None:
    anonymous = guarded.publish()
    assert anonymous.code == 4, anonymous.summary
    assert "refuses requests without credentials" in anonymous.err
    logged_in(guarded.docker, guarded.address, "wr0ng-w0rd")
    wrong = guarded.publish()
    assert wrong.code == 4, wrong.summary
    assert "refuses the credentials that Docker has for it" in wrong.err
    assert f"`docker login {guarded.address}`" in wrong.err
    assert "wr0ng-w0rd" not in wrong.summary


def test_the_password_is_not_in_output_logs_or_registry(guarded: PublishProject, tmp_path: Path) -> None:
    logged_in(guarded.docker, guarded.address)
    runs = [guarded.publish(*options) for options in (("--dry-run", "-v"), ("-v",), ("--json", "--force", "-v"))]
    for done in runs:
        assert done.code == 0, done.summary
    secrets = (PASSWORD, base64.b64encode(f"ray:{PASSWORD}".encode()).decode())
    storage = [path for path in (tmp_path / "guarded" / "registry").rglob("*") if path.is_file()]
    assert len(storage) > 50
    logs = [path for path in (guarded.toy.root / ".raydock").rglob("*") if path.is_file()]
    contents = [path.read_bytes() for path in [*storage, *logs]]
    contents += [
        subprocess.run(["gzip", "-dcq"], input=data, capture_output=True, check=False).stdout for data in contents
    ]
    for secret in secrets:
        assert not [done for done in runs if secret in done.summary]
        assert not [data for data in contents if secret.encode() in data]


def test_a_registry_with_tls_and_a_password(guarded: PublishProject, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    guard, bundle = certified(folder)
    guard = replace(guard, htpasswd=tmp_path / "guarded" / "htpasswd")
    secure = replace(guarded, address=serve(guard, folder).address)
    logged_in(secure.docker, secure.address)
    untrusted = secure.publish()
    assert untrusted.code == 4, untrusted.summary
    assert "is not trusted" in untrusted.err
    done = secure.publish(SSL_CERT_FILE=str(bundle))
    assert done.code == 0, done.summary
    assert "11 tags moved" in done.out
    unchecked = secure.publish("--insecure-registry")
    assert unchecked.code == 0, unchecked.summary
    assert "nothing to move" in unchecked.out
    assert "Warning" not in unchecked.err


def test_a_read_only_registry_is_reported(project: PublishProject, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    assert project.publish().code == 0
    fixed = replace(project, address=serve(Guard(read_only=True), tmp_path).address)
    assert fixed.publish().code == 0
    done = fixed.publish("--force")
    assert done.code == 4, done.summary
    assert "does not allow" in done.err
    new = fixed.run("publish", "--registry", f"{fixed.address}/new", "--select", f"name={NEW}")
    assert new.code == 4, new.summary
    assert "does not allow uploading 2 bytes" in new.err


def test_a_wrong_clock_is_reported_and_nothing_is_pushed(project: PublishProject) -> None:
    with front(project.address) as seen:
        seen.headers = {"Date": "Fri, 01 Jan 1999 00:00:00 GMT"}
        seen.fault = lambda _method, path: 200 if path == "/v2/" else None
        done = project.run("publish", "--registry", f"{seen.address}/{PATH}", "--registry", project.name)
        assert done.code == 4, done.summary
        assert f"and that of {seen.address} 1999-01-01 00:00 UTC." in done.err
        assert seen.writes == []
    assert NEW in project.tags()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small") as folder:
        yield folder


def test_a_full_disk_of_the_registry_is_reported_and_no_tag_moves(
    project: PublishProject, serve: Serve, small: Path
) -> None:
    full = replace(project, address=serve(folder=small).address)
    smoke = project.built.checkout.report(NEW)
    report = json.loads(smoke.read_text())
    report["checks"][0]["detail"] = base64.b64encode(os.urandom(2_000_000)).decode()
    smoke.write_text(json.dumps(report))
    done = full.publish("--select", f"name={NEW}", "--require-attachments")
    assert done.code == 4, done.summary
    assert "because its disk is full" in done.err
    assert NEW not in full.tags()


def test_a_damaged_or_newer_release_is_reported(project: PublishProject) -> None:
    assert project.publish().code == 0
    good = project.releases.repository.manifest(project.releases.latest)
    assert good
    for data, message in ((b"{", "is damaged: it is not JSON"), (b'{"schema": 99}', "has schema 99")):
        overwrite(project, data)
        done = project.publish()
        assert done.code == 2, done.summary
        assert message in done.err
    overwrite(project, b"{}")
    fixed = project.publish("--force")
    assert fixed.code == 0, fixed.summary
    assert {entry.name for entry in project.release.entries} == set(NAMES)


def overwrite(project: PublishProject, data: bytes) -> None:
    """Replace the newest release.json."""
    index = project.releases.repository
    index.upload(EMPTY, EMPTY_TYPE)
    blob = index.upload(data, "application/json")
    index.push_manifest(project.releases.latest, artifact(store.KIND, [(blob, store.FILE)], None, {}))


def test_cosign_signs_each_image_by_its_digest_before_a_tag_moves(project: PublishProject, tmp_path: Path) -> None:
    """With a program in place of cosign that logs its arguments, so that the test runs everywhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "cosign"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/signed\n[ -e {tmp_path}/works ] || {{ echo no key >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    failed = project.publish("--select", f"name={NEW}", PATH=path, COSIGN_KEY="env://SOME_KEY")
    assert failed.code == 1, failed.summary
    assert "cosign did not sign" in failed.err
    assert "no key" in failed.err
    assert NEW not in project.tags()
    (tmp_path / "works").touch()
    done = project.publish("--select", f"name={NEW}", PATH=path, COSIGN_KEY="env://SOME_KEY")
    assert done.code == 0, done.summary
    entry = project.release.entry(NEW)
    assert entry
    assert entry.signed
    calls = (tmp_path / "signed").read_text().splitlines()
    assert calls == [f"sign --yes --key=env://SOME_KEY --allow-http-registry {project.name}@{entry.digest}"] * 2
    assert "no cosign" not in done.err


def test_cosign_verifies_what_it_signed(guarded: PublishProject, serve: Serve, tmp_path: Path) -> None:
    try:
        program = cosign(TOOLS, "cosign")
    except OutOfReachError as error:
        pytest.skip(str(error))
    folder = tmp_path / "tls"
    folder.mkdir()
    guard, bundle = certified(folder)
    project = replace(
        guarded, address=serve(replace(guard, htpasswd=tmp_path / "guarded" / "htpasswd"), folder).address
    )
    logged_in(project.docker, project.address)

    def run_cosign(*arguments: str) -> str:
        given = {"COSIGN_PASSWORD": "right", "SSL_CERT_FILE": str(bundle), "DOCKER_CONFIG": str(project.docker)}
        command = [program, *arguments]
        done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run_cosign("generate-key-pair", f"--output-key-prefix={tmp_path}/test")
    # No log of this test's signatures; cosign 3 first requests its signing services.
    alone = "--tlog-upload=false" + (
        " --use-signing-config=false" * ("--use-signing-config" in run_cosign("sign", "--help"))
    )
    given = {
        "PATH": str(Path(program).parent),
        "COSIGN_KEY": f"{tmp_path}/test.key",
        "RAYDOCK_COSIGN": alone,
        "REQUESTS_CA_BUNDLE": str(bundle),
    }
    refused = project.publish("--select", f"name={NEW}", COSIGN_PASSWORD="wrong", **given)
    assert refused.code == 1, refused.summary
    assert "cosign did not sign" in refused.err
    assert "wrong" not in refused.summary
    done = project.publish("--select", f"name={NEW}", COSIGN_PASSWORD="right", **given)
    assert done.code == 0, done.summary
    assert PASSWORD not in done.summary
    run_cosign("verify", f"--key={tmp_path}/test.pub", "--insecure-ignore-tlog", f"{project.name}:{NEW}")
    verified = project.run("verify", "--registry", project.name, SSL_CERT_FILE=str(bundle))
    assert verified.code == 0, verified.summary


def test_a_missing_cosign_is_reported_once(project: PublishProject) -> None:
    assert project.publish().err.count("cosign is not on PATH") == 1
