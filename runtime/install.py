"""Make the virtual environment and install the locked packages. Runs on any Python, uses only its library."""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.sha256")
LOCKS = [os.path.join(ROOT, name) for name in ("requirements.bootstrap.lock", "requirements.lock")]


def fingerprint():
    """One hash over the lock files and the Python that made the environment."""
    digest = hashlib.sha256(sys.version.encode())
    for path in LOCKS:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed():
    """The fingerprint of what is installed, or nothing."""
    try:
        with open(STAMP) as file:
            return file.read()
    except OSError:
        return ""


def run(*command):
    """Run a command; end with its name and code when it fails."""
    code = subprocess.call(command, cwd=ROOT)
    if code != 0:
        sys.exit("installation failed (code {}): {}".format(code, " ".join(command)))  # noqa: UP032


def main():
    """Install unless exactly these packages are installed already."""
    if sys.version_info < (3, 11):
        version = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            "Python 3.11 or newer is needed, this is " + version + ". Name another one: make demo PYTHON=/path/to/python3"
        )
    if installed() == fingerprint():
        return
    python = os.path.join(VENV, "bin", "python")
    print("installing the locked packages into .venv (once)", flush=True)
    if not os.path.exists(python):
        code = subprocess.call([sys.executable, "-m", "venv", VENV])
        if code != 0:
            sys.exit("`python3 -m venv` failed: install the venv module of this Python (Debian: python3-venv)")
    quiet = ["--disable-pip-version-check", "--quiet"]
    run(python, "-m", "pip", "install", *quiet, "--require-hashes", "-r", LOCKS[0])
    uv = os.path.join(VENV, "bin", "uv")
    run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", LOCKS[1])
    with open(STAMP, "w") as file:
        file.write(fingerprint())


if __name__ == "__main__":
    main()
