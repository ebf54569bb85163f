# The functions of head.sh and worker.sh. Their variables are set at the top of those scripts.

say() { printf '%s: %s\n' "$name" "$*"; }

# fail CODE MESSAGE [LINE...]: prints what happened, why it matters and what to do next, then exits with CODE.
fail() {
    local code=$1
    shift
    printf '%s: %s\n' "$name" "$1" >&2
    shift
    [ $# = 0 ] || printf '%s\n' "$@" >&2
    exit "$code"
}

# --- checks of this host --------------------------------------------------------------------------------------------

need_docker() {
    local answer
    command -v docker > /dev/null ||
        fail 4 "this host has no docker command." "Next: install Docker, then run this script again."
    answer=$(docker version --format '{{.Server.Version}}' 2>&1) ||
        fail 4 "the Docker engine does not answer: ${answer##*$'\n'}" \
            "Next: start it (systemctl start docker), or run this as root or as a member of the group docker."
}

# Prints the IPv4 address to which this host resolves a host's name.
address_of() {
    local found
    found=$(getent ahostsv4 "$1" | awk 'NR == 1 {print $1}') || true
    [ -n "$found" ] || fail 2 "this host cannot resolve $1." "Next: add it to DNS or /etc/hosts, or deploy with addresses."
    case $found in 127.*)
        fail 2 "$1 resolves to $found here, which other hosts cannot reach." "Next: fix /etc/hosts, or deploy with addresses." ;;
    esac
    echo "$found"
}

is_local() { awk '/32 host LOCAL/ {print last} {last = $2}' /proc/net/fib_trie | grep -qxF "$1"; }

# Sets `own` to this host's address in the cluster, `this_host` to its name in the cluster, and `head_address` to the
# head's address.
find_address() {
    local host address
    head_address=$(address_of "$head")
    for host in "${hosts[@]}"; do
        address=$(address_of "$host")
        if is_local "$address"; then
            own=$address this_host=$host
            return
        fi
    done
    fail 2 "this host is not in the script's list of hosts: ${hosts[*]}." \
        "Next: run the script on a listed host, or deploy again with this host's address."
}

need_free_ports() {
    local port
    for port in "${ports[@]}"; do
        ! is_used "$(printf '%04X' "$port")" || fail 1 "port $port is in use on this host, and Ray needs it." \
            "Next: \`ss -ltnp 'sport = :$port'\` shows the process; \`ray stop\` ends a Ray node outside of Docker."
    done
}

is_used() {
    { cat /proc/net/tcp; cat /proc/net/tcp6 2> /dev/null || true; } |
        awk -v port=":$1" '$4 == "0A" && index($2, port) {found = 1} END {exit !found}'
}

need_model() {
    [ -z "$model" ] || [ -d "$model" ] || fail 1 "the model's folder $model does not exist on this host." \
        "Next: copy or mount it there, then run this script again."
}

# Every node and every client of the cluster has the same token. Only the containers' user may read it.
need_token() {
    [ -n "$token" ] || return 0
    [ -s "$token" ] || fail 1 "the cluster's token $token does not exist on this host." "No node joins without it." \
        "Next: copy it there from the folder that \`deploy docker\` wrote."
    case $(stat -c %a "$token") in
        *00) ;;
        *) fail 1 "other users of this host may read the token $token." "With it they can run programs on the cluster." \
            "Next: \`chmod 600 $token\`." ;;
    esac
}

