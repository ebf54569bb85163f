"""A RayJob's submitter (common/job.go; rayjob_controller.go, getSubmitterTemplate): its script and its pod."""

import json
from dataclasses import replace

import yaml

from tests.support.kuberay import template
from tests.support.kuberay.manifest import Cluster, Document, Manifest, NotEmulated
from tests.support.kuberay.objects import Pod
from tests.support.kuberay.release import Release

_LIMITS = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "200Mi"}}
_SPEC = {"entrypoint", "rayClusterSpec", "runtimeEnvYAML", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished"}
_SPEC |= {"metadata", "entrypointNumCpus", "entrypointNumGpus", "entrypointResources", "submissionMode"}
_SPEC |= {"submitterPodTemplate", "submitterConfig", "jobId"}


def submitter(manifest: Manifest, cluster: Cluster, release: Release, job: str, suffix: str) -> Pod:
    """Return the pod that submits a RayJob with the id `job`. Raises NotEmulated for fields that are not supported."""
    spec = manifest.spec
    template.known(spec, _SPEC, "a RayJob")
    if spec.get("submissionMode", "K8sJobMode") != "K8sJobMode":
        raise NotEmulated(f"the submission mode {spec['submissionMode']}")
    pod = (spec.get("submitterPodTemplate") or {}).get("spec") or {"containers": [_default(cluster)]}
    template.check(pod)
    first, *others = [template.container(stated, pod) for stated in pod["containers"]]
    address = f"{cluster.head_domain}:8265"
    if not first.command:
        args = (script(spec, f"http://{address}", release, job),)
        first = replace(first, command=release.submitter, args=args)
    own = {"PYTHONUNBUFFERED": "1", "RAY_DASHBOARD_ADDRESS": address, "RAY_JOB_SUBMISSION_ID": job}
    first = replace(first, environment={**first.environment, **own, **cluster.authentication})
    labels = {"ray.io/originated-from-cr-name": manifest.name, "ray.io/originated-from-crd": "RayJob"}
    name = f"{manifest.name}-{suffix}"
    return Pod(name=name, namespace=cluster.namespace, labels=labels, containers=(first, *others))


def _default(cluster: Cluster) -> Document:
    image = cluster.spec["headGroupSpec"]["template"]["spec"]["containers"][0]["image"]
    return {"name": "ray-job-submitter", "image": image, "resources": _LIMITS}


def script(spec: Document, address: str, release: Release, job: str) -> str:
    """Return the submitter's shell script: submit unless the job exists, and follow the job's logs to its end."""
    status = f"ray job status --address {address} {job} >/dev/null 2>&1"
    follow = f"ray job logs --address {address} --follow {job}"
    waits = ["--no-wait"] if release.submitter_waits else []
    options = [*waits, *_options(spec), "--submission-id", job, *_resources(spec)]
    submit = " ".join(["ray job submit --address", address, *options, "--", spec["entrypoint"].strip()])
    if not release.submitter_waits:
        return f"if {status} ; then {follow} ; else {submit} ; fi"
    return f"{_until_healthy(address)} if ! {status} ; then {submit} ; fi ; {follow}"


def _until_healthy(address: str) -> str:
    check = f"import urllib.request; r=urllib.request.urlopen('{address}/api/gcs_healthz', timeout=10); "
    check += "exit(0 if b'success' in r.read() else 1)"
    message = f"Waiting for Ray Dashboard GCS to become healthy at {address} ..."
    return f'until python -c "{check}" >/dev/null 2>&1 ; do echo "{message}" ; sleep 2 ; done ;'


def _options(spec: Document) -> list[str]:
    options = []
    if spec.get("runtimeEnvYAML"):
        options += ["--runtime-env-json", _quoted(yaml.safe_load(spec["runtimeEnvYAML"]))]
    if spec.get("metadata"):
        options += ["--metadata-json", _quoted(spec["metadata"])]
    return options


def _resources(spec: Document) -> list[str]:
    options = []
    for key, option in (("entrypointNumCpus", "--entrypoint-num-cpus"), ("entrypointNumGpus", "--entrypoint-num-gpus")):
        if spec.get(key):
            options += [option, f"{spec[key]:f}"]
    if spec.get("entrypointResources"):
        options += ["--entrypoint-resources", json.dumps(spec["entrypointResources"], ensure_ascii=False)]
    return options


def _quoted(value: object) -> str:
    """Return JSON with sorted keys, as one argument of a shell script in double quotes."""
    return json.dumps(json.dumps(value, sort_keys=True, separators=(",", ":")), ensure_ascii=False)
