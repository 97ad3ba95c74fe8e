"""What the pages say: Python, commands, links, and figures that were measured."""

import dataclasses
import json
import pathlib
import re
import shlex
import shutil

import click
import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.experiments.datasets import TASKS

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
GALLERY = ROOT / "exported" / "README.md"
FOR_USERS = [README, *sorted((ROOT / "docs").glob("*.md")), GALLERY]
PAGES = [
    *FOR_USERS,
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "SECURITY")),
]


def every_page(pages=PAGES):
    names = [str(page.relative_to(ROOT)) for page in pages]
    return pytest.mark.parametrize("page", pages, ids=names)


def text_of(page) -> str:
    return page.read_text("utf-8")


def flowing(page) -> str:
    """A page without line breaks, to look for sentences in."""
    return " ".join(text_of(page).split())


def doc(name):
    return ROOT / "docs" / f"{name}.md"


def blocks(page, language) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def spans(page) -> list[str]:
    """What stands in backquotes, outside of blocks."""
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


# Python


@pytest.fixture
def registered():
    """Teachers and students that a page registers are forgotten after it."""
    kinds = (sc.teachers.TEACHERS, sc.students.STUDENTS)
    before = [dict(kind) for kind in kinds]
    yield
    for kind, known in zip(kinds, before):
        kind.clear()
        kind.update(known)


def execute(page) -> dict:
    """Runs all Python in a page as one program; returns its names."""
    names = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)
    return names


def test_python_of_the_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(README)
    assert names["features"].shape == (8, 26, 26, 4, 10)
    np.testing.assert_allclose(names["features"], names["answers"], atol=1e-3)
    assert names["path"] == pathlib.Path("exported/c4-lifting-28x28-k3/1")
    kept, left = names["errors"].history.values()
    assert max(kept) < 1e-5
    assert left[0] < 1e-5 < left[1]
    assert names["outputs"].shape == (8, 26, 26, 4)


def test_python_of_cloning(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("cloning"))
    assert capsys.readouterr().out.startswith("C4 lifting 10×10 9\n")
    assert names["features"].shape == (8, 8, 8, 4, 5)
    np.testing.assert_allclose(names["features"], names["answers"], atol=1e-3)
    assert names["error"] < 1e-10
    recipe = names["recipe"]
    assert (recipe.images_per_step, recipe.kernels_per_step) == (50, 9)
    assert names["history"].history["nmse"][-1] < 1e-6
    assert names["kept"] == pytest.approx(6 / 9, rel=1e-4)
    assert names["broken"] < 1e-5
    np.testing.assert_allclose(
        names["cloned"](names["images"]), names["expected"], atol=1e-4
    )
    assert len(names["errors"].history) == 2
    assert pathlib.Path("feature-maps.png").is_file()


def test_python_of_artifacts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("artifacts"))
    assert pathlib.Path("model.keras").is_file()
    assert names["outputs"].shape == (8, 8, 8, 4)
    assert (names["fixed"] / "saved_model.pb").is_file()


