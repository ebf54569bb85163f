"""Package indexes of companies in `facts`, `lock` and a real build."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import docker
import pytest

from tests.integration.conftest import remove_images
from tests.support.index import Site, serving
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

PYTORCH = "ray2.60.0-torch2.3.1-py311-cu118"
SECRET = "planted-password"
COMMANDS = ("facts", "lock", "build")


@pytest.fixture
def pytorch() -> Iterator[tuple[Site, str]]:
    """An index like PyTorch's (read 2026-11-29).

    Its pages are links with encoded local versions and sha256 fragments. It answers 403 for unknown files and has no
    upload times and no metadata files.
    """
    site = Site(html=True, unknown=403)
    site.publish("torch", "2.3.1+cu118", ["nvidia-cuda-runtime-cu11==11.8.89", "filelock"])
    site.publish("torch", "2.3.1+cu121", ["nvidia-cuda-runtime-cu12==12.1.105", "filelock"])
    site.publish("filelock", "3.0", files={"filelock/__init__.py": b"HERE = 'pytorch'\n"})
    with serving(site) as url:
        yield site, url


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole files"])
def test_pytorchs_index_from_facts_to_image(
    unlocked: Toy, client: docker.DockerClient, pytorch: tuple[Site, str], ranges: bool
) -> None:
    site, url = pytorch
    site.ranges = ranges
    unlocked.edit(
        "matrix.yaml",
        'axes: {python: ["3.11"], ray: ["1.0.0", "2.0.0"]}',
        f'indexes: {{cu118: "{url}"}}\naxes: {{python: ["3.11"], cuda: ["11.8"], torch: ["2.3.1"], ray: ["2.60.0"]}}',
    )
    token = {"ray/__init__.py": f"TOKEN = {unlocked.token!r}\n".encode()}
    unlocked.site.publish("ray", "2.60.0", ["toylib"], token)
    unlocked.site.publish("torch", "2.3.1", ["nvidia-cuda-runtime-cu12==12.1.105", "filelock"])
    for name, version in {"nvidia-cuda-runtime-cu11": "11.8.89", "filelock": "3.0", "setuptools": "80.9.0"}.items():
        unlocked.site.publish(name, version)
    for command in COMMANDS:
        done = unlocked.run(command)
        assert done.code == 0, done.summary
        if command == "lock":
            assert (
                "the cut-off day does not apply to 1 lock. Indexes without upload times: cu118 index." in done.summary
            )
    lock = (unlocked.root / f"lockfiles/{PYTORCH}.txt").read_text()
    assert "\ntorch==2.3.1+cu118 " in lock
    assert "\n# no-cutoff: cu118 index\n" in lock
    assert "Indexes without upload times: cu118 index" in unlocked.run("lock", "--check").err
    assert unlocked.run("plan", "--json").variants[PYTORCH]["no_cutoff"] == "cu118 index"
    assert "Indexes without upload times: cu118 index" in unlocked.run("plan").out
    listed = client.containers.run(
        f"{unlocked.registry}:{PYTORCH}", ["sh", "-c", "ls /opt/venv/lib/python3.11/site-packages"], remove=True
    )
    assert b"torch-2.3.1+cu118.dist-info" in listed
    remove_images(client, unlocked)


def by_netrc(toy: Toy, home: Path) -> dict[str, str]:
    (home / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    (home / ".netrc").chmod(0o600)
    return {}


def by_variables(toy: Toy, home: Path) -> dict[str, str]:
    address = f"my-corp={toy.environment['UV_DEFAULT_INDEX']}"
    login = {"UV_INDEX_MY_CORP_USERNAME": "me", "UV_INDEX_MY_CORP_PASSWORD": SECRET}
    return {"UV_DEFAULT_INDEX": address, **login}


def by_pip_conf(toy: Toy, home: Path) -> dict[str, str]:
    address = toy.environment["UV_DEFAULT_INDEX"].replace("//", f"//me:{SECRET}@")
    (home / "pip.conf").write_text(f"[global]\nindex-url = {address}\n")
    return {"UV_DEFAULT_INDEX": "", "PIP_CONFIG_FILE": str(home / "pip.conf")}


def by_keyring(toy: Toy, home: Path) -> dict[str, str]:
    """Write a command that prints the output of keyring 25.7 with a backend that knows the host's user."""
    (home / "bin").mkdir()
    script = f'#!/bin/sh\n[ "$*" = "--mode creds get {toy.environment["UV_DEFAULT_INDEX"]}" ] || exit 1\n'
    (home / "bin/keyring").write_text(f"{script}printf 'me\\n{SECRET}\\n'\n")
    (home / "bin/keyring").chmod(0o755)
    return {"PATH": f"{home / 'bin'}:{os.environ['PATH']}"}


