"""What a cached mypy result depends on besides the user's code: our version and the rule tables.

mypy notices a changed plugin file only when it is the configured module itself, so the digest goes into its cache key.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path

import mypy_plugin
import shapecheck.core
import shapecheck.rules


@cache
def fingerprint() -> str:
    """A digest of the plugin's, the core's and the rules' sources."""
    digest = blake2b(digest_size=8)
    for module in (mypy_plugin, shapecheck.core, shapecheck.rules):
        for path in sorted(Path(str(module.__file__)).parent.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def rules_digest(modules: tuple[str, ...]) -> str:
    """A digest of the sources of the user's own rule modules."""
    digest = blake2b(digest_size=8)
    for name in modules:
        path = getattr(sys.modules.get(name), "__file__", None)
        digest.update(Path(path).read_bytes() if path else name.encode())
    return digest.hexdigest()
