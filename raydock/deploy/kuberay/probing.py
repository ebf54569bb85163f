"""The job that runs raydock-probe on every worker.

The script, jobs/probe_workers.py, is mounted like a user's code.
"""

from pathlib import Path

from raydock.deploy.kuberay.code import MOUNT, Code
from raydock.deploy.kuberay.deployment import Workers

SCRIPT = Path(__file__).parent / "jobs" / "probe_workers.py"


def code() -> Code:
    """Return the script for a ConfigMap."""
    return Code({SCRIPT.name: SCRIPT.read_text(encoding="utf-8")})


def entrypoint(workers: Workers) -> str:
    """Return the job's command line, with the number of workers and their GPUs."""
    return f"python {MOUNT}/{SCRIPT.name} --workers {workers.replicas} --gpus {workers.gpus}"