def test_python_of_serving(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    execute(doc("serving"))
    assert capsys.readouterr().out.startswith("curl ")
    assert pathlib.Path("exported/models.config").is_file()


def test_python_of_the_gallery(monkeypatch):
    monkeypatch.chdir(ROOT)
    names = execute(GALLERY)
    assert names["model"].output_shape == (None, 10)
    assert names["features"].shape == (7, 6, 6)


def test_python_of_contributing(tmp_path, monkeypatch, registered):
    monkeypatch.chdir(tmp_path)
    names = execute(ROOT / "CONTRIBUTING.md")
    assert names["path"] == pathlib.Path("exported/mirror-12-symmetric/1")
    assert names["result"].exit_code == 0


def test_no_page_has_python_that_is_not_run():
    run = [README, GALLERY, *map(doc, ("cloning", "artifacts", "serving"))]
    run.append(ROOT / "CONTRIBUTING.md")
    assert {page for page in PAGES if blocks(page, "python")} == set(run)


@every_page([page for page in PAGES if page.name != "CHANGELOG.md"])
def test_names_are_those_of_the_package(page):
    for name in re.findall(r"\bsc\.(\w+(?:\.\w+)*)", text_of(page)):
        value = sc
        for part in name.split("."):
            value = getattr(value, part)


def test_names_have_moved_as_the_changes_say():
    section = text_of(ROOT / "CHANGELOG.md").partition("### Names that moved")[2]
    rows = re.findall(r"^\| `(\w+).*?` \| (.*) \|$", section, re.MULTILINE)
    assert len(rows) == 64
    for old, new in rows:
        assert old not in sc.__all__
        places = re.findall(r"`(sc(?:\.\w+)+)", new)
        assert places or old == "teacher_of"
        for place in places:
            value = sc
            for part in place.split(".")[1:]:
                value = getattr(value, part)


# Commands


@dataclasses.dataclass
class Written:
    """A command as a page has it, its arguments as a shell would pass them."""

    arguments: list[str]
    block: bool

    @property
    def name(self):
        return self.arguments[0]

    @property
    def is_cheap(self):
        """Whether it is done in seconds."""
        if self.name == "clone":
            sizes = dict(zip(self.arguments, self.arguments[1:]))
            return int(sizes.get("--image-size", 28)) <= 10
        return self.name in ("list", "evaluate", "serving-config")


def commands(page) -> list[Written]:
    """All commands in a page, in its order: of shell blocks, then of spans."""
    found = []
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if words and pathlib.PurePath(words[0]).name == "symclone-tf":
                    found.append(Written(words[1:], block=True))
    for span in spans(page):
        words = shlex.split(span)
        if words[0] == "symclone-tf":
            found.append(Written(words[1:], block=False))
        elif words[0] in main.commands and words[1:]:
            found.append(Written(words, block=False))
    return found


def parse(written) -> dict:
    """The options of a command, or what click says against it."""
    assert written.name in main.commands, written
    command = main.commands[written.name]
    try:
        return command.make_context(written.name, list(written.arguments[1:])).params
    except (click.MissingParameter, click.BadOptionUsage):
        # In a sentence, the name of a command or of an option may stand alone.
        assert not written.block
        accepted = {name for option in command.params for name in option.opts}
        assert {w for w in written.arguments if w.startswith("-")} <= accepted
        return {}


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """A folder with the clones of the project, and with a kernel in a file."""
    monkeypatch.chdir(tmp_path)
    for clone in GALLERY.parent.glob("*-[6-9]x[6-9]-k3"):
        shutil.copytree(clone, pathlib.Path("exported", clone.name))
    np.save("edges.npy", np.ones((3, 3, 1, 1), "float32"))


@every_page()
def test_commands_have_these_options(page, gallery):
    for written in commands(page):
        parse(written)


@every_page()
def test_options_are_those_of_some_command(page):
    known = {o for c in main.commands.values() for p in c.params for o in p.opts}
    for span in spans(page):
        if span.startswith("--"):
            words = shlex.split(span)
            assert {w for w in words if w.startswith("--")} <= known | {"--help"}, span


def test_what_is_wrong_with_a_command_is_found():
    for line in ("clone --grup c4", "clone --group c5", "clon --group c4", "clone"):
        with pytest.raises((AssertionError, click.UsageError)):
            parse(Written(line.split(), block=True))
    for line in ("clone --size 28", "clone --canvas 28 --size"):
        with pytest.raises(click.UsageError):
            parse(Written(line.split(), block=False))
    assert parse(Written(["clone", "--steps"], block=False)) == {}


@every_page([page for page in PAGES if any(w.block for w in commands(page))])
def test_cheap_commands_run(page, gallery):
    for written in commands(page):
        if written.block and written.is_cheap:
            result = CliRunner().invoke(main, written.arguments)
            assert result.exit_code == 0, result.output


def test_some_commands_are_cheap():
    cheap = {w.name for p in PAGES for w in commands(p) if w.block and w.is_cheap}
    assert cheap >= {"clone", "evaluate", "serving-config", "list"}


def test_all_commands_are_in_the_readme():
    assert {written.name for written in commands(README)} == set(main.commands)


# Links


def slug(heading) -> str:
    """The fragment that GitHub makes of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


def headings(page) -> set[str]:
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return {slug(title) for title in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}


def links(page) -> list[str]:
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    found = re.findall(r"\]\(([^()\s]+)\)", prose)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@every_page()
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if fragment:
            assert fragment in headings(target), link


def test_every_page_is_reached_from_the_readme_and_leads_back():
    reached = {(ROOT / link.partition("#")[0]).resolve() for link in links(README)}
    assert reached >= set(PAGES) - {README}
    for page in PAGES:
        assert text_of(page).startswith("# ")
        if page.parent == ROOT / "docs":
            assert "../README.md" in links(page)


def test_every_picture_is_shown():
    shown = {(p.parent / link).resolve() for p in PAGES for link in links(p)}
    assert shown >= set((ROOT / "docs").glob("*.png"))


def test_readme_is_short():
    assert len(text_of(README).splitlines()) <= 200
    python = [line for block in blocks(README, "python") for line in block.splitlines()]
    assert len(python) <= 35


def test_every_module_has_its_place_in_contributing():
    """And every file that the pages name is there."""
    places = text_of(ROOT / "CONTRIBUTING.md").partition("## Where things are")[2]
    rows = re.findall(r"^\| (\w*) ?\| .*? \| (.*) \|$", places, re.MULTILINE)
    named, room = set(), None
    for name, files in rows:
        room = name or room
        named |= {f"{room}/{file}" for file in re.findall(r"`(\w+\.py)`", files)}
    package = pathlib.Path(sc.__file__).parent
    modules = {
        f"{file.parent.name}/{file.name}"
        for file in package.glob("*/[a-z]*.py")
        if file.parent.name != "cli"
    }
    assert named == modules


@every_page()
def test_files_that_are_named_are_there(page):
    for span in spans(page):
        if re.fullmatch(r"[\w./-]+/\w+\.(py|sh|md)", span) and "blocks" not in span:
            places = (ROOT / span, ROOT / "symclone_tf" / span)
            assert any(place.is_file() for place in places), span


# Figures


NETWORKS = {
    "`mlp`": "mlp",
    "`cnn`": "cnn",
    "`gcnn`": "gcnn",
    "clones, frozen": "cloned, 9 blocks, frozen",
    "clones, trainable": "cloned, 9 blocks, trainable",
    "clones, anchored, 100": "cloned, 9 blocks, anchored (kl 100)",
    "clones, anchored, 1,000": "cloned, 9 blocks, anchored (kl 1000)",
    "clones, anchored, 10,000": "cloned, 9 blocks, anchored (kl 10000)",
    "8 blocks, frozen": "cloned, 8 blocks, frozen",
    "7 blocks, frozen": "cloned, 7 blocks, frozen",
}
CONVOLUTIONS = ("conv_1_after", "conv_2_after", "conv_3_after", "conv_4_after")
KEEP_OR_BREAK = doc("keep-or-break")


def networks(group) -> dict:
    """Titles and names of a group's networks; under T(2) gcnn is cnn."""
    return {t: n for t, n in NETWORKS.items() if (group, n) != ("t2", "gcnn")}


def result_lines(group):
    """The page's table, as it follows from the benchmark's."""
    rows = measured(f"{group}.csv")
    found = {(r["Task"], r["Network"]): r for r in sc.experiments.summarize(rows)}
    for title, name in networks(group).items():
        keep, leave = found["invariance", name], found["breaking", name]
        assert keep["Seeds"] == leave["Seeds"]
        cells = [title, keep["Parameters"], keep["Accuracy"], keep["Unmoved"]]
        runs = [r for r in rows if r.experiment.network == name]
        cells.append(leave["Accuracy"])
        if group == "t2":
            cells.append(", ".join(noticed(runs, task) for task in TASKS))
        yield f"| {' | '.join((*cells, broken(runs)))} |"


def measured(name):
    return sc.experiments.read_benchmark(RESULTS / "mnist" / name)


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def noticed(rows, task):
    """How far shifts change the probabilities after a task, mean over seeds."""
    runs = [r.figures for r in rows if r.experiment.task == task]
    return f"{np.mean([f['network_after'] for f in runs]):.2f}"


def broken(rows):
    """Each convolution's equivariance error after breaking, mean over seeds."""
    figures = [r.figures for r in rows if r.experiment.task == "breaking"]
    if figures[0]["conv_1_after"] is None:
        return "–"
    means = [np.mean([f[name] for f in figures]) for name in CONVOLUTIONS]
    return ", ".join(
        f"{mean:.2f}" if mean >= 0.01 else f"{mean:.0e}" if mean else "0"
        for mean in means
    )


def accuracies(rows, network, task):
    return [
        row.figures["accuracy"]
        for row in rows
        if (row.experiment.network, row.experiment.task) == (network, task)
    ]


def table(page, title) -> list[list[str]]:
    """The rows of the table whose first heading this is, as lists of cells."""
    lines = text_of(page).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_results_are_those_measured(group):
    title = {"c4": "C4", "t2": "T(2)"}[group]
    said = [f"| {' | '.join(row)} |" for row in table(KEEP_OR_BREAK, title)]
    assert said == list(result_lines(group))
    names = list(networks(group).values())[:-5]
    main_rows = [r for r in measured(f"{group}.csv") if r.experiment.network in names]
    assert len(main_rows) == len(TASKS) * len(names) * 3


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_results_of_the_readme_are_those_measured(group):
    rows = measured(f"{group}.csv")
    found = {(r["Task"], r["Network"]): r for r in sc.experiments.summarize(rows)}
    said = table(README, {"c4": "C4", "t2": "T(2)"}[group])
    assert len(said) >= 4
    for title, keep, leave, command in said:
        name = NETWORKS[title.partition(", ")[0] if "`" in title else title]
        assert found["invariance", name]["Accuracy"] == keep
        assert found["breaking", name]["Accuracy"] == leave
        assert found["breaking", name]["Seeds"] == "3"
        # The command trains what the row is about, as the table's rows were.
        choices = parse(Written(shlex.split(command.strip("`"))[1:], block=True))
        fields = {field.name for field in dataclasses.fields(sc.experiments.Experiment)}
        options = {k: v for k, v in choices.items() if k in fields}
        experiment = sc.experiments.Experiment(**options).complete()
        assert experiment.network == name
        assert experiment in [row.experiment for row in rows]


def test_results_on_the_published_canvas_are_those_measured():
    rows = {r.experiment.network: r for r in measured("canvas-48/t2.csv")}
    said = []
    for title, name in list(networks("t2").items())[:4]:
        row = rows.pop(name)
        assert (row.experiment.canvas, row.experiment.max_shift) == (48, 15)
        assert row.experiment.task == "breaking"
        said.append(
            [
                title,
                f"{row.figures['parameters']:,}",
                f"{row.figures['accuracy']:.1%}",
                noticed([row], "breaking"),
                broken([row]),
            ]
        )
    assert table(KEEP_OR_BREAK, "T(2), 48 pixels") == said
    assert not rows


def test_trainable_clones_beat_others_by_what_the_page_says():
    text = flowing(KEEP_OR_BREAK)
    points, free = {}, NETWORKS["clones, trainable"]
    for group in ("c4", "t2"):
        rows = measured(f"{group}.csv")
        mlp, cnn, clones = (
            100 * np.mean(accuracies(rows, name, "breaking"))
            for name in ("mlp", "cnn", free)
        )
        points[group] = (f"{clones - cnn:.1f}", f"{clones - mlp:.1f}")
    convolutions, mlp = points["c4"]
    assert f"{convolutions} points more than ordinary convolutions" in text
    assert f"and {mlp} more than the `mlp`" in text
    assert f"they get {points['t2'][1]} points more than the `mlp`" in text
    keep = [np.mean(accuracies(rows, n, "invariance")) for n in ("mlp", free)]
    assert f"and {100 * (keep[1] - keep[0]):.1f} more than it on *invariance*" in text


def test_shifts_leak_as_the_page_says():
    found = {(row["task"], row["canvas"]): row for row in results("shifts")["rows"]}
    text = flowing(KEEP_OR_BREAK)
    seed = [f"{found[task, 40]['accuracy']:.1%}" for task in TASKS]
    assert f"With their seed `cnn` gets {' and '.join(seed)}." in text
    keep, leave = found["invariance", 56], found["breaking", 56]
    assert f"`cnn` gets {leave['accuracy']:.1%} right on *breaking*" in text
    assert f"and {keep['accuracy']:.1%} on *invariance*" in text
    moved = found["invariance", 40]["changes"][5]["classes"]
    assert f"a shift by 6 pixels puts {moved:.0%} of the digits into another" in text
    changes = [c["probabilities"] for row in (keep, leave) for c in row["changes"]]
    steps = [changes.pop(index) for index in (9, 3)]  # by 4 pixels, after each task
    assert f"changes its probabilities by {max(steps):.1%}" in text
    assert f"other shifts by {min(changes):.0%} to {max(changes):.0%}" in text


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_anchors_hold_the_symmetry_as_the_page_says(group):
    rows = measured(f"{group}.csv")
    means = []
    for name in list(NETWORKS.values())[4:8]:
        runs = [r for r in rows if r.experiment.network == name]
        figures = [r.figures for r in runs if r.experiment.task == "breaking"]
        means.append(np.mean([f[c] for f in figures for c in CONVOLUTIONS]))
    assert means == sorted(means, reverse=True)
    said = [f"{mean:.2f}" for mean in means]
    assert (
        f"{said[0]} without, and {said[1]}, {said[2]} and {said[3]} with"
    ) in flowing(KEEP_OR_BREAK)


def test_anchored_clones_get_what_trainable_ones_get_under_shifts():
    rows = measured("t2.csv")
    free, *anchored = list(NETWORKS.values())[4:8]
    for task in TASKS:
        found = accuracies(rows, free, task)
        for name in anchored:
            (accuracy,) = accuracies(rows, name, task)
            assert accuracy == pytest.approx(np.mean(found), abs=0.02)


def test_convolutions_are_exact_and_their_networks_are_not():
    rows = measured("t2.csv")
    for name in ("cnn", "cloned, 9 blocks, frozen"):
        runs = [r.figures for r in rows if r.experiment.network == name]
        assert max(run[conv] for run in runs for conv in CONVOLUTIONS) < 2e-6
        accuracy = np.mean(accuracies(rows, name, "breaking"))
        assert accuracy == pytest.approx(0.8, abs=0.02)
    assert not [r for r in rows if r.experiment.network == "gcnn"]


def test_benchmarks_take_as_long_as_the_pages_say():
    hours = [
        sum(row.figures["seconds"] for row in measured(f"{group}.csv")) / 3600
        for group in ("c4", "t2")
    ]
    assert min(hours) > 4
    assert hours[0] == pytest.approx(hours[1], rel=0.1)
    assert "it took over four hours" in flowing(KEEP_OR_BREAK)
    assert "in over four hours" in flowing(README)


def test_networks_take_what_the_page_says():
    groups = results("networks")["groups"]
    text = flowing(doc("speed"))
    steps = {row["network"]: row for row in groups["c4"]["steps"]}
    frozen, trainable, teacher = (
        f"{1e3 * steps[name]['plain']:.0f} ms with {title}"
        for title, name in (
            ("frozen C4 clones", "cloned, 9 blocks, frozen"),
            ("trainable ones", "cloned, 9 blocks, trainable"),
            ("`GroupConv2D`", "gcnn"),
        )
    )
    assert f"{frozen}, {trainable}, and {teacher}" in text
    pipeline = groups["c4"]["pipeline"] / np.ceil(10_000 / 64)
    assert f"input pipeline takes {1e3 * pipeline:.1f} ms" in text
    assert all(row["xla"] > row["plain"] for row in steps.values())
    shifts = {row["network"]: row for row in groups["t2"]["steps"]}
    large = shifts["cloned, 9 blocks, trainable"]
    assert large["xla"] / large["plain"] == pytest.approx(0.9, abs=0.02)
    for group in groups.values():
        assert group["agreement"]["agree"] == group["agreement"]["digits"] == 10_000


def test_cloning_takes_what_the_page_says():
    costs = results("cloning")
    rate = costs["products"]["rate"]
    assert f"at {rate / 1e9:.0f} GFLOP/s" in flowing(doc("speed"))
    found = {
        kind: {(row["layer"], row["size"]): row for row in costs[kind]}
        for kind in ("training", "solving")
    }
    said = table(doc("speed"), "layer")
    assert len(said) == 6
    for layer, size, *cells in said:
        training, solving = (found[k][layer, int(size)] for k in found)
        assert training["nmse"] < 1e-6
        assert cells == [
            f"{seconds(training['seconds'])} s",
            f"{training['rate'] / rate:.0%}",
            f"{seconds(solving['seconds'])} s",
            f"{training['weights'] / 1e6:.0f} MB",
        ]
    loop, package = costs["loop"]["seconds"], costs["loop_against"]["seconds"]
    text = flowing(doc("speed"))
    assert f"takes {loop:.0f} s to NMSE 1e-4 on 10×10" in text
    assert f"takes {package:.2f} s, most" in text
    assert f"{loop / package:.0f} times less" in text


def seconds(value) -> str:
    """To two digits."""
    return f"{float(f'{value:.2g}'):g}"


def test_students_take_more_than_teachers_as_the_pages_say():
    found = {}
    for row in results("cloning")["layers"]:
        operations = row["student_operations"] / row["teacher_operations"]
        time = row["student_forward"] / row["teacher_forward"]
        found[row["size"]] = (f"{operations:.0f}", f"{time:.0f}")
    text = flowing(doc("speed"))
    (large, slow), (middle, slower), (small, slowest) = found.values()
    assert f"28×28 with one channel takes {large} times the operations" in text
    assert f"on these cores {slow} times the time" in text
    assert f"takes {middle} times the operations, and {slower} times the time" in text
    assert f"{small} times the operations, and {slowest} times the time" in text
    assert f"take {small} to {large} times the operations" in flowing(README)


def test_local_layers_take_what_the_pages_say():
    rows = json.loads(text_of(RESULTS / "layers.json"))["rows"]
    ratios = {
        what: [row[f"local_{what}"] / row[f"convolution_{what}"] for row in rows]
        for what in ("operations", "forward", "step")
    }
    for place, row in enumerate(rows):
        cells = [f"{row['layer']}, {row['channels']} → {row['filters']}"]
        cells += [
            str(row["batch"]),
            *(f"{ratio[place]:.1f}" for ratio in ratios.values()),
        ]
        assert f"\n| {' | '.join(cells)} |\n" in text_of(doc("speed"))
    said = [
        f"{min(ratios[what]):.1f} to {max(ratios[what]):.1f}"
        for what in ("operations", "step")
    ]
    assert (
        f"local ones {said[0]} times, and {said[1]} times the time of a training step"
        in flowing(README)
    )


SERVED = {
    "C4 lifting 28×28, a kernel for each image": "C4 lifting 28×28, a kernel each",
    "C4 lifting 28×28, one fixed kernel, exported dense": (
        "C4 lifting 28×28, 1 → 1, exported dense"
    ),
    "C4 group 12×12, 10 → 20 channels, exported factored": (
        "C4 group 12×12, 10 → 20, exported factored"
    ),
    "MNIST classifier of frozen C4 clones": "MNIST classifier",
}


def test_serving_takes_what_the_page_says():
    found = {(r["model"], r["batch"]): r for r in results("serving")["rows"]}
    said, model = table(doc("serving"), "model"), None
    assert len(said) == 2 * len(SERVED)
    for title, batch, *cells in said:
        model = SERVED[title] if title else model
        row = found[model, int(batch)]
        names = ("served", "memory", "teacher")
        assert cells == [f"{row[name]:,.0f}" for name in names]


def test_record_is_one_that_comes_with_the_project():
    file = GALLERY.parent / "t2-8x8-k3" / "1" / "assets.extra" / "clone.json"
    record = json.loads(file.read_text("utf-8"))
    (said,) = blocks(doc("artifacts"), "json")
    for name in ("format", "parameters", "nmse"):
        assert f'"{name}": {json.dumps(record[name])},' in said
    for part in ("teacher", "student"):
        shown = re.search(rf'"{part}": (.*)…', said).group(1).rstrip(", ")
        values = json.loads(shown + "}}")
        assert values["name"] == record[part]["name"]
        assert values["config"].items() <= record[part]["config"].items()
