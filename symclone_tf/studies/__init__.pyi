from .learning import deformations as deformations
from .learning import deformations_while_learning as deformations_while_learning
from .learning import learning_curve as learning_curve
from .learning import operators as operators
from .learning import transformed_outputs as transformed_outputs
from .learning import untrained as untrained
from .learning import weights_while_learning as weights_while_learning
