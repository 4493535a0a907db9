"""Programs that others wrote for the same work, each in an environment of its own."""

import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".venv"
REQUIREMENTS = HERE.parent / "requirements.lock"


def dlt_python() -> Path:
    """Return the Python that has dlt; the environment is made at the first call."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    text = REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != text:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)], check=True)
        stamp.write_text(text, encoding="utf-8")
    return python
