"""Runs the benchmarks there are, one after the other, each with options that keep it short."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = (
    ("apportion.py", ["--scale", "0.1"]),
    ("import_rows.py", ["--repeat", "1"]),
    ("audit_flags.py", ["--scale", "0.1"]),
    ("questions.py", ["--repeat", "3"]),
    ("long_listing.py", ["--rows", "4000", "--repeat", "1"]),
)


def main() -> int:
    """Run every script; the first exit code that is not 0 is given back."""
    for name, options in SCRIPTS:
        print(f"== {name} {' '.join(options)}", flush=True)
        code = subprocess.run([sys.executable, str(FOLDER / name), *options]).returncode
        if code:
            return code
    return 0


sys.exit(main())
