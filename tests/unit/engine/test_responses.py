"""Invalid answers of an engine end in a message and an exit code."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from raydock.core.errors import ExitCode
from tests.support.index import Server
from tests.support.inprocess import run_in_process
from tests.support.toy import ROOT, Checkout, Run

IMAGE = "localhost:5000/raydock:ray2.60.0-py311-cpu"
NAME = "name=ray2.60.0-py311-cpu"
COMMANDS = {
    "/version": ("clean",),
    "/info": ("doctor", f"smoke -v --select {NAME}"),
    "/images/json": ("clean",),
    f"/images/{IMAGE}/json": (f"smoke --select {NAME}", "pick --gpu none", "publish --group quickstart --dry-run"),
    "/containers/json": (f"smoke --select {NAME}",),
    "/networks": (f"smoke --select {NAME}",),
    "/images/foo/json": ("smoke --image foo", "smoke --contract --image foo"),
}
BODIES = (b"null", b"[{}]", b"<html>", b'{"a":', b"\xff", b'[{"Id": "a", "Labels": 7}]')
ERRORS = (b'{"error": "no"}', b"<html>no</html>")
KNOWN: dict[str, object] = {
    "/_ping": "OK",
    "/version": {"Version": "28.5.2", "ApiVersion": "1.45", "MinAPIVersion": "1.24", "Components": []},
    "/info": {"ServerVersion": "28.5.2", "Driver": "overlay2", "DriverStatus": [], "DockerRootDir": "/var/lib/docker"},
    "/images/json": [],
    "/containers/json": [],
    "/networks": [],
}


@dataclass(kw_only=True)
class OddEngine:
    """A server that answers like an engine without images, except for `answers`.

    Attributes:
        address: HOST:PORT.
        answers: status and body by path; None to close the connection.
    """

    address: str = ""
    answers: dict[str, tuple[int, bytes] | None] = field(default_factory=dict)

    def run(self, command: str) -> Run:
        """Run `./build.py COMMAND` with this engine."""
        environment = {"DOCKER_HOST": f"tcp://{self.address}", "NO_PROXY": "127.0.0.1", "DOCKER_TLS_VERIFY": ""}
        return run_in_process(Checkout(root=ROOT, environment=environment), *command.split())


@pytest.fixture
def engine() -> Iterator[OddEngine]:
    found = OddEngine()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = re.sub(r"^/v[\d.]+", "", self.path).partition("?")[0]
            status, body = 404, b'{"message": "no such thing"}'
            if path in KNOWN:
                status, body = 200, json.dumps(KNOWN[path]).encode()
            answer = found.answers.get(path, (status, body))
            if answer:
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    found.address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "command"), [(path, word) for path, words in COMMANDS.items() for word in words])
def test_no_answer_ends_in_a_traceback(engine: OddEngine, path: str, command: str) -> None:
    odd = [*((200, body) for body in BODIES), *((status, body) for status in (403, 500) for body in ERRORS), None]
    for answer in odd:
        engine.answers[path] = answer
        done = engine.run(command)
        assert done.code != ExitCode.BUG, (answer, done.err)
        assert "Traceback" not in done.summary


@pytest.mark.parametrize(
    ("path", "command", "answer", "message"),
    [
        ("/images/json", "clean", (200, b"{}"), "while answering GET /images/json: it is not a list"),
        ("/images/json", "clean", (200, b'[{"Id": 5}]'), "answering GET /images/json: Id is '5'"),
        ("/images/json", "clean", (200, b"<html>"), "answering GET /images/json: '<html>' is not JSON"),
        ("/images/json", "clean", (403, b'{"error": "no"}'), 'answering GET /images/json: status 403, {"error": "no"}'),
        ("/images/json", "clean", (500, b'{"message": "broken"}'), "refused while listing images: broken"),
        ("/images/json", "clean", None, "went away while listing images"),
        ("/version", "clean", (200, b"<html>"), "no Docker engine answers at tcp://127.0.0.1"),
        ("/version", "clean", None, "no Docker engine answers at tcp://127.0.0.1"),
    ],
)
def test_an_invalid_answer_is_named(
    engine: OddEngine, path: str, command: str, answer: tuple[int, bytes] | None, message: str
) -> None:
    engine.answers[path] = answer
    done = engine.run(command)
    assert done.code == ExitCode.OUT_OF_REACH
    assert message in done.err
    assert "Next: " in done.err


def test_podman_is_refused_by_name(engine: OddEngine) -> None:
    # As Podman 5.4.2 of Debian 13 answers.
    components = [{"Name": "Podman Engine", "Version": "5.4.2", "Details": {"APIVersion": "5.4.2"}}]
    version = {"Version": "5.4.2", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Components": components}
    engine.answers["/version"] = (200, json.dumps(version).encode())
    for command in ("images --group quickstart", f"smoke --select {NAME}", "clean"):
        done = engine.run(command)
        assert done.code == ExitCode.OUT_OF_REACH
        assert f"Podman 5.4.2 answers at tcp://{engine.address} (DOCKER_HOST), and raydock needs Docker" in done.err
        assert "Next: install Docker" in done.err
