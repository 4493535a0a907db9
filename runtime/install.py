"""Make the virtual environment and install the locked packages. Uses only Python's own library."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
BOOTSTRAP_LOCK = ROOT / "requirements.bootstrap.lock"
LOCK = ROOT / "requirements.lock"


def fingerprint() -> str:
    """One hash over the lock files and the Python that makes the environment."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (BOOTSTRAP_LOCK, LOCK):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(*command: str) -> None:
    """Run a command; end with its name and code when it fails."""
    code = subprocess.call(command, cwd=str(ROOT))
    if code != 0:
        sys.exit("installation failed (code " + str(code) + "): " + " ".join(command))


def main() -> None:
    """Install unless exactly these packages are installed already."""
    if sys.version_info < (3, 11):  # noqa: UP036  an older Python gets this far, and must be told
        version = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit("Python 3.11 or newer is needed, not " + version + "; name one: make demo PYTHON=python3.12")
    if STAMP.exists() and PYTHON.exists() and STAMP.read_text() == fingerprint():
        return
    print("installing the locked packages into .venv (once)", flush=True)
    if not PYTHON.exists() and subprocess.call([sys.executable, "-m", "venv", str(VENV)]) != 0:
        sys.exit("`python3 -m venv` failed: is its module missing? (Debian: apt install python3-venv)")
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    run(*pip, "--require-hashes", "-r", str(BOOTSTRAP_LOCK))
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON)]
    run(*uv, "--require-hashes", "-r", str(LOCK))
    STAMP.write_text(fingerprint())


if __name__ == "__main__":
    main()
