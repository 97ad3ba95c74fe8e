"""A probe as far as it has come, in `probe.json`."""

import dataclasses
import json

from symclone_tf.artifacts import write_file
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.probe.candidate_runs import Run
from symclone_tf.probe.plans import Plan

# What may be more when a probe goes on.
GROWING = ("seeds", "minutes")


@dataclasses.dataclass(frozen=True)
class Kept:
    """What `probe.json` holds.

    Attributes:
        options: Dictionary, what was asked for.
        plan: `Plan`, or `None` before there is one.
        before: Float, the seconds that planning and reading took.
        runs: List of `Run`.
        results: Dictionary, what is said of it all, once there is something.
    """

    options: dict
    plan: Plan | None = None
    before: float = 0.0
    runs: list[Run] = dataclasses.field(default_factory=list)
    results: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, file, options) -> "Kept":
        """What is there, if it is of the same options, or of fewer seeds or minutes.

        Args:
            file: `pathlib.Path`.
            options: Dictionary.

        Raises:
            ArtifactError: If the file is of another probe, or of none.
        """
        if not file.exists():
            return cls(options)
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            there = found["options"]
            kept = cls(
                there,
                _typed(Plan, found["plan"]),
                float(found["before"]),
                [_typed(Run, each) for each in found["runs"]],
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArtifactError(f"{file} is no probe: {error!r}") from error
        for name, evaluated in options.items():
            if there.get(name) != evaluated and not _grows(
                name, there.get(name), evaluated
            ):
                raise ArtifactError(
                    f"`output` holds {file}, a probe with {name}={there.get(name)}: "
                    f"give another folder. Received: {name}={evaluated}"
                )
        return kept

    def write(self, file) -> None:
        """Keeps it, the whole of it or as it was."""
        content = {
            "options": self.options,
            "plan": dataclasses.asdict(self.plan),
            "before": round(self.before, 2),
            "runs": [dataclasses.asdict(each) for each in self.runs],
            **self.results,
            "versions": versions(),
        }
        write_file(file, (json.dumps(content, indent=1) + "\n").encode())

    def after(self, seconds) -> "Kept":
        """The same, after time that was not a run's."""
        return dataclasses.replace(self, before=self.before + seconds)

    @property
    def seconds(self) -> float:
        """How long all of it has taken."""
        return self.before + sum(each.seconds for each in self.runs)

    def has(self, candidate, seed, size) -> bool:
        """Whether a run is there."""
        key = (candidate.group, candidate.kind, seed, size)
        return any(
            (each.group, each.kind, each.seed, each.train_size) == key
            for each in self.runs
        )


def _grows(name, before, evaluated) -> bool:
    return name in GROWING and isinstance(before, (int, float)) and evaluated > before


def _typed(kind, values):
    """A dataclass of what a file has for it.

    Raises:
        TypeError: If a field is missing, or of another type.
    """
    made = kind(**values)
    for field in dataclasses.fields(kind):
        value, wanted = getattr(made, field.name), field.type
        if not isinstance(value, getattr(wanted, "__origin__", wanted)):
            raise TypeError(f"{field.name} is {value!r}")
    return made
