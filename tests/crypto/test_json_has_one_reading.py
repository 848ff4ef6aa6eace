"""Signed JSON is read strictly, so that no second parser can read something else (THREATS B69)."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.limits import MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH
from binauthz.crypto.strict_json import NotStrictJsonError, parse_object

REFUSED = {
    "nothing": b"",
    "blank": b"  ",
    "text": b"hello",
    "array": b"[]",
    "string": b'"x"',
    "null": b"null",
    "duplicate": b'{"a":1,"a":1}',
    "duplicate below": b'{"a":[{"b":1,"b":2}]}',
    "duplicate escaped": b'{"a":1,"\\u0061":2}',
    "trailing document": b"{}{}",
    "trailing text": b"{} x",
    "trailing nul": b"{}\0",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16-le"),
    "latin-1": '{"a":"é"}'.encode("latin-1"),
    "overlong utf-8": b'{"a":"\xc0\xaf"}',
    "surrogate utf-8": b'{"a":"\xed\xa0\x80"}',
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "single quotes": b"{'a':1}",
    "comment": b"{}//",
    "trailing comma": b'{"a":1,}',
    "control character": b'{"a":"\n"}',
    "huge number": b'{"a":' + b"9" * 5000 + b"}",
    "too deep": b'{"a":' + b"[" * MAX_PAYLOAD_DEPTH + b"]" * MAX_PAYLOAD_DEPTH + b"}",
    "bottomless": b'{"a":' + b"[" * 60_000,
    "too large": b'{"a":"' + b"x" * MAX_PAYLOAD_BYTES + b'"}',
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refused(data: bytes) -> None:
    with pytest.raises(NotStrictJsonError) as caught:
        parse_object(data)
    assert len(str(caught.value)) < 300


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    data = json.dumps({"a": "[{" * 500 + '"\\', "b": [[]] * 50}).encode()
    assert parse_object(data)["a"] == "[{" * 500 + '"\\'


def test_depth_up_to_the_bound_is_read() -> None:
    inner = MAX_PAYLOAD_DEPTH - 1
    assert parse_object(b'{"a":' + b"[" * inner + b"]" * inner + b"}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_what_a_plain_writer_wrote_is_read_back(document: dict[str, object], indent: int | None, escaped: bool) -> None:
    data = json.dumps(document, indent=indent, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert parse_object(data) == document


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_an_object_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotStrictJsonError):
        assert isinstance(parse_object(data), dict)
