"""The templates of mails: one environment for every package that writes some."""

from functools import cache
from pathlib import Path

import jinja2


@cache
def templates_of(folder: Path) -> jinja2.Environment:
    """Return the environment of a folder's templates; what becomes HTML is escaped, text is not."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(enabled_extensions=("mjml.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
