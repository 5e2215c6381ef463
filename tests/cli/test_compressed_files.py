"""Compressed files in place of plain ones: what is read of them, and what is said of damage."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from planqk_protocol.cli import sources
from planqk_protocol.errors import missing_extra
from planqk_protocol.inputs.members import Gzip
from tests.cli.captured_logs import RESULT, json_file
from tests.cli.harness import Run
from tests.cli.zstandard import zstd


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes], chunk: int
) -> None:
    monkeypatch.setattr(sources, "_CHUNK", chunk)
    monkeypatch.setattr("planqk_protocol.inputs.compression._PIECE", 100)
    (tmp_path / "b").write_bytes(compress(json_file("x" * 1000)) + compress(json_file("\n", "Plan")))
    (tmp_path / "a").write_bytes(json_file(RESULT[4:]))
    outcome = run("parse", tmp_path / "b", tmp_path / "a")
    assert outcome.stderr == ""
    assert [json.loads(line).get("text", "result") for line in outcome.stdout.splitlines()] == [
        "x" * 1000,
        "result",
    ]


def test_what_is_said_to_be_raw_is_not_decompressed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(gzip.compress(RESULT.encode()))
    assert run("unwrap", "--capture", "raw", path).stdout_bytes == path.read_bytes()
    assert run("result", "--capture", "raw", path).stdout == ""
    assert run("result", path).exit_code == 0


def test_padding_behind_gzip_is_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_CHUNK", 5)
    data = gzip.compress(RESULT.encode()) + bytes(1000)
    outcome = run("result", stdin=data)
    assert (outcome.stdout, outcome.stderr) == ("42\n", "")


@pytest.mark.parametrize("command", ["result", "unwrap"])
def test_a_cut_off_file_is_read_as_far_as_it_goes(run: Run, tmp_path: Path, command: str) -> None:
    noise = "".join(f"{number * 7919 % 10007}\n" for number in range(60_000))
    for name, whole in (("a.gz", gzip.compress), ("a.zst", zstd.compress)):
        path = tmp_path / name
        path.write_bytes(whole((RESULT + noise).encode())[:-9])
        outcome = run(command, path)
        assert (
            outcome.stderr
            == f"{path}: truncated: the compressed file ends too early; the part that is there is read\n"
        )
        assert outcome.exit_code == (command == "unwrap")
        assert outcome.stdout


def test_a_result_that_a_cut_off_file_ends_with_is_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    whole = gzip.compress(RESULT.strip().encode(), compresslevel=0)
    path.write_bytes(whole[:-9])  # what is left ends with the 4 of 42
    outcome = run("result", path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert ": truncated: " in outcome.stderr
    assert f"{path}:1:21: " in outcome.stderr
    (tmp_path / "empty.gz").write_bytes(whole[:5])
    outcome = run("result", tmp_path / "empty.gz")
    assert f"{tmp_path / 'empty.gz'}: no-result: " in outcome.stderr


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damaged_compression(run: Run, tmp_path: Path, kind: str) -> None:
    whole = (gzip.compress if kind == "gzip" else zstd.compress)(RESULT.encode())
    path = tmp_path / "log"
    path.write_bytes(whole[:4] + b"\xff" * len(whole))
    outcome = run("result", path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert outcome.stderr.startswith(f"{path}: corrupt: the compressed data is damaged")
    path.write_bytes(whole + b"garbage")
    outcome = run("result", path)
    assert outcome.stdout == "42\n"
    assert outcome.stderr.startswith(f"{path}: corrupt: the bytes after the compressed data")


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_checksum_that_fails_costs_the_exit_code_0(run: Run, kind: str, command: str) -> None:
    data = RESULT.encode()
    if kind == "gzip":
        whole = gzip.compress(data, 0)
    else:
        whole = zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: True})
    assert run(command, stdin=whole).exit_code == 0
    outcome = run(command, stdin=whole.replace(b"42", b"49"))
    assert "49" in outcome.stdout
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("<stdin>: corrupt: the compressed data is damaged; ")
    assert "may be altered" in outcome.stderr


def in_two_blocks(kind: str, first: bytes, second: bytes) -> tuple[bytes, int]:
    """Data compressed in two blocks, and where the second one begins."""
    if kind == "gzip":
        compressor = zlib.compressobj(wbits=31)
        begin = compressor.compress(first) + compressor.flush(zlib.Z_SYNC_FLUSH)
    else:
        compressor = zstd.ZstdCompressor()
        begin = compressor.compress(first, compressor.FLUSH_BLOCK)
    return begin + compressor.compress(second) + compressor.flush(), len(begin)


@pytest.mark.parametrize("chunk", [1, 10, 1 << 20])
@pytest.mark.parametrize("piece", [7, 1 << 20])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_stands_before_the_damage_is_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str, piece: int, chunk: int
) -> None:
    monkeypatch.setattr(sources, "_CHUNK", chunk)
    monkeypatch.setattr("planqk_protocol.inputs.compression._PIECE", piece)
    first = b"".join(b"%d\n" % (number % 7) for number in range(500))
    whole, at = in_two_blocks(kind, first, b"x" * 500)
    ahead = b"other\n" if chunk > 1 else b""
    compress = gzip.compress if kind == "gzip" else zstd.compress
    damaged = compress(ahead) + whole[:at] + bytes([whole[at] | 6]) + whole[at + 1 :]  # no type of block
    outcome = run("unwrap", stdin=damaged)
    assert outcome.stdout_bytes == ahead + first
    assert outcome.stderr.startswith("<stdin>: corrupt: the compressed data is damaged; ")
    assert outcome.exit_code == 1


def test_all_of_healthy_data_can_be_rescued() -> None:
    assert Gzip().rescue(gzip.compress(b"text")) == b"text"


def test_a_wrong_checksum_costs_no_byte(run: Run) -> None:
    whole = gzip.compress(RESULT.encode())
    outcome = run("unwrap", stdin=whole[:-5] + b"\0\0\0\0\0")
    assert (outcome.stdout, outcome.exit_code) == (RESULT, 1)
    assert ": corrupt: " in outcome.stderr


@pytest.mark.parametrize(
    ("compress", "module", "advice"),
    [
        (zstd.compress, "backports", missing_extra("backports", "cli")),
        (bz2.compress, "_bz2", "bz2 is missing; this Python was built without it"),
        (lzma.compress, "_lzma", "lzma is missing; this Python was built without it"),
    ],
)
def test_without_the_library(
    run: Run, tmp_path: Path, compress: Callable[[bytes], bytes], module: str, advice: str
) -> None:
    path = tmp_path / "log"
    path.write_bytes(compress(RESULT.encode()))

    def refuse(_name: str) -> ModuleType:
        raise ModuleNotFoundError(name=module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planqk_protocol.inputs.compression.import_module", refuse)
        outcome = run("result", path)
    assert outcome.exit_code == 2
    assert outcome.stderr == f"planqk-protocol: cannot read {path}: {advice}\n"
