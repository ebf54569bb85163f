"""Publishes to one registry: images, then the aliases that may move, then the release."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from raydock import __version__
from raydock.core.errors import OutOfReachError, PolicyError, RaydockError
from raydock.core.parallel import in_parallel
from raydock.publish.eligible import NotBuiltError, Ready
from raydock.publish.moves import Aliases, aliases_to_move
from raydock.publish.release import Named, PublishedImage, Release
from raydock.publish.release_json import DamagedError
from raydock.publish.store import ReleaseStore
from raydock.publish.tagging import Move, Tags
from raydock.publish.tags import Alias
from raydock.publish.todo import Todo, look
from raydock.publish.transfer import Carried, Carrier
from raydock.registry.errors import RefusedError
from raydock.registry.manifest import EMPTY, EMPTY_TYPE
from raydock.registry.refusals import RefusalCause
from raydock.registry.repository import Repository, UnreadableError
from raydock.registry.whole import whole

# Questions to a registry at a time: they are small, and each waits for the network.
_LOOKS = 16
_NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Unattached:
    """Files that are not attached to an image, and why the registry did not take them."""

    files: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a registry: the tags that moved, or would; the variants to which reports were attached, and those
    unchanged; what is not attached, by variant; the aliases that wait, and for what; errors by variant; and the
    release's id, empty if no new one is made."""

    registry: str
    moves: tuple[Move, ...] = ()
    attached: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    unattached: Mapping[str, Unattached] = field(default_factory=dict)
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: Mapping[str, RaydockError] = field(default_factory=dict)
    release: str = ""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes what may be published (`judged`, by variant) with the aliases of the whole plan.

    `force` looks at everything and writes it again, whatever the release says. `stop` ends what runs.
    """

    repository: Repository
    releases: ReleaseStore
    carrier: Carrier
    judged: Mapping[str, Ready | RaydockError]
    aliases: Mapping[str, Alias]
    jobs: int
    force: bool = False
    stop: Callable[[], None] = lambda: None

    def pretend(self) -> Result:
        """What `publish` would do, found by looking alone."""
        before = self._release()
        todos, errors = self._look(before)
        new = [name for name, item in todos.items() if not item.published]
        fingerprints = {name: item.ready.fingerprint for name, item in todos.items()}
        tags = self._aliases(before, fingerprints, _changed(todos), errors)
        moves = [move for item in todos.values() for move in _image_moves(item, item.there or _NEW)]
        for alias, variant in tags.move.items():
            known = todos[variant].there if variant in todos else _entry_of(before, variant).digest
            moves += self._alias_move(alias, variant, known or _NEW)
        held = {item.name: item for item in before.entries} | _published(todos)
        renewed = bool(new) or self._after(before, held, tags) != before
        return Result(
            registry=str(self.repository.name),
            moves=tuple(moves),
            attached=tuple(new),
            unchanged=tuple(_published(todos)),
            unattached={
                name: Unattached(files=item.unattached, reason="`publish` tries to attach them again")
                for name, item in _published(todos).items()
                if item.unattached
            },
            waiting=tags.wait,
            errors=errors,
            release=self.releases.next_id(before.id) if renewed else "",
        )

    def publish(self) -> Result:
        """Publishes; run again after whatever ended it, it goes on where it was.

        If the registry refuses a step for one image, no tag moves and no release is made. Raises OutOfReachError if it
        refuses a tag that moves, the aliases or the release; the tags that moved by then are moved back.
        """
        before = self._release_to_change()
        todos, errors = self._look(before)
        if not all(item.published for item in todos.values()):
            self._check_writable()
        carried, failed = self._carry(todos)
        if any(isinstance(error, OutOfReachError) for error in failed.values()):
            return Result(registry=str(self.repository.name), errors=errors | failed)
        return self._finish(before, todos, carried, errors | failed)

    def _finish(
        self,
        before: Release,
        todos: Mapping[str, Todo],
        carried: Mapping[str, Carried],
        errors: Mapping[str, RaydockError],
    ) -> Result:
        """Moves tags and aliases to what is in the registry, and the release with them."""
        entries = _published(todos) | {name: item.entry for name, item in carried.items()}
        fingerprints = {name: item.fingerprint for name, item in entries.items()}
        tags = self._aliases(before, fingerprints, _changed(todos), errors)
        held = {item.name: item for item in before.entries} | entries
        moves = [move for name in carried for move in _image_moves(todos[name], entries[name].digest)]
        for alias, variant in tags.move.items():
            moves += self._alias_move(alias, variant, held[variant].digest)
        after = self._after(before, held, tags)
        release = self._stamped(after) if after != before else None
        pushed = {item.tag for item in todos.values()}
        Tags(repository=self.repository, releases=self.releases).move(
            [move for move in moves if move.tag not in pushed],
            {item.manifest.digest: item.manifest for item in carried.values()},
            release,
        )
        return Result(
            registry=str(self.repository.name),
            moves=tuple(moves),
            attached=tuple(name for name, item in carried.items() if item.changed),
            unchanged=tuple(name for name in entries if name not in carried or not carried[name].changed),
            unattached={name: _unattached(item) for name, item in carried.items() if item.refused},
            waiting=tags.wait,
            errors=errors,
            release=release.id if release else "",
        )

    def _release_to_change(self) -> Release:
        """The release, read with tokens that may push."""
        for place in (self.repository, self.releases.repository):
            place.transport.pushes = True
        try:
            return self._release()
        except RefusedError as error:
            if error.cause not in {RefusalCause.LOGIN, RefusalCause.DENIED}:
                raise
            # A repository that does not exist may be refused, and created when it is written.
            self._check_writable()
            return self._release()

    def _check_writable(self) -> None:
        """Raises RefusedError, with every repository that is to be created, before anything is pushed."""
        errors: list[RefusedError] = []
        for check in (lambda: self.repository.upload(EMPTY, EMPTY_TYPE), self.releases.check_writable):
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

    def _release(self) -> Release:
        try:
            found = self.releases.read()
        except DamagedError:
            if not self.force:
                raise
            found = None
        return found or Release(id="", created="", raydock="", commit="", entries=(), aliases={})

    def _look(self, before: Release) -> tuple[dict[str, Todo], dict[str, RaydockError]]:
        """What is to do for each variant, and why not for the rest."""
        known = {} if self.force else {item.name: item for item in before.entries}

        def one(item: Ready | RaydockError) -> Todo | RaydockError:
            if isinstance(item, RaydockError):
                return item
            try:
                return look(self.repository, item, known.get(item.name))
            except (PolicyError, UnreadableError) as error:
                return error

        found = dict(zip(self.judged, in_parallel(one, self.judged.values(), _LOOKS), strict=True))
        todos = {name: item for name, item in found.items() if isinstance(item, Todo)}
        return todos, {name: item for name, item in found.items() if isinstance(item, RaydockError)}

    def _carry(self, todos: Mapping[str, Todo]) -> tuple[dict[str, Carried], dict[str, RaydockError]]:
        """What became of the images that are to be changed, and the errors; one that fails does not stop the others."""

        def one(todo: Todo) -> Carried | RaydockError:
            try:
                return self.carrier.carry(todo)
            except RaydockError as error:
                return error

        changed = {name: todos[name] for name in _changed(todos)}
        found = dict(zip(changed, in_parallel(one, changed.values(), self.jobs, self.stop), strict=True))
        carried = {name: item for name, item in found.items() if isinstance(item, Carried)}
        return carried, {name: item for name, item in found.items() if isinstance(item, RaydockError)}

    def _aliases(
        self,
        before: Release,
        published: Mapping[str, str],
        changed: Collection[str],
        errors: Mapping[str, RaydockError],
    ) -> Aliases:
        """What becomes of the aliases; of what this run has not `changed`, images count that are whole."""
        held = {item.name: item.fingerprint for item in before.entries} | dict(published)
        blocked = {name for name, error in errors.items() if not isinstance(error, NotBuiltError)}
        named = {} if self.force else before.aliases
        found = aliases_to_move(self.aliases, held, blocked, named)
        others = {item.name for alias in found.move for item in self.aliases[alias].candidates}.difference(changed)
        gone = {name for name in others if not self._is_whole(_entry_of(before, name).digest)}
        return aliases_to_move(self.aliases, held, blocked | gone, named) if gone else found

    def _is_whole(self, digest: str) -> bool:
        try:
            whole(self.repository, digest)
        except UnreadableError:
            return False
        return True

    def _alias_move(self, alias: str, variant: str, digest: str) -> list[Move]:
        there = self.repository.digest(alias)
        return [] if there == digest else [Move(tag=alias, before=there or "", after=digest, variant=variant)]

    def _after(self, before: Release, held: Mapping[str, PublishedImage], tags: Aliases) -> Release:
        named = {
            alias: Named(variant=variant, fingerprint=held[variant].fingerprint, digest=held[variant].digest)
            for alias, variant in tags.move.items()
        }
        entries = tuple(sorted(held.values(), key=lambda item: item.variant.order))
        return replace(before, entries=entries, aliases=dict(sorted({**before.aliases, **named}.items())))

    def _stamped(self, release: Release) -> Release:
        now = datetime.now(UTC)
        return replace(
            release,
            id=self.releases.next_id(release.id, now),
            created=now.isoformat(timespec="seconds"),
            raydock=__version__,
            commit=self.carrier.source.commit,
        )


def _unattached(carried: Carried) -> Unattached:
    return Unattached(files=tuple(carried.refused), reason=next(iter(carried.refused.values())).what)


def _image_moves(todo: Todo, digest: str) -> list[Move]:
    """The tags of one image that move to its digest."""
    tags = {todo.tag: todo.there, todo.name: todo.moving}
    return [
        Move(tag=tag, before=there or "", after=digest, variant=todo.name)
        for tag, there in tags.items()
        if there != digest
    ]


def _changed(todos: Mapping[str, Todo]) -> list[str]:
    return [name for name, item in todos.items() if not item.unchanged]


def _published(todos: Mapping[str, Todo]) -> dict[str, PublishedImage]:
    """The release's entries of what is published already, as the plan has them now."""
    return {name: replace(item.published, planned=item.ready.planned) for name, item in todos.items() if item.published}


def _entry_of(release: Release, variant: str) -> PublishedImage:
    found = release.entry(variant)
    assert found
    return found
