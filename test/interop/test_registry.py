# SPDX-License-Identifier: Apache-2.0
"""The commands of the registry through the binary, on SQLite and PostgreSQL: import, export, diff, undo, journal; what is wrong is told with its line,
and changes nothing."""
import json
import os
import sqlite3
import subprocess

import pytest

from lab.postgresql import Postgresql, available

GOOD = """kind,name,prefix,exact,owner,to,rn,group,peer,priority,weight,cost,hours,domain,organization
peer,b,,,,,,,,,,,,,"Provider ""B"", Inc."
peer,c,,,,,,,,,,,,,
group,g,,,,,,,,,,,,,
route,,,,,,,g,b,1,10,5,mon-fri 08:00-18:00,,
range,,+4977,,b,b,,,,,,,,,
range,,+4977123,1,c,c,+4999,,,,,,,,
domain,,,,b,g,,,,,,,,b.example,
"""
PEERS = "kind,name\npeer,b\npeer,c\n"


@pytest.fixture(scope="module")
def server(folder):
    if not available():
        pytest.skip("PostgreSQL is not installed")
    s = Postgresql(folder / "pg").start()
    yield s
    s.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(binary, folder, request):
    """Runs a command on a database of this test's own: (status, output, errors)."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    path, uri = folder / f"{name}.db", f"sqlite:{folder}/{name}.db"
    if request.param == "postgresql":
        s = request.getfixturevalue("server")
        s.run("DROP SCHEMA IF EXISTS sallyport CASCADE")
        uri = s.uri

    def run(command, *args, text=None):
        if text is not None:
            file = folder / f"{name}.in"
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            args = (str(file), *args)
        p = subprocess.run([binary, command, *args, "--registry", uri], capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout, p.stderr
    run.path = path
    return run


def report(answer):
    return json.loads(answer[1])


def test_there_and_back(database):
    got = report(database("import", "--json", text=GOOD))
    assert (got["read"], got["put"], got["applied"], got["change_set"]) == (7, 7, True, 1) and len(got["hash"]) == 64
    status, rows, _ = database("export")
    assert status == 0 and len(rows.splitlines()) == 7
    again = report(database("import", "--json", text=rows))
    assert (again["put"], again["changed"], again["unchanged"], again["change_set"]) == (0, 0, 7, 0)
    status, ranges, _ = database("export", "--kind", "range")
    assert ranges.splitlines() == ["kind,prefix,exact,owner,to,rn", "range,+4977,0,b,b,", "range,+4977123,1,c,c,+4999"]
    assert database("diff", text=ranges)[0] == 0


def test_bad_rows_change_nothing(database):
    database("import", text=PEERS)
    bad = "kind,prefix,owner,to\nrange,+4911,b,b\nrange,030,b,b\nrange,+4911,c,c\nrange,+4912,nobody,b\n"
    status, out, err = database("import", text=bad)
    assert status == 1 and "nothing was applied" in out
    lines = sorted(line.split(":")[1] for line in err.splitlines())
    assert lines == ["3", "4", "5"] and "national" in err and "+4930" in err, err
    assert database("export", "--kind", "range")[1].count("\n") == 1
    got = report(database("import", "--json", "--skip-bad", text=bad))
    assert got["applied"] and got["put"] == 1 and got["faults"] == 3


def test_a_number_of_another_owner(database):
    """LUF-I3: a range within another's is a hijack, one ported number with its routing number is not."""
    database("import", text=PEERS + "")
    database("import", text="kind,prefix,owner,to\nrange,+4977,b,b\n")
    status, _, err = database("import", text="kind,prefix,owner,to\nrange,+49771,c,c\n")
    assert status == 1 and ":2:" in err
    assert database("import", text="kind,prefix,exact,owner,to,rn\nrange,+497712345,1,c,c,+4999\n")[0] == 0


