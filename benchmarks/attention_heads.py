"""Where heads look before and after training: `python -m benchmarks.attention_heads`.

Draws the position term of each head of one of the networks of `benchmarks.attention`,
whose heads may move, and the shares of content.
"""

import argparse
import pathlib

import symclone_tf as sc
from benchmarks import attention

NETWORK = "ViT, cloned attention, T(2), sharpness 1.5"


def main():
    """Trains the network, and draws its heads."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--data", default="CIFAR-10", choices=attention.DATA)
    parser.add_argument("--count", default=10_000, type=int)
    parser.add_argument("--epochs", default=15, type=int)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    figure, row = drawn(chosen.data, chosen.count, chosen.epochs)
    print(sc.figures.save_figure(figure, chosen.output / "attention-heads.svg"))
    print(row)


def drawn(data, count, epochs):
    """The figure of a network that is trained, and its row.

    Args:
        data: String, of `attention.DATA`.
        count: Integer, the images that are trained on.
        epochs: Integer.
    """
    kept = []

    def watch(model):
        kept.append(sc.networks.attention_positions(model))

    row = attention.run(data, count, NETWORK, 0, epochs, watch)
    before, after = kept
    # All layers begin alike, and as clones of one student.
    looks = {"before": next(iter(before.values()))}
    looks |= {f"block {n}": each for n, each in enumerate(after.values(), 1)}
    return sc.figures.draw_attention_positions(looks), row


if __name__ == "__main__":
    main()
