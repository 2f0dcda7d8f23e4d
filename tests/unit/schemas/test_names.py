"""Topic, subject and Avro names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import names

LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def test_topics_are_sanitised_part_by_part() -> None:
    assert names.stream_topic("move", "commerce", "-80") == "move.commerce.-80"
    assert names.table_topic("p", "my db", "größe$x") == "p.my_db.gr__e_x"
    assert names.heartbeat_topic("p") == "__debezium-heartbeat.p"
    assert names.transaction_topic("p") == "p.transaction"


def test_subjects() -> None:
    assert names.key_subject("t") == "t-key"
    assert names.value_subject("t") == "t-value"
    assert names.record_subject("t", "rowcast.stream.Message") == "t-rowcast.stream.Message"


@pytest.mark.parametrize(
    ("text", "expected"), [("id", "id"), ("a b", "a_b"), ("größe", "gr__e"), ("1st", "_1st"), ("", "_"), ("a.b", "a_b")]
)
def test_avro_name(text: str, expected: str) -> None:
    assert names.avro_name(text) == expected


def test_every_part_of_a_full_name_is_adjusted() -> None:
    assert names.avro_full_name("my-prefix.1db.t.Value") == "my_prefix._1db.t.Value"


def test_injective_names_tell_apart_what_adjusting_would_merge() -> None:
    assert names.injective_avro_name("orders") == "orders"
    assert len({names.injective_avro_name(text) for text in ("a b", "a-b", "a_b")}) == 3


def test_legal_field_names_stay_and_the_others_move_out_of_their_way() -> None:
    assert names.avro_field_names(["a b", "a-b", "a_b", "a_b_2", "größe"]) == (
        "a_b_3",
        "a_b_4",
        "a_b",
        "a_b_2",
        "gr__e",
    )


@given(st.lists(st.text(min_size=1, max_size=6), unique=True))
def test_field_names_are_legal_and_unique(columns: list[str]) -> None:
    result = names.avro_field_names(columns)
    assert len(set(result)) == len(columns)
    assert all(LEGAL.fullmatch(name) for name in result)
