# Read by login shells and, as BASH_ENV, by `bash -c` and scripts, as KubeRay starts Ray.
# The image sets USER and LOGNAME for its user, ray: Docker and Kubernetes set neither. A different user gets its own name.
# bash knows EUID without a process of its own; other shells do not.
if [ -z "${USER:-}" ] || { [ "$USER" = ray ] && [ "${EUID:-$(id -u)}" != 1000 ]; }; then
    USER=$(id -un 2> /dev/null || id -u)
    LOGNAME=$USER
    export USER LOGNAME
fi
# UV_NO_CACHE is for root in a Dockerfile, whose HOME is ray's. Each Ray worker of `uv run` needs the cache.
[ "$USER" = root ] || unset UV_NO_CACHE
