"""Names are a contract with stored data: a changed one would make every stream start anew."""

from connector.kafka.positions import key_for, offsets_topic, transactional_id


def test_names() -> None:
    assert offsets_topic("rowcast", "shop") == "rowcast-shop-offsets"
    assert transactional_id("rowcast", "shop") == "rowcast-shop-0"
    assert transactional_id("rowcast", "shop", 3) == "rowcast-shop-3"
    assert key_for("shop", "préfix") == '["shop",{"server":"préfix"}]'.encode()
