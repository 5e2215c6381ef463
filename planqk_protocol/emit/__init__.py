"""What a job prints: log text, interim results and its result, as the protocol has them.

`Emitter` prints. `log_line`, `interim_result_line`, `result_line` and
`multiline_result_block` return the bytes, and print nothing.

>>> from planqk_protocol.emit import Emitter
>>> emitter = Emitter()
>>> emitter.log("adding")
adding
>>> emitter.result({"sum": 42})
<BLANKLINE>
PlanQK:Job:Result: {"sum": 42}
"""

from planqk_protocol.emit.emitter import Emitter
from planqk_protocol.emit.lines import interim_result_line, log_line, multiline_result_block, result_line
from planqk_protocol.emit.log_handler import EmitterHandler
from planqk_protocol.errors import SecondResultError

__all__ = [
    "Emitter",
    "EmitterHandler",
    "SecondResultError",
    "interim_result_line",
    "log_line",
    "multiline_result_block",
    "result_line",
]