def test_diff_replace_and_undo(database):
    database("import", text=PEERS)
    database("import", text="kind,prefix,owner,to\nrange,+4977,b,b\nrange,+4978,b,b\n")
    after = "kind,prefix,owner,to\nrange,+4978,b,c\nrange,+4979,b,b\n"
    status, out, _ = database("diff", "--replace", text=after)
    assert status == 1 and out.splitlines()[0].startswith("~ ") and out.splitlines()[1].startswith("+ ") and "1 deleted" in out
    assert report(database("import", "--replace", "--json", text=after))["deleted"] == 1
    assert database("undo", "3")[0] == 0
    assert "+4977" in database("export")[1] and "+4979" not in database("export")[1]
    assert database("undo", "99")[0] == 1 and database("undo", "x")[0] == 2
    sets = json.loads(database("journal", "--json")[1])
    assert [s["change_set"] for s in sets][:4] == [1, 2, 3, 4] and all(s["who"] for s in sets)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_tampered_journal_shows(database):
    database("import", text=PEERS)
    database("import", text="kind,prefix,owner,to\nrange,+4977,b,b\n")
    assert database("journal", "--verify")[0] == 0
    with sqlite3.connect(database.path) as db:
        tables = [t for (t,) in db.execute("select name from sqlite_master where type='table'")]
        changed = 0
        for table in tables:
            for column in [c[1] for c in db.execute(f"pragma table_info(\"{table}\")")]:
                if column == "who":
                    changed += db.execute(f"update \"{table}\" set who = 'mallory' where rowid = 1").rowcount
    assert changed > 0
    status, _, err = database("journal", "--verify")
    assert status == 1 and "not as it was written" in err


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_writes_lines_into_the_journal(database):
    database("import", text=PEERS)
    database("import", text="kind,prefix,owner,to\nrange,+4977,b,b\n")
    with sqlite3.connect(database.path) as db:
        db.execute("update change_set set who = ? where number = 1", ("m\x1b[2J\n     9  x",))
        db.execute("update change_set set why = cast(? as text) where number = 2", (b"import \xff\x1b[1A",))
    status, out, _ = database("journal")
    assert status == 0 and len(out.splitlines()) == 2 and "m?[2J?     9  x" in out and "\x1b" not in out
    status, out, _ = database("journal", "--json")
    assert status == 0 and [s["change_set"] for s in json.loads(out)] == [1, 2]


@pytest.mark.parametrize("octets, says", [
    (b"", "nothing in it"), (b"\xff\xfek\0i\0n\0d\0", "UTF-16"), (b"kind,nam\npeer,b\n", "nam"), (b"name\nb\n", "kind"),
    (b"kind,name\npeer,b\npeer," + b"x" * 100000 + b"\n", "longer than"), (b"kind,name\npeer,a\0b\n", "UTF-8"),
    (b'[{"kind":"peer"', "ends within")], ids=["empty", "utf16", "column", "no-kind", "long", "nul", "cut"])
def test_files_that_are_none(database, octets, says):
    status, out, err = database("import", text=octets)
    assert status == 1 and says in err, (out, err)
    assert database("export")[1] == "" or "kind" not in database("export")[1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_databases_that_are_none(database, binary, folder):
    status, _, err = database("export")
    assert status == 1 and err.startswith("sallyport export: "), err
    (folder / "text.db").write_text("this is no database at all, however long it may be\n" * 100)
    p = subprocess.run([binary, "journal", "--registry", f"sqlite:{folder}/text.db"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 1 and p.stderr.startswith("sallyport journal: ")
    p = subprocess.run([binary, "export", "--registry", "mysql://x"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 1 and "sqlite" in p.stderr
    p = subprocess.run([binary, "export"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 1 and "--registry" in p.stderr
    database("import", text=PEERS)
    holder = sqlite3.connect(database.path, isolation_level=None)
    holder.execute("begin immediate")
    status, _, err = database("import", text="kind,name\npeer,d\n")  # after five seconds
    holder.execute("rollback")
    assert status == 1 and err, err
    assert os.stat(database.path).st_mode & 0o077 == 0
