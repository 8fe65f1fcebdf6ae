"""The buckets behind the quotas: never more than was granted, never less, and what is said of them is true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.auth import Principal
from shared.kit.calls import Call
from shared.kit.errors import TooManyRequests
from shared.kit.quotas import Buckets, Quotas

SECOND = 1_000_000_000
KEY = ("client", "writes")
gaps = st.lists(st.integers(0, 20 * SECOND) | st.integers(0, SECOND // 10), min_size=1, max_size=120)


@given(limit=st.integers(1, 40), gaps=gaps)
def test_no_stretch_of_time_gives_more_than_its_share(limit: int, gaps: list[int]) -> None:
    buckets, now, taken = Buckets(), 0, []
    for gap in gaps:
        now += gap
        if buckets.take(KEY, limit, now).allowed:
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[last] - taken[first]
            # A full bucket, and what ran in meanwhile.
            assert last - first + 1 <= limit + stretch * limit // (60 * SECOND)


@given(limit=st.integers(1, 2000))
def test_a_full_bucket_holds_its_limit_exactly(limit: int) -> None:
    buckets = Buckets()
    left = [buckets.take(KEY, limit, 0) for _ in range(limit)]
    assert [one.remaining for one in left] == list(range(limit - 1, -1, -1))
    assert all(one.allowed for one in left)
    assert not buckets.take(KEY, limit, 0).allowed


@given(limit=st.integers(1, 40), gaps=gaps)
def test_what_is_said_holds(limit: int, gaps: list[int]) -> None:
    """`r` more go through at once; nothing is refused while r > 0; after `t` of an empty bucket there is something."""
    buckets, now = Buckets(), 0
    for gap in gaps:
        now += gap
        said = buckets.take(KEY, limit, now)
        assert said.reset_seconds >= 1
        more = Buckets()
        more._taken = dict(buckets._taken)
        assert [more.take(KEY, limit, now).allowed for _ in range(said.remaining + 1)] == [True] * said.remaining + [
            False
        ]
        later = Buckets()
        later._taken = dict(buckets._taken)
        after = later.take(KEY, limit, now + said.reset_seconds * SECOND)
        assert after.allowed
        if said.remaining:
            assert after.remaining == limit - 1
    # A minute of rest, and all is there again.
    assert buckets.take(KEY, limit, now + 60 * SECOND).remaining == limit - 1


def test_a_limit_that_changes_holds_at_once() -> None:
    buckets = Buckets()
    for _ in range(100):
        buckets.take(KEY, 100, 0)
    assert not buckets.take(KEY, 10, 0).allowed
    assert buckets.take(KEY, 200, 0).remaining == 99


def test_memory_is_bounded_and_the_longest_away_goes_first() -> None:
    buckets = Buckets(at_most=3)
    for client in "abcad":
        buckets.take((client, "writes"), 5, 0)
    assert len(buckets) == 3
    assert buckets.take(("a", "writes"), 5, 0).remaining == 2
    assert buckets.take(("b", "writes"), 5, 0).remaining == 4


def who(client: str = "client", **own: int) -> Principal:
    return Principal(client, "11370102004190001X", frozenset(), 0, **own)


def admit(quotas: Quotas, method: str, principal: Principal) -> dict[bytes, bytes]:
    call = Call(principal.client_id, principal.organization)
    quotas.admit(principal, method, call)
    return dict(call.headers)


def test_reads_and_writes_and_clients_are_counted_apart() -> None:
    quotas = Quotas(reads=2, writes=1, clock=lambda: 0)
    assert admit(quotas, "PUT", who())[b"ratelimit"] == b'"writes";r=0;t=60'
    assert admit(quotas, "GET", who()) == {
        b"ratelimit-policy": b'"reads";q=2;w=60',
        b"ratelimit": b'"reads";r=1;t=30',
    }
    admit(quotas, "DELETE", who("another"))
    with pytest.raises(TooManyRequests) as refused:
        admit(quotas, "POST", who())
    assert refused.value.headers == {"Retry-After": "60"}
    assert refused.value.facts == {"limit": 1}


def test_a_clients_own_quota_wins_and_zero_is_none() -> None:
    quotas = Quotas(reads=0, writes=1, clock=lambda: 0)
    assert admit(quotas, "GET", who()) == {}
    assert admit(quotas, "GET", who(reads_per_minute=600))[b"ratelimit-policy"] == b'"reads";q=600;w=60'
    assert [one.limit for one in quotas.in_force(who(writes_per_minute=5))] == [None, 5]
