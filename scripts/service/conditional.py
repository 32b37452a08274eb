"""Conditional requests (RFC 9110, 13.1.2)."""

import re

_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Say whether who asks has an answer with this tag: compared weakly, for proxies that pack make tags weak."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)
