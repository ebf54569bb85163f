"""Images with unexpected output or programs."""

import io
import shlex
import tarfile
import time
from collections.abc import Callable
from uuid import uuid4

import docker
import pytest
from msgspec.structs import replace

from raydock.contract.bench import ClauseTimeouts
from raydock.contract.kuberay import known
from raydock.contract.ray_node import run_script
from raydock.contract.run import contract
from raydock.engine import channel
from raydock.engine.cleanup import RUN, RUN_LABEL
from raydock.engine.container import ContainerOptions, Limits, create_container, run_to_end, start
from raydock.engine.localimage import inspect
from raydock.model.report import Check, Status
from raydock.smoke.smoke import smoke

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

Derive = Callable[..., str]
NEWEST = replace(known(), releases=known().releases[-1:])
TIMEOUTS = ClauseTimeouts(start=300, answer=120, job=300, command=300)
SHORT_TIMEOUTS = ClauseTimeouts(start=5, answer=5, job=5, command=8)
SITE = "/opt/venv/lib/python3.11/site-packages"
# Prints JSON, HTTP, colours and megabytes without a newline, to both streams, at the start and end of every Python.
SITECUSTOMIZE = r"""
import atexit, os, sys
def noise(when):
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"Welcome {when}\n" + "=" * 1000000)
        stream.write("\n\x1b[31mHTTP/1.0 404\r\n\r\n{\"schema\": 1, \"checks\": []}[/red]")
        stream.flush()
        os.write(stream.fileno(), @END@)
noise("first")
atexit.register(noise, "last")
"""
# Ray stops following a job's log at bytes that are not UTF-8, so these do affect clause 8.
BINARY = SITECUSTOMIZE.replace("@END@", r'b"\xff\xfe\x00 no newline"')
TEXT = SITECUSTOMIZE.replace("@END@", '"déjà vu, no newline".encode()')
PTH = 'import sys; sys.stdout.write("from a .pth file")\n'
LOGIN = r"""
echo "Welcome to the cluster"; printf '\033[1mno newline\033[0m déjà vu'; echo error >&2
trap 'printf "bye bye"' EXIT
"""
PROGRAMS = {"python": "/opt/venv/bin/python", "ray": "/opt/venv/bin/ray", "bash": "/usr/bin/bash"}
KINDS = {
    "prints junk": r"#!/bin/sh\nprintf '\377\376\000{\"schema\": 1}[[[ HTTP/1.0 200 ray, version\n'",
    "fails with junk": r"#!/bin/sh\nprintf '\377\376 [/red]' >&2; exit 7",
    "ends at once": r"#!/bin/sh\nexit 0",
    "hangs": r"#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done",
    "prints without end": r"#!/bin/sh\nexec yes 0123456789012345678901234567890123456789",
    "is not a program": r"\001\002",
}


def _left(client: docker.DockerClient) -> list[str]:
    found = client.api.containers(all=True, filters={"label": [f"{RUN_LABEL}={RUN}"]})
    return [item["Id"] for item in found]


def _check(
    client: docker.DockerClient, image: str, *clauses: int, timeouts: ClauseTimeouts = TIMEOUTS
) -> dict[int, Check]:
    found = contract(
        client, image, name="theirs:1", fingerprint="", clauses=clauses, kuberay=NEWEST, timeouts=timeouts, jobs=4
    )
    assert _left(client) == []
    return {int(check.id.partition("-")[0]): check for check in found.checks}


Noisy = Callable[[str], str]


@pytest.fixture(scope="module")
def noisy(build_image: Callable[..., str], image: str, tmp_path_factory: pytest.TempPathFactory) -> Noisy:
    """Build an image whose shells and Pythons all print; return its id."""

    def build(sitecustomize: str) -> str:
        folder = tmp_path_factory.mktemp("noisy")
        files = {
            "/usr/lib/python3.11/sitecustomize.py": sitecustomize,
            f"{SITE}/noise.pth": PTH,
            "/etc/profile.d/zz-banner.sh": LOGIN,
            "/home/ray/.bash_profile": LOGIN,
        }
        for number, text in enumerate(files.values()):
            (folder / str(number)).write_text(text)
            (folder / str(number)).chmod(0o644)
        # Debian's own is a link, with bytecode next to it.
        lines = [f"FROM {image}", "USER 0", "RUN rm -f /usr/lib/python3.11/sitecustomize.py"]
        lines += [f"COPY {number} {path}" for number, path in enumerate(files)]
        lines += ["ENV BASH_ENV=/etc/profile.d/zz-banner.sh", "USER 1000", ""]
        (folder / "Dockerfile").write_text("\n".join(lines))
        return build_image(path=str(folder))

    return build


def test_output_of_login_files_and_of_python_breaks_no_clause(client: docker.DockerClient, noisy: Noisy) -> None:
    """Clause 17 is for GPUs."""
    loud = noisy(TEXT)
    shown = client.containers.run(loud, ["bash", "-lc", "ray --version"], remove=True)
    assert b"Welcome to the cluster" in shown
    assert shown.count(b"Welcome first") == 1
    found = _check(client, loud, *range(1, 17), *range(18, 22))
    # uv itself does not accept a Python that prints on stdout.
    silent = {number: check for number, check in found.items() if number not in {19, 20}}
    assert {number: check for number, check in silent.items() if check.status is not Status.PASSED} == {}
    for number in (19, 20):
        assert found[number].status is Status.SKIPPED, found[number]
        assert found[number].detail.startswith("uv cannot use this image's Python, which prints text on stdout")
    assert found[1].detail == "-c and -lc find /opt/venv/bin/ray, /opt/venv/bin/python, Ray 2.60.0"
    assert found[13].detail.startswith("Ray 2.60.0 and Python 3.11.")


