"""Opening, asking and writing a home from Python."""

import gzip
import io
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

import outcomes
from outcomes.cli.commands.demo import COLLEGE, COURSE, OUTCOME, SCHOOLS
from tests.support.given import OTHER_TENANT, group, lines, outcome, result

EVENTS = [group("1", "2025-01-01", title="Plover School"), outcome("7", "2025-01-02"), result("50", "2025-02-01")]


def test_only_create_makes_a_home(tmp_path: Path) -> None:
    """Where there is none, opening says so and leaves nothing behind."""
    with pytest.raises(outcomes.HomeUnavailable, match="no log at"):
        outcomes.open(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []
    with outcomes.open(str(tmp_path / "home"), create=True) as home:
        assert home.status().head == 0
    assert (tmp_path / "home" / "log.db").exists()


def test_asking_leaves_the_log_as_it_is(sample: Path) -> None:
    """No byte of the log changes by questions."""
    before = (sample / "log.db").read_bytes()
    with outcomes.open(sample) as home:
        then = home.at("2026-01-01", tenant=SCHOOLS)
        assert then.tree("Account:1")
        assert list(then.mastery(course=COURSE))
        assert home.status().head
    assert (sample / "log.db").read_bytes() == before


def test_times_and_ids_are_taken_in_every_natural_form(home: outcomes.Home) -> None:
    """Text, date and datetime are one time; a number and its digits are one id, one position."""
    digests = {
        home.at(time).digest().digest
        for time in ("2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC))  # noqa: DTZ001 - no offset is UTC
    }
    assert len(digests) == 1
    assert home.at(known_at=700).digest() == home.at(known_at="700").digest()
    recorded = home.log(after=699, limit=1)
    (entry,) = recorded
    assert entry.recorded_at is not None
    assert home.at(known_at=entry.recorded_at).known_at >= 700
    then = home.at(tenant=SCHOOLS)
    assert then.show("outcome", int(OUTCOME)) == then.show("outcome", OUTCOME)
    assert then.as_of is None
    assert home.at("2026-01-01").as_of == datetime(2026, 1, 1, tzinfo=UTC)


def test_wrong_questions_are_usage_errors(home: outcomes.Home) -> None:
    """Raised when they are asked, not when the answer is read."""
    then = home.at(tenant=SCHOOLS)
    for wrong in (
        lambda: home.at("yesterday"),
        lambda: home.at(tenant="nobody"),
        lambda: then.tree("Class:1"),
        lambda: then.show("thing", 1),
        lambda: then.timeline(entity="7"),
        lambda: then.late(over="long"),
        lambda: then.mastery(compare=True),
        lambda: then.mastery(method="guess"),
        lambda: then.impact("course:1"),
        lambda: home.quarantine.show(99),
        lambda: home.settings.set("weather", "on"),
        lambda: home.diff("Account:1"),
    ):
        with pytest.raises(outcomes.UsageError):
            wrong()
    with pytest.raises(outcomes.SeveralTenants, match="2 tenants"):
        home.at().timeline()
    assert home.at().digest().entities > 0
    assert {home.at(tenant=uuid).tenant for uuid in (COLLEGE, SCHOOLS)} == {COLLEGE, SCHOOLS}


def test_a_question_beyond_the_log_says_so(home: outcomes.Home) -> None:
    """It is answered, and the point remarks which head answers."""
    (words,) = home.at(known_at=10_000).remarks
    assert "beyond the log's head" in words
    assert home.at().remarks == ()


def test_events_come_from_files_streams_bytes_and_dicts(tmp_path: Path) -> None:
    """Each source is read for what it is; what was taken before is a duplicate."""
    data = lines(*EVENTS)
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(gzip.compress(data))
    with outcomes.open(tmp_path / "home", create=True) as home:
        assert home.ingest(path).appended == 3
        with path.open("rb") as raw, gzip.open(path) as unpacked:
            for source in (str(path), data, EVENTS, EVENTS[0], io.BytesIO(data), raw, unpacked):
                report = home.ingest(source)
                assert (report.appended, report.quarantined) == (0, 0)
                assert report.read == report.duplicates in {1, 3}
        assert home.ingest(b"nonsense").quarantined == 1
        assert home.quarantine.show(1).content == b"nonsense"
        with pytest.raises(outcomes.UnreadableInput, match="does not exist"):
            home.ingest(data, tmp_path / "gone")


def test_a_stream_is_read_from_where_it_stands(tmp_path: Path) -> None:
    """Of a stream of which a part has been read, the rest is taken: not the file behind it."""
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(*EVENTS))
    with outcomes.open(tmp_path / "home", create=True) as home, path.open("rb") as stream:
        stream.readline()
        assert home.ingest(stream).appended == 2


def test_input_that_is_cut_short_is_an_error_with_its_report(tmp_path: Path) -> None:
    """What could be read is in the log, and the error says how much."""
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(lines(*(outcome(str(number), "2025-01-01") for number in range(2000))))[:-400])
    with outcomes.open(tmp_path / "home", create=True) as home:
        with pytest.raises(outcomes.InputCutShort, match="ends in the middle") as caught:
            home.ingest(path)
        assert 0 < caught.value.report.appended == home.status().head < 2000


