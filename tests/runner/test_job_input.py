"""The input of a job is JSON, or nothing starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.runner import JobInput, JobInputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(data=VALUES, params=VALUES, indent=st.none() | st.integers(0, 3), is_ascii=st.booleans())
def test_a_request_is_split_into_its_two_values(
    data: object, params: object, indent: int | None, is_ascii: bool
) -> None:
    request = json.dumps({"data": data, "params": params}, indent=indent, ensure_ascii=is_ascii)
    if not is_ascii and not request.isascii():
        request = request.encode(errors="replace").decode()  # a lone surrogate has no UTF-8
        data, params = json.loads(request).values()
    found = JobInput.of_request(request.encode())
    assert (json.loads(found.data), json.loads(found.params)) == (data, params)


@pytest.mark.parametrize(
    ("request_text", "data", "params"),
    [
        (b'{"data": 1.50, "params": {"a":1}}', b"1.50", b'{"a":1}'),
        (b'{"params": [ 1 ]}', b"{}", b"[ 1 ]"),
        (b" {\n}\n", b"{}", b"{}"),
        (b'{"data": 1, "data": 2}', b"2", b"{}"),
        (b'{"d\\u0061ta": "\\ud800"}', b'"\\ud800"', b"{}"),
        (b'{"data": 1e999, "params": ' + b"1" * 5000 + b"}", b"1e999", b"1" * 5000),
    ],
)
def test_values_keep_their_text(request_text: bytes, data: bytes, params: bytes) -> None:
    found = JobInput.of_request(request_text)
    assert (found.data, found.params) == (data, params)


@pytest.mark.parametrize(
    ("request_text", "message"),
    [
        (b"[]", 'request: not an object; a request is {"data": …, "params": …}'),
        (b'{"data": 1, "parms": 2}', "request: the key 'parms' is unknown; a request is"),
        (b'{"data":\n  [1,}', r"request:2:5: not JSON: "),
        (b"", "request:1:1: not JSON: "),
    ],
)
def test_what_is_no_request_is_refused(request_text: bytes, message: str) -> None:
    with pytest.raises(JobInputError) as refused:
        JobInput.of_request(request_text)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"{'a': 1}", "1:2"),
        ('{"ä": 1,\r\n "ö": NaN}'.encode(), "2:7"),
        (b'{"a": 1}\n{"b": 2}', "2:1"),
        (b"\xef\xbb\xbf{}", "1:1"),
        (b'["\xff"]', "1:3"),
        (b"[" * 200, "1:129"),
    ],
)
@pytest.mark.parametrize("name", ["data", "params"])
def test_the_place_of_a_fault_is_named(text: bytes, place: str, name: str) -> None:
    with pytest.raises(JobInputError) as refused:
        JobInput(data=text) if name == "data" else JobInput(params=text)
    assert str(refused.value).startswith(f"{name}.json:{place}: ")


def test_a_message_is_short_however_long_the_text_is() -> None:
    with pytest.raises(JobInputError) as refused:
        JobInput.of_request(b'{"%b": 1}' % (b"x" * 1_000_000))
    assert len(str(refused.value)) < 300


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_bytes(b"[1]\n")
    with pytest.raises(FileNotFoundError):
        JobInput.of_folder(tmp_path)
    (tmp_path / "params.json").write_bytes(b"{")
    with pytest.raises(JobInputError) as refused:
        JobInput.of_folder(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'params.json'}:1:2: ")
    (tmp_path / "params.json").write_bytes(b"{}")
    found = JobInput.of_folder(tmp_path)
    assert (found.data, found.params) == (b"[1]\n", b"{}")


def test_the_folder_for_the_job_is_read_only_and_goes_away() -> None:
    with JobInput(b"[1]", b'{"a": 2}').folder() as folder:
        files = sorted(Path(folder).iterdir())
        assert [file.name for file in files] == ["data.json", "params.json"]
        assert [file.read_bytes() for file in files] == [b"[1]", b'{"a": 2}']
        assert {file.stat().st_mode & 0o777 for file in files} == {0o444}
        assert Path(folder).stat().st_mode & 0o777 == 0o555
    assert not Path(folder).exists()
