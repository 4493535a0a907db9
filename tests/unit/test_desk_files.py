"""The desk's own files and those of others."""

import hashlib
import re

from include.console import desk_files

VENDOR = desk_files.STATIC / "vendor"


def test_the_scripts_of_others_are_what_was_vendored_each_with_its_licence() -> None:
    told = dict(
        re.findall(r"^\| `([\w-]+\.js)` .* `([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.MULTILINE)
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert found == told
    assert all((VENDOR / f"{name.removesuffix('.js')}.LICENSE").stat().st_size > 200 for name in told)


def test_the_scripts_ask_for_nothing_that_is_not_kept() -> None:
    kept = {name.removeprefix("../static/") for name in desk_files.files()}
    for path in desk_files.SCRIPTS.glob("*.js"):
        asked = re.findall(r'(?:from|import) "([^"]+)"', path.read_text(encoding="utf-8"))
        for name in asked:
            place = f"desk/{name[2:]}" if name.startswith("./") else name.removeprefix("../")
            assert place in kept, f"{path.name} imports {name}"


def test_no_script_makes_markup_or_code_of_text() -> None:
    for path in desk_files.SCRIPTS.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|unsafeHTML", script
        ), path.name
        assert not re.search(r"https?://|//cdn|style=", script), path.name
