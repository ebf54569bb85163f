"""Tiny images on the engine with passing reports of every gate, as `publish` needs them.

The images are on the engine, with the labels of a build. The reports of the gates are written here, because an image
without the real Ray does not pass them.
"""

import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import docker

from raydock.builder.basemaker import existing
from raydock.builder.baserecipe import recipe_for
from raydock.builder.recipe import Recipe
from raydock.builder.schedule import Builder
from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.core.events import silent
from raydock.core.files import digest_of
from raydock.engine.localimage import get_image
from raydock.model import policy
from raydock.model import report as reports
from raydock.model.judgement import Judgement
from raydock.model.report import Check, Report, Status
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.scan import report as scans
from raydock.scan.report import ScanReport

SBOMS = ("sbom.cdx.json", "sbom.spdx.json")


@dataclass(frozen=True, kw_only=True)
class BuiltImages:
    """Images of a project's variants on the engine, with their reports.

    Attributes:
        client: the engine's client.
        project: the project.
    """

    client: docker.DockerClient
    project: Project

    @property
    def checkout(self) -> Checkout:
        return self.project.checkout

    def recipes(self, variants: Iterable[Planned]) -> dict[str, Recipe]:
        """Return the current recipe of each variant by name."""
        builder, matrix = self._builder, self.project.matrix
        refs = {planned: recipe_for(matrix, planned.variant, self.checkout).ref for planned in variants}
        bases = existing(self.client, refs.values())
        return {planned.name: builder.recipe(planned, bases[ref]) for planned, ref in refs.items()}

    def fill(self, variants: Iterable[Planned], content: bytes = b"content") -> dict[str, str]:
        """Make an image for each variant, with a passing report of each gate, and return their ids by name."""
        ids = {}
        for name, recipe in self.recipes(variants).items():
            ids[name] = self.put(name, recipe, content)
            self.write_reports(name, ids[name], recipe.fingerprint)
        return ids

    def put(self, name: str, recipe: Recipe, content: bytes = b"content") -> str:
        """Make an image with a build's labels and one file, and return its id."""
        labels = recipe.labels | {"org.opencontainers.image.version": name, "raydock.min-driver": "", "raydock.sm": ""}
        labels["io.ray.ray-version"] = name.partition("-")[0].removeprefix("ray")
        output = self.client.api.import_image_from_data(
            _tar(name, content),
            repository=self.project.matrix.registry,
            tag=name,
            changes=[f"LABEL {key}={json.dumps(value)}" for key, value in labels.items()],
        )
        return str(json.loads(output.splitlines()[-1])["status"])

    def write_reports(self, name: str, image_id: str, fingerprint: str) -> None:
        """Write a passing report of each gate."""
        content = get_image(self.client, image_id).content
        check = Check(id="ray", status=Status.PASSED, detail="as it should be", seconds=1.0)
        for kind in ("smoke", "contract"):
            report = Report(name=name, image_id=image_id, content=content, fingerprint=fingerprint, checks=(check,))
            reports.save(report, self.checkout.report(name, kind))
        path = self.checkout.report(name, "scan")
        sums = {}
        for sbom in SBOMS:
            (path.parent / sbom).write_text(f'{{"of": "{name}"}}\n')
            sums[sbom] = digest_of((path.parent / sbom).read_bytes())
        rules = policy.load(self.checkout.policy).digest
        scan = scan_of(name=name, image_id=image_id, content=content, fingerprint=fingerprint, policy=rules, sboms=sums)
        scans.save(scan, path)

    @property
    def _builder(self) -> Builder:
        return Builder(
            client=self.client,
            checkout=self.checkout,
            matrix=self.project.matrix,
            secrets=Secrets(),
            listener=silent,
            jobs=1,
        )


def scan_of(**fields: Any) -> ScanReport:
    """Return a clean scan report with these fields."""
    defaults: dict[str, Any] = {
        "scanned": datetime.now(UTC).isoformat(timespec="seconds"),
        "trivy": "0.0.0",
        "database": "2026-11-25T06:00:00Z",
        "judgement": Judgement(),
        "sboms": {},
    }
    return ScanReport(**(defaults | fields))


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(f"{name}.txt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
