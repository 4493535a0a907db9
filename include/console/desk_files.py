"""The desk's files: which there are, their version, and the texts that their scripts show."""

import hashlib
import re
from functools import cache

import orjson

from include.console.site import FOLDER
from include.locale.words import Words

STATIC = FOLDER / "static"
SCRIPTS = STATIC / "desk"
SERVED = frozenset({".js", ".css", ".svg", ".webmanifest"})
SHELL = (FOLDER / "templates" / "desk.html", FOLDER / "templates" / "desk_sw.js")
# A text is written out in the script, with double quotes and nothing escaped: so it can be found, here and by tests.
TEXT = re.compile(r'\bt\("([^"\\]+)"')


@cache
def files() -> tuple[str, ...]:
    """Return the static files of the desk, as the page's own address sees them."""
    found = sorted(path for folder in ("desk", "vendor") for path in (STATIC / folder).iterdir())
    return tuple(f"../static/{path.parent.name}/{path.name}" for path in found if path.suffix in SERVED)


@cache
def version() -> str:
    """Return what changes with any of the files."""
    hashed = hashlib.sha256()
    for path in (*SHELL, *(STATIC / name.removeprefix("../static/") for name in files())):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def worker_facts() -> dict[str, str]:
    """Return the values of the template of the service worker."""
    return {"version": version(), "files": orjson.dumps(["./", *files()]).decode()}


@cache
def texts() -> tuple[str, ...]:
    """Return the texts of the scripts, in English."""
    found = {text for path in SCRIPTS.glob("*.js") for text in TEXT.findall(path.read_text(encoding="utf-8"))}
    return tuple(sorted(found))


@cache
def translated(language: str) -> dict[str, str]:
    """Return the texts of the scripts with what they are in a language."""
    words = Words(language)
    return {text: words._(text) for text in texts()}
