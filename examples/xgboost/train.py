"""Cross-validate boosted trees on generated data: one XGBoost task for each fold, in parallel on the cluster.

Needs `xgboost` in the image. python train.py [--folds 4] [--rows 20000]; fails if the accuracy is below 90 %.
"""

import argparse
import time

import numpy as np
import ray
import xgboost

FEATURES = 20


def table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random rows, and for each whether a condition on three of its columns is true."""
    features = np.random.default_rng(0).normal(size=(rows, FEATURES))
    return features, (features[:, 0] * features[:, 1] + features[:, 2] > 0).astype(int)


@ray.remote(num_cpus=1)
def train(rows: int, fold: int, folds: int) -> float:
    """Return the accuracy on one fold of a model that is trained on the other folds."""
    features, labels = table(rows)
    held_out = np.arange(rows) % folds == fold
    trees = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 6, "nthread": 1},
        xgboost.DMatrix(features[~held_out], labels[~held_out]),
        num_boost_round=100,
    )
    predicted = trees.predict(xgboost.DMatrix(features[held_out])) > 0.5
    return float((predicted == labels[held_out]).mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--rows", type=int, default=20000)
    options = parser.parse_args()
    ray.init()
    started = time.monotonic()
    scores = ray.get([train.remote(options.rows, fold, options.folds) for fold in range(options.folds)])
    seconds = time.monotonic() - started
    print(f"done: accuracy {np.mean(scores):.3f} over {options.folds} folds of {options.rows} rows in {seconds:.1f} s")
    if np.mean(scores) < 0.9:
        raise SystemExit("the accuracy is below 0.9")


if __name__ == "__main__":
    main()
