"""Publish to one registry: images, then aliases, then the release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from raydock import __version__
from raydock.core.errors import NotBuiltError, OutOfReachError, PolicyError, RaydockError
from raydock.core.events import job, queue
from raydock.core.outcomes import attempt_each
from raydock.model.variant import Variant
from raydock.publish.gate import PublishableBuild
from raydock.publish.options import PublishOptions
from raydock.publish.output import PublishResult, Unattached
from raydock.publish.release import AliasTarget, DamagedError, PublishedImage, Release
from raydock.publish.store import ReleaseStore
from raydock.publish.tags import AliasChanges, Move, aliases_to_move, move_tags
from raydock.publish.upload import PublishTask, UploadedImage, Uploader, plan_task
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import UnreadableError, find_image_problem

# Parallel requests to a registry: they are small, and each waits for the network.
_PARALLEL_REQUESTS = 16
_NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes builds to one registry, and moves the aliases of the whole plan.

    Attributes:
        releases: the image repository and its releases.
        uploader: pushes an image with its attachments.
        builds: the builds to publish, or why one may not be published, by variant.
        aliases: the variants that each alias of the plan could name; it names the last one.
        options: how images are published.
    """

    releases: ReleaseStore
    uploader: Uploader
    builds: Mapping[str, PublishableBuild | RaydockError]
    aliases: Mapping[str, Sequence[Variant]]
    options: PublishOptions

    def plan(self) -> PublishResult:
        """What `publish` would do. Only reads from the registry."""
        before = self._read_release()
        tasks, errors = self._plan_tasks(before)
        published = _published(tasks)
        new = [name for name in tasks if name not in published]
        tags = self._aliases(before, tasks, errors)
        digests = {entry.name: entry.digest for entry in before.entries}
        digests |= {name: task.digest or _NEW for name, task in tasks.items()}
        moves = [move for name, task in tasks.items() for move in _image_moves(task, digests[name])]
        changed = bool(new) or self._next_release(before, before.by_variant | published, tags) != before
        return PublishResult(
            registry=str(self.releases.images.name),
            release=self.releases.next_id(before.id) if changed else None,
            moves=(*moves, *self._alias_moves(tags, digests)),
            attached=tuple(new),
            unchanged=tuple(published),
            unattached={
                name: Unattached(files=entry.unattached, reason="`publish` tries to attach them again")
                for name, entry in published.items()
                if entry.unattached
            },
            waiting=tags.wait,
            errors=errors,
        )

    def publish(self) -> PublishResult:
        """Publish the builds.

        After an interruption, the next run continues at the step that was not finished.

        If the registry refuses a step for one image, no tag moves and no release is made. Raises OutOfReachError if it
        refuses to move a tag or an alias, or refuses the release; tags that already moved are moved back.
        """
        before = self._read_release_for_push()
        tasks, errors = self._plan_tasks(before)
        if not all(task.published for task in tasks.values()):
            self._check_writable()
        uploaded, failed = self._upload(tasks)
        if any(isinstance(error, OutOfReachError) for error in failed.values()):
            return PublishResult(registry=str(self.releases.images.name), errors=errors | failed)
        return self._finish(before, tasks, uploaded, errors | failed)

    def _finish(
        self,
        before: Release,
        tasks: Mapping[str, PublishTask],
        uploaded: Mapping[str, UploadedImage],
        errors: Mapping[str, RaydockError],
    ) -> PublishResult:
        """Move the tags and aliases to the images in the registry, and push the release."""
        entries = _published(tasks) | {name: image.entry for name, image in uploaded.items()}
        all_entries = before.by_variant | entries
        tags = self._aliases(before, tasks, errors)
        moves = [move for name in uploaded for move in _image_moves(tasks[name], entries[name].digest)]
        moves += self._alias_moves(tags, {name: entry.digest for name, entry in all_entries.items()})
        after = self._next_release(before, all_entries, tags)
        release = self._stamped(after) if after != before else None
        pushed = {task.build.tag for task in tasks.values()}
        move_tags(
            self.releases,
            [move for move in moves if move.tag not in pushed],
            {image.manifest.digest: image.manifest for image in uploaded.values()},
            release,
        )
        return PublishResult(
            registry=str(self.releases.images.name),
            release=release.id if release else None,
            moves=tuple(moves),
            attached=tuple(name for name, image in uploaded.items() if image.changed),
            unchanged=tuple(name for name in entries if name not in uploaded or not uploaded[name].changed),
            unattached={name: _unattached(image) for name, image in uploaded.items() if image.refused},
            waiting=tags.wait,
            errors=errors,
        )

    def _read_release_for_push(self) -> Release:
        """Read the release with tokens that may push."""
        for repository in (self.releases.images, self.releases.repository):
            repository.transport.pushes = True
        try:
            return self._read_release()
        except RefusedError as error:
            if error.cause not in {RefusalCause.LOGIN, RefusalCause.DENIED}:
                raise
            # A registry may refuse to read a repository that does not exist, and create it at the first write.
            self._check_writable()
            return self._read_release()

    def _check_writable(self) -> None:
        """Check write access before anything is pushed.

        Raises RefusedError with every repository that is missing.
        """
        errors: list[RefusedError] = []
        for check in (lambda: self.releases.images.upload(EMPTY, EMPTY_TYPE), self.releases.check_writable):
            try:
                check()
            except RefusedError as error:
                if error.cause is not RefusalCause.MISSING and not errors:
                    raise
                errors.append(error)
        if errors:
            raise RefusedError(
                " ".join(error.what for error in errors),
                status=errors[0].status,
                cause=errors[0].cause,
                meaning="Nothing was pushed.",
                todo=f"{' '.join(error.todo for error in errors)} Then run this again.",
            )

    def _read_release(self) -> Release:
        try:
            release = self.releases.read()
        except DamagedError:
            if not self.options.force:
                raise
            release = None
        return release or Release(id="", created="", raydock="", commit="", entries=(), aliases={})

    def _plan_tasks(self, before: Release) -> tuple[dict[str, PublishTask], dict[str, RaydockError]]:
        """The task for each variant; for each other variant, the reason as an error."""
        known = {} if self.options.force else before.by_variant

        def plan(build: PublishableBuild) -> PublishTask:
            return plan_task(self.releases.images, build, known.get(build.name))

        return attempt_each(plan, self.builds, _PARALLEL_REQUESTS, kinds=(PolicyError, UnreadableError))

    def _upload(self, tasks: Mapping[str, PublishTask]) -> tuple[dict[str, UploadedImage], dict[str, RaydockError]]:
        """Upload the images that changed; returns them and the errors.

        One failure does not stop the others.
        """
        changed = {name: task for name, task in tasks.items() if not task.unchanged}
        queue(self.uploader.listener, changed)
        return attempt_each(self._upload_one, changed, self.options.jobs, self.uploader.stop)

    def _upload_one(self, task: PublishTask) -> UploadedImage:
        name, listener = task.build.name, self.uploader.listener
        with job(listener, name, "publishing"):
            image = self.uploader.upload(task)
        listener(name, "uploaded", final=True)
        return image

    def _aliases(
        self, before: Release, tasks: Mapping[str, PublishTask], errors: Mapping[str, RaydockError]
    ) -> AliasChanges:
        """Decide which aliases move.

        An image that this run does not change counts only if it is complete.
        """
        fingerprints = {entry.name: entry.fingerprint for entry in before.entries}
        fingerprints |= {name: task.build.recipe.fingerprint for name, task in tasks.items()}
        blocked = {name for name, error in errors.items() if not isinstance(error, NotBuiltError)}
        named = {} if self.options.force else before.aliases
        changes = aliases_to_move(self.aliases, fingerprints, blocked, named)
        candidates = {variant.name for alias in changes.move for variant in self.aliases[alias]}
        unchanged = candidates.difference(name for name, task in tasks.items() if not task.unchanged)
        known = before.by_variant
        incomplete = {name for name in unchanged if find_image_problem(self.releases.images, known[name].digest)}
        if not incomplete:
            return changes
        return aliases_to_move(self.aliases, fingerprints, blocked | incomplete, named)

    def _alias_moves(self, tags: AliasChanges, digests: Mapping[str, str]) -> list[Move]:
        """The aliases that must move to name the image with their variant's digest."""
        moves = []
        for alias, variant in tags.move.items():
            current = self.releases.images.digest(alias)
            if current != digests[variant]:
                moves.append(Move(tag=alias, before=current, after=digests[variant], variant=variant))
        return moves

    def _next_release(self, before: Release, entries: Mapping[str, PublishedImage], tags: AliasChanges) -> Release:
        aliases = dict(before.aliases)
        for alias, variant in tags.move.items():
            entry = entries[variant]
            aliases[alias] = AliasTarget(variant=variant, fingerprint=entry.fingerprint, digest=entry.digest)
        ordered = tuple(sorted(entries.values(), key=lambda entry: entry.variant.order))
        return replace(before, entries=ordered, aliases=dict(sorted(aliases.items())))

    def _stamped(self, release: Release) -> Release:
        now = datetime.now(UTC)
        return replace(
            release,
            id=self.releases.next_id(release.id, now),
            created=now.isoformat(timespec="seconds"),
            raydock=__version__,
            commit=self.uploader.source.commit,
        )


def _unattached(image: UploadedImage) -> Unattached:
    return Unattached(files=tuple(image.refused), reason=next(iter(image.refused.values())).what)


def _image_moves(task: PublishTask, digest: str) -> list[Move]:
    """The tags of one image that move to this digest."""
    tags = {task.build.tag: task.digest, task.build.name: task.variant_tag_digest}
    return [
        Move(tag=tag, before=current, after=digest, variant=task.build.name)
        for tag, current in tags.items()
        if current != digest
    ]


def _published(tasks: Mapping[str, PublishTask]) -> dict[str, PublishedImage]:
    """The release entries of images that are already published.

    They have their current place in the plan.
    """
    return {name: replace(task.published, planned=task.build.planned) for name, task in tasks.items() if task.published}
