"""The page on attention says what was measured."""

from pages import doc, flowing, results


def test_times_are_those_of_the_run():
    small, large = results("attention_speed")["rows"]
    assert (small["patches"], large["patches"]) == (8, 14)
    rows = small, large
    forward, step = (
        [f"{row[f'cloned_{part}'] / row[f'multihead_{part}']:.2f}" for row in rows]
        for part in ("forward", "step")
    )
    text = flowing(doc("attention"))
    assert f"take {forward[0]} times as long on 8×8 patches and {forward[1]} on" in text
    assert f"a step of training {step[0]} and {step[1]} times" in text
