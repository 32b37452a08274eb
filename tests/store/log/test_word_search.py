"""A person's word is found in bytes however it is written there, and other words are not."""

import base64
import gzip
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from outcomes.store.log.word_search import holds_any

NAME = "Zoë Quillfeather-Ünal"
OTHER = "Bo Bramblethwaite of Nowhere"

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "in small letters": lambda text: text.lower().encode(),
    "in capitals": lambda text: text.upper().encode(),
    "Latin-1": lambda text: text.encode("cp1252"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first": lambda text: text.encode("utf-16-be"),
    "UTF-16 behind an odd byte": lambda text: b"{" + text.encode("utf-16-le"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"name": text})).encode(),
    "an address": lambda text: quote(text).encode(),
    "an address twice over": lambda text: quote(quote(text)).encode(),
    "a form": lambda text: quote(text).replace("%20", "+").encode(),
    "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "letters with their marks apart": lambda text: text.replace("ë", "e\u0308").encode(),
    "Base64": lambda text: base64.b64encode(f"name: {text}.".encode()),
    "Base64 for addresses": lambda text: base64.urlsafe_b64encode(f"??>>{text}".encode()),
    "Base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zstandard": lambda text: zstandard.compress(text.encode()),
    "gzip in Base64": lambda text: base64.b64encode(gzip.compress(f"{text} and so on".encode())),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("size", [7, 1 << 16])
def test_a_word_is_found(name: str, size: int) -> None:
    """In the middle of other bytes, in parts of any size."""
    raw = WRITTEN[name](f"{'x' * 40} {NAME} {'y' * 40}")
    parts = [raw[at : at + size] for at in range(0, len(raw), size)]
    if "gzip" not in name and name != "zstandard":  # the mark of a packed file comes in one piece
        assert holds_any(parts, [NAME])
    assert holds_any([raw], ["nobody of this name", NAME])
    assert not holds_any([raw], [OTHER])


@given(st.binary(max_size=300))
def test_any_bytes_can_be_searched(raw: bytes) -> None:
    """Whatever they are: no error, and nothing found that is not there."""
    assert not holds_any([raw], [OTHER])
