"""What is said of files."""

from symclone_tf.data.notes import Notes


def test_each_thing_is_said_once_with_how_many_files_and_the_first():
    notes = Notes()
    assert notes.lines() == []
    for number in range(1234):
        notes.add("turned", f"{number}.png")
    notes.add("left out", "a.txt")
    assert notes.lines() == [
        "1,234 files are turned: 0.png, 1.png, 2.png, …",
        "1 file is left out: a.txt",
    ]
