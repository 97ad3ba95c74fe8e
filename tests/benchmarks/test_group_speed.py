"""What is timed of group convolutions, and what the page says of it."""

import pytest

from benchmarks import group_speed

pytestmark = pytest.mark.slow


def test_layers_of_as_many_channels_are_timed_and_reported():
    row = group_speed.measure("c4", 8, 3, 2, 1, repetitions=1)
    assert (row["elements"], row["channels"]) == (4, 2)
    cloned = group_speed.cloning([("c4", 3), ("c8", 3)], 6, repetitions=1)
    assert [each["group"] for each in cloned] == ["c4", "c8"]
    text = group_speed.report({"machine": {}, "layers": [row], "cloning": cloned})
    ratio = row["frozen_step"] / row["group_step"]
    assert "| c4 | 3×3 | 4 × 2 | 1 | " in text
    assert f"({ratio:.2f}) |" in text
    ratio = cloned[1]["on_group"] / cloned[0]["on_group"]
    assert f"| {cloned[1]['on_group']:.2f} | {ratio:.1f} |" in text
