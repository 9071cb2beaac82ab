"""One world: a simulated exchange that goes on, and engine processes that die on it in turn.

What is drawn (deaths, faults and their moments) comes from the seed; when exactly they meet the
engine is the machine's. How long a holding stood without a stop the exchange itself records
(`bare`); here it is noted, in the exchange's time, when no engine was there to act.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from fault_suite.bare import BareTime, Interval, measured
from fault_suite.books import Books, findings_against, findings_within
from fault_suite.process import POLL_S, Life
from fault_suite.troubles import LOST_THREE_TIMES, MARKET_FAULTS, ORDER_FAULTS, name_of

from aitrader.model.account import LIVE

START_MS = 1_767_571_200_000 + 50_000
"""Ten seconds before a minute ends."""

SETTLED_S, SETTLE_WITHIN_S = 2.5, 12.0
"""The books are compared once the exchange's have not changed for so long on a market that stands
still: reports may be on their way."""
STRIKE_S = (0.5, 3.0)
MOST_WRITES = 20
"""Durable writes of a life, about: one that is to die at the n-th rarely outlives it."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What worlds of one kind have in common."""

    account: str
    lives: int
    symbols: int
    speed: float
    life_s: tuple[float, float]
    calm_s: float
    seed: int
    story: str = ""
    """`lost_answers`: begins with just that, without other faults."""


