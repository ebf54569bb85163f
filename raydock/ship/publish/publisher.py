"""Publishes to one registry: images, then the aliases that may move, then the release."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from raydock import __version__
from raydock.errors import PolicyError, RaydockError
from raydock.parallel import in_parallel
from raydock.ship.publish.carry import Carrier
from raydock.ship.publish.moves import Aliases, aliases_to_move
from raydock.ship.publish.ready import NotBuiltError, Ready
from raydock.ship.publish.todo import Todo, look
from raydock.ship.registry.repository import Repository, UnreadableError
from raydock.ship.registry.whole import whole
from raydock.ship.release import store
from raydock.ship.release.document import DamagedError
from raydock.ship.release.release import Entry, Named, Release
from raydock.ship.tags import Alias

# Questions to a registry at a time: they are small, and each waits for the network.
_LOOKS = 16
_NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Move:
    """A tag that moves: the digest that it named before (empty: none) and the one after (`new`: known once pushed)."""

    tag: str
    before: str
    after: str
    variant: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a registry: the tags that moved, or would; the variants to which reports were attached, and those
    unchanged; the aliases that wait, and for what; errors by variant; and the release's id, empty where no new one is
    made."""

    registry: str
    moves: tuple[Move, ...] = ()
    attached: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: Mapping[str, RaydockError] = field(default_factory=dict)
    release: str = ""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes what may be published (`judged`, by variant) with the aliases of the whole plan.

    `force` looks at everything and writes it again, whatever the release says. `stop` ends what runs.
    """

    repository: Repository
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
        fingerprints = {name: item.ready.fingerprint for name, item in todos.items()}
        tags = self._aliases(before, fingerprints, _changed(todos), errors)
        moves = [move for item in todos.values() for move in _image_moves(item, item.there or _NEW)]
        for alias, variant in tags.move.items():
            known = todos[variant].there if variant in todos else _entry_of(before, variant).digest
            moves += self._alias_move(alias, variant, known or _NEW)
        held = {item.name: item for item in before.entries} | _unchanged(todos)
        anew = _changed(todos) or self._after(before, held, tags) != before
        release = store.next_id(self.repository, datetime.now(UTC)) if anew else ""
        return self._result(moves, todos, tags, errors, release)

    def publish(self) -> Result:
        """Publishes; run again after whatever ended it, it goes on where it was."""
        before = self._release()
        todos, errors = self._look(before)
        entries, failed = self._carry(todos)
        errors |= failed
        moves = [move for name, item in entries.items() for move in _image_moves(todos[name], item.digest)]
        fingerprints = {name: item.fingerprint for name, item in entries.items()}
        tags = self._aliases(before, fingerprints, _changed(todos), errors)
        held = {item.name: item for item in before.entries} | entries
        manifests = {name: whole(self.repository, held[name].digest) for name in set(tags.move.values())}
        for alias, variant in tags.move.items():
            for move in self._alias_move(alias, variant, held[variant].digest):
                self.repository.put(alias, manifests[variant])
                moves.append(move)
        after = self._after(before, held, tags)
        if after != before:
            after = self._stamped(after)
            store.write(self.repository, after)
        return self._result(moves, todos, tags, errors, after.id if after != before else "")

    def _release(self) -> Release:
        try:
            found = store.read(self.repository)
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

    def _carry(self, todos: Mapping[str, Todo]) -> tuple[dict[str, Entry], dict[str, RaydockError]]:
        """The entries of what the registry holds now, and the errors; one that fails does not stop the others."""

        def one(todo: Todo) -> Entry | RaydockError:
            try:
                return self.carrier.carry(todo)
            except RaydockError as error:
                return error

        changed = {name: todos[name] for name in _changed(todos)}
        found = dict(zip(changed, in_parallel(one, changed.values(), self.jobs, self.stop), strict=True))
        entries = {name: item for name, item in found.items() if isinstance(item, Entry)}
        errors = {name: item for name, item in found.items() if isinstance(item, RaydockError)}
        return _unchanged(todos) | entries, errors

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

    def _after(self, before: Release, held: Mapping[str, Entry], tags: Aliases) -> Release:
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
            id=store.next_id(self.repository, now),
            created=now.isoformat(timespec="seconds"),
            raydock=__version__,
            commit=self.carrier.source.commit,
        )

    def _result(
        self,
        moves: list[Move],
        todos: Mapping[str, Todo],
        tags: Aliases,
        errors: Mapping[str, RaydockError],
        release: str,
    ) -> Result:
        return Result(
            registry=str(self.repository.name),
            moves=tuple(moves),
            attached=tuple(name for name in _changed(todos) if name not in errors),
            unchanged=tuple(name for name, item in todos.items() if item.unchanged),
            waiting=tags.wait,
            errors=errors,
            release=release,
        )


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


def _unchanged(todos: Mapping[str, Todo]) -> dict[str, Entry]:
    """The release's entries of what is published already, as the plan has them now."""
    return {name: replace(item.unchanged, planned=item.ready.planned) for name, item in todos.items() if item.unchanged}


def _entry_of(release: Release, variant: str) -> Entry:
    found = release.entry(variant)
    assert found
    return found
