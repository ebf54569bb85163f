"""The main job: lock, render, build, smoke-test, contract, scan."""
