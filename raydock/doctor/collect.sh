# Prints the facts that raydock checks on a host, in sections that begin with `#### NAME`. POSIX sh; needs no root and
# writes no file. Set before it: $folder, the engine's data folder; $names, hosts to resolve; $cdi, the folders of CDI
# specifications.
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/bin:/usr/local/nvidia/bin"
section() { printf '\n#### %s\n' "$1"; }

section began; date +%s.%N
section kernel; uname -srm
section clock; timedatectl show --property=NTPSynchronized --value 2>/dev/null
section memory; awk '/^MemTotal:/ {print $2}' /proc/meminfo
section shm; timeout 5 df -Pk /dev/shm 2>/dev/null | tail -n 1
section disk; timeout 5 df -Pk "$folder" 2>/dev/null | tail -n 1

section limits
for program in containerd dockerd; do
    for process in /proc/[0-9]*; do
        if [ "$(cat "$process/comm" 2>/dev/null)" = "$program" ]; then
            echo "of $program"
            cat "$process/limits"
            break 2
        fi
    done
done 2>/dev/null

section listening; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" {print $2}'
section route; awk '$2 == "00000000" {print $1; exit}' /proc/net/route
section mtu; for card in /sys/class/net/*; do echo "${card##*/} $(cat "$card/mtu")"; done 2>/dev/null
section names
for name in "$(uname -n)" $names; do
    echo "$name $(getent ahosts "$name" 2>/dev/null | awk '{print $1}' | sort -u | tr '\n' ' ')"
done

section pci
for device in /sys/bus/pci/devices/*; do
    case "$(cat "$device/vendor" "$device/class" 2>/dev/null | tr '\n' ' ')" in
        "0x10de 0x0300"*|"0x10de 0x0302"*) echo "${device##*/}" ;;
    esac
done
section infiniband
for port in /sys/class/infiniband/*/ports/*; do
    [ -r "$port/state" ] || continue
    card=${port#/sys/class/infiniband/}
    echo "${card%%/*}:${port##*/} $(cat "$port/link_layer") $(cat "$port/state")"
done
section verbs; for device in /dev/infiniband/uverbs*; do [ -c "$device" ] && echo "$device"; done
section toolkit; nvidia-ctk --version 2>/dev/null | head -n 1
section gpus
if command -v nvidia-smi >/dev/null 2>&1; then
    # If a GPU hangs, nvidia-smi hangs too.
    timeout 20 nvidia-smi --query-gpu=driver_version,compute_cap,name --format=csv,noheader 2>&1
    [ $? != 124 ] || echo "nvidia-smi does not answer within 20 s"
    section report; timeout 20 nvidia-smi -q -x 2>&1
fi
section xids
{ dmesg 2>/dev/null || journalctl --dmesg --no-pager --quiet 2>/dev/null || echo unreadable; } |
    grep -e 'NVRM: Xid' -e '^unreadable$' | tail -n 200

# Facts about the next start: the current files and settings, while older ones may be in use.
section driverfiles
[ -r /sys/module/nvidia/version ] && echo "loaded $(cat /sys/module/nvidia/version)"
modinfo -F version nvidia 2>/dev/null | sed 's/^/module /; q'
for library in libcuda.so.1 libnvidia-ml.so.1; do
    path=$(ldconfig -p 2>/dev/null | awk -v name="$library" '$1 == name && /x86-64|AArch64/ {print $NF; exit}')
    real=$(readlink -f "$path" 2>/dev/null)
    case $real in *.so.[0-9][0-9][0-9].*) echo "library ${real##*.so.} $real" ;; esac
done
section kernels
for image in /boot/vmlinuz-*; do
    version=${image#/boot/vmlinuz-}
    [ -d "/lib/modules/$version" ] || continue
    if find "/lib/modules/$version" -name 'nvidia.ko*' 2>/dev/null | grep -q .; then echo "$version yes"; else echo "$version no"; fi
done | sort -V
section devices
for device in /dev/nvidia[0-9]* /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia-uvm-tools; do
    [ -c "$device" ] || continue
    set -- $(stat -c '%t %T' "$device")
    link=/dev/char/$((0x$1)):$((0x$2))
    if [ -e "$link" ]; then echo "$device yes"; else echo "$device no $link"; fi
done
section missing
for specifications in $cdi; do cat "$specifications"/*.yaml "$specifications"/*.json 2>/dev/null; done |
    grep -oE '"?(hostPath|path)"?[[:space:]]*:[[:space:]]*"?/[^]",}[:space:]]+' | sed 's/^[^/]*//' | sort -u |
    while read -r path; do [ -e "$path" ] || echo "$path"; done
section programs
for program in nvidia-container-runtime nvidia-container-runtime-hook nvidia-ctk nvidia-cdi-hook; do command -v "$program"; done
section units
if command -v systemctl >/dev/null 2>&1; then
    for unit in nvidia-cdi-refresh.path nvidia-cdi-refresh.service nvidia-persistenced.service; do
        echo "$unit $(systemctl is-enabled "$unit" 2>/dev/null)"
    done
fi
section hook; grep -E '^[[:space:]]*(mode|no-cgroups)[[:space:]]*=' /etc/nvidia-container-runtime/config.toml 2>/dev/null
section upgrades
if command -v apt-config >/dev/null 2>&1; then
    apt-config dump 2>/dev/null | grep -E '^(APT::Periodic::Unattended-Upgrade|Unattended-Upgrade::Package-Blacklist::)'
    dpkg-query --show --showformat='${db:Status-Abbrev}${Package}\n' 'nvidia-driver-*' 'libnvidia-compute-*' 'libcuda1' \
        'nvidia-kernel-*' 'nvidia-dkms-*' unattended-upgrades 2>/dev/null | sed -n 's/^ii */package /p'
    apt-mark showhold 2>/dev/null | sed 's/^/held /'
fi
section daemon
# The arguments of the engine's dockerd (the one with its data folder, else that of the usual pid file, else the only one)
# and its current daemon.json.
arguments() { tr '\0' ' ' < "$1/cmdline" 2>/dev/null; }
dockerds=$(for process in /proc/[0-9]*; do [ "$(cat "$process/comm" 2>/dev/null)" != dockerd ] || echo "$process"; done)
command='' known=''
for process in $dockerds; do
    case "$(arguments "$process")" in
        *"--data-root=$folder "*|*"--data-root $folder "*) command=$(arguments "$process") known=yes ;;
    esac
done
if [ -z "$command" ]; then
    process=/proc/$(cat /var/run/docker.pid 2>/dev/null)
    set -- $dockerds
    if [ -r "$process/cmdline" ]; then command=$(arguments "$process"); elif [ $# = 1 ]; then command=$(arguments "$1"); fi
fi
case $folder in
    */.local/share/docker) file=${folder%/.local/share/docker}/.config/docker/daemon.json known=yes ;;
    *) file=$(echo "$command" | sed -n 's/.*--config-file[= ]\([^ ]*\).*/\1/p') ;;
esac
file=${file:-/etc/docker/daemon.json}
# The settings of a different engine would mislead, so the data folder must be this engine's.
if [ "$folder" = /var/lib/docker ] || grep -qsF "\"$folder\"" "$file"; then known=yes; fi
if [ -n "$command" ] && [ -n "$known" ]; then
    echo "command $command"
    if [ ! -e "$file" ]; then echo "absent $file"; elif [ -r "$file" ]; then echo "file $file"; cat "$file"; else echo "unreadable $file"; fi
fi
section ended; date +%s.%N
