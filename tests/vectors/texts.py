"""Names and lines of text that are good and that are not, by what is special about each."""

from __future__ import annotations

GOOD_NAMES = ("a", "0", "a-b", "a.b_c-d", "0a", "a--b", "a..b", "x" * 64)
BAD_NAMES = {
    "no characters": "",
    "a capital": "Thor",
    "65 characters": "x" * 65,
    "a hyphen first": "-a",
    "a hyphen last": "a-",
    "a dot first": ".a",
    "an underscore last": "a_",
    "a space": "a b",
    "an at sign": "a@b",
    "a slash": "a/b",
    "a line end after it": "thor\n",
    "a zero after it": "thor\0",
    "a letter with an accent": "thôr",
    "a Cyrillic letter": "th\N{CYRILLIC SMALL LETTER O}r",
    "an Arabic digit": "a\N{ARABIC-INDIC DIGIT ONE}",
}
GOOD_LINES = {
    "nothing": "",
    "120 characters": "x" * 120,
    "120 characters of four bytes": "\U0001f600" * 120,
    "a no-break space": "a\u00a0b",
    "the neighbours of what is refused": "\u0020\u007e\u00a0\u2027\u202f\u2065\u206a",
    "a byte order mark and a private character": "\ufeff\ue000",
    "an unassigned character": "\u0378\U0010ffff",
}
BAD_LINES = {
    "121 characters": "x" * 121,
    **{
        f"U+{code:04X}": f"a{chr(code)}b"
        for code in (0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x7F, 0x80, 0x85, 0x9F)
    },
    **{f"U+{code:04X}": f"a{chr(code)}b" for code in (0x2028, 0x2029, 0x202A, 0x202E)},
    **{f"U+{code:04X}": f"a{chr(code)}b" for code in (0x2066, 0x2069)},
}
