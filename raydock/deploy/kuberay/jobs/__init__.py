"""Scripts that generated manifests run as jobs."""
