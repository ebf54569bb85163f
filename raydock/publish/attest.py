"""The provenance of an image: an in-toto statement with a SLSA provenance 1.

Source: slsa.dev/spec/v1.0/provenance.
"""

import json
from dataclasses import dataclass

from raydock import __version__
from raydock.core import git
from raydock.core.checkout import Checkout
from raydock.publish.gate import PublishableBuild

BUILD_TYPE = "urn:raydock:image:1"


@dataclass(frozen=True, kw_only=True)
class SourceRevision:
    """The git state of a checkout.

    Attributes:
        commit: the checkout's commit; empty if it is not a git repository.
        templates: the last commit that changed the templates; empty if it is not a git repository.
        changed: whether files that decide an image differ from the commit.
    """

    commit: str
    templates: str
    changed: bool


def read_source(checkout: Checkout) -> SourceRevision:
    """Read the git state of a checkout."""
    root = checkout.root
    return SourceRevision(
        commit=git.output(root, "rev-parse", "HEAD"),
        templates=git.output(root, "log", "-1", "--format=%H", "--", "templates"),
        changed=bool(
            git.output(root, "status", "--porcelain", "--", "templates", "lockfiles", "images", "matrix.yaml")
        ),
    )


def provenance_statement(build: PublishableBuild, digest: str, made_from: SourceRevision) -> bytes:
    """The provenance statement of a variant's image with this digest."""
    recipe, variant = build.recipe, build.planned.variant
    templates = {"gitCommit": made_from.templates} if made_from.templates else {}
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": build.name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"variant": build.name, "axes": variant.axes},
                "internalParameters": {
                    "fingerprint": recipe.fingerprint,
                    "platform": recipe.platform,
                    "sourceDateEpoch": recipe.epoch,
                    "changedSinceCommit": made_from.changed,
                },
                "resolvedDependencies": [
                    {"name": f"lockfiles/{build.name}.txt", "digest": {"sha256": recipe.lock_sha256}},
                    {"name": build.base.ref, "digest": {"sha256": build.base.fingerprint}},
                    {"name": "templates", "digest": templates},
                ],
            },
            "runDetails": {"builder": {"id": "urn:raydock", "version": {"raydock": __version__}}},
        },
    }
    return (json.dumps(document, indent=1) + "\n").encode()
