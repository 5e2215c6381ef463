"""Decoders that are wrong about JSON in one small point, which a single vector notices."""

from __future__ import annotations

import re
from typing import ClassVar

from tests.conformance.zoo.plain import Plain, RefusedError
from tests.conformance.zoo.register import noticed_by

OVERLONG = rb"\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
"""Overlong forms of three and four bytes."""

# --- JSON that is none


class Lenient(Plain):
    """Reads a pattern that JSON does not have as if something else stood there."""

    pattern: ClassVar[bytes]
    meaning: ClassVar[bytes] = b" "

    def check(self, payload: bytes) -> None:
        super().check(re.sub(self.pattern, self.meaning, payload))


@noticed_by("json/control-characters")
class TakesSomeControlCharacters(Lenient):
    """Refuses line ends, tabs and NULs in strings, and no other control characters."""

    pattern = rb'(?<=")[\x02-\x08\x0b\x0c\x0e-\x1f](?=")'


@noticed_by("json/control-characters-in-keys")
class SkipsKeys(Lenient):
    """Looks for the end of a key, and does not look into it."""

    pattern = rb'"[^"]*"(?=\s*:)'
    meaning = b'""'


@noticed_by("json/other-escapes")
class KnowsEscapesOfC(Lenient):
    """Knows some escapes of C, too."""

    pattern = rb"\\[aev0']"


@noticed_by("json/wrong-hexadecimal-digits")
class ReadsDigitsAsIntegers(Lenient):
    """Reads the digits of an escape with ``int``, which takes signs, spaces and underscores."""

    pattern = rb"\\u(?:[-+ ]\d{3}|\d{3} |0x\d\d|\d_\d\d)"


@noticed_by("json/cut-strings")
class EndsAtAWrongEscape(Lenient):
    """Ends a string at an escape that it does not know."""

    pattern = rb"\\(?=\]\Z)"
    meaning = b'"'


@noticed_by("json/other-comments")
class DropsTheFirstComment(Lenient):
    """Drops a comment before the value."""

    pattern = rb"^\s*/\*.*?\*/"


@noticed_by("json/backslash-before-lf")
class ContinuesLines(Lenient):
    """Lets a backslash continue a string on the next line, as JSON5 does."""

    pattern = rb"\\\n"


@noticed_by("json/other-blanks-before")
class TakesVtBefore(Lenient):
    """Takes VT for white space before a value."""

    pattern = rb"^ *\x0b"


@noticed_by("json/other-blanks-after")
class StripsTheEnd(Lenient):
    """Strips the end of a payload with ``bytes.rstrip``."""

    pattern = rb"\s+\Z"


@noticed_by("json/other-blanks-between")
class TokensAreApart(Lenient):
    r"""Matches the white space between tokens as ``\s``."""

    pattern = rb"(?<=[\d,\[])\s+(?=[,\]])"


@noticed_by("json/overlong-forms")
class DecodesOverlongForms(Lenient):
    """Decodes overlong forms of three and four bytes."""

    pattern = OVERLONG


@noticed_by("json/utf-8-out-of-range")
class DecodesBeyondUnicode(Lenient):
    """Decodes forms of four bytes beyond U+10FFFF."""

    pattern = rb"\xf4[\x90-\xbf][\x80-\xbf]{2}"


@noticed_by("json/utf-8-broken")
class SkipsContinuationBytes(Lenient):
    """Skips continuation bytes that continue nothing."""

    pattern = rb'(?<=")[\x80-\xbf]+'


@noticed_by("json/wrong-numbers")
class TakesZerosAfterASign(Lenient):
    """Takes leading zeros after a sign."""

    pattern = rb"-0(?=\d)"
    meaning = b"-"


@noticed_by("json/wrong-words")
class KnowsWordsByTheirBeginning(Lenient):
    """Does not look at what follows the letters of a word."""

    pattern = rb"(?<=null|alse)\w+"


@noticed_by("json/wrong-arrays")
class TakesLeadingCommas(Lenient):
    """Skips a comma at the beginning of an array."""

    pattern = rb"(?<=\[),"


@noticed_by("json/wrong-objects")
class TakesMissingValues(Lenient):
    """Takes a key without a value for one whose value is null."""

    pattern = rb":(?=\})"
    meaning = b":null"


@noticed_by("json/several-values")
class DropsTheLastComma(Lenient):
    """Drops a comma after the value."""

    pattern = rb",\Z"


# --- JSON that is refused


class Strict(Plain):
    """Refuses a pattern that JSON has."""

    pattern: ClassVar[bytes]

    def check(self, payload: bytes) -> None:
        super().check(payload)
        if re.search(self.pattern, payload):
            raise RefusedError("invalid-json")


@noticed_by("json/hexadecimal-digits")
class LowerCaseDigits(Strict):
    """Knows hexadecimal digits in lower case alone."""

    pattern = rb"\\u[\da-f]*[A-F]"


@noticed_by("json/number-forms")
class NoZerosInExponents(Strict):
    """Refuses leading zeros in exponents."""

    pattern = rb"[eE][-+]?0\d"


@noticed_by("json/utf-8-edges")
class RefusesThePrivatePlane(Strict):
    """Refuses the last plane of Unicode."""

    pattern = rb"\xf4"
