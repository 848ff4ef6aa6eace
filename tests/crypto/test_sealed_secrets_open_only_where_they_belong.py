"""A sealed secret opens under its key, in its place, unchanged, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.crypto.sealing import SealingError, SealingKey, SealingKeys

KEYS = SealingKeys((SealingKey(b"a" * 32),))
OTHER = SealingKeys((SealingKey(b"b" * 32),))
PLACE = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"


@given(st.binary(max_size=5000), st.text(max_size=40))
def test_a_secret_comes_back_in_its_place(secret: bytes, place: str) -> None:
    sealed = KEYS.seal(secret, place)
    assert KEYS.open(sealed, place) == secret
    assert sealed != KEYS.seal(secret, place)
    assert len(secret) < 8 or secret not in sealed


@given(st.text(max_size=40).filter(lambda place: place != PLACE))
def test_a_row_swapped_in_the_database_is_refused(place: str) -> None:
    with pytest.raises(SealingError, match="belongs to another resource"):
        KEYS.open(KEYS.seal(b"secret", PLACE), place)


@given(st.data())
def test_any_change_of_a_byte_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(KEYS.seal(b"secret", PLACE))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealingError):
        KEYS.open(bytes(sealed), PLACE)
    with pytest.raises(SealingError):
        KEYS.open(bytes(sealed[:at]), PLACE)


def test_a_missing_key_is_named_by_its_id_alone() -> None:
    sealed = OTHER.seal(b"secret", PLACE)
    with pytest.raises(SealingError) as refused:
        KEYS.open(sealed, PLACE)
    assert OTHER.members[0].id.hex() in str(refused.value)
    assert OTHER.members[0].line not in str(refused.value)


def test_a_key_put_on_top_seals_and_the_old_one_still_opens() -> None:
    old = KEYS.seal(b"secret", PLACE)
    both = SealingKeys((*OTHER.members, *KEYS.members))
    assert both.open(old, PLACE) == b"secret"
    assert not both.is_current(old)
    new = both.seal(both.open(old, PLACE), PLACE)
    assert both.is_current(new)
    assert OTHER.open(new, PLACE) == b"secret"


def test_a_file_is_read_line_by_line() -> None:
    one, two = SealingKey.generate(), SealingKey.generate()
    text = f"# heading\n\n  {one.line}  # newest\n{two.line.rstrip('=')}\n"
    assert SealingKeys.parse(text) == SealingKeys((one, two))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "got 0 keys"),
        ("# nothing\n", "got 0 keys"),
        ("\nsecret!\n", "line 2 is not base64url"),
        ("c2hvcnQ=\n", "line 1 holds 5 bytes, expected 32"),
        (f"{SealingKey(b'x' * 32).line}\n" * 101, "got 101 keys"),
    ],
)
def test_a_file_that_is_none_is_refused_without_being_quoted(text: str, reason: str) -> None:
    with pytest.raises(SealingError, match=reason) as refused:
        SealingKeys.parse(text)
    assert "secret!" not in str(refused.value)


def test_a_key_is_kept_out_of_every_representation() -> None:
    key = SealingKey(b"k" * 32)
    assert "kkkk" not in repr(key) + repr(SealingKeys((key,)))
    assert key.line not in repr(SealingKeys((key,)))
