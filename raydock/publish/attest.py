"""Where an image comes from: an in-toto statement with a SLSA provenance, version 1 (slsa.dev/spec/v1.0/provenance)."""

import json
from dataclasses import dataclass

from raydock import __version__
from raydock.core import git
from raydock.core.checkout import Checkout
from raydock.publish.eligible import Ready

BUILD_TYPE = "urn:raydock:image:1"


@dataclass(frozen=True, kw_only=True)
class SourceRevision:
    """A checkout's commit and that of its templates (empty where it is no git), and whether files differ from them."""

    commit: str
    templates: str
    changed: bool


def source(checkout: Checkout) -> SourceRevision:
    """What git says of a checkout."""
    root = checkout.root
    return SourceRevision(
        commit=git.output(root, "rev-parse", "HEAD"),
        templates=git.output(root, "log", "-1", "--format=%H", "--", "templates"),
        changed=bool(
            git.output(root, "status", "--porcelain", "--", "templates", "lockfiles", "images", "matrix.yaml")
        ),
    )


def statement(ready: Ready, digest: str, made_from: SourceRevision) -> bytes:
    """The statement on a variant's image of a digest."""
    recipe, variant = ready.recipe, ready.planned.variant
    templates = {"gitCommit": made_from.templates} if made_from.templates else {}
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": ready.name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"variant": ready.name, "axes": variant.axes},
                "internalParameters": {
                    "fingerprint": recipe.fingerprint,
                    "platform": recipe.platform,
                    "sourceDateEpoch": recipe.epoch,
                    "changedSinceCommit": made_from.changed,
                },
                "resolvedDependencies": [
                    {"name": f"lockfiles/{ready.name}.txt", "digest": {"sha256": recipe.lock_sha256}},
                    {"name": ready.base.ref, "digest": {"sha256": ready.base.fingerprint}},
                    {"name": "templates", "digest": templates},
                ],
            },
            "runDetails": {"builder": {"id": "urn:raydock", "version": {"raydock": __version__}}},
        },
    }
    return (json.dumps(document, indent=1) + "\n").encode()
