"""Ray clusters by bare Docker, without Kubernetes: compose on one machine, scripts and systemd units on several."""