# Sets `gpu_options` to the options of `docker run` for GPUs, and `forward` to yes if their driver needs cuda-compat.
need_gpus() {
    local drivers count oldest number
    gpu_options=() forward=
    [ "$gpus" -gt 0 ] || return 0
    command -v nvidia-smi > /dev/null || fail 1 "this host has no nvidia-smi, so no NVIDIA driver, and $gpus GPUs are requested." \
        "Next: install the driver, or deploy with --gpus 0."
    drivers=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1) ||
        fail 1 "nvidia-smi fails: ${drivers##*$'\n'}" "Next: fix the driver (\`dmesg | grep -i nvrm\` shows more)."
    count=$(grep -cE '^[0-9]+\.[0-9.]+$' <<< "$drivers") || true
    [ "$count" -ge "$gpus" ] || fail 1 "this host has $count GPUs, and $gpus are requested." "Next: deploy with --gpus $count."
    oldest=$(printf '%s\n' "$min_driver" "${drivers%%$'\n'*}" | sort -V | sed -n 1p)
    [ "$oldest" = "$min_driver" ] || need_forward_compat "${drivers%%$'\n'*}"
    gpu_options=(--ulimit memlock=-1 --ulimit stack=67108864)
    # The image's NVIDIA_REQUIRE_CUDA makes NVIDIA's hook refuse the older driver, which is already checked here.
    [ -z "$forward" ] || gpu_options+=(--volume "$compat:$compat:ro" --env NVIDIA_DISABLE_REQUIRE=true)
    [ ! -d "$infiniband" ] || gpu_options+=(--device "$infiniband")
    if has_cdi; then
        for ((number = 0; number < gpus; number++)); do gpu_options+=(--device "nvidia.com/gpu=$number"); done
    elif command -v nvidia-container-runtime-hook > /dev/null; then
        gpu_options+=(--gpus "$gpus")
    else
        fail 1 "Docker cannot provide this host's GPUs: it has neither a CDI specification nor NVIDIA's hook." \
            "Next: install nvidia-container-toolkit, then \`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml\`."
    fi
}

# Checks forward compatibility for a driver that is older than the image needs: the GPUs must qualify, and the user must
# accept it.
need_forward_compat() {
    local why older="the driver $1 is older than $min_driver, which $image needs."
    why=$(not_covered "${1%%.*}")
    [ -z "$why" ] || fail 1 "$older" "Ray would start here, but CUDA would not. Forward compatibility does not cover $why." \
        "Next: update the driver, or use an image that \`./build.py pick\` finds for this host."
    case " ${forward_hosts[*]} " in
        *" $this_host "*) ;;
        *) fail 1 "$older" "Its GPUs qualify for CUDA's forward compatibility, which is refused unless you accept it." \
            "Next: update the driver; or install $compat_package here, and deploy again with --forward-compat." ;;
    esac
    [ -e "$compat/libcuda.so.1" ] || fail 1 "$older" "Forward compatibility is accepted, but $compat/libcuda.so.1 does not exist on this host." \
        "Next: install $compat_package from NVIDIA's package repository, then run this script again."
    forward=yes
}

# Prints what forward compatibility does not cover on this host: its driver branch or a GPU; nothing if it covers all.
not_covered() {
    local name pattern
    case " ${forward_branches[*]} " in *" $1 "*) ;; *) echo "the driver branch $1"; return ;; esac
    while read -r name; do
        for pattern in "${forward_gpus[@]}"; do
            # shellcheck disable=SC2053  # a pattern
            [[ ${name%% MIG *} != $pattern ]] || continue 2
        done
        echo "the GPU $name, which is not a data-centre GPU"
        return
    done <<< "$(nvidia-smi --query-gpu=name --format=csv,noheader 2>&1)"
}

