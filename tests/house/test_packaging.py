"""What stands beside the program to run it elsewhere: container, compose, systemd."""

from __future__ import annotations

import configparser
import re
import shlex

from tests.house.places import ROOT

from aitrader.config import known_settings

SETTINGS = {setting.environment for setting in known_settings()}
STOP_S = 30
"""The promise of a graceful stop, which whoever stops us must wait for."""


def test_a_container_runs_as_nobody_and_says_how_it_is() -> None:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    words = [line.split(maxsplit=1)[0] for line in lines]
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE"}
    assert set(words) <= known | {"STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    final = lines[max(n for n, word in enumerate(words) if word == "FROM") :]
    assert any(line.startswith("USER aitrader") for line in final)
    assert any(line.startswith("HEALTHCHECK") and "/health" in line for line in final)
    (environment,) = [line for line in final if line.startswith("ENV")]
    names = {part.split("=")[0] for part in shlex.split(environment)[1:]}
    assert names - {"PATH"} <= SETTINGS
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            sources = line.split()[1:-1]
            missing = [name for name in sources if not (ROOT / name).exists()]
            assert not missing, f"the Dockerfile copies what is not there: {missing}"


def test_compose_waits_for_a_graceful_stop_and_sets_what_there_is() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    found = re.search(r"stop_grace_period: (\d+)s", text)
    assert found is not None
    assert int(found[1]) > STOP_S
    block = text.split("environment:\n")[1].split("    ports:")[0]
    names = set(re.findall(r"^ {6}([A-Z_]+):", block, re.MULTILINE))
    assert names
    assert names <= SETTINGS


def test_the_unit_is_one_and_waits_for_a_graceful_stop() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "packaging" / "aitrader.service").read_text(encoding="utf-8"))
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    assert service["ExecStart"].endswith("aitrader --daemon")
    assert int(service["TimeoutStopSec"]) > STOP_S
    names = {part.split("=")[0] for part in shlex.split(service["Environment"])}
    assert names <= SETTINGS
    assert service["Restart"] == "on-failure"  # the watchdog ends a stuck process with a code