def test_the_database_can_be_read_and_not_written(home: outcomes.Home) -> None:
    """It is sqlite-utils over the views, brought up to date."""
    database = home.database()
    assert database["results"].count > 100
    assert next(database.query("SELECT count(*) AS n FROM tenants"))["n"] == 2
    for statement in ("DELETE FROM tenants", "PRAGMA query_only = OFF; CREATE TABLE mine (x)"):
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.conn.executescript(statement)
    database.conn.close()


def test_settings_are_recorded_and_listed(tmp_path: Path) -> None:
    """In force from their time on; on and off may be said as true and false."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        with pytest.raises(outcomes.UsageError, match="the log is empty"):
            home.settings.set("account_level_mastery_scales", "on")
        home.ingest(EVENTS)
        made = home.settings.set("account_level_mastery_scales", value=True, since=date(2025, 6, 1))
        assert (made.value, made.position) == ("on", 4)
        before, after = (home.settings.list(as_of=time)[0].value for time in ("2025-05-31", "2025-06-02"))
        assert (before, after) == ("not set", "on")
        assert home.settings.set("redact", "on").position is None
        assert {row.setting: row.value for row in home.settings.list()}["redact"] == "on"


def test_a_log_is_proved_against_a_checkpoint_and_from_a_backup(tmp_path: Path) -> None:
    """The line is what `str` gives; a copy of the log is a home that proves itself with it."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(EVENTS)
        line = home.checkpoint()
        assert home.verify(all=True, against=line)
        made = home.backup(tmp_path / "copy.db")
        home.ingest(outcome("8", "2025-03-01"))
        assert home.verify(against=str(line)).ok
    (tmp_path / "restored").mkdir()
    Path(made.file).rename(tmp_path / "restored" / "log.db")
    with outcomes.open(tmp_path / "restored") as restored:
        assert restored.checkpoint() == line
        assert (restored.status().head, made.head) == (3, 3)


def test_a_damaged_log_has_a_verdict(tmp_path: Path) -> None:
    """The function of the package gives one also where no home can be opened; the verdict is false."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(EVENTS)
    assert outcomes.verify(tmp_path / "home")
    (tmp_path / "home" / "log.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(outcomes.OutcomesError):
        outcomes.open(tmp_path / "home")
    assert not outcomes.verify(tmp_path / "home").ok
    with pytest.raises(outcomes.HomeUnavailable):
        outcomes.verify(tmp_path / "nowhere")


def test_a_person_is_erased_in_an_encrypted_home(tmp_path: Path) -> None:
    """Whoever was never here is None; of whoever was, nothing can be read afterwards."""
    with outcomes.init(tmp_path / "home", encrypt=True, redact=True) as home:
        home.ingest(EVENTS)
        assert home.status().encrypted
        assert home.erase(student="studentBo", reason="a request") is None
        assert [row.student for row in home.at().mastery()] == ["studentAda"]
        erased = home.erase(student="studentAda", reason="a request")
        assert erased is not None
        assert erased.events == 1
        assert list(home.at().mastery()) == []
    with pytest.raises(outcomes.UsageError, match="is there already"):
        outcomes.init(tmp_path / "home")


def test_the_log_comes_back_byte_for_byte(home: outcomes.Home, tmp_path: Path) -> None:
    """Its lines, taken into another home, make the same state."""
    with outcomes.open(tmp_path / "other", create=True) as other:
        other.ingest(b"".join(home.log().lines()))
        assert other.at().digest().digest == home.at().digest().digest
    (line,) = home.log(limit=1).placed_lines()
    assert orjson.loads(line)["position"] == 1


def test_tenants_are_kept_apart(tmp_path: Path) -> None:
    """A point of one root account tells nothing of another."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest([*EVENTS, outcome("9", "2025-01-01", meta={"tenant": OTHER_TENANT})])
        assert not home.at(tenant=OTHER_TENANT).show("outcome", 7)
        assert home.at(tenant=OTHER_TENANT).show("outcome", 9)