# Whether the engine reads CDI specifications (features.cdi: on from Docker 28.2) and one names NVIDIA's GPUs.
has_cdi() {
    local folder
    for folder in $(docker info --format '{{range .CDISpecDirs}}{{.}} {{end}}' 2> /dev/null || true); do
        ! grep -qs 'nvidia\.com/gpu' "$folder"/* || return 0
    done
    return 1
}

# Sets `found` to the image by digest or id: from this host, or pulled from the registry.
need_image() {
    local answer
    for found in ${digest:+"$digest"} "$image_id"; do
        ! docker image inspect "$found" > /dev/null 2>&1 || return 0
    done
    # Engines with containerd's image store give a loaded image a different id; equal fingerprint, equal image.
    answer=$(docker image inspect --format '{{.Id}} {{index .Config.Labels "raydock.fingerprint"}}' "$image" 2> /dev/null) || true
    if [ "${answer#* }" = "$fingerprint" ]; then
        found=${answer% *}
        return
    fi
    [ -n "$digest" ] || fail 4 "$image (${image_id:0:19}) is not on this host, and it was never pushed to a registry." \
        "Next: on the host that built it, \`docker save $image | ssh THIS-HOST docker load\`; then run this script again."
    say "pulling $digest"
    answer=$(docker pull --quiet "$digest" 2>&1) || fail 4 "$digest cannot be pulled: ${answer##*$'\n'}" \
        "Next: \`docker login\`; or, on the host that built it, \`docker save $image | ssh THIS-HOST docker load\`."
    found=$digest
}

# An image for a different architecture does not start, or runs slowly by emulation.
need_native_image() {
    local theirs ours
    theirs=$(docker image inspect --format '{{.Architecture}}' "$found" 2> /dev/null) || true
    ours=$(docker version --format '{{.Server.Arch}}' 2> /dev/null) || true
    [ -z "$theirs" ] || [ -z "$ours" ] || [ "$theirs" = "$ours" ] ||
        fail 1 "$image is for a different architecture: it is for $theirs, and this host's Docker runs $ours." \
            "Next: use a host with $theirs, or deploy an image for $ours."
}

# Whether the image's user can read a path of this host: can_read PATH TARGET COMMAND runs the command on the target. The
# user is not root and has no capabilities: it cannot read what only root can read.
can_read() { docker run --rm --network none --cap-drop ALL --volume "$1:$2:ro" "$found" "$3" "$2" > /dev/null 2>&1; }

need_readable_model() {
    [ -z "$model" ] || can_read "$model" /model ls ||
        fail 1 "the image's user (1000, group 0) cannot read $model." \
            "Next: \`chmod -R o+rX $model\`; if SELinux is enforcing, also \`chcon -Rt container_file_t $model\`."
}

need_readable_token() {
    [ -z "$token" ] || can_read "$token" "$token_target" cat ||
        fail 1 "the image's user (1000) cannot read the token $token." "Ray would not start." \
            "Next: \`docker run --rm --user 0 --volume $token:/token $found chown 1000 /token\`."
}

# Sets `direct` to the hosts that are reached without a proxy. The docker command gives every container the proxies of
# config.json, and `ray job submit` and `ray list` would send the head's requests to them. The container's own value comes
# first: it is config.json's `noProxy`, or the image's value.
find_direct() {
    local member
    direct=$(docker run --rm --network none --entrypoint printenv "$found" no_proxy NO_PROXY 2> /dev/null | paste -sd ,) || true
    direct+=${direct:+,}$loopback,$head_address,$own
    for member in "${members[@]}"; do
        direct+=,$member$(getent ahostsv4 "$member" 2> /dev/null | awk 'NR == 1 {print "," $1}') || true
    done
    direct=$(tr , '\n' <<< "$direct" | awk 'NF && !seen[$0]++' | paste -sd ,)
}

need_head() {
    [ "$role" = head ] || timeout 5 bash -c 'exec 3<> "/dev/tcp/$0/6379"' "$head_address" 2> /dev/null ||
        fail 4 "the head does not answer at $head_address:6379." \
            "Next: run head.sh on $head first; if it runs, open its ports to this host in the firewall."
}

# --- the node -------------------------------------------------------------------------------------------------------

# Prints the container's state and the settings that it was created with; nothing if it does not exist.
state() { docker container inspect --format '{{.State.Status}} {{index .Config.Labels "raydock.settings"}}' "$name" 2> /dev/null || true; }

is_healthy() { docker exec "$name" bash -c "$healthy" > /dev/null 2>&1; }

# Prints half of the memory, the usual size of a host's own /dev/shm, which --ipc=host would share.
half_of_memory() { awk '/^MemTotal:/ {print int($2 / 2) "k"}' /proc/meminfo; }

create() {
    local options=("${variables[@]}") answer
    [ -z "$token" ] || options+=(--volume "$token:$token_target:ro")
    [ -z "$model" ] || options+=(--volume "$model:/model:ro")
    [ -z "$forward" ] || options+=(--env "LD_LIBRARY_PATH=$compat$(image_variable LD_LIBRARY_PATH)")
    find_direct
    options+=(--env "NO_PROXY=$direct" --env "no_proxy=$direct")
    command+=(--node-ip-address="$own")
    [ "$role" = head ] || command+=(--address="$head_address:6379")
    answer=$(docker run --detach --name "$name" --label "raydock.settings=$settings" --restart unless-stopped \
        --network host --shm-size "$(half_of_memory)" --cap-drop ALL --security-opt no-new-privileges --stop-timeout 60 \
        --health-cmd "bash -c '$healthy'" --health-interval 10s --health-timeout 15s --health-start-period 120s \
        "${gpu_options[@]}" "${options[@]}" "$found" "${command[@]}" 2>&1) || {
        docker rm --force "$name" > /dev/null 2>&1 || true
        fail 1 "Docker could not start the container:" "$answer" \
            "Next: fix that cause. For GPUs and CDI, \`./build.py doctor --host ssh://THIS-HOST\` shows the command."
    }
}

# Prints a colon and the value of a variable of the image's environment; nothing if it is not set.
image_variable() { docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$found" | sed -n "s/^$1=\(..*\)/:\1/p"; }

wait_until_healthy() {
    local deadline=$((SECONDS + 120))
    until is_healthy; do
        case $(state) in running*) ;; *) failed_to_join "Ray exited soon after its start" ;; esac
        [ "$SECONDS" -lt "$deadline" ] || failed_to_join "Ray is not healthy after 120 s"
        sleep 1
    done
}

# Reports the transport that NCCL chose among the node's GPUs and hosts; `doctor` reads the report from the container
# later. The check runs now because nothing else uses the GPUs yet. Its failure does not stop the node.
report_transport() {
    local answer
    [ "$gpus" -gt 0 ] || return 0
    say "checking NCCL"
    # The answer is the check's output; if there is none, the last line of its errors.
    answer=$(timeout 240 docker exec "$name" bash -c 'raydock-probe --check gpu-nccl 2> /tmp/raydock-nccl.errors | tee /tmp/raydock-nccl
        [ -s /tmp/raydock-nccl ] || tail -n 1 /tmp/raydock-nccl.errors' 2>&1) || true
    answer=${answer##*$'\n'}
    say "${answer:-gpu-nccl printed nothing}"
}

failed_to_join() {
    ! docker logs --tail 40 "$name" 2>&1 | grep -q InvalidAuthToken ||
        fail 1 "the head refuses the token $token of this host." "Every node of a cluster needs the head's token." \
            "Next: copy the head's token to this file, then \`$role.sh stop\` and start again."
    fail 1 "$1; the end of its log:" "$(docker logs --tail 8 "$name" 2>&1)" \
        "Next: \`docker logs $name\` shows the whole log; Docker restarts the container until \`$role.sh stop\`."
}

start() {
    need_docker
    case $(state) in
        "")
            prepare
            create ;;
        "running $settings" | "restarting $settings")
            wait_until_healthy
            say "is already running; nothing was changed."
            return ;;
        *" $settings")
            prepare
            docker start "$name" > /dev/null ;;
        *) fail 1 "a container $name with a different image or settings exists on this host." \
            "Next: \`$role.sh stop\` removes it; then run this script again." ;;
    esac
    wait_until_healthy
    report_transport
    say "is up at $own, with $found."
}

prepare() {
    find_address
    need_model
    need_token
    need_gpus
    need_free_ports
    need_head
    need_image
    need_native_image
    need_readable_model
    need_readable_token
}

status() {
    local now
    need_docker
    now=$(state)
    [ -n "$now" ] || fail 1 "does not exist on this host." "Next: \`$role.sh\` starts it."
    is_healthy || fail 1 "its container is ${now% *}, and Ray does not answer in it." "Next: \`docker logs $name\` shows why."
    docker exec "$name" ray status
    docker exec "$name" ray list nodes
}

stop() {
    need_docker
    if [ -z "$(state)" ]; then
        say "does not exist on this host; nothing was changed."
        return
    fi
    docker stop "$name" > /dev/null
    docker rm "$name" > /dev/null
    say "is stopped and removed."
}
