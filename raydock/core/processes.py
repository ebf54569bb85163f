"""Programs run side by side, which Ctrl-C ends in order."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock


@dataclass
class Processes:
    """Runs programs to their end, and can stop all of them from another thread."""

    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _guard: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)

    @contextmanager
    def started(
        self, command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A program that runs, in a folder and an environment (None: raydock's own), with pipes for what it writes.

        It is ended with the block where it has not ended by itself. Raises KeyboardInterrupt after `stop`.
        """
        process = self._begin(command, folder, environment)
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
        """Runs a command (in a folder and an environment, None: raydock's own), within `timeout` seconds if any.

        Returns its exit code and what it wrote.

        Raises subprocess.TimeoutExpired once it has ended the program, and KeyboardInterrupt after `stop`.
        """
        with self.started(command, folder=folder, environment=environment) as process:
            output, errors = (text.decode(errors="replace") for text in process.communicate(timeout=timeout))
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop(self) -> None:
        """Asks every program that runs to end, and lets none begin."""
        self._stopped.set()
        with self._guard:
            for process in self._running:
                _signal(process, signal.SIGTERM)

    def _begin(
        self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._stopped.is_set():
                raise KeyboardInterrupt
            # A process group of its own: Ctrl-C reaches raydock alone, which then ends its programs in order.
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
            return process


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
