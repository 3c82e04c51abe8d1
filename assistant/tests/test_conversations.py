"""Reading conversation files: strict about the shape, clear about what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.conversations import MAX_BYTES, MAX_TURNS, BadConversation, read, to_case

DATA = Path(__file__).parent / "data"


def written(folder: Path, **changes: Any) -> Path:
    document = json.loads((DATA / "announced.json").read_text(encoding="utf-8")) | changes
    file = folder / "conversation.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def complaint(path: Path) -> str:
    with pytest.raises(BadConversation) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_conversation_is_read_with_its_source_and_its_turns() -> None:
    conversation = read(DATA / "announced.json")

    assert conversation.id == "announced"
    assert conversation.licence == "same as the project"
    assert [turn.speaker for turn in conversation.turns] == ["requester", "technician", "requester"]


def test_turns_become_steps_counted_from_one() -> None:
    case = to_case(read(DATA / "announced.json"))

    assert [step.number for step in case.steps] == [1, 2, 3]
    assert [step.author_kind for step in case.steps] == ["client", "imported", "client"]
    assert case.steps[1].text == "Please calibrate the printer: hold Pause and Cancel for two seconds."


def test_a_cut_includes_its_turn() -> None:
    conversation = read(DATA / "announced.json")

    assert len(to_case(conversation, cut=0).steps) == 1
    assert len(to_case(conversation, cut=2).steps) == 3


@pytest.mark.parametrize("cut", [-1, 3, 99])
def test_a_cut_outside_the_conversation_is_refused(cut: int) -> None:
    with pytest.raises(BadConversation, match="there is no turn"):
        to_case(read(DATA / "announced.json"), cut=cut)


def test_a_missing_file_a_folder_and_an_empty_file_are_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text(" \n")

    assert "no such file" in complaint(tmp_path / "nothing.json")
    assert "folder" in complaint(tmp_path)
    assert "empty" in complaint(tmp_path / "empty.json")


def test_what_is_not_text_or_not_json_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes('{"id": "Köln"}'.encode("latin-1"))
    (tmp_path / "half.json").write_text('{"id": ')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "deep.json").write_text("[" * 200_000)

    assert "UTF-8" in complaint(tmp_path / "latin.json")
    assert "not JSON (line 1" in complaint(tmp_path / "half.json")
    assert "not a conversation" in complaint(tmp_path / "list.json")
    assert "deep.json" in complaint(tmp_path / "deep.json")


def test_a_wrong_shape_names_the_field(tmp_path: Path) -> None:
    good = {"speaker": "requester", "who": "a", "text": "b"}

    assert "turns[1].speaker" in complaint(written(tmp_path, turns=[good, good | {"speaker": "boss"}]))
    assert "turns[0].text: missing" in complaint(written(tmp_path, turns=[{"speaker": "requester"}]))
    assert "turns[0].text" in complaint(written(tmp_path, turns=[good | {"text": 5}]))
    assert "turns" in complaint(written(tmp_path, turns="hello"))
    assert "no turns" in complaint(written(tmp_path, turns=[]))
    assert "id" in complaint(written(tmp_path, id=""))


def test_what_is_too_big_is_refused(tmp_path: Path) -> None:
    turn = {"speaker": "requester", "who": "a", "text": "b"}
    (tmp_path / "big.json").write_bytes(b" " * (MAX_BYTES + 1))

    assert "too big" in complaint(tmp_path / "big.json")
    assert "too many turns" in complaint(written(tmp_path, turns=[turn] * (MAX_TURNS + 1)))


def test_nuls_and_broken_characters_are_taken_out(tmp_path: Path) -> None:
    turn = {"speaker": "requester", "who": "a", "text": "no\x00 sound \ud83d at all"}

    assert read(written(tmp_path, turns=[turn])).turns[0].text == "no sound  at all"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + (DATA / "announced.json").read_bytes())

    assert read(tmp_path / "bom.json").id == "announced"
