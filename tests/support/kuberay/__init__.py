"""KubeRay's operator and Kubernetes' kubelet, as far as an image can feel them, on a Docker engine.

`parse` reads manifests; `pods` makes the pods that KubeRay makes, a pure function of manifest and release; `Node` runs
pods; `Operator` does what KubeRay's controllers do for a RayCluster, a RayJob and a RayService.

As in Kubernetes: commands, arguments, environment, security contexts, limits, emptyDirs (their size too), configMaps,
init containers before the others and again where they fail, one network namespace a pod, names of Services, probes on
their schedule with their timeouts and thresholds, a Service's endpoints only while a pod is ready.

Otherwise than in Kubernetes:
- A CPU or memory limit larger than this machine becomes the machine's; the command (`ray start --num-cpus`) keeps the
  manifest's. A request weighs CPU time and reserves nothing; GPUs are told to Ray and not given.
- There is no Kubernetes API: the autoscaler's container runs and cannot ask for pods; service accounts, ingresses,
  network policies, scheduling (affinity, selectors, tolerations) and image pulls are left out.
- A container that ends, or whose liveness fails as often as its threshold, is an error at once instead of a restart.
- What the emulator does not know in a manifest it refuses (NotEmulated) rather than passing over.
"""