def test_binary_output_breaks_no_clause_of_the_image_alone(client: docker.DockerClient, noisy: Noisy) -> None:
    found = _check(client, noisy(BINARY), 1, 2, 10, 13, 14, 16)
    assert {number: check for number, check in found.items() if check.status is not Status.PASSED} == {}


def test_output_does_not_change_a_smoke_test(client: docker.DockerClient, noisy: Noisy, image: str) -> None:
    name = inspect(client, image).labels.values["org.opencontainers.image.version"]
    checks = ("ray", "shells", "user", "versions", "imports", "cold")
    found = smoke(client, noisy(BINARY), name=name, fingerprint="f", checks=checks)
    assert [(check.id, check.status) for check in found.checks] == [(name, Status.PASSED) for name in checks], found


@pytest.mark.parametrize("kind", [*KINDS, "is missing", "is not executable"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_clauses_have_results_whatever_a_program_does(
    client: docker.DockerClient, derive: Derive, program: str, kind: str
) -> None:
    path = PROGRAMS[program]
    write = f"printf {shlex.quote(KINDS.get(kind, ''))} > /tmp/x && chmod 755 /tmp/x && mv -f /tmp/x {path}"
    changes = {
        "is missing": f"rm {path}",
        "is not executable": f"cp {path} /tmp/x && chmod 644 /tmp/x && mv -f /tmp/x {path}",
    }
    broken = derive('SHELL ["/bin/sh", "-c"]', f"RUN {changes.get(kind, write)}")
    began = time.monotonic()
    found = _check(client, broken, 1, 2, 13, 14, timeouts=SHORT_TIMEOUTS)
    assert time.monotonic() - began < 240
    assert found[1].status is Status.FAILED
    assert all(check.detail.isprintable() and len(check.detail) < 2000 for check in found.values())


@pytest.mark.parametrize(
    ("line", "user", "words"),
    [
        ("RUN rm /usr/bin/bash", "1000", "has no `/bin/bash`"),
        ("RUN chmod 644 /usr/bin/bash", "1000", "has a `/bin/bash` that is not executable"),
        ("", "nosuch", "has no user nosuch, but is configured to run as this user"),
        ("", "1000:nosuch", "has no group nosuch, but is configured to run as this group"),
    ],
)
def test_an_image_whose_containers_do_not_start_fails(
    client: docker.DockerClient, derive: Derive, line: str, user: str, words: str
) -> None:
    found = _check(client, derive('SHELL ["/bin/sh", "-c"]', line, user=user), 1, 3, 13)
    assert all(words in found[number].detail for number in (1, 3, 13)), found


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("printf 'a\\nb' > {path}", "a\nb"),
        ("printf '\\377' > {path}", "\ufffd"),
        (": > {path}", ""),
        ("rm -f {path}", ""),
        ("rm -f {path}; mkdir {path}", ""),
        ("rm -f {path}; ln -s /etc/passwd {path}", ""),
        ("rm -f {path}; mkfifo {path}", ""),
        ("exec > /dev/null 2>&1; echo still > {path}", "still\n"),
    ],
)
def test_the_answer_file_is_read_whatever_it_is(
    client: docker.DockerClient, image: str, script: str, expected: str
) -> None:
    command = ["/bin/bash", "-c", script.format(path=channel.PATH)]
    with create_container(
        client,
        image,
        command,
        Limits(),
        ContainerOptions(archive=channel.archive(), archive_at=channel.FOLDER, user="0"),
    ) as container:
        assert run_to_end(container, lambda _: None, 60).in_time
        assert channel.read(container) == expected


def test_a_long_answer_is_truncated(client: docker.DockerClient, image: str) -> None:
    command = ["/bin/bash", "-c", f"head -c 30000000 /dev/zero > {channel.PATH}"]
    options = ContainerOptions(archive=channel.archive(), archive_at=channel.FOLDER)
    with create_container(client, image, command, Limits(), options) as container:
        run_to_end(container, lambda _: None, 60)
        assert len(channel.read(container)) <= channel.LIMIT


def test_clauses_have_results_for_an_image_without_configuration(client: docker.DockerClient) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    repository = f"raydock-test-{uuid4().hex[:12]}"
    client.api.import_image_from_data(packed.getvalue(), repository=repository, tag="1")
    try:
        found = _check(client, f"{repository}:1", 1, 2, 11, 13, 16, timeouts=SHORT_TIMEOUTS)
    finally:
        client.images.remove(f"{repository}:1", force=True)
    assert {number: check.status.value for number, check in found.items()} == {
        **dict.fromkeys((1, 2, 11, 13), "failed"),
        16: "passed",
    }


def test_the_output_of_a_fast_command_is_complete(client: docker.DockerClient, base: str) -> None:
    """Output that arrives together with the header of the engine's answer is not lost."""
    with create_container(client, base, ["sleep", "300"], Limits()) as container:
        start(container)
        outputs = {run_script(container, "echo hello; echo there >&2", 60) for _ in range(20)}
    assert {(code, *output.split()) for code, output in outputs} == {(0, "hello", "there")}
