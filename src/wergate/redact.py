"""Text without secrets: what leaves the machine in a summary, a badge or a test report names no token."""

from __future__ import annotations

import re

_HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_TOKEN = re.compile(r"\b(?:hf_|gh[opsur]_|github_pat_|glpat-|sk-)[\w-]{8,}")
_NAMED = re.compile(r"(?i)((?:token|secret|password|passwd|api_?key|signature)['\"]?\s*[=:]\s*['\"]?)[^\s&;,'\"]+")


def redacted(text: str) -> str:
    """Return text with credentials of URLs, well-known tokens and named secrets replaced by stars."""
    return _NAMED.sub(rf"\1{_HIDDEN}", _TOKEN.sub(_HIDDEN, _USER.sub(_HIDDEN, text)))
