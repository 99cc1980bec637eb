"""What the server received: counters that all threads share."""

import collections
import hashlib
import threading
import time
from contextlib import contextmanager

lock = threading.Lock()
counts = collections.Counter()
presented = collections.Counter()
refreshed_at = []
in_flight = 0


class Call:
    """A refresh. It counts as failed until its view has answered."""

    status = 500


def count(name):
    with lock:
        counts[name] += 1


@contextmanager
def refresh(token):
    """Counts a refresh from its arrival to its answer; an exception that leaves the view becomes Django's 500."""
    global in_flight
    with lock:
        in_flight += 1
        counts["refresh_calls"] += 1
        refreshed_at.append(time.monotonic())
        counts["refresh_peak_in_flight"] = max(counts["refresh_peak_in_flight"], in_flight)
        presented[hashlib.sha256(token.encode()).hexdigest()] += 1
    call = Call()
    try:
        yield call
    finally:
        with lock:
            in_flight -= 1
            counts["refresh_ok"] += call.status == 200
            counts[f"refresh_{call.status}"] += 1


def read():
    with lock:
        answer = {**counts, "presented_twice": sum(1 for times in presented.values() if times > 1)}
        if len(refreshed_at) > 1:
            answer["shortest_gap_s"] = min(later - earlier for earlier, later in zip(refreshed_at, refreshed_at[1:]))
        return answer


def reset():
    with lock:
        counts.clear()
        presented.clear()
        refreshed_at.clear()
