from .candidate_runs import Run as Run
from .intervals import Interval as Interval
from .next_commands import continuation as continuation
from .plans import Plan as Plan
from .probing import Probe as Probe
from .probing import probe as probe
from .recommendations import Recommendation as Recommendation
from .verdicts import Verdict as Verdict
