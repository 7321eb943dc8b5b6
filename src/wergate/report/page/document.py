"""An HTML document of the package's own templates: one file, no network, no script and no style but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from wergate.errors import SuiteError

_TEMPLATES = Path(__file__).with_name("templates")
_VENDOR = Path(__file__).parents[1] / "vendor"
LIBRARY = _VENDOR / "htm-preact-standalone.umd.js"


def document(template: str, context: Mapping[str, Any]) -> str:
    """Return a document; everything in the context is shown as text.

    Args:
        template: name of the template, which extends frame.html.
        context: its values; with `data`, the document contains the utterance browser.

    Raises:
        SuiteError: the library of the page cannot be read.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    style, script = _file("style.css"), _script()
    own = {
        "style": _raw(style),
        "script": _raw(script),
        "policy": _policy(style, script),
        "licence": _raw(_licences()),
    }
    return environment.get_template(template).render({**context, **own})


def _script() -> str:
    """Return the library and our own code as one script."""
    try:
        library = LIBRARY.read_text(encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"the library of the page cannot be read: {error.strerror}; install wergate again") from error
    return f"{library}\n{_file('app.js')}"


def _licences() -> str:
    """Return the licences of the library; a comment of HTML may not contain two hyphens in a row."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_VENDOR.glob("LICENSE-*.txt"))]
    return "\n".join(texts).replace("--", "- -").replace("--", "- -")


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _raw(text: str) -> Any:
    """Return our own text, which is put into the page as it is."""
    return markupsafe.Markup(text)  # noqa: S704 - files of this package


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing from elsewhere, no script and no style but these two."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "media-src blob: data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
