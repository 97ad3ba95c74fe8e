from .attention_drawings import draw_attention_positions as draw_attention_positions
from .curves import draw_accuracies as draw_accuracies
from .curves import draw_learning_curves as draw_learning_curves
from .curves import draw_weights as draw_weights
from .deviation_drawings import draw_deformations as draw_deformations
from .deviation_drawings import draw_position_deviations as draw_position_deviations
from .drawings import draw_digits as draw_digits
from .drawings import draw_feature_maps as draw_feature_maps
from .drawings import draw_operators as draw_operators
from .equivariance_curves import draw_equivariance as draw_equivariance
from .explore_page import write_explore_page as write_explore_page
from .html_pages import check_page as check_page
from .illustrations import Illustration as Illustration
from .illustrations import illustrate as illustrate
from .illustrations import make_figures as make_figures
from .network_drawings import draw_layer_errors as draw_layer_errors
from .network_drawings import draw_layer_maps as draw_layer_maps
from .network_explore_page import (
    write_network_explore_page as write_network_explore_page,
)
from .network_illustrations import illustrate_network as illustrate_network
from .network_illustrations import make_network_figures as make_network_figures
from .network_illustrations import network_findings as network_findings
from .network_page import write_network_page as write_network_page
from .probe_drawings import draw_probe_accuracies as draw_probe_accuracies
from .probe_drawings import draw_probe_errors as draw_probe_errors
from .probe_drawings import draw_transformed_images as draw_transformed_images
from .probe_page import probe_figures as probe_figures
from .probe_page import probe_table as probe_table
from .probe_page import probe_tables as probe_tables
from .probe_page import write_probe_page as write_probe_page
from .report_page import make_report as make_report
from .rotated_outputs import draw_rotated_outputs as draw_rotated_outputs
from .style import figure_bytes as figure_bytes
from .style import save_figure as save_figure
