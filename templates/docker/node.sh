# What head.sh and worker.sh do; the settings that they begin with are its variables.

say() { printf '%s: %s\n' "$name" "$*"; }

# fail CODE WHAT [LINE...]: what happened, what it means, what to do next.
fail() {
    local code=$1
    shift
    printf '%s: %s\n' "$name" "$1" >&2
    shift
    [ $# = 0 ] || printf '%s\n' "$@" >&2
    exit "$code"
}

# --- what this host must have -------------------------------------------------------------------------------------

need_docker() {
    local answer
    command -v docker > /dev/null ||
        fail 4 "this host has no docker command." "Next: install Docker, then run this again."
    answer=$(docker version --format '{{.Server.Version}}' 2>&1) ||
        fail 4 "no Docker engine answers: ${answer##*$'\n'}" \
            "Next: start it (systemctl start docker), or be root or in the group docker."
}

# The IPv4 address of a host, as this host sees it.
address_of() {
    local found
    found=$(getent ahostsv4 "$1" | awk 'NR == 1 {print $1}') || true
    [ -n "$found" ] || fail 2 "this host knows no address of $1." "Next: put it into DNS or /etc/hosts, or deploy with addresses."
    case $found in 127.*)
        fail 2 "$1 is $found here, which no other host can reach." "Next: fix /etc/hosts, or deploy with addresses." ;;
    esac
    echo "$found"
}

is_here() { awk '/32 host LOCAL/ {print last} {last = $2}' /proc/net/fib_trie | grep -qxF "$1"; }

# Sets `own` to that address of this host which this script is for, `this_host` to what it is called there, and
# `head_address` to the head's.
find_address() {
    local host address
    head_address=$(address_of "$head")
    for host in "${hosts[@]}"; do
        address=$(address_of "$host")
        if is_here "$address"; then
            own=$address this_host=$host
            return
        fi
    done
    fail 2 "this host is not one of those that this script is for: ${hosts[*]}." \
        "Next: run it there, or deploy again with this host's address."
}

need_free_ports() {
    local port
    for port in "${ports[@]}"; do
        ! is_used "$(printf '%04X' "$port")" || fail 1 "port $port is in use on this host, and Ray needs it." \
            "Next: \`ss -ltnp 'sport = :$port'\` says by whom; a Ray outside of Docker ends with \`ray stop\`."
    done
}

is_used() {
    { cat /proc/net/tcp; cat /proc/net/tcp6 2> /dev/null || true; } |
        awk -v port=":$1" '$4 == "0A" && index($2, port) {found = 1} END {exit !found}'
}

need_model() {
    [ -z "$model" ] || [ -d "$model" ] || fail 1 "the model's folder $model is not on this host." \
        "Next: copy or mount it there, then run this again."
}

# Sets `gpu_options` to what makes `docker run` hand out GPUs, and `forward` to whether their driver needs cuda-compat.
need_gpus() {
    local drivers count oldest number
    gpu_options=() forward=
    [ "$gpus" -gt 0 ] || return 0
    command -v nvidia-smi > /dev/null || fail 1 "this host has no nvidia-smi, so no NVIDIA driver, and $gpus GPUs are asked for." \
        "Next: install the driver, or deploy with --gpus 0."
    drivers=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1) ||
        fail 1 "nvidia-smi fails: ${drivers##*$'\n'}" "Next: fix the driver (\`dmesg | grep -i nvrm\` says more)."
    count=$(grep -cE '^[0-9]+\.[0-9.]+$' <<< "$drivers") || true
    [ "$count" -ge "$gpus" ] || fail 1 "this host has $count GPUs, and $gpus are asked for." "Next: deploy with --gpus $count."
    oldest=$(printf '%s\n' "$min_driver" "${drivers%%$'\n'*}" | sort -V | sed -n 1p)
    [ "$oldest" = "$min_driver" ] || need_forward_compat "${drivers%%$'\n'*}"
    gpu_options=(--ulimit memlock=-1 --ulimit stack=67108864)
    # NVIDIA's hook would refuse the driver by the image's NVIDIA_REQUIRE_CUDA; it was checked here.
    [ -z "$forward" ] || gpu_options+=(--volume "$compat:$compat:ro" --env NVIDIA_DISABLE_REQUIRE=true)
    [ ! -d /dev/infiniband ] || gpu_options+=(--device /dev/infiniband)
    if has_cdi; then
        for ((number = 0; number < gpus; number++)); do gpu_options+=(--device "nvidia.com/gpu=$number"); done
    elif command -v nvidia-container-runtime-hook > /dev/null; then
        gpu_options+=(--gpus "$gpus")
    else
        fail 1 "Docker cannot hand out this host's GPUs: there is neither a CDI specification nor NVIDIA's hook." \
            "Next: install nvidia-container-toolkit, then \`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml\`."
    fi
}

