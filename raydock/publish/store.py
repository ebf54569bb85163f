"""The releases of an image repository.

They are OCI artifacts with the tags `latest` and `<date>-<n>`.

They have their own repository: `index` below the images, or a named one for registries without nested repositories.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from raydock.core.errors import ConfigurationError
from raydock.model.labels import Label
from raydock.publish.release import Release, damaged, dump, load
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE, Manifest, artifact
from raydock.registry.name import parse
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import Repository, UnreadableError, repository

INDEX = "index"
KIND, FILE = "application/vnd.raydock.release.v1+json", "release.json"
_CONTENT = "application/json"
_SETTING = {RefusalCause.LOGIN, RefusalCause.DENIED, RefusalCause.MISSING, RefusalCause.NAME}


@dataclass(frozen=True, kw_only=True)
class ReleaseStore:
    """Stores the releases of an image repository.

    Attributes:
        images: the image repository.
        repository: the repository of the releases.
    """

    images: Repository
    repository: Repository

    @property
    def latest(self) -> str:
        """The tag of the newest release.

        In the image repository, `latest` is an alias of an image.
        """
        return "release" if self.repository.name == self.images.name else "latest"

    def read(self) -> Release | None:
        """Read the newest release.

        Returns None if there is none.

        Raises ConfigurationError if it is damaged or newer than this raydock, OutOfReachError if the registry does not
        answer or refuses.
        """
        origin = f"release.json of {self.repository.name}:{self.latest}"
        try:
            with self._explained():
                manifest = self.repository.manifest(self.latest)
                if manifest is None:
                    return None
                (layer,) = manifest.document["layers"]
                data = self.repository.blob(layer["digest"])
        except (UnreadableError, ValueError, KeyError, TypeError) as error:
            raise damaged(origin, str(error).rstrip(".")) from None
        return load(data, origin)

    def newest(self) -> Release:
        """The newest release.

        Raises ConfigurationError if there is none, and what `read` raises.
        """
        release = self.read()
        if release is None:
            raise ConfigurationError(
                f"{self.images.name} has no release: nothing was published to it.",
                meaning=f"{self.repository.name} does not have the tag {self.latest}.",
                todo="check both names (`--release-repository` must be the one given to publish), or publish: "
                f"`./build.py publish --registry {self.images.name}`.",
            )
        return release

    def check_writable(self) -> None:
        """Check that a release can be written.

        Raises RefusedError, with the setting that fixes it, if not.
        """
        with self._explained():
            self.repository.upload(EMPTY, EMPTY_TYPE)

    def next_id(self, before: str, today: datetime | None = None) -> str:
        """The tag of a release made today (UTC) after the release `before`.

        The first of a day is such as 20261125-1.
        """
        day = f"{today or datetime.now(UTC):%Y%m%d}"
        last, _, number = before.partition("-")
        following = int(number) + 1 if last == day and number.isdigit() else 1
        # An unfinished release already has its tag. Not every registry lists its tags.
        while self.repository.digest(f"{day}-{following}"):
            following += 1
        return f"{day}-{following}"

    def push(self, release: Release) -> Manifest:
        """Push a release with its id as tag; returns its manifest."""
        annotations: dict[str, str] = {Label.CREATED: release.created, Label.VERSION: release.id}
        with self._explained():
            self.repository.upload(EMPTY, EMPTY_TYPE)
            blob = self.repository.upload(dump(release), _CONTENT)
            manifest = artifact(KIND, [(blob, FILE)], None, annotations)
            self.repository.push_manifest(release.id, manifest)
        return manifest

    def make_newest(self, manifest: Manifest) -> None:
        """Move the tag of the newest release to this manifest."""
        self.repository.push_manifest(self.latest, manifest)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Name --release-repository in a refusal.

        Not if the registry refuses the image repository too.
        """
        try:
            yield
        except RefusedError as error:
            if error.cause not in _SETTING or self._images_refused():
                raise
            error.meaning = f"The release of {self.images.name} is stored in {self.repository.name}. No tag moved."
            error.todo = (
                f"name a different repository in each command, such as `--release-repository {self.images.name}-"
                f"{INDEX}` (or set RAYDOCK_RELEASE_REPOSITORY), or the image repository. Or, if "
                f"{self.repository.name.host} supports nested repositories: {error.todo}"
            )
            raise

    def _images_refused(self) -> bool:
        try:
            self.images.digest(self.latest)
        except RefusedError:
            return True
        return False


def release_store(images: Repository, release_repository: str = "", *, insecure: bool = False) -> ReleaseStore:
    """The releases of an image repository, stored in `release_repository`.

    If that is empty, they are in `index` below the images.

    Raises ConfigurationError if it is not a repository name, OutOfReachError if its registry does not answer.
    """
    name = parse(release_repository or f"{images.name}/{INDEX}")
    if name.host == images.name.host:
        return ReleaseStore(images=images, repository=Repository(name=name, transport=images.transport))
    return ReleaseStore(images=images, repository=repository(release_repository, insecure=insecure))
