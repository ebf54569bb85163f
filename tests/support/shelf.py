"""A checkout of two variants whose images are on the engine and have passed every gate: what `publish` starts from.

The images are tiny and really on the engine, with the labels of a build; what the gates say of them is written by hand,
since no image without the real Ray passes them.
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
from raydock.builder.recipe import Context, Recipe
from raydock.builder.render import Renderer
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
class Shelf:
    """Puts images of a project's variants onto the engine, and reports beside them."""

    client: docker.DockerClient
    project: Project

    @property
    def checkout(self) -> Checkout:
        return self.project.checkout

    def recipes(self, chosen: Iterable[Planned]) -> dict[str, Recipe]:
        """The recipe of each variant, by name, as a build would have it now."""
        builder, templates = self._builder, self.checkout.templates
        context, renderer = Context.read(templates), Renderer(templates, self.project.matrix)
        refs = {item: recipe_for(self.project.matrix, item.variant, self.checkout).ref for item in chosen}
        bases = existing(self.client, refs.values())
        return {item.name: builder.recipe(item, bases[ref], context, renderer) for item, ref in refs.items()}

    def fill(self, chosen: Iterable[Planned], content: bytes = b"content") -> dict[str, str]:
        """An image for each variant, with a passing report of each gate; their ids by name."""
        chosen = tuple(chosen)
        ids = {}
        for name, recipe in self.recipes(chosen).items():
            ids[name] = self.put(name, recipe, content)
            self.prove(name, ids[name], recipe.fingerprint)
        return ids

    def put(self, name: str, recipe: Recipe, content: bytes = b"content") -> str:
        """An image with a build's labels and one file; its id."""
        labels = recipe.labels | {"org.opencontainers.image.version": name, "raydock.min-driver": "", "raydock.sm": ""}
        labels["io.ray.ray-version"] = name.partition("-")[0].removeprefix("ray")
        said = self.client.api.import_image_from_data(
            _tar(name, content),
            repository=self.project.matrix.registry,
            tag=name,
            changes=[f"LABEL {key}={json.dumps(value)}" for key, value in labels.items()],
        )
        return str(json.loads(said.splitlines()[-1])["status"])

    def prove(self, name: str, image_id: str, fingerprint: str, detail: str = "as it should be") -> None:
        """A passing report of each gate."""
        content = get_image(self.client, image_id).content
        check = Check(id="ray", status=Status.PASSED, detail=detail, seconds=1.0)
        for kind in ("smoke", "contract"):
            proved = Report(name=name, image_id=image_id, content=content, fingerprint=fingerprint, checks=(check,))
            reports.save(proved, self.checkout.report(name, kind))
        path = self.checkout.report(name, "scan")
        sums = {}
        for sbom in SBOMS:
            (path.parent / sbom).write_text(f'{{"of": "{name}"}}\n')
            sums[sbom] = digest_of((path.parent / sbom).read_bytes())
        rules = policy.load(self.checkout.policy).digest
        made = scan_of(name=name, image_id=image_id, content=content, fingerprint=fingerprint, policy=rules, sboms=sums)
        scans.save(made, path)

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


def scan_of(**said: Any) -> ScanReport:
    """A scan's report of what is said, else a clean one."""
    made: dict[str, Any] = {
        "scanned": datetime.now(UTC).isoformat(timespec="seconds"),
        "trivy": "0.0.0",
        "database": "2026-11-25T06:00:00Z",
        "judgement": Judgement(),
        "sboms": {},
    }
    return ScanReport(**(made | said))


def _tar(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(f"{name}.txt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()
