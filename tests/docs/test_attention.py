"""The page on attention says what was measured."""

import statistics

from benchmarks import attention
from benchmarks.symmetrizing.report import percent

from pages import RESULTS, doc, flowing, results
from pages import table as on_page

PAGE = doc("attention")
ROWS = attention.read_rows(RESULTS / "attention.csv")


def accuracies(network, data, count):
    case = (network, data, count)
    names = ("network", "data", "count")
    return [
        row["accuracy"] for row in ROWS if tuple(row[name] for name in names) == case
    ]


def mean(network, data, count):
    return statistics.mean(accuracies(network, data, count))


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


def whole_cases():
    """Data, and numbers of images, that all networks were trained on."""
    cases = dict.fromkeys((row["data"], row["count"]) for row in ROWS)
    whole = [c for c in cases if all(accuracies(n, *c) for n in attention.NETWORKS)]
    return sorted(
        whole, key=lambda case: (case[1], list(attention.DATA).index(case[0]))
    )


def test_the_text_concludes_what_is_in_the_table():
    plain, cloned, soft, open_, group, gates, cnn = attention.NETWORKS
    for data, points in {"CIFAR-10": 11, "Fashion-MNIST": 13}.items():
        gained = mean(cloned, data, 1_000) - mean(plain, data, 1_000)
        assert round(100 * gained) == points
        assert mean(cloned, data, 1_000) > mean(gates, data, 1_000)
    gained = mean(cloned, "CIFAR-10", 10_000) - mean(plain, "CIFAR-10", 10_000)
    assert round(100 * gained) == 7
    for count in (1_000, 10_000):
        assert mean(cloned, "CIFAR-10", count) > mean(gates, "CIFAR-10", count)
        assert mean(group, "CIFAR-10", count) > mean(cloned, "CIFAR-10", count)
    weights = {row["network"]: row["weights"] for row in ROWS if row["data"] == "cells"}
    assert 0.6 < weights[group] / weights[cloned] < 0.7
    cells = {name: mean(name, "cells", 1_000) for name in attention.NETWORKS[:-1]}
    assert max(cells, key=cells.get) == plain
    assert max(cells[name] for name in (cloned, soft, open_, group)) < cells[gates]
    reached = accuracies(cloned, "cells", 1_000)
    assert "{:.1%} and {:.1%}; by".format(*reached) in flowing(PAGE)
    (eighth,) = accuracies("ViT, cloned attention, C8", "cells", 1_000)
    assert f"in as many epochs, {eighth:.1%} with one seed" in flowing(PAGE)
    shares = [
        row["share"]
        for row in ROWS
        if row["data"] == "cells" and row["network"] in (cloned, soft, group)
    ]
    assert 0.02 < max(shares) < 0.03
    for case in whole_cases():
        every = {name: mean(name, *case) for name in attention.NETWORKS}
        assert max(every, key=every.get) == cnn


def test_accuracies_are_those_that_were_measured():
    cases = whole_cases()
    heads = " | ".join(f"{data}, {count:,}" for data, count in cases)
    assert f"| network | {heads} |" in flowing(PAGE)
    measured = [
        [network, *(percent(accuracies(network, *case)) for case in cases)]
        for network in attention.NETWORKS
    ]
    assert on_page(PAGE, "network") == measured
    seeds = {
        (data, len(accuracies(name, data, count)))
        for name in attention.NETWORKS
        for data, count in cases
    }
    several = {"Fashion-MNIST": 3, "CIFAR-10": 2, "cells": 2}
    assert seeds == {*several.items(), *((data, 1) for data in several)}
    said = "three seeds of clothes, two of photographs and cells, or else one"
    assert said in flowing(PAGE)