class World:
    """One exchange, one data folder, and lives on them."""

    def __init__(self, rules: Rules, number: int, folder: Path) -> None:
        self.rules = rules
        self.name = f"world {rules.seed}.{number}"
        self.rng = random.Random(f"{rules.seed}.{number}")
        self.folder = folder
        self.key = f"fault-suite-{os.getpid()}-{number}"
        """Its own, since no two engines may trade on one."""
        self.counted: Counter[str] = Counter()
        self.findings: list[str] = []
        self.recovered: list[dict[str, float]] = []
        self.writes: Counter[str] = Counter()
        """By kind of fact, and by number in a life: the durable writes at which a life ended."""
        self.bare = BareTime()
        self.down: list[Interval] = []
        self._down_from_ms = START_MS

    def run(self) -> None:
        """Live all lives, let the last come to rest, and hold the books against each other."""
        with self._exchange():
            if self.rules.story:
                self._lose_answers()
            for _ in range(self.rules.lives):
                self._life()
            self._rest()

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[None]:
        rules, seed = self.rules, self.rng.randrange(10**6)
        about = (rules.symbols, rules.speed, seed, START_MS)
        command = [sys.executable, str(Path(__file__).with_name("exchange.py")), *map(str, about)]
        exchange = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert exchange.stdout is not None
            address = json.loads(exchange.stdout.readline())
            with httpx2.Client(base_url=address["exchange"], trust_env=False) as http:
                self.http, self.address = http, address
                http.post("/simulator/keys", json={"key": self.key, "secret": self.key})
                rows = http.get("/api/v3/ticker/price").json()
                self.symbols = [row["symbol"] for row in rows]
                yield
        finally:
            exchange.kill()
            exchange.wait()

    # -- lives

    def _plan(self, **changes: object) -> dict[str, object]:
        now_ms = self.http.get("/api/v3/time").json()["serverTime"]
        return {
            "folder": str(self.folder),
            "rest_url": self.address["exchange"],
            "stream_url": self.address["stream"],
            "account": self.rules.account,
            "key": self.key,
            "start_ms": now_ms,
            "speed": self.rules.speed,
            **changes,
        }

    def _now_ms(self) -> int:
        """Return the exchange's own time, whatever it tells its clients."""
        return int(self.http.get("/simulator/exposure").json()["at_ms"])

    def _listen(self, life: Life) -> None:
        """Take in what a life says; note when one began to act, and when it ended."""
        was_up = life.is_up
        life.listen()
        if life.is_up and not was_up:
            self.down.append((self._down_from_ms, self._now_ms()))
        elif was_up and not (life.is_up and life.is_alive):
            life.is_up = False
            self._down_from_ms = self._now_ms()

    def _leave(self, life: Life) -> None:
        """Note that a life which is up will not act any more from now on."""
        self._listen(life)
        if life.is_up:
            self._down_from_ms = self._now_ms()

    def _life(self) -> None:
        way = self.rng.choices(("write", "random", "stop", "term"), (5, 3, 1, 1))[0]
        changes: dict[str, object] = {}
        if way == "write":
            number = self.rng.randint(1, MOST_WRITES)
            changes = {"dies_at": number, "is_written": self.rng.random() < 0.5}
            if self.rng.random() < 0.2:
                changes["refused"] = self.rng.randint(1, 4)
        life_s = self.rng.uniform(*self.rules.life_s)
        if way == "write":  # it ends by itself, given the time
            life_s = 1.5 * self.rules.life_s[1]
        life = Life(self._plan(**changes))
        self.counted["lives"] += 1
        try:
            self._accompany(life, life_s, is_stopped=way == "stop")
            self._leave(life)
            if life.is_alive and way == "term":
                life.end()
        finally:
            life.kill()
        self._note(life, way)

    def _lose_answers(self) -> None:
        """Orders are accepted and their answers lost, three times in a row; then the process dies.

        Other programs order again, forget what they own and leave it without a stop.
        """
        life = Life(self._plan())
        try:
            while not life.is_up and life.is_alive:
                time.sleep(POLL_S)
                self._listen(life)
            self.http.post("/simulator/faults", json=LOST_THREE_TIMES)
            end_s = time.monotonic() + 90.0 / self.rules.speed  # a candle closes meanwhile
            while time.monotonic() < end_s and life.is_alive:
                time.sleep(POLL_S)
                self._listen(life)
            (standing,) = self.http.get("/simulator/faults").json() or [None]
            if standing is not None:
                self.findings.append(f"{self.name}: broken: not all answers were lost")
            self._leave(life)
        finally:
            life.kill()
        self.counted["lives"] += 1

    def _accompany(self, life: Life, life_s: float, *, is_stopped: bool = False) -> None:
        """Let the world happen to a life until it has died or its time is over."""
        end_s = time.monotonic() + life_s
        strike_s = time.monotonic() + self.rng.uniform(0.1, 1.0)
        stop_s = end_s - self.rng.uniform(0.4, 0.8) * life_s if is_stopped else None
        while time.monotonic() < end_s and life.is_alive:
            time.sleep(POLL_S)
            self._listen(life)
            if time.monotonic() >= strike_s:
                strike_s += self.rng.uniform(*STRIKE_S)
                self._strike()
            if stop_s is not None and time.monotonic() >= stop_s:
                stop_s = None
                from_ms = self._now_ms()
                life.sleep(self.rng.uniform(0.3, 2.0))
                self.down.append((from_ms, self._now_ms()))
                self.counted["stopped and gone on"] += 1
                self._listen(life)
                life.is_measured &= life.recovered is not None

    def _strike(self) -> None:
        is_market = self.rules.account != LIVE or self.rng.random() < 0.15
        fault = self.rng.choice(MARKET_FAULTS if is_market else ORDER_FAULTS)
        self.counted[f"fault {name_of(fault)}"] += 1
        self.http.post("/simulator/faults", json=fault)

    def _note(self, life: Life, way: str) -> None:
        self.recovered += (
            [life.recovered] if life.recovered is not None and life.is_measured else []
        )
        if life.died_at is not None:
            number, is_written, kinds = life.died_at
            way = "write"
            self.writes[f"{number:02d}"] += 1
            self.writes.update(f"{'after' if is_written else 'before'} {kind}" for kind in kinds)
        elif way == "write":
            way = "random"
        self.counted[f"death {way}"] += 1
        if life.refused:
            self.findings.append(f"{self.name}: a life would not begin: {life.refused}")
        if life.errors:
            self.counted["errors"] += life.errors

    # -- the end

    def _rest(self) -> None:
        """Let the last life come to rest without faults, and audit."""
        self.http.delete("/simulator/faults")
        record: dict[str, Any] = {}
        life = Life(self._plan(is_paused=True))
        try:
            self._accompany_calmly(life, self.rules.calm_s)
            if self.rules.account == LIVE:
                halts = [{"kind": "halt", "symbol": symbol} for symbol in self.symbols]
                self.http.post("/simulator/faults", json=halts)
                self._settle(life)
                record = self.http.get("/simulator/exposure").json()
            life.end()
        finally:
            life.kill()
        self._note(life, "rest")
        if not life.is_ended:
            self.findings.append(f"{self.name}: the last life did not end in order")
        books = Books.read(next(self.folder.glob("*.sqlite")), self.rules.account)
        found = findings_within(books)
        if self.rules.account == LIVE:
            exchange = self.http.get("/simulator/books").json()
            found += findings_against(books, exchange)
            self.bare = measured(record, self.down, books.leftovers())
            found += self.bare.findings()
            self.bare.worst_of = f"{self.name}: {self.bare.worst_of}"
            self._count(exchange)
        self.findings += [f"{self.name}: {each}" for each in found]
        self.counted += books.counted()

    def _count(self, exchange: dict[str, Any]) -> None:
        """Count what the exchange did to orders."""
        counts = self.http.get("/simulator/counts").json()
        self.counted.update({f"struck {kind}": n for kind, n in counts["struck"].items()})
        for what, times in counts["refused"].items():
            if what.startswith("DELETE"):
                self.counted["cancels that came too late"] += times
        for order in exchange["orders"]:
            executed, asked = float(order["executedQty"]), float(order["origQty"])
            self.counted["orders filled in part"] += order["isDone"] and 0 < executed < asked
            self.counted["orders filled in pieces"] += len(order["fills"]) > 1

    def _accompany_calmly(self, life: Life, for_s: float) -> None:
        """Let a life go on so long, and until it has told of its recovery."""
        end_s = time.monotonic() + for_s
        while (time.monotonic() < end_s or life.recovered is None) and life.is_alive:
            time.sleep(POLL_S)
            self._listen(life)

    def _settle(self, life: Life) -> None:
        """Wait until nothing changes any more at an exchange that stands still."""
        end_s = time.monotonic() + SETTLE_WITHIN_S
        seen, since_s = None, time.monotonic()
        while time.monotonic() < end_s and life.is_alive:
            time.sleep(10 * POLL_S)
            self._listen(life)
            book = self.http.get("/simulator/books", params={"open": "true"}).json()
            now = (book["orders"], book["balances"])
            if now != seen:
                seen, since_s = now, time.monotonic()
            elif time.monotonic() - since_s > SETTLED_S:
                return
