# Sets USER and LOGNAME, which Docker and Kubernetes leave unset. Read by the entrypoint, by login shells and, as BASH_ENV,
# by `bash -c` and scripts: KubeRay overrides the entrypoint.
# UV_NO_CACHE is for root in a Dockerfile, whose HOME is the user's; in a container, `uv run` of each Ray worker needs the
# cache.
if [ -z "${USER:-}" ]; then
    USER=$(id -un 2> /dev/null || id -u)
    LOGNAME=${LOGNAME:-$USER}
    export USER LOGNAME
    [ "$USER" = root ] || unset UV_NO_CACHE
fi
