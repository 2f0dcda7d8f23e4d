"""The table of supervision, row by row: what an error's disposition means before and after the first start."""

import threading
from collections.abc import Callable, Iterable

import pytest

from connector.model import errors
from connector.model.errors import Disposition, RowcastError, all_errors
from connector.model.telemetry import NoTelemetry
from connector.stream import supervision
from connector.stream.supervision import FIRST_START_S, RESYNC_LIMIT, supervise

RETRY, RESYNC = errors.SourceConnectionLost, errors.KafkaTransactionAborted
OPERATOR, BUG = errors.PositionPurged, errors.TableMapUnknown
ATTEMPT_S = 1.0


class Clock:
    """Time that passes when somebody waits; what was waited for is remembered."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now


class Stop(threading.Event):
    """A stop request that never sleeps."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.waits.append(timeout or 0.0)
        self._clock.now += timeout or 0.0
        return self.is_set()


class Life:
    """One attempt: how far it came, and how it ended."""

    def __init__(
        self, clock: Clock, error: type[RowcastError] | None, *, started: bool = False, progressed: bool = False
    ) -> None:
        self._clock = clock
        self._error = error
        self.started = started or progressed
        self.progressed = progressed

    def run(self) -> None:
        self._clock.now += ATTEMPT_S
        if self._error:
            raise self._error("it ended")


class Counted(NoTelemetry):
    def __init__(self) -> None:
        self.errors: list[str] = []
        self.retries: list[str] = []

    def error(self, code: str) -> None:
        self.errors.append(code)

    def retry(self, reason: str) -> None:
        self.retries.append(reason)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replaces the module's clock."""
    made = Clock()
    monkeypatch.setattr(supervision, "time", made)
    return made


def run(clock: Clock, lives: Callable[[int], Life], telemetry: NoTelemetry | None = None) -> int:
    """Supervise attempt after attempt; how many there were."""
    count = 0

    def attempt() -> Life:
        nonlocal count
        count += 1
        return lives(count)

    supervise(attempt, Stop(clock), telemetry or NoTelemetry())
    return count


def ends_after(clock: Clock, error: type[RowcastError], lives: Callable[[int], Life]) -> int:
    """How many attempts there were until this error came out."""
    count = 0

    def counted(number: int) -> Life:
        nonlocal count
        count = number
        assert number < 500, "it never ends"
        return lives(number)

    with pytest.raises(error):
        run(clock, counted)
    return count


def series(clock: Clock, *lives: type[RowcastError] | None, started: bool) -> Callable[[int], Life]:
    return lambda number: Life(clock, lives[number - 1], started=started)


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("error", [OPERATOR, BUG, errors.StreamFenced])
def test_a_person_or_a_bug_ends_it_at_once(clock: Clock, error: type[RowcastError], started: bool) -> None:
    assert ends_after(clock, error, series(clock, error, started=started)) == 1
    assert clock.waits == []


def test_retry_before_the_first_start_ends_in_time(clock: Clock) -> None:
    """`run` has to say within 90 s that a server cannot be reached."""
    ends_after(clock, RETRY, lambda _: Life(clock, RETRY))
    assert FIRST_START_S - 2 * ATTEMPT_S - 5 < clock.now <= FIRST_START_S + ATTEMPT_S


def test_retry_after_the_first_start_has_no_end(clock: Clock) -> None:
    lives = lambda number: Life(clock, RETRY if number < 300 else None, started=number == 1)  # noqa: E731
    assert run(clock, lives) == 300
    assert clock.now > 10 * FIRST_START_S


def test_resync_is_limited(clock: Clock) -> None:
    assert ends_after(clock, RESYNC, lambda _: Life(clock, RESYNC, started=True)) == RESYNC_LIMIT + 1


def test_resync_before_the_first_start_is_limited_alike(clock: Clock) -> None:
    assert ends_after(clock, RESYNC, lambda _: Life(clock, RESYNC)) == RESYNC_LIMIT + 1


def test_resync_counts_anew_after_a_commit(clock: Clock) -> None:
    lives = lambda number: Life(clock, RESYNC if number < 100 else None, progressed=number % RESYNC_LIMIT == 0)  # noqa: E731
    assert run(clock, lives) == 100


def test_retries_between_do_not_reset_the_resyncs(clock: Clock) -> None:
    """An attempt that only started has proved nothing about the transaction that is aborted each time."""
    count = ends_after(clock, RESYNC, lambda number: Life(clock, RETRY if number % 2 else RESYNC, started=True))
    assert count == 2 * (RESYNC_LIMIT + 1)


def test_back_off_doubles_to_a_limit_and_starts_anew_after_a_commit(clock: Clock) -> None:
    lives = lambda number: Life(clock, RETRY if number < 10 else None, started=True, progressed=number == 7)  # noqa: E731
    run(clock, lives)
    full = [0.5, 1, 2, 4, 5, 5, 0.5, 1, 2]
    assert len(clock.waits) == len(full)
    assert all(most / 2 <= wait <= most for wait, most in zip(clock.waits, full, strict=True))


def test_a_good_end_is_the_end(clock: Clock) -> None:
    assert run(clock, lambda _: Life(clock, None)) == 1


def test_a_stop_request_ends_the_attempts(clock: Clock) -> None:
    stop = Stop(clock)
    stop.set()
    supervise(lambda: pytest.fail("no attempt any more"), stop, NoTelemetry())

    stop.clear()
    lives: list[Life] = []

    def attempt() -> Life:
        stop.set()  # while it runs
        lives.append(Life(clock, RETRY))
        return lives[-1]

    supervise(attempt, stop, NoTelemetry())
    assert len(lives) == 1


def test_telemetry(clock: Clock) -> None:
    counted = Counted()
    outcomes: Iterable[type[RowcastError] | None] = (RETRY, RESYNC, None)
    run(clock, series(clock, *outcomes, started=True), counted)
    assert counted.errors == counted.retries == [RETRY.code, RESYNC.code]
    last = Counted()
    with pytest.raises(OPERATOR):
        run(clock, series(clock, OPERATOR, started=True), last)
    assert (last.errors, last.retries) == ([OPERATOR.code], [])


def test_foreign_errors_are_not_caught(clock: Clock) -> None:
    class Broken(Life):
        def run(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(clock, lambda _: Broken(clock, None))


@pytest.mark.parametrize("error", list(all_errors()), ids=lambda error: str(error.code))
def test_every_error_has_its_row(clock: Clock, error: type[RowcastError]) -> None:
    """After the first start: tried again, tried again a few times, or the end."""
    lives: Callable[[int], Life] = lambda number: Life(clock, error if number < 50 else None, started=True)  # noqa: E731
    match error.disposition:
        case Disposition.RETRY:
            assert run(clock, lives) == 50
        case Disposition.RESYNC:
            assert ends_after(clock, error, lives) == RESYNC_LIMIT + 1
        case _:
            assert ends_after(clock, error, lives) == 1
