# Read by login shells and, as BASH_ENV, by `bash -c` and scripts, as KubeRay starts Ray.
# The image sets USER and LOGNAME for its user, ray, because Docker and Kubernetes do not. Here a different user gets its
# own name.
if [ "${USER:-ray}" = ray ] && [ "$(id -u)" != 1000 ]; then
    USER=$(id -un 2> /dev/null || id -u)
    LOGNAME=$USER
    export USER LOGNAME
fi
# UV_NO_CACHE is for root in a Dockerfile, whose HOME is that of ray. Each Ray worker of `uv run` needs the cache.
[ "$USER" = root ] || unset UV_NO_CACHE
