"""Doubts about the inputs themselves: about their format, their container and their order."""

from __future__ import annotations

from planqk_protocol.captures import Captured
from planqk_protocol.cli.capture_messages import another_format, backwards, guess
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.inputs.detection import is_no_record, looks_like
from planqk_protocol.inputs.event_stream import EventStream

__all__ = ["DISORDER", "InputDoubts"]

DISORDER = "disorder"
"""The kind of the message that a file is older than the one before it."""


class InputDoubts:
    """Says on standard error what speaks against the inputs as the user named them.

    Args:
        stream: The stream of the inputs.
        subject: The name of the inputs.
        messages: Standard error.
    """

    def __init__(self, stream: EventStream, subject: str, messages: Messages) -> None:
        self._stream = stream
        self._subject = subject
        self._messages = messages
        self._no_records = 0
        self._is_guess_said = False

    def observe(self, captured: Captured) -> None:
        """Count the bytes that are no records. At the first notice, say that the format was guessed."""
        if captured.notices:
            self._no_records += sum(map(is_no_record, captured.notices))
            self.say_guess()

    def say_guess(self) -> None:
        """Say that the format was guessed, if it was. It is said once."""
        stream = self._stream
        if stream.is_guessed and stream.is_wrapped and not self._is_guess_said:
            self._is_guess_said = True
            self._messages.say(self._subject, guess(stream.format))

    def wrong_input(self) -> list[str]:
        """The messages that the inputs are in another format, are no log, or lack the container named."""
        stream = self._stream
        wrong = stream.answer_without_entries
        if not (wrong or stream.is_guessed):
            looks = looks_like(stream.format, self._no_records, stream.line_count, bytes(stream.head))
            wrong = looks and another_format(stream.format, looks)
        return [message for message in (wrong, stream.missing_container) if message is not None]

    def say_disorder(self) -> bool:
        """Whether an input is older than the one before it. Each one is said."""
        for disorder in self._stream.disorder:
            self._messages.say(disorder.second, backwards(disorder.first), DISORDER)
        return bool(self._stream.disorder)
