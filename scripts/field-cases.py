#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the table of Tests/field-cases.md and checks that the tests that it names exist, run and pass.

    field-cases.py check    checks that the table can be read and that each test is in its file; also for
                            Tests/acceptance.md
    field-cases.py run      the same, then runs the tests of Tests/field-cases.md, which must be built already

A row is `| 7. title (reports) | what is sent | expected | FILE: `a test`, `another`; FILE: `a third` |`.
A test without FILE is in the file of the test before it. The folder of a file is the module of its tests.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "Tests" / "field-cases.md"
ACCEPTANCE = ROOT / "Tests" / "acceptance.md"


class Case:
    def __init__(self, where, number, title, expected, tests):
        self.where, self.number, self.title, self.expected, self.tests = where, number, title, expected, tests


def named(where, text):
    """The tests that the last cell of a row names; exits when it names none."""
    form = r"([\w/]+\.swift): |`([^`]+)`(?:, |; |$)"
    tests, file = [], None
    for match in re.finditer(form, text):
        file = match[1] or file
        if match[2]:
            tests.append((file, match[2]))
    unread = re.sub(form, "", text)
    if unread or not tests or tests[0][0] is None:
        sys.exit(f"{where}: expected ``FILE: `a test`, `another`; FILE: `a third` ``, found `{unread or text}`")
    return tests


def read(path):
    """The cases of the table; exits when a row is not a case."""
    cases = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith("|") or line.startswith(("| case |", "|---")):
            continue
        where = f"{path.relative_to(ROOT)}:{number}"
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        title = re.match(r"(\d+)\. ([^(]+?) \(.+\)$", cells[0])
        if len(cells) != 4 or not title or not all(cells):
            sys.exit(f"{where}: expected `| 7. title (reports) | what is sent | expected | shown by |`")
        cases.append(Case(where, int(title[1]), title[2], cells[2], named(where, cells[3])))
    numbers = [case.number for case in cases]
    if not cases or len(set(numbers)) != len(numbers):
        sys.exit(f"{path.name}: no case, or a duplicate number")
    return cases


def accepted(path):
    """The rows of Tests/acceptance.md that name tests: the place of each, and its tests."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        # The rows of attacks have two cells and name no test.
        is_row = line.startswith("|") and len(cells) > 2 and cells[0] != "#"
        if is_row and not cells[-1].startswith("does not apply: "):
            rows.append((where, named(where, cells[-1])))
    if not rows:
        sys.exit(f"{path.name}: no row names a test")
    return rows


def missing(rows):
    """The tests of these rows that are missing in their file."""
    faults = []
    for where, tests in rows:
        for file, name in tests:
            path = TABLE.parent / file
            text = path.read_text() if path.exists() else ""
            if f"func `{name}`(" not in text:
                faults.append(f"{where}: {file} has no test `{name}`")
    return faults


def pattern(file, name):
    """A pattern that matches only this test: an identifier is `Module.Suite/`name`(labels:)/File.swift:1:2`."""
    module, base = file.split("/")[0], file.split("/")[-1]
    quoted = re.sub(r"([\\.^$|()\[\]{}*+?])", r"\\\1", name)
    return rf"^{module}\.[^`]*`{quoted}`\([^`]*\)/{base[: -len('.swift')]}\.swift:"


def run(tests):
    """Runs these tests; returns the exit status of `swift test`, and the results by module and name."""
    filters = [argument for test in tests for argument in ("--filter", pattern(*test))]
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["swift", "test", "--enable-all-traits", "--skip-build", "--no-parallel"]
        arguments += ["--xunit-output", f"{folder}/results.xml"] + filters
        status = subprocess.run(arguments, cwd=ROOT).returncode
        return status, results(pathlib.Path(folder).glob("*.xml"))


def results(reports):
    """How often each test ran, and whether it passed, by module and name."""
    found = {}
    for report in reports:
        for result in ElementTree.parse(report).iter("testcase"):
            name = re.match(r"`([^`]+)`\(", result.get("name", ""))
            if name:
                # A child element reports a failure or a skipped test.
                key = (result.get("classname", "").split(".")[0], name[1])
                count, passed = found.get(key, (0, True))
                found[key] = (count + 1, passed and len(result) == 0)
    return found


def fault(test, tests, found):
    """What is wrong with a test; None when it ran and passed."""
    file, name = test
    key = (file.split("/")[0], name)
    # Two files of a module may have tests with the same name; the report names the module, not the file.
    expected = sum((other.split("/")[0], called) == key for other, called in tests)
    count, passed = found.get(key, (0, True))
    if count != expected:
        return f"{file}: `{name}` ran {count} times, expected {expected}"
    return None if passed else f"{file}: `{name}` failed or was skipped"


def main():
    if sys.argv[1:] not in (["check"], ["run"]):
        sys.exit(__doc__)
    cases = read(TABLE)
    tests = sorted({test for case in cases for test in case.tests})
    if faults := missing([(case.where, case.tests) for case in cases] + accepted(ACCEPTANCE)):
        sys.exit("\n".join(faults))
    if sys.argv[1] == "check":
        return
    status, found = run(tests)
    faults = {test: text for test in tests if (text := fault(test, tests, found))}
    for case in cases:
        went = "failed" if any(test in faults for test in case.tests) else "ok"
        print(f"{case.number:2} {went:6} {case.title}: {case.expected}")
    print(*faults.values(), sep="\n", end="\n" if faults else "")
    if status != 0 and not faults:
        sys.exit("`swift test` failed, although every named test passed")
    failed = sum(any(test in faults for test in case.tests) for case in cases)
    print(f"{len(cases) - failed} of {len(cases)} cases ok, {len(tests)} tests")
    sys.exit(1 if faults else 0)


main()