@pytest.mark.parametrize("way", [by_netrc, by_variables, by_pip_conf, by_keyring])
def test_credentials_work_in_facts_lock_and_build_and_stay_secret(
    unlocked: Toy, client: docker.DockerClient, tmp_path: Path, way: object
) -> None:
    unlocked.site.login = f"me:{SECRET}"
    home = tmp_path / "home"
    home.mkdir()
    assert callable(way)
    given = unlocked.given({"HOME": str(home), "DOCKER_CONFIG": str(home), **way(unlocked, home)})
    output = ""
    for command in COMMANDS:
        done = given.run(command, "--verbose") if command != "facts" else given.run(command)
        assert done.code == 0, done.summary
        output += done.summary
    kept = [path.read_bytes() for path in unlocked.root.rglob("*") if path.is_file() and "uv-cache" not in path.parts]
    image = client.images.get(f"{unlocked.registry}:{NAMES[0]}")
    inside = b"".join(image.save())
    shown = f"{image.attrs}{image.history()}{output}"
    assert b"manifest.json" in inside
    assert not any(SECRET.encode() in text for text in (*kept, inside, shown.encode()))


def test_files_on_a_second_host_with_its_own_login(unlocked: Toy, client: docker.DockerClient, tmp_path: Path) -> None:
    files = Site(files=unlocked.site.files, login=f"files:{SECRET}")
    unlocked.site.login = "me:index-password"
    (tmp_path / ".netrc").write_text(
        f"machine 127.0.0.1 login me password index-password\nmachine localhost login files password {SECRET}\n"
    )
    (tmp_path / ".netrc").chmod(0o600)
    given = unlocked.given({"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path)})
    with serving(files) as url:
        for file in (file for page in unlocked.site.pages.values() for file in page):
            file["url"] = f"{url.replace('127.0.0.1', 'localhost').removesuffix('/simple/')}{file['url']}"
        unlocked.site.files = {}
        for command in COMMANDS:
            done = given.run(command)
            assert done.code == 0, done.summary
    assert client.images.get(f"{unlocked.registry}:{NAMES[0]}")


@pytest.mark.parametrize("status", [429, 503])
def test_a_build_waits_for_an_index_that_throttles(toy: Toy, client: docker.DockerClient, status: int) -> None:
    """The index is busy until uv in the build has given up and raydock has read Retry-After."""
    toy.site.status, toy.site.headers = status, {"Retry-After": "8"}

    def recover() -> None:
        while not any("python-requests" in header.get("User-Agent", "") for header in toy.site.seen):
            sleep(0.2)
        toy.site.status = 0

    toy.site.seen.clear()
    Thread(target=recover, daemon=True).start()
    done = toy.run("build", "--select", f"name={NAMES[0]}")
    assert done.code == 0, done.summary
    host = toy.environment["UV_DEFAULT_INDEX"].split("/")[2]
    [line] = [line for line in done.err.splitlines() if "before the next attempt" in line]
    assert f"The package index {host} answered" in line
    assert "; waiting 8 s before the next attempt" in line
    assert client.images.get(f"{toy.registry}:{NAMES[0]}")


@pytest.mark.parametrize("redirected", [False, True])
def test_a_login_page_in_place_of_the_index(unlocked: Toy, redirected: bool) -> None:
    login = Site(everywhere=("text/html", '<html><h1>Please log in</h1><a href="/login">Log in</a></html>'))
    assert unlocked.run("facts").code == 0
    with serving(login) as url:
        unlocked.site.moved = url.removesuffix("/simple/") if redirected else ""
        unlocked.site.everywhere = None if redirected else login.everywhere
        for command in ("facts", "lock"):
            done = unlocked.run(command)
            assert done.code == 4, done.summary
            assert "a web page that is not a page of a package index, such as a login page" in done.err
            assert "Next: check the address in UV_DEFAULT_INDEX" in done.err


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "answered 401 Unauthorized"),
        (403, "or it answered 403 Forbidden"),
        (429, "answered 429 Too Many Requests"),
        (503, "answered with a server error"),
    ],
)
def test_an_index_that_refuses_a_build_is_out_of_reach(toy: Toy, status: int, message: str) -> None:
    toy.site.status = status
    done = toy.run("build", "--select", f"name={NAMES[0]}")
    assert done.code == 4, done.summary
    assert message in done.err
    host = toy.environment["UV_DEFAULT_INDEX"].split("/")[2]
    assert status == 403 or f"The package index {host}" in done.err
    inspect = ["docker", "image", "inspect", f"{toy.registry}:{NAMES[0]}"]
    assert subprocess.run(inspect, check=False, capture_output=True).returncode
