# SPDX-License-Identifier: Apache-2.0
# What the check-* scripts share: the tree's files, C without comments and strings, and how a fault is told.
# Every fault says where, what, and how to mend it; the exit status is 1 when there was one.
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)


def files(suffixes, under=''):
    """Paths of the tree (tracked, or new and not ignored) that end in one of SUFFIXES and begin with UNDER."""
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split('\n')
    else:  # an unpacked archive
        names = [os.path.relpath(os.path.join(d, f), ROOT) for d, _, fs in os.walk(ROOT) for f in fs
                 if not os.path.relpath(d, ROOT).startswith('build')]
    return sorted(n for n in set(names) if n.startswith(under) and n.endswith(tuple(suffixes)) and os.path.isfile(n))


def read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def _blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def code(path):
    """The text of a C file with comments, strings and characters blanked; lines keep their numbers."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, _blank, read(path), flags=re.S)


class Faults:
    def __init__(self):
        self.count = 0

    def add(self, where, what, mend):
        self.count += 1
        print(f'{where}: {what}. Mend: {mend}')

    def leave(self, summary):
        print(f'{summary}, {self.count} faults')
        sys.exit(1 if self.count else 0)
