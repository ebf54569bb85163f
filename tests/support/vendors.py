"""Differences of known vendors' registries, as faults of a front of a real registry (tests.support.faults)."""

import json
import re
from collections.abc import Callable, Collection

import requests

from tests.support.faults import Answer, Front

Fault = Callable[[str, str], Answer | None]
_ACCEPT = {
    "Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
}
_READS = {"GET", "HEAD"}


def error(code: int, name: str, message: str) -> Answer:
    """Return an error in the form of the OCI distribution specification."""
    body = json.dumps({"errors": [{"code": name, "message": message}]}).encode()
    return Answer(code=code, headers={"Content-Type": "application/json"}, body=body)


def answers_referrers(answer: Answer) -> Fault:
    """Answer requests to the referrers API, which the registry does not have, with this answer."""
    return lambda _method, path: answer if "/referrers/" in path else None


def takes_the_tag_for_the_digest(front: Front, *, writable: bool) -> Fault:
    """GitLab: the tag sha256-HEX answers with the image sha256:HEX. Source: oras-project/oras-go issue 1396.

    writable: whether a different manifest can be pushed to the tag, which is then returned.
    """
    written: set[str] = set()

    def fault(method: str, path: str) -> Answer | None:
        match = re.fullmatch(r"(/v2/.+/manifests/)sha256-([0-9a-f]{64})", path)
        if not match or path in written:
            return None
        if method == "PUT":
            if not writable:
                return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            written.add(path)
            return None
        image = requests.get(f"http://{front.behind}{match[1]}sha256:{match[2]}", headers=_ACCEPT, timeout=10)
        return Answer(code=image.status_code, headers=dict(image.headers), body=image.content)

    return fault


def refuses_repository(path: str, answer: Answer, *, reads: bool = True) -> Fault:
    """A registry that refuses a repository, for reading and writing or for writing only."""

    def fault(method: str, requested: str) -> Answer | None:
        return answer if requested.startswith(f"/v2/{path}/") and (reads or method not in _READS) else None

    return fault


def created_by_writing(answer: Answer) -> Fault:
    """Quay: a repository that does not exist is refused, and created by the first upload to it."""
    created: set[str] = set()

    def fault(method: str, path: str) -> Answer | None:
        match = re.fullmatch(r"/v2/(.+)/(?:manifests|blobs|referrers|tags)/.*", path)
        if match and method not in _READS:
            created.add(match[1])
        return answer if match and match[1] not in created else None

    return fault


def must_be_created(*created: str) -> Fault:
    """ECR: a repository that was not created is unknown. Source: plexsystems/sinker issue 55."""

    def fault(method: str, path: str) -> Answer | None:
        match = re.fullmatch(r"/v2/(.+)/(?:manifests|blobs|referrers|tags)/.*", path)
        if match is None or match[1] in created:
            return None
        text = f"The repository with name '{match[1]}' does not exist in the registry with id '123456789012'"
        return error(404, "NAME_UNKNOWN", text)

    return fault


def immutable_tags(front: Front, answer: Answer, exempt: Collection[str] = ()) -> Fault:
    """A registry whose tags, except some, cannot be overwritten, not even with the same image."""

    def fault(method: str, path: str) -> Answer | None:
        match = re.fullmatch(r"/v2/.+/manifests/([\w.-]+)", path)
        if method != "PUT" or not match or match[1] in exempt:
            return None
        existing = requests.head(f"http://{front.behind}{path}", headers=_ACCEPT, timeout=10)
        return answer if existing.ok else None

    return fault


def together(*faults: Fault) -> Fault:
    """Return the first of several faults that applies."""
    return lambda method, path: next((answer for fault in faults if (answer := fault(method, path))), None)
