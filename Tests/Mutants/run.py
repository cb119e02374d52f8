#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small security-relevant changes to Sources and checks whether a test notices each.

All changes are compiled into one copy of the package, each behind a switch, so that there is only one build. Then the
tests run once for each change, with that switch on. A change is killed when a test fails, crashes or takes longer than
a minute.

Files next to this one (`*.mutants`) list the changes:

    # a comment
    == name of the change
    in Sources/MCPAuthCore/Engine/MandatoryChecks.swift
    tests RememberedTokenTests|ClaimAttackTests
    -- now < expiresAt
    ++ now <= expiresAt
    equivalent why no test can notice it

The text after `--` must occur in the file exactly once; several `--` lines are joined by line ends, and so are `++`
lines. In the new text, `MUTANT` is the switch. A new text without it is an expression that replaces another one.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SWITCH = """// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

private let chosenMutant: Int = unsafe getenv("MCPAUTH_MUTANT").map { unsafe Int(atoi($0)) } ?? 0

func mutantIsOn(_ number: Int) -> Bool { chosenMutant == number }
"""


class Mutant:
    def __init__(self, name):
        self.name, self.file, self.tests, self.old, self.new, self.equivalent = name, "", "", [], [], ""


def read(path):
    mutants = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("== "):
            mutants.append(Mutant(line[3:].strip()))
        elif not line.strip() or line.startswith("#"):
            continue
        elif not mutants:
            sys.exit(f"{path.name}:{number}: a change begins with `== name`")
        elif line.startswith("in "):
            mutants[-1].file = line[3:].strip()
        elif line.startswith("tests "):
            mutants[-1].tests = line[6:].strip()
        elif line.startswith("-- ") or line == "--":
            mutants[-1].old.append(line[3:])
        elif line.startswith("++ ") or line == "++":
            mutants[-1].new.append(line[3:])
        elif line.startswith("equivalent "):
            mutants[-1].equivalent = line[11:].strip()
        else:
            sys.exit(f"{path.name}:{number}: expected `==`, `in`, `tests`, `--`, `++` or `equivalent`")
    return mutants


def unknown_suites(mutants):
    """Parts of `tests` that occur in no suite name: no test would run for them."""
    texts = [path.read_text() for path in (ROOT / "Tests").rglob("*.swift")]
    suites = re.findall(r"@Suite[^\n]* struct (\w+)", "\n".join(texts))
    return [
        f"{mutant.name}: there is no suite `{part}`"
        for mutant in mutants for part in mutant.tests.split("|") if not any(part in suite for suite in suites)
    ]


def changed(mutants):
    """The changed texts of files, by file name; ends the program when a change does not fit."""
    faults, by_file, texts = [], {}, {}
    for number, mutant in enumerate(mutants, 1):
        by_file.setdefault(mutant.file, []).append((number, mutant))
    for file, changes in by_file.items():
        path = ROOT / file
        if not path.is_file():
            faults += [f"{mutant.name}: there is no {file}" for _, mutant in changes]
            continue
        text, spans = path.read_text(), []
        for number, mutant in changes:
            old, new = "\n".join(mutant.old), "\n".join(mutant.new)
            if text.count(old) != 1:
                faults.append(f"{mutant.name}: the old text stands {text.count(old)} times in {file}")
                continue
            if "MUTANT" not in new:
                new = f"(MUTANT ? ({new}) : ({old}))"
            start = text.index(old)
            spans.append((start, start + len(old), new.replace("MUTANT", f"mutantIsOn({number})"), mutant))
        spans.sort(key=lambda span: span[0])
        for left, right in zip(spans, spans[1:]):
            if right[0] < left[1]:
                faults.append(f"{right[3].name}: its text overlaps that of {left[3].name}")
        for start, end, new, _ in reversed(spans):
            text = text[:start] + new + text[end:]
        texts[file] = text
        texts[f"Sources/{file.split('/')[1]}/MutantSwitch.swift"] = SWITCH
    if faults:
        sys.exit("\n".join(faults))
    # The switches cause warnings, which must not be errors here.
    manifest = (ROOT / "Package.swift").read_text()
    texts["Package.swift"] = manifest.replace("    .treatAllWarnings(as: .error),\n", "")
    return texts


