"""Run an empty training of argv[3] epochs on three workers, on different nodes if possible; checkpoint each epoch.

argv[1] is the run's name, argv[2] the number of failures that are allowed. Each epoch of a worker is a line in
/storage/NAME.log: Unix time, rank, epoch, address. Prints one JSON object: the result, and when it ended.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import ray
import ray.train
from ray.train import Checkpoint, FailureConfig, RunConfig, ScalingConfig
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer


def loop(config: "dict[str, str]") -> None:
    rank, first = ray.train.get_context().get_world_rank(), 0
    if checkpoint := ray.train.get_checkpoint():
        with checkpoint.as_directory() as folder:
            first = int((Path(folder) / "epoch").read_text()) + 1
    for epoch in range(first, int(config["epochs"])):
        time.sleep(0.5)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "epoch").write_text(str(epoch))
            ray.train.report({"epoch": epoch}, checkpoint=Checkpoint(folder) if rank == 0 else None)
        with Path(f"/storage/{config['name']}.log").open("a") as log:
            log.write(f"{time.time()} {rank} {epoch} {ray.util.get_node_ip_address()}\n")


def main() -> None:
    name, failures, epochs = sys.argv[1:]
    ray.init("auto", log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": "/model/site"}})
    trainer = DataParallelTrainer(
        loop,
        train_loop_config={"name": name, "epochs": epochs},
        scaling_config=ScalingConfig(num_workers=3, resources_per_worker={"CPU": 0.5}, placement_strategy="SPREAD"),
        run_config=RunConfig(
            name=name, storage_path="/storage", failure_config=FailureConfig(max_failures=int(failures))
        ),
    )
    try:
        ended = str(trainer.fit().metrics["epoch"])
    except Exception as error:
        ended = f"{type(error).__name__}: {error}"
    print(json.dumps({"ended": ended, "when": time.time()}))


main()
