"""How much processor time does each question of an audit take beyond starting the program?

    .venv/bin/python benchmarks/questions.py [--book out/demo/fupin.db] [--repeat 5]

Asks the eight questions of ``fupin audit ask`` of the demonstration's book, each as its own process,
and takes off what the program needs to start and open that book (a question about nothing).
The least of the repetitions counts. Prints a table; exit 1 when a question needs a second or more.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 1.0
JOINT = "440203102203-2018-J-0002"
PLAN = "FP2019-440203102203"
HOUSEHOLD = "8572026041"
QUESTIONS = (
    ("这份文件的钱去了哪里", ("document", "韶财农〔2016〕58号")),
    ("这件资产挣了多少、给了谁", ("asset", JOINT)),
    ("这户得了多少、为什么", ("household", HOUSEHOLD, "--year", "2019")),
    ("谁在什么时候改过", ("who", PLAN)),
    ("那一天知道些什么", ("known", JOINT)),
    ("什么该收没有收", ("due",)),
    ("什么收到了没有分", ("undistributed",)),
    ("什么确权了没有移交", ("handover",)),
)
NOTHING = ("who", "没有这个对象")


def seconds(book: Path, words: tuple[str, ...]) -> float:
    """The processor time of one process that asks this; a question about nothing may fail."""
    program = str(Path(sys.executable).with_name("fupin"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [program, "audit", "ask", *words, "--on", "2021-03-31"],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "FUPIN_DATABASE": f"sqlite:///{book.resolve()}"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode and words != NOTHING:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.decode()}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, default=ROOT / "out" / "demo" / "fupin.db")
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    if not given.book.is_file():
        print(f"questions: there is no {given.book}; run make demo first")
        return 0
    # Round by round, so that what else the machine does strikes all of them alike.
    asked = (NOTHING, *(words for _, words in QUESTIONS))
    rounds = [[seconds(given.book, words) for words in asked] for _ in range(given.repeat)]
    start, *least = (min(each) for each in zip(*rounds, strict=True))
    print(f"start-up with the book opened: {start:.2f} s")
    for (title, words), spent in zip(QUESTIONS, least, strict=True):
        print(f"{spent - start:6.2f} s beyond start-up  {words[0]:<14}{title}")
    late = sum(spent - start >= LIMIT_SECONDS for spent in least)
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
