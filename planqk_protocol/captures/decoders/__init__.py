"""The decoders of the capture formats, one module for each family of formats.

`FORMATS` lists the formats in the order in which `detect` tries them. Formats whose
first bytes are unmistakable come first, and those that resemble text come last.
"""

from planqk_protocol.captures.decoders import (
    compose_logs,
    cri,
    docker_json_file,
    docker_local,
    docker_logs,
    docker_mux,
    journald_export,
    journald_json,
    kubectl_logs,
    planqk_log,
    raw,
)
from planqk_protocol.captures.decoding import CatalogueEntry

__all__ = ["FORMATS"]

FORMATS: tuple[CatalogueEntry, ...] = (
    raw.FORMAT,  # never matches by itself: `detect` returns it if no other format fits
    cri.FORMAT,
    docker_json_file.FORMAT,
    docker_local.FORMAT,
    journald_export.FORMAT,
    journald_json.FORMAT,
    planqk_log.FORMAT,
    docker_mux.FORMAT,
    docker_logs.DETAILS_FORMAT,
    docker_logs.TIMESTAMPS_FORMAT,
    kubectl_logs.FORMAT,
    compose_logs.FORMAT,
)
