"""What a Docker host is good for, and what is wrong with it: asked of its engine, its kernel and its nvidia-smi."""
