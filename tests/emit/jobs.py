"""Jobs that the tests run as programs: ``python jobs.py NAME``."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from types import FrameType

from planqk_protocol.emit import Emitter

FORKS = hasattr(os, "fork")
NUMBERS = 25
draw = random.Random()  # noqa: S311  # no secret


def crowd(size: int) -> None:
    """Threads, forked children, child processes and native code print at the same time.

    Args:
        size: Length of a text in each interim result.
    """
    emitter = Emitter()

    def print_results(name: str) -> None:
        for number in range(NUMBERS):
            emitter.interim_result({"by": name, "number": number, "text": "x" * draw.randrange(size)})
            emitter.log(f"{name} {number}\nPlanQK:Job:Result: 1")
            emitter.log("{}")

    def write_natively(stop: threading.Event) -> None:
        while not stop.is_set():
            os.write(1, b"PlanQK:Job:Result: 1\n")
            os.write(1, b"PlanQK:Job:MultilineResult\n50 %")
            ctypes.CDLL(None).puts(b"PlanQK:Job:Result: 2")
            print("PlanQK:Job:Result: 3")
            time.sleep(0.001)

    stop = threading.Event()
    children = []
    with emitter.capture_fd():
        threads = [threading.Thread(target=print_results, args=[f"thread {n}"]) for n in range(3)]
        native = threading.Thread(target=write_natively, args=[stop])
        for thread in (native, *threads):
            thread.start()
        for number in range(3 * FORKS):
            if not (child := os.fork()):
                print_results(f"child {number}")
                os.write(1, b"PlanQK:Job:Result: 4")
                os._exit(0)
            children.append(child)
        subprocess.run(["echo", "PlanQK:Job:Result: 5"], check=True)
        emitter.result({"sum": 42, "text": "x" * size})
        for thread in threads:
            thread.join()
        stop.set()
        native.join()
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
    emitter.log("end")


def beside_others() -> None:
    """Native code leaves lines unfinished, with short writes, while emitters print short ones."""
    emitter = Emitter()
    stop = threading.Event()

    def write_natively() -> None:
        while not stop.is_set():
            os.write(1, b"50 %")
            time.sleep(0.0005)

    native = threading.Thread(target=write_natively)
    native.start()
    for number in range(NUMBERS):
        emitter.interim_result({"by": "main", "number": number, "text": "x" * 3000})
        time.sleep(0.001)
    emitter.multiline_result({"sum": 42})
    stop.set()
    native.join()


def killed(size: int) -> None:
    """Children print without end, and are killed at random moments.

    The streams that they leave go to standard output, each after its length in 8 bytes.
    """
    Emitter()  # loads what the children share
    for _ in range(25):
        read, write = os.pipe()
        if not (child := os.fork()):
            os.dup2(write, 1)
            os.close(read)
            os.close(write)
            print_for_ever(size)
        os.close(write)
        data = os.read(read, 1 << 20)
        time.sleep(draw.random() * 0.004)
        os.kill(child, signal.SIGKILL)
        while more := os.read(read, 1 << 20):
            data += more
        os.close(read)
        os.waitpid(child, 0)
        sys.stdout.buffer.write(len(data).to_bytes(8) + data)
        sys.stdout.flush()  # a child would inherit what is buffered


def print_for_ever(size: int) -> None:
    emitter = Emitter()
    number = 0
    while True:
        emitter.interim_result([number, "x" * draw.randrange(size)])
        emitter.log("PlanQK:Job:Result: 1")
        if number == 5:
            emitter.multiline_result([number, "x" * draw.randrange(size)])
        number += 1


def one_of_many() -> None:
    """Many processes have a result, and one may print it."""
    emitter = Emitter()
    children = []
    for number in range(8):
        if not (child := os.fork()):
            try:
                emitter.result(number)
            except Exception:  # noqa: BLE001  # a child ends here, whatever happens
                os._exit(3)
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    emitter.log(f"exit codes {sorted(codes)}")


def until_closed() -> None:
    """Prints until its reader is gone."""
    emitter = Emitter()
    with emitter:
        while True:
            print("buffered by Python ", end="")
            emitter.log("a line")


def until_signal() -> None:
    """Prints long lines until SIGTERM, whose handler prints, too."""
    emitter = Emitter()

    def end(_number: int, _frame: FrameType | None) -> None:
        emitter.log("asked to end")
        sys.exit(7)

    signal.signal(signal.SIGTERM, end)
    with emitter:
        while True:
            emitter.interim_result("x" * 1_000_000)


def of_another_locale() -> None:
    """Prints text in UTF-8 whatever the encoding of standard output is."""
    emitter = Emitter()
    emitter.log("grün €")
    emitter.result("grün €")


def native_text_at_the_end() -> None:
    """The C library holds text back until the process ends, or somebody flushes it."""
    emitter = Emitter()
    library = ctypes.CDLL(None)
    library.printf(b"PlanQK:Job:InterimResult: 1\n")
    with emitter.capture_fd():
        library.printf(b"PlanQK:Job:Result: 2\n")
        print("PlanQK:Job:Result: 3")
    library.printf(b"PlanQK:Job:InterimResult: 4\n")


JOBS: dict[str, Callable[[], None]] = {
    "crowd-short": lambda: crowd(1000),
    "crowd-long": lambda: crowd(200_000),
    "killed-short": lambda: killed(1800),
    "killed-long": lambda: killed(200_000),
    **{
        job.__name__: job
        for job in (
            *(beside_others, one_of_many, until_closed, until_signal),
            *(of_another_locale, native_text_at_the_end),
        )
    },
}

if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks with threads, from Python 3.12 on
    JOBS[sys.argv[1]]()