def copy_tree(tree, texts):
    """Copies the files that git knows, with these texts; skips unchanged files, so that a second build is short."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")
    wanted = {name for name in names if name and (ROOT / name).is_file()} | set(texts)
    for name in wanted:
        source, target = ROOT / name, tree / name
        content = texts[name].encode() if name in texts else source.read_bytes()
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)
        if source.is_file():
            shutil.copymode(source, target)
    for path in tree.rglob("*.swift"):
        name = str(path.relative_to(tree))
        if name not in wanted and ".build" not in path.parts:
            path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of the names of the changes to try; all when none is given")
    parser.add_argument("--list", action="store_true", help="list the changes and try none")
    parser.add_argument("--work", default=str(ROOT / ".build-mutants"), help="where the copy is built")
    arguments = parser.parse_args()
    mutants = [mutant for path in sorted(HERE.glob("*.mutants")) for mutant in read(path)]
    chosen = [
        (number, mutant) for number, mutant in enumerate(mutants, 1)
        if not arguments.names or any(mutant.name.startswith(name) for name in arguments.names)
    ]
    if arguments.list:
        for number, mutant in chosen:
            print(f"{number:4} {mutant.file}: {mutant.name}")
        return
    unknown = unknown_suites(mutants)
    if unknown:
        sys.exit("\n".join(unknown))
    tree = pathlib.Path(arguments.work) / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    copy_tree(tree, changed(mutants))
    swift = [os.environ.get("SWIFT", "swift"), "build", "--enable-all-traits", "--build-tests"]
    print(f"building {len(mutants)} changes", flush=True)
    build = subprocess.run(swift, cwd=tree, capture_output=True, text=True)
    if build.returncode != 0:
        errors = [line for line in build.stdout.splitlines() if "error:" in line]
        sys.exit("\n".join(errors[:40] or build.stdout.splitlines()[-20:]))
    where = subprocess.run([*swift, "--show-bin-path"], cwd=tree, capture_output=True, text=True, check=True)
    program = next(pathlib.Path(where.stdout.strip()).glob("*PackageTests.xctest"))

    def run(number, tests):
        began = time.monotonic()
        environment = {**os.environ, "MCPAUTH_MUTANT": str(number)}
        command = [str(program), "--testing-library", "swift-testing", "--no-parallel", "--filter", tests]
        try:
            done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return False, "no end after 60 s", time.monotonic() - began
        count = re.findall(r"Test run with (\d+) tests?", done.stdout + done.stderr)
        if done.returncode == 0 and (not count or int(count[-1]) == 0):
            sys.exit(f"`{tests}` names no test")
        failed = re.findall(r'✘ Test "?(.*?)"? (?:with .* )?(?:recorded|failed)', done.stdout + done.stderr)
        why = failed[0] if failed else f"exit {done.returncode}"
        return done.returncode == 0, why, time.monotonic() - began

    for tests in sorted({mutant.tests for _, mutant in chosen}):
        passed, why, _ = run(0, tests)
        if not passed:
            sys.exit(f"without a change, `{tests}` fails: {why}")
    killed, survivors, equivalent = 0, [], []
    for number, mutant in chosen:
        passed, why, seconds = run(number, mutant.tests)
        if not passed:
            killed += 1
        elif mutant.equivalent:
            equivalent.append(mutant)
        else:
            survivors.append(mutant)
        state = "SURVIVED" if passed else "killed"
        note = f"equivalent: {mutant.equivalent}" if passed and mutant.equivalent else "" if passed else f"by {why[:80]}"
        print(f"{state:8} {seconds:5.1f} s  {mutant.name}  {note}", flush=True)
    judged = killed + len(survivors)
    share = 100 * killed / judged if judged else 100
    print(f"{len(chosen)} changes: {killed} killed, {len(survivors)} survived, {len(equivalent)} equivalent; {share:.1f} % killed")
    sys.exit(1 if share < 98 else 0)


if __name__ == "__main__":
    main()
