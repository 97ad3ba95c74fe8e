"""Peers: others' methods for approximate symmetries, as Keras layers.

Each is built from its paper's formulas, starts at the group convolution, and takes
the place of `GroupConv2D` in a network.
"""

from benchmarks.peers.position_bias import PositionBias
from benchmarks.peers.relaxed_rotation import RelaxedRotation
from benchmarks.peers.relaxed_translation import RelaxedTranslation
from benchmarks.peers.residual_pathway import ResidualPathway
from benchmarks.peers.untied import Untied

PEERS = {
    "rpp": ResidualPathway,
    "relaxed translation": RelaxedTranslation,
    "relaxed rotation": RelaxedRotation,
    "position bias": PositionBias,
    "untied": Untied,
}
