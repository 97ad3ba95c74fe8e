from .anchors import ANCHORS as ANCHORS
from .callbacks import EquivarianceErrors as EquivarianceErrors
from .callbacks import layer_errors as layer_errors
from .cloned_conv2d import SYMMETRIES as SYMMETRIES
from .cloned_conv2d import ClonedConv2D as ClonedConv2D
from .convolutions import convolution_layers as convolution_layers
