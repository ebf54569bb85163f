"""Scans by trivy of a toy image with a finding of each kind, and made-up advisories."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import docker
import pytest

from raydock.core.checkout import Checkout as Paths
from raydock.model import policy
from raydock.model.image import ContainerImage
from raydock.model.judgement import Verdict
from raydock.model.labels import ImageLabels
from raydock.scan.report import ScanReport, load, sboms
from raydock.scan.trivy import find
from tests.integration.conftest import remove_images
from tests.support.index import Site, serving
from tests.support.toy import NAMES, ROOT, Run, Toy, finish, lock, make
from tests.support.trivydb import DEBIAN, Advisory, write

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

NAME = NAMES[0]
ONE = ("--select", "ray=1.0.0")
SECRET = "AKIA" + "QWERTYUIOPASDFGH"  # has the form of an AWS access key, but is not one
LICENCE = b"Metadata-Version: 2.1\nName: copyleft\nVersion: 1.0\nLicense: AGPL-3.0\n"
KNOWN = (
    Advisory(id="CVE-2099-0001", package="bash", severity="HIGH", fixed="99:1.0", source=DEBIAN),
    Advisory(id="CVE-2099-0002", package="ray", severity="CRITICAL", fixed="1.5.0", aliases=("GHSA-aaaa-bbbb-cccc",)),
    Advisory(id="CVE-2099-0003", package="bash", severity="HIGH", source=DEBIAN),
    Advisory(id="CVE-2099-0004", package="toylib", severity="LOW", fixed="2.0"),
    Advisory(id="CVE-2099-0005", package="ray", severity="CRITICAL", fixed="0.5.0"),
)
REFUSED = {"CVE-2099-0001": "bash", "CVE-2099-0002": "ray", "aws-access-key-id": "*/planted.env", "AGPL-*": "copyleft"}
REPORTED = {"CVE-2099-0003", "CVE-2099-0004", "DS-0001", "DS-0026"}


@pytest.fixture(scope="module")
def toy(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """A toy with one image, which has a planted secret and a package with a refused licence."""
    site = Site()
    with serving(site) as endpoint:
        toy = make(tmp_path_factory.mktemp("scan") / "toy", site, endpoint)
        planted = {
            "planted.env": f"AWS_ACCESS_KEY_ID={SECRET}\n".encode(),
            "vendored/copyleft-1.0.dist-info/METADATA": LICENCE,
        }
        site.publish("toylib", "1.1", files=planted)
        lock(toy)
        for command in ("render", "build"):
            done = toy.run(command, *ONE)
            assert done.code == 0, done.summary
        yield toy
    remove_images(client, toy)


@pytest.fixture(autouse=True)
def tidy(toy: Toy) -> Iterator[None]:
    """Start each test with the committed policy and no report, and check for partial files."""
    shutil.copy(ROOT / "scan.yaml", toy.root)
    shutil.rmtree(toy.root / ".raydock" / "reports", ignore_errors=True)
    yield
    assert toy.leftovers() == []


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("database"), KNOWN)


def scan(toy: Toy, *options: str) -> Run:
    return toy.run("scan", *ONE, *options)


def load_report(toy: Toy) -> ScanReport | None:
    return load(Paths(toy.root).report(NAME, "scan"))


def ignore_refused(toy: Toy, until: date, **more: str) -> None:
    """Let scan.yaml ignore all refused findings, and those of `more`, until a date."""
    entries = {**REFUSED, **more}
    lines = [
        f'  - {{id: {id.replace("AGPL-*", "AGPL-3.0-only")}, package: "{package}", reason: made up, until: {until}}}'
        for id, package in entries.items()
    ]
    toy.edit("scan.yaml", "ignore: []", "\n".join(["ignore:", *lines]))


def test_findings_are_refused_or_reported(toy: Toy, cache: Path, client: docker.DockerClient) -> None:
    done = scan(toy, "--db", str(cache), "--json")
    assert done.code == 5, done.summary
    document = done.variants[NAME]
    assert document["verdict"] == "refused"
    refused = {(item["kind"], item["id"], item["package"].rpartition("/")[2]) for item in document["refused"]}
    assert refused == {
        ("vulnerability", "CVE-2099-0001", "bash"),
        ("vulnerability", "CVE-2099-0002", "ray"),
        ("secret", "aws-access-key-id", "planted.env"),
        ("license", "AGPL-3.0-only", "copyleft"),
    }
    assert {item["id"] for item in document["reported"]} == REPORTED
    assert f"1 of 1 refused by scan.yaml: {NAME}." in done.err

    report = load_report(toy)
    assert report
    assert json.loads(Paths(toy.root).report(NAME, "scan").read_text()) == document
    assert report.image_id == client.images.get(f"{toy.registry}:{NAME}").id
    written = [path.read_bytes() for path in (toy.root / ".raydock").rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in text for text in (done.out.encode(), done.err.encode(), *written))


def test_the_sboms_next_to_the_report_list_the_packages(toy: Toy, cache: Path) -> None:
    scan(toy, "--db", str(cache))
    report = load_report(toy)
    assert report
    files = sboms(report, Paths(toy.root).report(NAME, "scan"))
    cyclonedx, spdx = (json.loads(files[name].read_text()) for name in ("sbom.cdx.json", "sbom.spdx.json"))
    assert cyclonedx["bomFormat"] == "CycloneDX"
    assert spdx["spdxVersion"] == "SPDX-2.3"
    assert cyclonedx["metadata"]["component"]["name"] == spdx["name"] == f"{toy.registry}:{NAME}"
    for packages, version in ((cyclonedx["components"], "version"), (spdx["packages"], "versionInfo")):
        listed = {(package["name"], package.get(version)) for package in packages}
        assert {("ray", "1.0.0"), ("toylib", "1.1"), ("copyleft", "1.0")} <= listed
        assert "bash" in {name for name, _ in listed}
    assert not cyclonedx.get("vulnerabilities")
    files["sbom.cdx.json"].write_text("{}")
    assert load_report(toy) is None


def test_ignored_findings_are_clean_with_a_remark(toy: Toy, cache: Path) -> None:
    ignore_refused(toy, date.today() + timedelta(days=30), **{"CVE-2099-0099": "bash"})
    done = scan(toy, "--db", str(cache))
    assert done.code == 0, done.summary
    assert "clean" in done.out
    assert "CVE-2099-0001 in bash: a fix exists: bash 99:1.0." in done.out
    assert "CVE-2099-0099 in bash: no longer matches a finding. Remove it" in done.out
    report = load_report(toy)
    assert report
    assert {item.ignore.reason for item in report.judgement.ignored} == {"made up"}
    assert len(report.judgement.ignored) == len(REFUSED)

    rules = policy.load(toy.root / "scan.yaml")
    image = ContainerImage(content=report.content, labels=ImageLabels({"raydock.fingerprint": report.fingerprint}))
    assert report.objection(image, rules, date.today()) == ""
    assert "was ignored until" in report.objection(image, rules, date(2999, 1, 1))


def test_an_expired_ignore_is_a_refusal(toy: Toy, cache: Path) -> None:
    ignore_refused(toy, date.today() - timedelta(days=1))
    done = scan(toy, "--db", str(cache))
    assert done.code == 5, done.summary
    assert "CVE-2099-0001 in bash was ignored until" in done.out
    assert "matches nothing" not in done.out
    assert load_report(toy).verdict is Verdict.REFUSED  # type: ignore[union-attr]


def test_without_a_database_the_verdict_is_not_scanned_and_never_clean(toy: Toy, tmp_path: Path) -> None:
    ignore_refused(toy, date.today())
    nowhere = ("--db-repository", "127.0.0.1:1/made-up/trivy-db:2")
    done = scan(toy, *nowhere)
    assert done.code == 5, done.summary
    assert f"1 of 1 not scanned: {NAME}." in done.err
    assert "--allow-unscanned" in done.err
    assert "connection refused" in done.out
    assert "matches nothing" not in done.out
    report = load_report(toy)
    assert report
    assert report.verdict is Verdict.NOT_SCANNED
    assert report.database == ""
    assert {item.finding.id for item in report.judgement.ignored} == {"aws-access-key-id", "AGPL-3.0-only"}

    allowed = scan(toy, *nowhere, "--allow-unscanned", "--json")
    assert allowed.code == 0, allowed.summary
    assert allowed.variants[NAME]["verdict"] == "not scanned"
    empty = scan(toy, "--db", str(tmp_path))
    assert empty.code == 5
    assert "has no vulnerability database" in empty.out


def test_without_a_database_a_secret_is_still_refused(toy: Toy, tmp_path: Path) -> None:
    done = scan(toy, "--db", str(tmp_path), "--allow-unscanned", "--json")
    assert done.code == 5, done.summary
    assert done.variants[NAME]["verdict"] == "refused"
    assert done.variants[NAME]["missing"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("garbage", "invalid database"),
        ("half", "it crashed, which a damaged database can cause"),
        ("newer", "Local DB: 3, Expected: 2"),
        ("older", "old DB schema"),
    ],
)
def test_an_unreadable_database_is_named_and_counts_as_none(
    toy: Toy, tmp_path: Path, damage: str, message: str
) -> None:
    filler = [Advisory(id="CVE-2099-0001", package=f"package-{n}", severity="LOW", source=DEBIAN) for n in range(300)]
    write(tmp_path, [*KNOWN, *filler], schema={"newer": 3, "older": 1}.get(damage, 2))
    file = tmp_path / "db" / "trivy.db"
    if damage == "garbage":
        file.write_bytes(b"garbage" * 9999)
    if damage == "half":
        os.truncate(file, 20000)
    ignore_refused(toy, date.today())
    done = scan(toy, "--db", str(tmp_path))
    assert done.code == 5, done.summary
    assert message in done.out
    assert f"1 of 1 not scanned: {NAME}." in done.err


def test_trivys_own_settings_hide_nothing(toy: Toy, cache: Path, tmp_path: Path) -> None:
    (tmp_path / ".trivyignore").write_text("CVE-2099-0002\n")
    hiding = {
        "TRIVY_SEVERITY": "LOW",
        "TRIVY_IGNORE_UNFIXED": "true",
        "TRIVY_IGNOREFILE": str(tmp_path / ".trivyignore"),
    }
    (toy.root / ".trivyignore").write_text("CVE-2099-0002\n")
    done = scan(toy.given(hiding), "--db", str(cache), "--json")
    assert {"CVE-2099-0001", "CVE-2099-0002"} <= {item["id"] for item in done.variants[NAME]["refused"]}


def test_ctrl_c_ends_trivy_and_keeps_the_old_report(toy: Toy, cache: Path, tmp_path: Path) -> None:
    scan(toy, "--db", str(cache))
    before = load_report(toy)
    started = tmp_path / "started"
    slow = tmp_path / "bin" / "trivy"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n[ "$1" = image ] || exec {find()} "$@"\necho $$ > {started}\nexec sleep 600\n')
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}"
    with toy.started("scan", *ONE, "--db", str(cache), PATH=path) as process:
        end = time.monotonic() + 60
        while not (started.exists() and started.read_text().strip()):
            assert time.monotonic() < end, "trivy was not started"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        done = finish(process, 20)
    assert done.code == 130, done.summary
    assert not Path("/proc", started.read_text().strip()).exists()
    assert load_report(toy) == before


def test_an_image_that_is_not_built_is_a_separate_error(toy: Toy, cache: Path) -> None:
    done = toy.run("scan", "--db", str(cache), "--json")
    assert done.code == 1, done.summary
    assert done.variants[NAME]["verdict"] == "refused"
    assert "is not built on this engine" in done.variants[NAMES[1]]["error"]


def test_two_databases_are_bad_usage(toy: Toy, cache: Path) -> None:
    done = scan(toy, "--db", str(cache), "--db-repository", "localhost/trivy-db")
    assert done.code == 2
