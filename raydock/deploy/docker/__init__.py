"""Ray clusters on Docker without Kubernetes.

Compose files are for one machine, scripts and systemd units for several.
"""
