"""The browser for the browser tests: found, or installed from the distribution's packages where we may."""

from __future__ import annotations

import os
import shutil
import subprocess

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _may_install() -> list[str] | None:
    """What to put before a command to run it as root; None where we may not."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode != 0:
        return None
    return [sudo, "-n"]


def ensure_browser() -> str | None:
    """Find Chromium or install it; returns its path, or None after saying plainly why there is none."""
    found = find_browser()
    if found is not None:
        return found
    prefix = _may_install()
    if prefix is None:
        print("no Chromium here and no right to install one: the browser tests will be skipped")
        return None
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "chromium"]):
        done = subprocess.run([*prefix, *command], stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            print(f"`{' '.join(command)}` failed: the browser tests will be skipped")
            return None
    return find_browser()