# For a driver that is older than the image needs: forward compatibility, if the GPUs qualify and the user accepts it.
need_forward_compat() {
    local why older="the driver $1 is older than $min_driver, which $image needs."
    why=$(not_covered "${1%%.*}")
    [ -z "$why" ] || fail 1 "$older" "Ray would start there, and CUDA would not; forward compatibility does not cover $why." \
        "Next: update the driver, or ask \`./build.py pick\` for an image that runs there."
    case " ${forward_hosts[*]} " in
        *" $this_host "*) ;;
        *) fail 1 "$older" "Its GPUs qualify for CUDA's forward compatibility, which is refused unless you accept it." \
            "Next: update the driver; or install $compat_package here, and deploy again with --forward-compat." ;;
    esac
    [ -e "$compat/libcuda.so.1" ] || fail 1 "$older" "Forward compatibility is accepted, and $compat/libcuda.so.1 is not on this host." \
        "Next: install $compat_package from NVIDIA's package repository, then run this again."
    forward=yes
}

# What forward compatibility does not cover of this host: its driver branch, or a GPU; nothing if it covers all.
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

# Sets `found` to the image by digest or id: what this host holds, or what the registry gives.
need_image() {
    local answer
    for found in ${digest:+"$digest"} "$image_id"; do
        ! docker image inspect "$found" > /dev/null 2>&1 || return 0
    done
    # Engines with containerd's image store know a loaded image by another id; equal fingerprint, equal image.
    answer=$(docker image inspect --format '{{.Id}} {{index .Config.Labels "raydock.fingerprint"}}' "$image" 2> /dev/null) || true
    if [ "${answer#* }" = "$fingerprint" ]; then
        found=${answer% *}
        return
    fi
    [ -n "$digest" ] || fail 4 "this host does not hold $image (${image_id:0:19}), and it was never pushed to a registry." \
        "Next: where it was built, \`docker save $image | ssh THIS-HOST docker load\`; then run this again."
    say "pulling $digest"
    answer=$(docker pull --quiet "$digest" 2>&1) || fail 4 "$digest cannot be pulled: ${answer##*$'\n'}" \
        "Next: \`docker login\`, or, where it was built, \`docker save $image | ssh THIS-HOST docker load\`."
    found=$digest
}

# An image for another machine would start nothing, or all of it slowly by emulation.
need_native_image() {
    local theirs ours
    theirs=$(docker image inspect --format '{{.Architecture}}' "$found" 2> /dev/null) || true
    ours=$(docker version --format '{{.Server.Arch}}' 2> /dev/null) || true
    [ -z "$theirs" ] || [ -z "$ours" ] || [ "$theirs" = "$ours" ] ||
        fail 1 "$image is for another architecture: it is for $theirs, and this host's Docker runs $ours." \
            "Next: use a host with $theirs, or deploy an image for $ours."
}

# The image's user is nobody's root: a folder that only root may read is none of its.
need_readable_model() {
    [ -z "$model" ] || docker run --rm --network none --cap-drop ALL --volume "$model:/model:ro" "$found" ls /model > /dev/null 2>&1 ||
        fail 1 "the image's user (1000, group 0) cannot read $model." \
            "Next: \`chmod -R o+rX $model\`; where SELinux is enforced, also \`chcon -Rt container_file_t $model\`."
}

