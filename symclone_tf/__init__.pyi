"""The front door: what the README needs, in its order; the rest is in the rooms."""

from . import artifacts as artifacts
from . import cloning as cloning
from . import data as data
from . import experiments as experiments
from . import figures as figures
from . import layers as layers
from . import networks as networks
from . import probe as probe
from . import students as students
from . import studies as studies
from . import symmetry as symmetry
from . import teachers as teachers
from . import workspace as workspace
from .artifacts import export as export
from .artifacts import export_layer as export_layer
from .artifacts import load as load
from .artifacts import serving as serving
from .cloning import Cloner as Cloner
from .cloning import clone as clone
from .cloning import nmse as nmse
from .errors import ArtifactError as ArtifactError
from .errors import ArtifactWarning as ArtifactWarning
from .errors import CloningError as CloningError
from .errors import DataError as DataError
from .errors import StrategyWarning as StrategyWarning
from .layers import ClonedConv2D as ClonedConv2D
from .layers import GroupConv2D as GroupConv2D
from .networks import EquivarianceErrors as EquivarianceErrors
from .networks import fuse as fuse
from .networks import fuse_network as fuse_network
from .networks import relax as relax
from .networks import symmetrize as symmetrize
from .students import DenseStudent as DenseStudent
from .students import LocallyConnectedStudent as LocallyConnectedStudent
from .students import Student as Student
from .symmetry import PermutationGroup as PermutationGroup
from .symmetry import equivariance_error as equivariance_error
from .symmetry import get_group as get_group
from .teachers import ConvTeacher as ConvTeacher
from .teachers import FunctionTeacher as FunctionTeacher
from .teachers import OrbitTeacher as OrbitTeacher
from .teachers import Teacher as Teacher
from .teachers import group_conv2d as group_conv2d

__version__: str
