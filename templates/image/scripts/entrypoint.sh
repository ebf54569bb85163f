# Runs a command of `docker run` with USER and LOGNAME set.
. /opt/raydock/user.sh
exec "$@"
