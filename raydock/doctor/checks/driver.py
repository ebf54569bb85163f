"""The driver's files: what is loaded today and what the next boot or update brings."""

import re

from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned

_NONE = "this host has no NVIDIA GPU"
_RELOAD = (
    "`reboot`; without a boot: end what uses the GPUs, then `rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia` and"
    " `modprobe nvidia`."
)


def files(seen: Seen) -> HostFinding:
    """The loaded driver, its module on the disk and its libraries are of one version, and every kernel has a module.

    Source: NVIDIA/nvidia-container-toolkit issue 169; badbread/crumbvms pull request 395 (containers that run hide it
    until one is created again). Read 2026-11-29.
    """
    versions = {words[0]: words[1] for words in map(str.split, seen.lines("driverfiles"))}
    if not seen.has_card or not versions:
        return skipped("driver-files", "the driver's files cannot be read from here" if seen.has_card else _NONE)
    loaded, module, library = (versions.get(name, "") for name in ("loaded", "module", "library"))
    if loaded and library and loaded != library:
        words = f"driver {loaded} is loaded, and its libraries are {library}: no container with a GPU starts"
        return failed("driver-files", words, _RELOAD)
    if module and library and module != library:
        words = f"the module on the disk is {module}, the libraries are {library}: after the next boot no GPU answers"
        return failed("driver-files", words, "install the driver's packages in one version, then `dkms autoinstall`.")
    if loaded and module and loaded != module:
        words = f"driver {loaded} is loaded, and {module} is installed: the next boot changes the driver"
        return warned("driver-files", words, "`reboot` at a time of your choice, then `./build.py doctor` again.")
    if kernel := _kernel_without_module(seen):
        words = f"the newest kernel {kernel} has no nvidia module: after the next boot there is no driver"
        todo = f"`dkms autoinstall -k {kernel}`, or install its package linux-modules-nvidia-*."
        return failed("driver-files", words, todo)
    return passed("driver-files", f"driver {loaded or module or library}: loaded and installed alike")


def _kernel_without_module(seen: Seen) -> str:
    """The newest kernel, which boots by default, if it lacks the module that the running one has; else nothing."""
    kernels = dict(line.split(maxsplit=1) for line in seen.lines("kernels"))
    running = "".join(seen.lines("kernel")).split()[1:2]
    newest = next(reversed(kernels), "")
    return newest if running and kernels.get(running[0]) == "yes" and kernels[newest] == "no" else ""


def persistence(seen: Seen) -> HostFinding:
    """The driver keeps the GPUs ready while no program uses one.

    Source: NVIDIA, Driver Persistence. Read 2026-11-29.
    """
    modes = re.findall(r"<persistence_mode>(\w+)</persistence_mode>", seen.sections.get("report", ""))
    if not seen.has_card or not modes:
        return skipped("persistence", "nvidia-smi gives no report" if seen.has_card else _NONE)
    if "Disabled" in modes:
        words = "persistence mode is off: the driver lets go of a GPU with its last program, and the next start is slow"
        return warned("persistence", words, "`systemctl enable --now nvidia-persistenced`, or `nvidia-smi -pm 1`.")
    return passed("persistence", "persistence mode is on")


def upgrades(seen: Seen) -> HostFinding:
    """No unattended upgrade replaces the driver while it is in use.

    Source: Debian, unattended-upgrades, README; NVIDIA/nvidia-docker issue 1678; badbread/crumbvms pull request 395.
    Read 2026-11-29.
    """
    lines = seen.lines("upgrades")
    if not seen.has_card or not lines:
        return skipped("upgrades", "no apt on this host" if seen.has_card else _NONE)
    packages = {line.split()[1] for line in lines if line.startswith("package ")}
    if "unattended-upgrades" not in packages or not any(map(_ON.match, lines)):
        return passed("upgrades", "unattended upgrades are off")
    held = {line.split()[1] for line in lines if line.startswith("held ")}
    excluded = [match[1] for line in lines if (match := _EXCLUDED.match(line))]
    loose = sorted(
        package
        for package in packages - held - {"unattended-upgrades"}
        if not any(_matches(pattern, package) for pattern in excluded)
    )
    if not loose:
        return passed("upgrades", "unattended upgrades leave the driver alone")
    words = f"unattended upgrades may replace the driver while it is in use: {', '.join(loose)}"
    return warned("upgrades", words, f"`apt-mark hold {' '.join(loose)}`, and update the driver before a boot.")


_ON = re.compile(r'APT::Periodic::Unattended-Upgrade "[^0"]')
_EXCLUDED = re.compile(r'Unattended-Upgrade::Package-Blacklist:: "(.*)";')


def _matches(pattern: str, package: str) -> bool:
    """As unattended-upgrades does: a regular expression at the name's begin; one that is wrong excludes nothing."""
    try:
        return re.match(pattern, package) is not None
    except re.error:
        return False
