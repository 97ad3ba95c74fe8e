from .production import clone_and_export as clone_and_export
from .production import load_or_clone as load_or_clone
from .settings import Workspace as Workspace
