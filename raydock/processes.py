"""Programs run side by side, which Ctrl-C ends in order."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock


@dataclass
class Processes:
    """Runs programs to their end, and can stop all of them from another thread."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _guard: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in a folder, within `timeout` seconds, and returns its exit code and what it wrote.

        Raises subprocess.TimeoutExpired once it has ended the program, and KeyboardInterrupt after `stop`.
        """
        process = self._begin(command, folder, environment)
        try:
            output, errors = process.communicate(timeout=timeout)
        finally:
            _end(process)
            with self._guard:
                self._running.discard(process)
        if self._stopped.is_set():
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop(self) -> None:
        """Ends every program that runs, and lets none begin."""
        self._stopped.set()
        with self._guard:
            for process in self._running:
                _end(process)

    def _begin(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
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
                text=True,
                process_group=0,
            )
            self._running.add(process)
            return process


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
