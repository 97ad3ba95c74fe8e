import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symclone_tf as sc
from symclone_tf.symmetry import (
    PermutationGroup,
    cyclic,
    orbits_of,
    orbits_of_pairs,
    symmetric,
    torus,
)


def orbits_by_search(starts, generators):
    """Orbits by a search from each start, one by one."""
    found = {}
    for start in starts:
        if start in found:
            continue
        number, new = len(set(found.values())), [start]
        while new:
            position = new.pop()
            if position not in found:
                found[position] = number
                new.extend(generator(position) for generator in generators)
    return [found[start] for start in starts]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.permutations(range(6)), min_size=1, max_size=3), st.data())
def test_orbits_are_those_of_a_search(generators, data):
    """Of points, and of pairs with as many permutations of other points."""
    others = [data.draw(st.permutations(range(4))) for _ in generators]
    points = orbits_by_search(range(6), [lambda p, g=g: g[p] for g in generators])
    assert orbits_of(generators).tolist() == points
    pairs = [(q, p) for q in range(4) for p in range(6)]
    both = [
        lambda pair, g=g, h=h: (h[pair[0]], g[pair[1]])
        for g, h in zip(generators, others)
    ]
    found = orbits_of_pairs(PermutationGroup(generators), PermutationGroup(others))
    assert found.reshape(-1).tolist() == orbits_by_search(pairs, both)


def test_orbits_of_a_thousand_points_are_found_in_a_second():
    for group, count in (
        (cyclic(1024), 1024),
        (symmetric(1024), 2),
        (torus(32, 32, rotations=True), 258),
    ):
        orbits_of_pairs(cyclic(3))  # imports SciPy
        times = []
        for _ in range(3):
            orbits_of_pairs.cache_clear()
            start = time.perf_counter()
            assert orbits_of_pairs(group).max() + 1 == count
            times.append(time.perf_counter() - start)
        assert min(times) < 1


def test_orbits_are_found_once_and_cannot_be_changed():
    found = orbits_of_pairs(cyclic(9))
    assert orbits_of_pairs(cyclic(9)) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 1


def test_other_numbers_of_generators_are_refused():
    message = r"as many generators as `group`.*Received: 2 generators of symmetric-4"
    with pytest.raises(ValueError, match=message):
        orbits_of_pairs(cyclic(4), symmetric(4))
    with pytest.raises(ValueError, match=message):
        sc.equivariance_error(
            None, cyclic(4), np.ones((1, 4, 1)), group_out=symmetric(4)
        )


def test_too_many_points_are_refused_with_what_they_would_take():
    message = r"20,000 × 20,000 pairs with 1 generators take 16 GB"
    before = psutil.Process().memory_info().rss
    with pytest.raises(MemoryError, match=message):
        orbits_of_pairs(cyclic(20_000))
    with pytest.raises(MemoryError, match="too many points"):
        sc.OrbitTeacher(cyclic(20_000))
    assert psutil.Process().memory_info().rss - before < 10**8
    groups = cyclic(20_000), PermutationGroup([[0]])
    assert sc.OrbitTeacher(*groups).kernel_entries == 1


def test_finding_takes_no_more_memory_than_estimated():
    """And not much less: by the peak of a process of its own."""
    code = """
import re
from symclone_tf.symmetry import orbits
from symclone_tf.symmetry.finite_groups import cyclic, symmetric
orbits.orbits_of_pairs(cyclic(3))
def peak():
    status = open("/proc/self/status").read()
    return 1024 * int(re.search("VmHWM: *([0-9]+)", status.replace(chr(9), " "))[1])
before = peak()
orbits.orbits_of_pairs(symmetric(1500))
estimate = 1500**2 * (orbits.BYTES_PER_PAIR + 2 * orbits.BYTES_PER_EDGE)
print((peak() - before) / estimate)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert 0.6 < float(done.stdout) <= 1


def test_more_memory_than_is_available_is_not_used(monkeypatch):
    class Little:
        available = 10**6

    monkeypatch.setattr(psutil, "virtual_memory", Little)
    with pytest.raises(MemoryError, match=r"0\.001 GB are available"):
        orbits_of_pairs(cyclic(301))
    assert orbits_of_pairs(cyclic(100)).shape == (100, 100)
