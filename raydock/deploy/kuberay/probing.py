"""The job that asks raydock-probe on every worker: jobs/probe_workers.py, mounted like any user's code."""

from pathlib import Path

from raydock.deploy.kuberay.code import MOUNT, Code
from raydock.deploy.kuberay.deployment import Workers

SCRIPT = Path(__file__).parent / "jobs" / "probe_workers.py"


def code() -> Code:
    """The script, for a ConfigMap."""
    return Code({SCRIPT.name: SCRIPT.read_text(encoding="utf-8")})


def entrypoint(workers: Workers) -> str:
    """The job's command line: it waits for so many workers with so many GPUs each."""
    return f"python {MOUNT}/{SCRIPT.name} --workers {workers.replicas} --gpus {workers.gpus}"
