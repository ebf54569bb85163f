"""KubeRay's operator and Kubernetes' kubelet, as far as an image can feel them, on a Docker engine.

`manifest` reads YAML; `pods` and `submitter` make the pods that KubeRay makes, pure functions of manifest and release;
`node` and `kubelet` run pods; `operator`, `job` and `service` do what KubeRay's controllers do for a RayCluster, a
RayJob and a RayService; `web` stands in for the internet.

As in Kubernetes: commands, arguments, environment, security contexts, limits, emptyDirs, configMaps, init containers
before the others, one network namespace a pod, the names of Services, probes on their schedule with their timeouts and
thresholds, a Service's endpoints only while a pod is ready.

Otherwise than in Kubernetes:
- A CPU or memory limit larger than this machine becomes the machine's; the command (`ray start --num-cpus`) keeps the
  manifest's. A request weighs CPU time and reserves nothing; GPUs are told to Ray and not given.
- A size of an emptyDir on the disk is not enforced.
- There is no Kubernetes API: the autoscaler's container starts and cannot ask for pods; service accounts, ingresses,
  network policies, scheduling (affinity, selectors, tolerations) and image pulls are left out.
- A Ray or init container that ends, or whose liveness fails as often as its threshold, is an error at once instead of a
  restart. The autoscaler, which ends without a Kubernetes API, is left ended.
- Where a RayJob's cluster is shut down, its submitter is removed too, once its words are read.
- What the emulator does not know in a manifest it refuses (NotEmulated) rather than passing over.
"""