# Sets `direct` to what goes through no proxy: Docker's command line gives every container the proxies of config.json,
# and `ray job submit` and `ray list` would send there what is for the head. The container's own value comes first: it is
# config.json's `noProxy`, or the image's.
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
            "Next: run head.sh on $head first; where it runs, open its ports to this host in the firewall."
}

# --- the node -------------------------------------------------------------------------------------------------------

# The container's state and the settings that it was made with; nothing where there is none.
state() { docker container inspect --format '{{.State.Status}} {{index .Config.Labels "raydock.settings"}}' "$name" 2> /dev/null || true; }

is_healthy() { docker exec "$name" bash -c "$healthy" > /dev/null 2>&1; }

# As large as a host's own /dev/shm is, which --ipc=host would share.
half_of_memory() { awk '/^MemTotal:/ {print int($2 / 2) "k"}' /proc/meminfo; }

create() {
    local options=() answer
    [ -z "$model" ] || options+=(--volume "$model:/model:ro")
    [ -z "$forward" ] || options+=(--env "LD_LIBRARY_PATH=$compat$(of_image LD_LIBRARY_PATH)")
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
            "Next: fix what it names. For GPUs and CDI, \`./build.py doctor --host ssh://THIS-HOST\` names the command."
    }
}

# A variable of the image's environment after a colon; nothing if it has none.
of_image() { docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$found" | sed -n "s/^$1=\(..*\)/:\1/p"; }

wait_until_healthy() {
    local deadline=$((SECONDS + 120))
    until is_healthy; do
        case $(state) in running*) ;; *) failed_to_join "Ray ended soon after its start" ;; esac
        [ "$SECONDS" -lt "$deadline" ] || failed_to_join "no healthy Ray after 120 s"
        sleep 1
    done
}

# Reports the transport that NCCL chose among the node's GPUs and hosts; `doctor` reads it from the container later. It is
# measured now, when nothing else uses the GPUs, and a failure does not stop the node.
report_transport() {
    local answer
    [ "$gpus" -gt 0 ] || return 0
    say "checking NCCL"
    # Its answer is what it prints; only if that is nothing, the end of its errors.
    answer=$(timeout 240 docker exec "$name" bash -c 'raydock-probe --check gpu-nccl 2> /tmp/raydock-nccl.errors | tee /tmp/raydock-nccl
        [ -s /tmp/raydock-nccl ] || tail -n 1 /tmp/raydock-nccl.errors' 2>&1) || true
    answer=${answer##*$'\n'}
    say "${answer:-gpu-nccl printed nothing}"
}

failed_to_join() {
    fail 1 "$1; its last words:" "$(docker logs --tail 8 "$name" 2>&1)" \
        "Next: \`docker logs $name\` says more; Docker starts it again and again until \`$role.sh stop\`."
}

start() {
    need_docker
    case $(state) in
        "")
            prepare
            create ;;
        "running $settings" | "restarting $settings")
            wait_until_healthy
            say "runs already; nothing was changed."
            return ;;
        *" $settings")
            prepare
            docker start "$name" > /dev/null ;;
        *) fail 1 "a container $name of another image or with other settings is here." \
            "Next: \`$role.sh stop\` ends it; then run this again." ;;
    esac
    wait_until_healthy
    report_transport
    say "is up at $own, with $found."
}

prepare() {
    find_address
    need_model
    need_gpus
    need_free_ports
    need_head
    need_image
    need_native_image
    need_readable_model
}

status() {
    local now
    need_docker
    now=$(state)
    [ -n "$now" ] || fail 1 "is not here." "Next: \`$role.sh\` starts it."
    is_healthy || fail 1 "its container is ${now% *}, and Ray does not answer in it." "Next: \`docker logs $name\` says why."
    docker exec "$name" ray status
    docker exec "$name" ray list nodes
}

stop() {
    need_docker
    if [ -z "$(state)" ]; then
        say "is not here; nothing was changed."
        return
    fi
    docker stop "$name" > /dev/null
    docker rm "$name" > /dev/null
    say "is stopped and removed."
}
