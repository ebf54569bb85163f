"""Programs in parallel processes that Ctrl-C ends in order."""

import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

_log = logging.getLogger(__name__)


@dataclass
class Processes:
    """Runs programs, and can stop all of them from a different thread."""

    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _guard: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)

    @contextmanager
    def started(
        self, command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a program, with pipes for its output.

        Kills it at the end of the block if it still runs.
        folder: its working directory; None for raydock's own.
        environment: its environment; None for raydock's own.
        Raises KeyboardInterrupt after `stop`.
        """
        _log.debug("+ %s", shlex.join(command))
        with self._guard:
            if self._stopped.is_set():
                raise KeyboardInterrupt
            # A separate process group: Ctrl-C reaches only raydock, which then ends its programs in order.
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
            )
            self._running.add(process)
        try:
            yield process
        finally:
            _signal(process, signal.SIGKILL)
            process.wait()
            with self._guard:
                self._running.discard(process)
        if self._stopped.is_set():
            raise KeyboardInterrupt

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end; returns its exit code and its output.

        folder: its working directory; None for raydock's own.
        environment: its environment; None for raydock's own.
        timeout: the time limit in seconds; None for no limit.
        Raises subprocess.TimeoutExpired if the program exceeds the limit, after it is killed; KeyboardInterrupt after
        `stop`.
        """
        with self.started(command, folder=folder, environment=environment) as process:
            output, errors = (text.decode(errors="replace") for text in process.communicate(timeout=timeout))
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop(self) -> None:
        """Sends SIGTERM to every running program, and prevents further starts."""
        self._stopped.set()
        with self._guard:
            for process in self._running:
                _signal(process, signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Waits; raises KeyboardInterrupt after `stop`, without waiting to the end."""
        if self._stopped.wait(seconds):
            raise KeyboardInterrupt


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
