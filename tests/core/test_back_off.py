"""Who may ask Redis while it is away."""

import pytest

from core.read_through.back_off import BackOff


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def back_off(clock: Clock) -> BackOff:
    return BackOff(first_s=1, most_s=4, clock=clock)


def test_all_may_ask_while_it_answers(back_off):
    back_off.answered()

    assert all(back_off.admits() for _ in range(3))


def test_nobody_asks_for_a_while_after_a_failure_and_then_one(back_off, clock):
    assert back_off.failed() is True
    assert not back_off.admits()

    clock.now += 1
    assert [back_off.admits() for _ in range(3)] == [True, False, False]


def test_each_further_failure_doubles_the_wait_up_to_the_most(back_off, clock):
    back_off.failed()
    waits = []
    for _ in range(5):
        began = clock.now
        while not back_off.admits():
            clock.now += 0.5
        assert back_off.failed() is False
        waits.append(clock.now - began)

    assert waits == [1, 2, 4, 4, 4]


def test_all_may_ask_again_once_one_was_answered(back_off, clock):
    back_off.failed()
    clock.now += 1
    back_off.admits()
    back_off.answered()

    assert all(back_off.admits() for _ in range(3))
    assert back_off.failed() is True


def test_many_that_fail_at_once_are_one_failure(back_off, clock):
    assert [back_off.failed() for _ in range(5)] == [True, False, False, False, False]

    clock.now += 1
    assert back_off.admits()
