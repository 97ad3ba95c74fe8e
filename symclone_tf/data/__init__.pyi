from .images import Images as Images
from .images import open_images as open_images
from .strokes import draw_strokes as draw_strokes
