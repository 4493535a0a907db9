"""What a peer's process needed."""

from pathlib import Path


def peak_mib() -> float:
    """Return the most memory this process ever had (VmHWM), in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM in /proc/self/status")
