"""What one request may ask for."""

from __future__ import annotations

MAX_BYTES = 64 * 10**6
"""Of an uploaded picture."""

MAX_PIXELS = 60 * 10**6
"""Of an uploaded picture. Looked up in its header, before anything is decoded."""

MAX_JSON = 64 * 1024
"""Bytes of a request that is not a picture."""

MIN_SIZE, MAX_SIZE = 64, 4096
"""Long side of a result in pixels."""

MAX_REFINED = 2048
"""Long side of a picture that can be refined, in pixels."""

MAX_SECONDS = 900
"""Of one refinement."""

MAX_STYLES = 4
"""In one blend."""

MAX_FRAMES = 60
"""Previews that are kept of one refinement; beyond, every second one goes."""

UPLOAD_SECONDS = 300
"""After which an upload that has not ended is refused."""

UPLOADS = 3
"""Pictures that are decoded at the same time; further ones wait."""

SHEET_SIZE = 320
"""Long side of the pictures on a contact sheet."""

MAX_MINUTES = 60
"""Of learning one painting."""
