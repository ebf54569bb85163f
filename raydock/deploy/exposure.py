"""What it means to run a cluster that requires no token."""

OPTION = "--open"
RISK = "anyone who reaches port 8265 of the head can run programs on the cluster"
