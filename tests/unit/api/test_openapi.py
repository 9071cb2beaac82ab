"""The document says what the routes do."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import Room, ask


def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    document = ask(Room(tmp_path), "GET", "/openapi.json", token="").json()
    text = str(document)
    known = document["components"]["schemas"]
    wanted = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= set(known)
    assert document["openapi"] == "3.1.0"


def test_a_route_is_described_by_its_signature(tmp_path: Path) -> None:
    document = ask(Room(tmp_path), "GET", "/openapi.json", token="").json()
    change = document["paths"]["/api/traders/{trader_id}"]["put"]
    assert change["parameters"][0]["name"] == "trader_id"
    assert change["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ChangedTrader"
    }
    assert set(change["responses"]) == {
        "200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503"
    }  # fmt: skip
    signals = document["paths"]["/api/signals"]["get"]
    limit = signals["parameters"][0]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    assert not limit["required"]
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "text/plain" in document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]


def test_operations_have_names_of_their_own(tmp_path: Path) -> None:
    document = ask(Room(tmp_path), "GET", "/openapi.json", token="").json()
    names = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))
