from symclone_tf.cloning.cloning import clone


def test_bar_shows_layer_steps_and_the_current_nmse(capsys):
    _, report = clone("c4", image_size=6, seed=0, verbose=1)
    output = capsys.readouterr()
    assert "C4 lifting 6×6" in output.err
    assert f"{report.steps}/{report.steps}" in output.err
    assert "NMSE" in output.err
    assert output.out == ""


def test_silence_is_silent(capsys):
    clone("c4", image_size=6, verbose=0)
    output = capsys.readouterr()
    assert output.err == output.out == ""
