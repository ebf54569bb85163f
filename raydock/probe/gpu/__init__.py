"""The checks that need a GPU, from the driver up to vllm; each imports only what it tests."""
