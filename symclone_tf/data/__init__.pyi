from .images import Images as Images
from .images import open_images as open_images
from .sources import SOURCES as SOURCES
from .sources import Found as Found
from .sources import Reading as Reading
from .sources import Source as Source
from .strokes import draw_strokes as draw_strokes
