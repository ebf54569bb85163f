"""Train a classifier of 28x28 pictures in ten classes, like Fashion-MNIST, with Ray Train and torch.

The pictures are generated: a silhouette for each class, with random shifts and noise. Needs `ray[train]` in the image.

python train.py [--workers 2] [--epochs 3]: uses GPUs if the cluster has them; fails if the accuracy is below 90 %.
"""

import argparse

import ray
import torch
from ray import train
from ray.train import ScalingConfig
from ray.train.torch import TorchTrainer, prepare_data_loader, prepare_model
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CLASSES, SIDE = 10, 28


def pictures(count: int, seed: int) -> TensorDataset:
    """Return `count` pictures with their classes, the same for a seed on every host."""
    silhouettes = torch.rand(CLASSES, 1, SIDE // 4, SIDE // 4, generator=torch.Generator().manual_seed(0))
    silhouettes = nn.functional.interpolate(silhouettes, SIDE, mode="bilinear")
    chance = torch.Generator().manual_seed(seed)
    classes = torch.randint(CLASSES, (count,), generator=chance)
    shifts = torch.randint(-2, 3, (count, 2), generator=chance).tolist()
    moved = [
        torch.roll(silhouettes[kind], tuple(by), (1, 2)) for kind, by in zip(classes.tolist(), shifts, strict=True)
    ]
    return TensorDataset(torch.stack(moved) + 0.3 * torch.randn(count, 1, SIDE, SIDE, generator=chance), classes)


def network() -> nn.Module:
    """Return a network of two convolutions and a linear layer."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * (SIDE // 4) ** 2, CLASSES)),
    )


def train_on_a_worker(config: dict[str, int]) -> None:
    """Train on a worker's share of the pictures; torch averages the gradients of the workers."""
    torch.manual_seed(0)
    model = prepare_model(network())
    batches = prepare_data_loader(DataLoader(pictures(4096, seed=1), batch_size=64, shuffle=True))
    tests = prepare_data_loader(DataLoader(pictures(1024, seed=2), batch_size=256))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(config["epochs"]):
        model.train()
        for images, classes in batches:
            loss = nn.functional.cross_entropy(model(images), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        right = accuracy(model, tests)
        train.report({"epoch": epoch, "loss": loss.item(), "accuracy": right})
    context = train.get_context()
    if right < 0.9:
        raise RuntimeError(f"the accuracy is {right:.3f}, which is below 0.9")
    print(f"done: accuracy {right:.3f} on worker {context.get_world_rank()} of {context.get_world_size()}")


def accuracy(model: nn.Module, batches: DataLoader) -> float:
    """Return the share of pictures that a model classifies correctly."""
    model.eval()
    with torch.no_grad():
        right = torch.cat([model(images).argmax(1) == classes for images, classes in batches])
    return right.float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    ray.init()
    scaling = ScalingConfig(num_workers=options.workers, use_gpu=bool(ray.cluster_resources().get("GPU")))
    TorchTrainer(train_on_a_worker, train_loop_config={"epochs": options.epochs}, scaling_config=scaling).fit()


if __name__ == "__main__":
    main()
