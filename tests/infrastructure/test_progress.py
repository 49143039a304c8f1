"""The line that says how far the runs are."""

import time

import progress


def test_the_time_left_is_that_of_the_runs_so_far():
    assert progress.line(3, 9, 0, 5.0) == "runs: 3 of 9 done, 6 to come"
    assert progress.line(5, 9, 2, 600.0) == "runs: 5 of 9 done, about 20 min left"
    assert progress.line(9, 9, 6, 3900.0) == "runs: 9 of 9 done in 1 h 05 min"


def test_it_ends_where_no_run_ever_finishes(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    watch = progress.Progress([tmp_path / "none"])
    watch.start()
    time.sleep(0.05)
    watch.over.set()
    watch.join(60)
    assert not watch.is_alive()
    assert capsys.readouterr().out == "runs: 0 of 1 done, 1 to come\n"


def told(capsys) -> list[str]:
    """The next lines that are printed."""
    text, until = "", time.monotonic() + 60
    while not text.endswith("\n") and time.monotonic() < until:
        time.sleep(0.01)
        text += capsys.readouterr().out
    return text.splitlines()


def test_every_new_record_is_told_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    records = [tmp_path / name for name in "abc"]
    records[0].touch()
    watch = progress.Progress(records)
    watch.began_at = time.time() + 1  # what is there now was there before
    watch.start()
    lines = told(capsys)
    records[1].touch()
    lines += told(capsys)
    watch.finish()
    lines += capsys.readouterr().out.splitlines()
    assert [text.split(",")[0] for text in lines] == ["runs: 1 of 3 done", "runs: 2 of 3 done"]
