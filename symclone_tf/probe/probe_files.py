"""The state of a probe, in `probe.json`."""

import dataclasses
import json
import pathlib
from typing import Any

from symclone_tf import earlier
from symclone_tf.artifacts import write_file
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.probe.candidate_runs import Run
from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan

# What probes did before there was a choice.
EARLIER = {"student": "local", "regions": None, "keep_together": None}
# Options that may be larger when a probe is continued.
GROWING = ("seeds", "minutes")


@dataclasses.dataclass(frozen=True)
class Kept:
    """What `probe.json` holds.

    Attributes:
        options: Dictionary, what the probe was called with.
        plan: `Plan`, or `None` before there is one.
        before: Float, the seconds of planning and reading.
        runs: List of `Run`.
        results: Dictionary, verdicts and recommendation once there are some.
    """

    options: dict[str, Any]
    plan: Plan | None = None
    before: float = 0.0
    runs: list[Run] = dataclasses.field(default_factory=list)
    results: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, file: pathlib.Path, options: dict[str, Any]) -> "Kept":
        """Reads a probe of the same options, or of fewer seeds or minutes.

        Args:
            file: `pathlib.Path`, which need not exist.
            options: Dictionary.

        Returns:
            `Kept`.

        Raises:
            ArtifactError: If the file is of another probe, or not a probe.
        """
        if not file.exists():
            return cls(options)
        try:
            found = _named_as_today(json.loads(file.read_text(encoding="utf-8")))
            there = EARLIER | found["options"]
            kept = cls(
                there,
                _typed(Plan, found["plan"]),
                float(found["before"]),
                [_typed(Run, each) for each in found["runs"]],
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArtifactError(f"{file} is not a probe: {error!r}") from error
        for name, value in options.items():
            if there.get(name) != value and not _grows(name, there.get(name), value):
                raise ArtifactError(
                    f"`output` holds {file}, a probe with {name}={there.get(name)}: "
                    f"give another folder. Received: {name}={value}"
                )
        return kept

    def write(self, file: pathlib.Path) -> None:
        """Writes the file as a whole, or leaves it as it was."""
        content = {
            "options": self.options,
            "plan": dataclasses.asdict(self.planned),
            "before": round(self.before, 2),
            "runs": [dataclasses.asdict(each) for each in self.runs],
            **self.results,
            "versions": versions(),
        }
        write_file(file, (json.dumps(content, indent=1) + "\n").encode())

    @property
    def planned(self) -> Plan:
        """The plan, once there is one."""
        if self.plan is None:
            raise ValueError("The probe has no plan yet")
        return self.plan

    def after(self, seconds: float) -> "Kept":
        """Returns the same with more seconds of planning and reading."""
        return dataclasses.replace(self, before=self.before + seconds)

    @property
    def seconds(self) -> float:
        """The seconds of all that was done so far."""
        return self.before + sum(each.seconds for each in self.runs)

    def has(self, candidate: Candidate, seed: int, size: int) -> bool:
        """Returns whether a run was done."""
        key = (candidate.group, candidate.kind, seed, size)
        return any(
            (each.group, each.kind, each.seed, each.train_size) == key
            for each in self.runs
        )


def _grows(name: str, before: Any, value: Any) -> bool:
    return name in GROWING and isinstance(before, (int, float)) and value > before


def _named_as_today(found: dict[str, Any]) -> dict[str, Any]:
    """A file's content, with today's names of kinds of networks."""
    for run in found["runs"]:
        run["kind"] = earlier.KINDS.get(run["kind"], run["kind"])
    for old, now in earlier.KINDS.items():
        seconds = found["plan"]["seconds"]
        found["plan"]["seconds"] = {
            title.replace(old, now): value for title, value in seconds.items()
        }
    return found


# Two flat records of the package's own need no JSON schema, nor pydantic.
def _typed(kind: Any, values: dict[str, Any]) -> Any:
    """A dataclass of a file's values.

    Raises:
        TypeError: If a field is missing, or of another type.
    """
    made = kind(**values)
    for field in dataclasses.fields(kind):
        value = getattr(made, field.name)
        wanted: Any = field.type
        if not isinstance(value, getattr(wanted, "__origin__", wanted)):
            raise TypeError(f"{field.name} is {value!r}")
    return made
