"""`python -m bench [WORKLOAD ...]`: measure every subject on every workload, print a table, write a JSON file."""

import argparse
import sys
from pathlib import Path

from bench.report import Result, show, store
from bench.subjects import rowcast
from bench.workloads import WORKLOADS

SUBJECTS = {"rowcast": rowcast.measure}


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"some of {', '.join(WORKLOADS)}; all if none")
    parser.add_argument("--subject", action="append", choices=SUBJECTS, help="only this subject (repeatable)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    unknown = set(args.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"unknown workload {min(unknown)}")
    results: list[Result] = []
    for name in args.workloads or WORKLOADS:
        for subject in args.subject or SUBJECTS:
            for result in SUBJECTS[subject](WORKLOADS[name]):
                print(f"{result.workload} {result.subject}: {result.rows_per_s:,} rows/s", file=sys.stderr, flush=True)
                results.append(result)
    show(results)
    print(f"written: {store(results, args.results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
