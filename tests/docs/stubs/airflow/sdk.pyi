# What the recipe uses of Airflow 3, which is too heavy to install for that.
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

def task(*, execution_timeout: timedelta | None = None) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]: ...
def dag(*, schedule: str | None) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]: ...
