"""A file is seen whole or not at all."""

import pytest

from rigid_depth.whole import write_whole


def test_a_file_takes_the_place_of_another_one(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    seen = []

    def save(partial):
        seen.append((path.read_text(), partial.parent, partial.suffix))
        partial.write_text("new")

    write_whole(path, save)
    assert seen == [("old", tmp_path, ".json")]
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_what_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.json"
    path.write_text("old")

    def save(partial):
        partial.write_text("half")
        raise error

    with pytest.raises(error):
        write_whole(path, save)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"
