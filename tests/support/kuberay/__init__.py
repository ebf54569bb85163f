"""Emulator of KubeRay's operator and Kubernetes' kubelet on a Docker engine, as far as images notice them.

`manifest` reads YAML; `pods` and `submitter` make the pods that KubeRay makes, pure functions of manifest and release;
`node` and `kubelet` run pods; `operator`, `job` and `service` do what KubeRay's controllers do for a RayCluster, a
RayJob and a RayService; `web` replaces the internet.

As in Kubernetes: commands, arguments, environment, security contexts, limits, emptyDirs, configMaps, init containers
before the others, one network namespace a pod, the names of Services, probes on their schedule with their timeouts and
thresholds, and a Service's endpoints only while a pod is ready.

Differences from Kubernetes:
- A CPU or memory limit larger than this machine becomes the machine's; the command (`ray start --num-cpus`) keeps the
  manifest's. A request is a weight for CPU time and reserves nothing. Ray counts GPUs of the manifest, but containers
  do not get them.
- The size limit of an emptyDir on disk is not enforced.
- There is no Kubernetes API: the autoscaler's container starts and cannot ask for pods; service accounts, ingresses,
  network policies, scheduling (affinity, selectors, tolerations) and image pulls are not emulated.
- If a Ray or init container ends, or its liveness probe reaches its failure threshold, that is an error at once instead
  of a restart. The autoscaler ends without a Kubernetes API and is not restarted.
- If a RayJob's cluster is shut down, its submitter is also removed, after its output is read.
- The emulator refuses unknown parts of a manifest (NotEmulated) instead of ignoring them.
"""
