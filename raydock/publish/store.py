"""The releases of an image repository: OCI artifacts under `latest`, and `<date>-<n>` for each one made.

They have a repository of their own: `index` below the images, or another one for registries without nested names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from raydock.core.errors import ConfigurationError
from raydock.model.labels import Label
from raydock.publish import release_json
from raydock.publish.release import Release
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
    """Keeps the releases of the image repository `images` in `repository`."""

    images: Repository
    repository: Repository

    @property
    def latest(self) -> str:
        """The tag of the newest release; among the images, `latest` is an alias of theirs."""
        return "release" if self.repository.name == self.images.name else "latest"

    def read(self, tag: str = "") -> Release | None:
        """A release by its tag, the newest by default; None if there is none.

        Raises ConfigurationError if it is damaged or newer than this raydock, OutOfReachError if the registry does not
        answer or refuses.
        """
        tag = tag or self.latest
        where = f"release.json of {self.repository.name}:{tag}"
        try:
            with self._explained():
                manifest = self.repository.manifest(tag)
                if manifest is None:
                    return None
                (layer,) = manifest.document["layers"]
                data = self.repository.blob(layer["digest"])
        except (UnreadableError, ValueError, KeyError, TypeError) as error:
            raise release_json.damaged(where, str(error).rstrip(".")) from None
        return release_json.load(data, where)

    def newest(self) -> Release:
        """The newest release. Raises ConfigurationError if there is none, and what `read` raises."""
        release = self.read()
        if release is None:
            raise ConfigurationError(
                f"{self.images.name} has no release: nothing was published there.",
                meaning=f"{self.repository.name} has no tag {self.latest}.",
                todo="check both names (`--release-repository` as it was given to publish), or publish: "
                f"`./build.py publish --registry {self.images.name}`.",
            )
        return release

    def check_writable(self) -> None:
        """Raises RefusedError, with the setting that fixes it, if no release can be written."""
        with self._explained():
            self.repository.upload(EMPTY, EMPTY_TYPE)

    def next_id(self, before: str, today: datetime | None = None) -> str:
        """The tag of a release made today (UTC) after the release `before`: 20261125-1 is the day's first."""
        day = f"{today or datetime.now(UTC):%Y%m%d}"
        last, _, number = before.partition("-")
        following = int(number) + 1 if last == day and number.isdigit() else 1
        # A release that was not finished has its tag already. Not every registry lists its tags.
        while self.repository.digest(f"{day}-{following}"):
            following += 1
        return f"{day}-{following}"

    def write(self, release: Release) -> None:
        """Pushes a release under its id, and then as the newest."""
        self.make_newest(self.keep(release))

    def keep(self, release: Release) -> Manifest:
        """Pushes a release under its id; returns its manifest."""
        made: dict[str, str] = {Label.CREATED: release.created, Label.VERSION: release.id}
        with self._explained():
            self.repository.upload(EMPTY, EMPTY_TYPE)
            blob = self.repository.upload(release_json.dump(release), _CONTENT)
            manifest = artifact(KIND, [(blob, FILE)], None, made)
            self.repository.put(release.id, manifest)
        return manifest

    def make_newest(self, manifest: Manifest) -> None:
        """Lets the newest release be the one of this manifest."""
        self.repository.put(self.latest, manifest)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Adds --release-repository to a refusal, if the images' repository is not refused."""
        try:
            yield
        except RefusedError as error:
            if error.cause not in _SETTING or self._images_refused():
                raise
            raise RefusedError(
                error.what,
                status=error.status,
                cause=error.cause,
                meaning=f"The release of {self.images.name} is kept in {self.repository.name}. No tag moved.",
                todo=f"name another repository with each command, such as `--release-repository {self.images.name}-"
                f"{INDEX}` (RAYDOCK_RELEASE_REPOSITORY does the same), or that of the images. Or, if "
                f"{self.repository.name.host} has nested repositories: {error.todo}",
            ) from None

    def _images_refused(self) -> bool:
        try:
            self.images.digest(self.latest)
        except RefusedError:
            return True
        return False


def release_store(images: Repository, release_repository: str = "", *, insecure: bool = False) -> ReleaseStore:
    """The releases of an image repository; `release_repository` is empty for `index` below it.

    Raises ConfigurationError if that is not a name, OutOfReachError if its registry does not answer.
    """
    if not release_repository:
        return ReleaseStore(images=images, repository=images.below(INDEX))
    name = parse(release_repository)
    if name.host == images.name.host:
        return ReleaseStore(images=images, repository=Repository(name=name, transport=images.transport))
    return ReleaseStore(images=images, repository=repository(release_repository, insecure=insecure))


def fingerprints(registry: str, release_repository: str = "", *, insecure: bool = False) -> dict[str, str]:
    """The fingerprint of each image that a registry's release names, by variant; nothing if it has no release.

    Raises what `ReleaseStore.read` raises.
    """
    release = release_store(repository(registry, insecure=insecure), release_repository, insecure=insecure).read()
    return {item.name: item.fingerprint for item in release.entries} if release else {}
