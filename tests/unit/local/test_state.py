"""The folder of a run: its secrets, its locks, what a reset removes."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import StartFailed
from deploy.local.settings import REPOSITORY, read_settings
from deploy.local.state import Credentials, Running, Secrets, State

HOLD_THE_CHILDREN_LOCK = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.make()
    return state


def test_secrets_are_generated_once_and_only_their_owner_reads_them(state: State) -> None:
    made = state.read_secrets()
    made.cursor_key("policy")
    state.save_secrets(made)
    assert state.read_secrets() == made
    assert stat.S_IMODE(state.secrets_file.stat().st_mode) == 0o600


def test_every_service_has_a_cursor_key_of_its_own_and_keeps_it() -> None:
    secrets = Secrets()
    keys = {secrets.cursor_key(name) for name in ("policy", "exchange", "policy")}
    assert len(keys) == 2
    assert min(len(key) for key in keys) >= 32


def test_two_states_share_no_secret() -> None:
    one, other = Secrets(), Secrets()
    assert one.database_password != other.database_password
    assert one.key_encryption_key != other.key_encryption_key
    assert one.meili_master_key != other.meili_master_key


def test_credentials_of_another_database_are_forgotten() -> None:
    client = Credentials(client_id="a", client_secret="b")
    kept = {"database_password", "key_encryption_key", "opinion_key", "profile_key"}
    kept |= {"request_key", "fingerprint_key", "meili_master_key"}
    secrets = Secrets(database_id="1/2", administrator=client, clients={"search": client}, demo_loaded=True)
    secrets.belong_to("1/2")
    assert secrets.administrator == client
    secrets.belong_to("1/3")
    assert secrets == Secrets(**secrets.model_dump(include=kept), database_id="1/3")


def test_damaged_secrets_are_said_not_replaced(state: State) -> None:
    state.secrets_file.write_text('{"database_password": ')
    with pytest.raises(StartFailed, match="已损坏"):
        state.read_secrets()
    assert state.secrets_file.read_text() == '{"database_password": '


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartFailed) as refused:
        State(tmp_path / "file" / "state").make()
    assert "不可写" in str(refused.value)
    assert "MINGQUAN_STATE" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_read_only_folder_is_one_sentence(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The mode of a folder says nothing to root, who also runs this.
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StartFailed, match="不可写（Permission denied）"):
        state.make()


def test_a_folder_with_other_peoples_files_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("")
    mode = tmp_path.stat().st_mode
    with pytest.raises(StartFailed, match=r"thesis\.docx"):
        State(tmp_path).make()
    assert tmp_path.stat().st_mode == mode


def test_a_second_launcher_on_the_same_state_is_refused(state: State) -> None:
    with state.only_instance(), pytest.raises(StartFailed, match="另一个明泉正在使用"), state.only_instance():
        raise AssertionError("two at once")
    with state.only_instance():
        assert state.is_made


def test_a_launcher_waits_for_what_a_killed_one_left_behind(state: State) -> None:
    command = [sys.executable, "-c", HOLD_THE_CHILDREN_LOCK, str(state.root / "children.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as leftover:
        assert leftover.stdin is not None
        assert leftover.stdout is not None
        assert leftover.stdout.readline() == b"held\n"
        with pytest.raises(StartFailed, match="上次异常退出后留下的进程"), state.only_instance(patience_seconds=0):
            raise AssertionError("two at once")
        leftover.stdin.close()
        with state.only_instance():
            assert leftover.wait() == 0


def test_commands_say_that_nothing_runs(state: State, tmp_path: Path) -> None:
    for folder in (state, State(tmp_path / "never")):
        with pytest.raises(StartFailed, match="套件没有运行"):
            folder.read_running()


def test_commands_find_what_runs(state: State) -> None:
    running = Running(gateway="http://127.0.0.1:1", services={}, environments={})
    with state.only_instance():
        with pytest.raises(StartFailed, match="正在启动或停止"):
            state.read_running()
        state.save_running(running)
        assert state.read_running() == running


def test_reset_removes_what_runs_made_and_nothing_else(state: State) -> None:
    state.save_secrets(Secrets())
    (state.root / "meilisearch" / "data.ms").mkdir(parents=True)
    (state.root / "cache").mkdir()
    (state.root / "notes.txt").write_text("mine")
    with state.only_instance():
        state.remove()
    assert sorted(path.name for path in state.root.iterdir()) == ["cache", "notes.txt"]


@pytest.mark.parametrize(("name", "value"), [("PORT", "eighty"), ("PORT", "70000")])
def test_an_unusable_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MINGQUAN_{name}", value)
    with pytest.raises(StartFailed, match=f"MINGQUAN_{name}"):
        read_settings()


def test_the_state_stands_in_the_repository_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINGQUAN_STATE", raising=False)
    assert read_settings().state == REPOSITORY / ".mingquan"
