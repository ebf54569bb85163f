"""From matrix.yaml to published images in one run."""
