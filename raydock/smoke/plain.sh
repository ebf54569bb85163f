# Runs the probe's own driver on a head without a dashboard.
ray start --head --num-cpus=1 --include-dashboard=false --disable-usage-stats >&2
RAYDOCK_ANSWER=/tmp/answer.json python /opt/raydock/probe/driver.py 127.0.0.1:6379
ray stop >&2
