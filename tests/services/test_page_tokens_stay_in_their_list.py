"""A page token is good for one list, one parent and one filter."""

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.services.paging import Page, PageRequest, window


def walk(items: list[str], *identity: str, token: str = "", size: int = 2) -> Page[str]:
    where = window(PageRequest(size=size, token=token), *identity, default=3, maximum=4)
    found = [item for item in items if item > where.after][: where.size + 1]
    return where.page(found, str)


def test_a_walk_returns_everything_once() -> None:
    items, seen, token = list("abcdefg"), [], ""
    while True:
        page = walk(items, "l", token=token)
        seen += page.items
        token = page.next_token
        if not token:
            break
    assert seen == items


def test_size_zero_is_the_default_and_a_large_one_is_lowered_to_the_maximum() -> None:
    assert len(walk(list("abcdefg"), "l", size=0).items) == 3
    assert len(walk(list("abcdefg"), "l", size=5000).items) == 4


def test_a_full_last_page_has_no_token() -> None:
    assert walk(list("ab"), "l").next_token == ""


def gathered(items: list[str], *, token: str = "", size: int = 2, weight: int = 1) -> Page[str]:
    where = window(PageRequest(size=size, token=token), "l", default=3, maximum=1000)
    return where.gather(
        lambda after, limit: [item for item in items if item > after][:limit], name=str, weight=lambda _: weight
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 250, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 250])
def test_pages_gathered_in_chunks_return_everything_once(size: int, count: int) -> None:
    items = [f"{number:04}" for number in range(count)]
    seen: list[str] = []
    token, pages = "", 0
    while True:
        page = gathered(items, token=token, size=size)
        assert len(page.items) == min(size, count - len(seen))
        seen += page.items
        token, pages = page.next_token, pages + 1
        if not token:
            break
    assert seen == items
    assert pages == max(1, -(-count // size))


def test_B46_a_page_ends_early_when_it_grows_heavy_and_never_stays_empty() -> None:
    items = list("abc")
    seen, token = [], ""
    while True:
        page = gathered(items, token=token, size=3, weight=2 << 20)
        assert len(page.items) == 1
        seen += page.items
        token = page.next_token
        if not token:
            break
    assert seen == items


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        walk([], "l", size=-1)
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("identity", [("other", "p", "f"), ("l", "q", "f"), ("l", "p", ""), ("l", "pf", "")])
def test_the_token_of_another_list_is_refused(identity: tuple[str, ...]) -> None:
    token = walk(list("abc"), "l", "p", "f").next_token
    with pytest.raises(ApiError) as caught:
        walk(list("abc"), *identity, token=token)
    assert caught.value.violations[0].field == "pageToken"


@pytest.mark.parametrize("token", ["x", "%%%", "WyJhIl0", "bnVsbA", "e30", "WzEsMl0", "A" * 5000, "é", "W10"])
def test_a_token_nobody_gave_out_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as caught:
        walk([], "l", token=token)
    assert caught.value.code is Code.INVALID_ARGUMENT
