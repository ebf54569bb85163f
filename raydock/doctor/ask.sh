# What raydock asks of a host: POSIX sh, no root, nothing written. Each answer stands under a line `#### NAME`.
# Given in front of it: $folder, the engine's; $names, hosts to be looked up.
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/bin:/usr/local/nvidia/bin"
section() { printf '\n#### %s\n' "$1"; }

section began; date +%s.%N
section kernel; uname -srm
section clock; timedatectl show --property=NTPSynchronized --value 2>/dev/null
section memory; awk '/^MemTotal:/ {print $2}' /proc/meminfo
section shm; timeout 5 df -Pk /dev/shm 2>/dev/null | tail -n 1
section disk; timeout 5 df -Pk "$folder" 2>/dev/null | tail -n 1

section limits
for wanted in containerd dockerd; do
    for process in /proc/[0-9]*; do
        if [ "$(cat "$process/comm" 2>/dev/null)" = "$wanted" ]; then
            echo "of $wanted"
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
section toolkit; nvidia-ctk --version 2>/dev/null | head -n 1
section gpus
if command -v nvidia-smi >/dev/null 2>&1; then
    # Where a GPU hangs, so does nvidia-smi.
    timeout 20 nvidia-smi --query-gpu=driver_version,compute_cap,name --format=csv,noheader 2>&1
    [ $? != 124 ] || echo "nvidia-smi gives no answer within 20 s"
    section report; timeout 20 nvidia-smi -q -x 2>&1
fi
section xids
{ dmesg 2>/dev/null || journalctl --dmesg --no-pager --quiet 2>/dev/null || echo unreadable; } |
    grep -e 'NVRM: Xid' -e '^unreadable$' | tail -n 200
section ended; date +%s.%N
