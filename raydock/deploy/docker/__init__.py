"""Ray clusters on Docker without Kubernetes: compose files for one machine, scripts and systemd units for several."""
