"""Is the book the same on both databases? The same walk, entry by entry, down to the root."""

from pathlib import Path

from tests.walking import walked_twice


def test_the_walk_gives_the_same_root_on_both_databases(
    small_walk: Path, small_walk_on_postgresql: Path
) -> None:
    ours, theirs = walked_twice(small_walk), walked_twice(small_walk_on_postgresql)

    assert ours.size == theirs.size > 0
    differing = [
        f"{number}: {one[0].decode()}\n{one[1].decode()}\n{other[1].decode()}"
        for number, (one, other) in enumerate(
            zip(ours.entries, theirs.entries, strict=True), start=1
        )
        if one != other
    ]
    assert differing[:1] == []
    assert ours.root == theirs.root


def test_every_line_of_the_walk_says_the_same_on_both_databases(
    small_walk: Path, small_walk_on_postgresql: Path
) -> None:
    ours, theirs = walked_twice(small_walk), walked_twice(small_walk_on_postgresql)
    homes = str(ours.folder), str(theirs.folder)

    for one, other in zip(ours.lines, theirs.lines, strict=True):
        assert (one.after_first, one.second) == (other.after_first, other.second), one.argv
        said = other.first_said.replace(theirs.database, ours.database).replace(*homes[::-1])
        assert one.first_said == said
