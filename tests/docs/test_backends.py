"""What is said of backends is what was measured."""

from benchmarks import backend_steps, backends

from pages import RESULTS, doc, flowing, results, text_of

PAGE = doc("how-to/backends")
ROWS = backends.read_rows(RESULTS / "backends.csv")
MEASURED = results("backend_steps")
STEPS = MEASURED["rows"]


def accuracies(start):
    return [100 * row["accuracy"] for row in ROWS if row["start"] == start]


def test_tables_are_those_of_the_runs():
    for table in (backends.table(ROWS), backend_steps.table(STEPS)):
        assert "\n".join(table) in text_of(PAGE)


def test_one_network_is_as_good_on_all_backends():
    assert len(accuracies("file")) == len(accuracies("own")) == 3
    assert max(accuracies("file")) - min(accuracies("file")) <= 1
    # "within a tenth of a point"
    assert max(accuracies("file")) - min(accuracies("file")) <= 0.1


def test_what_takes_longer_than_on_tensorflow_is_said():
    first = {row["group"]: row for row in STEPS if row["backend"] == "tensorflow"}
    longer = {}
    for row in STEPS:
        for name in backend_steps.CLONES:
            ratio = row[name] / row["convolution"]
            same = first[row["group"]]
            share = ratio / (same[name] / same["convolution"])
            if share > 1.205:
                longer[row["group"], name, row["backend"]] = f"{share:.2f}"
    assert set(longer) == {("c4", "local", "jax"), ("t2", "regional", "torch")}
    assert longer["t2", "regional", "torch"] == "1.21"
    assert backend_steps.products(MEASURED["products"]) in flowing(PAGE)
