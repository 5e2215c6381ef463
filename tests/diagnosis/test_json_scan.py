"""Places of values in the text of a payload."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.diagnosis.json_scan import spans_of_values
from tests.strategies import json_values


def paths_of(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Each value within a value, with the path to it."""
    found = [(here, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths_of(item, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths_of(item, (*here, index))
    return found


@given(json_values, st.sampled_from([None, 2]), st.booleans())
def test_each_value_of_a_payload_has_its_span(value: Any, indent: int | None, ascii_only: bool) -> None:
    payload = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    wanted = dict(paths_of(value))
    spans = spans_of_values(payload, wanted)
    assert spans.keys() == wanted.keys()
    for path, (start, stop) in spans.items():
        text = payload[start:stop].decode(errors="surrogatepass")
        if isinstance(wanted[path], dict | list):
            assert text == ("{" if isinstance(wanted[path], dict) else "[")
        else:
            assert json.loads(text) == wanted[path]


def test_of_keys_that_stand_twice_the_last_one_has_the_span() -> None:
    assert spans_of_values(b'{"a": 1, "a": 22}', {("a",)}) == {("a",): (14, 16)}
