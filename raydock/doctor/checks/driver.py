"""The driver's files: the loaded driver, and that after the next boot or update."""

import re

from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned

_RELOAD = (
    "`reboot`; without a reboot: stop the programs that use the GPUs, then `rmmod nvidia_uvm nvidia_drm nvidia_modeset"
    " nvidia` and `modprobe nvidia`."
)


def files(facts: HostFacts) -> HostFinding:
    """The loaded driver, its module and its libraries have one version.

    The newest kernel has a module too.

    Source: NVIDIA/nvidia-container-toolkit issue 169; badbread/crumbvms pull request 395 (running containers hide the
    problem until one is created again). Read 2026-11-29.
    """
    facts.require_card()
    versions = {fields[0]: fields[1] for fields in map(str.split, facts.lines("driverfiles"))}
    if not versions:
        return skipped("the driver's files cannot be read from here")
    loaded, module, library = (versions.get(name, "") for name in ("loaded", "module", "library"))
    if loaded and library and loaded != library:
        message = f"driver {loaded} is loaded, but its libraries are {library}: no container with a GPU starts"
        return failed(message, _RELOAD)
    if module and library and module != library:
        message = f"the module on disk is {module}, but the libraries are {library}: no GPU answers after the next boot"
        return failed(message, "install the driver's packages in one version, then `dkms autoinstall`.")
    if loaded and module and loaded != module:
        message = f"driver {loaded} is loaded, but {module} is installed: the next boot changes the driver"
        return warned(message, "`reboot` at a time of your choice, then `./build.py doctor` again.")
    if kernel := _kernel_without_module(facts):
        message = f"the newest kernel {kernel} has no nvidia module: no driver is loaded at the next boot"
        return failed(message, f"`dkms autoinstall -k {kernel}`, or install its package linux-modules-nvidia-*.")
    return passed(f"driver {loaded or module or library}: loaded and installed versions are equal")


def _kernel_without_module(facts: HostFacts) -> str:
    """Return the newest kernel if only the running one has a module; else "".

    The newest kernel boots by default.
    """
    kernels = dict(line.split(maxsplit=1) for line in facts.lines("kernels"))
    running = "".join(facts.lines("kernel")).split()[1:2]
    newest = next(reversed(kernels), "")
    return newest if running and kernels.get(running[0]) == "yes" and kernels[newest] == "no" else ""


def persistence(facts: HostFacts) -> HostFinding:
    """The driver keeps the GPUs ready while no program uses one.

    Source: NVIDIA, Driver Persistence. Read 2026-11-29.
    """
    facts.require_card()
    modes = re.findall(r"<persistence_mode>(\w+)</persistence_mode>", facts.sections.get("report", ""))
    if not modes:
        return skipped("nvidia-smi has no report")
    if "Disabled" in modes:
        message = (
            "persistence mode is off: the driver unloads a GPU when its last program ends, so the next start is slow"
        )
        return warned(message, "`systemctl enable --now nvidia-persistenced`, or `nvidia-smi -pm 1`.")
    return passed("persistence mode is on")


def upgrades(facts: HostFacts) -> HostFinding:
    """No unattended upgrade replaces the driver while it is in use.

    Source: Debian, unattended-upgrades, README; NVIDIA/nvidia-docker issue 1678; badbread/crumbvms pull request 395.
    Read 2026-11-29.
    """
    facts.require_card()
    lines = facts.lines("upgrades")
    if not lines:
        return skipped("no apt on this host")
    packages = {line.split()[1] for line in lines if line.startswith("package ")}
    if "unattended-upgrades" not in packages or not any(map(_ON.match, lines)):
        return passed("unattended upgrades are off")
    held = {line.split()[1] for line in lines if line.startswith("held ")}
    excluded = [match[1] for line in lines if (match := _EXCLUDED.match(line))]
    upgradable = sorted(
        package
        for package in packages - held - {"unattended-upgrades"}
        if not any(_matches(pattern, package) for pattern in excluded)
    )
    if not upgradable:
        return passed("unattended upgrades do not change the driver")
    message = f"unattended upgrades can replace the driver while it is in use: {', '.join(upgradable)}"
    return warned(message, f"`apt-mark hold {' '.join(upgradable)}`, and update the driver before a reboot.")


_ON = re.compile(r'APT::Periodic::Unattended-Upgrade "[^0"]')
_EXCLUDED = re.compile(r'Unattended-Upgrade::Package-Blacklist:: "(.*)";')


def _matches(pattern: str, package: str) -> bool:
    """Match a package as unattended-upgrades does.

    The pattern is a regular expression for the start of the name. An invalid one never matches.
    """
    try:
        return re.match(pattern, package) is not None
    except re.error:
        return False
