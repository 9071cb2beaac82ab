"""One world: a simulated exchange that goes on, and engine processes that die on it in turn.

What is drawn (deaths, faults and their moments) comes from the seed; when exactly they meet the
engine is the machine's. While an engine is up, the exchange is asked twenty times a second what the
account holds and which stops rest: how long a holding stood without one is counted in the
exchange's time, but not while no engine is up, nor while an answer that was lost on purpose leaves
an order unknown. That time is reported apart.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from fault_suite.books import Books, findings_against, findings_within

from aitrader.model.account import LIVE

LIFE = Path(__file__).with_name("life.py")
START_MS = 1_767_571_200_000 + 50_000
"""Ten seconds before a minute ends."""

DUST_USDT = Decimal(6)
"""Less than this can neither be sold nor protected: the least order is 5 USDT."""
POLL_S = 0.05
UP_WITHIN_S = 20.0
END_WITHIN_S = 40.0
WINDOW_MS = 3_000
"""An order whose answer was lost is unknown until its window (1.5 s) has passed, and it is asked
for a little later; so long nobody may order again."""
SETTLE_S = 8.0
"""So long the market stands still before the books are compared: reports may be on their way."""
STRIKE_S = (0.5, 3.0)

Fault = dict[str, object]

ORDER_FAULTS: tuple[Fault, ...] = (
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 1},
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 3},
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 1, "is_silent": True},
    {"kind": "lost_request", "path": "order", "verb": "POST", "times": 1},
    {"kind": "lost_answer", "path": "order", "verb": "DELETE", "times": 1},
    {"kind": "lost_request", "path": "order", "verb": "DELETE", "times": 1},
    {"kind": "lost_answer", "path": "order", "verb": "GET", "times": 2},
    {"kind": "delay", "path": "order", "delay_ms": 150, "for_s": 0.7},
    {"kind": "delay", "path": "order", "delay_ms": 150, "is_after": True, "for_s": 0.7},
    {"kind": "status", "path": "order", "verb": "POST", "status": 503, "times": 1},
    {"kind": "status", "path": "order", "status": 502, "times": 1, "is_executed": True},
    {"kind": "status", "path": "order", "status": 504, "code": -1007, "times": 2},
    {"kind": "partial_fill", "part": 0.4, "for_s": 0.6},
    {"kind": "clock_offset", "offset_ms": 900, "for_s": 0.8},
    {"kind": "clock_offset", "offset_ms": -900, "for_s": 0.8},
    {"kind": "lost_event", "for_s": 0.5},
    {"kind": "duplicate_event", "for_s": 1.0},
    {"kind": "late_event", "delay_ms": 120, "for_s": 1.0},
    {"kind": "end_user_stream"},
)
MARKET_FAULTS: tuple[Fault, ...] = (
    {"kind": "reset"},
    {"kind": "drop", "share": 0.2, "for_s": 0.5},
    {"kind": "duplicate", "share": 0.3, "for_s": 0.5},
    {"kind": "silence", "for_s": 0.5},
)
STALLS = frozenset({"lost_answer", "lost_request", "delay", "status", "clock_offset"})
"""After these an order's outcome may be unknown for a while."""
LASTING = frozenset({"delay", "clock_offset"})
"""These stall all the time they stand."""


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
        self.struck: tuple[object, ...] = ()
        self.recovered_s: list[float] = []
        self.bare = BareTime({})

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
        command = [sys.executable, str(LIFE.with_name("exchange.py")), *map(str, about)]
        exchange = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert exchange.stdout is not None
            address = json.loads(exchange.stdout.readline())
            with httpx2.Client(base_url=address["exchange"], trust_env=False) as http:
                self.http, self.address = http, address
                http.post("/simulator/keys", json={"key": self.key, "secret": self.key})
                rows = http.get("/api/v3/ticker/price").json()
                self.symbols = [row["symbol"] for row in rows]
                prices = {row["symbol"][:-4]: Decimal(row["price"]) for row in rows}
                self.bare = BareTime(prices)
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
            **changes,
        }

    def _life(self) -> None:
        way = self.rng.choices(("write", "random", "stop", "term"), (5, 3, 1, 1))[0]
        changes: dict[str, object] = {}
        if way == "write":
            changes = {"dies_at": self.rng.randint(1, 30), "is_written": self.rng.random() < 0.5}
            if self.rng.random() < 0.2:
                changes["refused"] = self.rng.randint(1, 4)
        life_s = self.rng.uniform(*self.rules.life_s)
        life = Life(self._plan(**changes))
        self.counted["lives"] += 1
        self.counted[f"death {way}"] += 1
        try:
            self._accompany(life, life_s, is_stopped=way == "stop")
            if life.is_alive and way == "term":
                life.end()
        finally:
            life.kill()
        self._note(life)

    def _lose_answers(self) -> None:
        """Orders are accepted and their answers lost, three times in a row; then the process dies.

        Other programs order again, forget what they own and leave it without a stop.
        """
        life = Life(self._plan())
        try:
            while not life.is_up and life.is_alive:
                time.sleep(POLL_S)
                life.listen()
            self.http.post("/simulator/faults", json=ORDER_FAULTS[1])
            end_s = time.monotonic() + 90.0 / self.rules.speed  # a candle closes meanwhile
            while time.monotonic() < end_s and life.is_alive:
                time.sleep(POLL_S)
                life.listen()
                self._watch(life)
            (standing,) = self.http.get("/simulator/faults").json() or [None]
            if standing is not None:
                self.findings.append(f"{self.name}: broken: not all answers were lost")
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
            life.listen()
            self._watch(life)
            if time.monotonic() >= strike_s:
                strike_s += self.rng.uniform(*STRIKE_S)
                self._strike()
            if stop_s is not None and time.monotonic() >= stop_s:
                stop_s = None
                life.sleep(self.rng.uniform(0.3, 2.0))
                self.bare.excuse()

    def _strike(self) -> None:
        is_market = self.rules.account != LIVE or self.rng.random() < 0.15
        fault = self.rng.choice(MARKET_FAULTS if is_market else ORDER_FAULTS)
        self.counted[f"fault {fault['kind']}"] += 1
        self.http.post("/simulator/faults", json=fault)

    def _watch(self, life: Life) -> None:
        if self.rules.account != LIVE:
            return
        book = self.http.get("/simulator/books", params={"open": "true"}).json()
        standing = self.http.get("/simulator/faults").json()
        stalled = [each for each in standing if each["fault"]["kind"] in STALLS]
        struck = tuple((each["number"], each["struck"]) for each in stalled)
        # One that is used up is not listed any more; one that has not struck has stalled nothing.
        is_stalled = struck != self.struck and bool(struck or self.struck)
        is_stalled |= any(each["fault"]["kind"] in LASTING for each in stalled)
        self.struck = struck
        self.bare.look(book, is_up=life.is_up, is_stalled=is_stalled)

    def _note(self, life: Life) -> None:
        self.recovered_s += [life.recovered_s] if life.recovered_s is not None else []
        if life.refused:
            self.findings.append(f"{self.name}: a life would not begin: {life.refused}")
        if life.errors:
            self.counted["errors"] += life.errors

    # -- the end

    def _rest(self) -> None:
        """Let the last life come to rest without faults, and audit."""
        self.http.delete("/simulator/faults")
        life = Life(self._plan(is_paused=True))
        try:
            self._accompany_calmly(life, self.rules.calm_s)
            if self.rules.account == LIVE:
                halts = [{"kind": "halt", "symbol": symbol} for symbol in self.symbols]
                self.http.post("/simulator/faults", json=halts)
                self._accompany_calmly(life, SETTLE_S, is_watched=False)
            life.end()
        finally:
            life.kill()
        self._note(life)
        if not life.is_ended:
            self.findings.append(f"{self.name}: the last life did not end in order")
        books = Books.read(next(self.folder.glob("*.sqlite")), self.rules.account)
        found = findings_within(books)
        if self.rules.account == LIVE:
            exchange = self.http.get("/simulator/books").json()
            found += findings_against(books, exchange)
            found += self.bare.findings()
        self.findings += [f"{self.name}: {each}" for each in found]
        self.counted += books.counted()

    def _accompany_calmly(self, life: Life, for_s: float, *, is_watched: bool = True) -> None:
        end_s = time.monotonic() + for_s
        while (time.monotonic() < end_s or not life.is_up) and life.is_alive:
            time.sleep(POLL_S)
            life.listen()
            if is_watched:
                self._watch(life)


class Life:
    """One engine process."""

    def __init__(self, plan: Mapping[str, object]) -> None:
        self.is_up = False
        self.is_ended = False
        self.recovered_s: float | None = None
        self.refused = ""
        self.errors = 0
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self._log = (Path(str(plan["folder"])).with_suffix(".log")).open("ab")
        self._process = subprocess.Popen(
            [sys.executable, str(LIFE), json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._began_s = time.monotonic()
        self._said = b""

    @property
    def is_alive(self) -> bool:
        """True until the process has ended."""
        return self._process.poll() is None

    def listen(self) -> None:
        """Take in what it says."""
        assert self._process.stdout is not None
        self._said += self._process.stdout.read() or b""
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.refused = said.get("refused", self.refused)
            self.errors = said.get("errors", self.errors)
            self.recovered_s = said.get("recovered_s", self.recovered_s)
            self.is_ended |= "errors" in said
            self.is_up = bool(said["up"])

    def sleep(self, for_s: float) -> None:
        """Stop the process (SIGSTOP) and let it go on."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)
            time.sleep(for_s)
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end, and wait for that."""
        self._process.terminate()
        end_s = time.monotonic() + END_WITHIN_S
        while self.is_alive and time.monotonic() < end_s:
            time.sleep(POLL_S)
            self.listen()
        self.listen()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.listen()
        self.is_up = False
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


class BareTime:
    """How long, in the exchange's time, something was held without a stop."""

    def __init__(self, prices: Mapping[str, Decimal]) -> None:
        """`prices`: roughly, of each asset."""
        self._prices = prices
        self.worst_ms = 0
        """The longest that counts."""
        self.worst_of = ""
        self.worst_raw_ms = 0
        """The longest in all, downtime and unknown windows included."""
        self._bare: defaultdict[str, int] = defaultdict(int)
        self._raw: defaultdict[str, int] = defaultdict(int)
        self._at_ms = 0
        self._excused_until_ms = 0

    def excuse(self) -> None:
        """Whatever stands without a stop now does so because of us."""
        self._excused_until_ms = self._at_ms + WINDOW_MS

    def look(self, book: Mapping[str, Any], *, is_up: bool, is_stalled: bool) -> None:
        """Take in what the exchange has now."""
        at_ms = int(book["at_ms"])
        passed_ms = max(0, at_ms - self._at_ms) if self._at_ms else 0
        self._at_ms = at_ms
        if not is_up or is_stalled:
            self._excused_until_ms = at_ms + WINDOW_MS
        is_excused = at_ms < self._excused_until_ms
        stopped: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in book["orders"]:
            asset = order["symbol"].removesuffix("USDT")
            if order["isWaitingStop"] and order["side"] == "SELL":
                stopped[asset] += Decimal(order["origQty"]) - Decimal(order["executedQty"])
        for asset, balance in book["balances"].items():
            if asset == "USDT":
                continue
            bare = Decimal(balance["free"]) + Decimal(balance["locked"]) - stopped[asset]
            if bare * self._prices[asset] < DUST_USDT:
                self._bare[asset] = self._raw[asset] = 0
                continue
            self._raw[asset] += passed_ms
            self._bare[asset] = 0 if is_excused else self._bare[asset] + passed_ms
            self.worst_raw_ms = max(self.worst_raw_ms, self._raw[asset])
            if self._bare[asset] > self.worst_ms:
                self.worst_ms = self._bare[asset]
                self.worst_of = f"{bare} {asset} at {at_ms}, {time.strftime('%X')}"

    def findings(self) -> list[str]:
        """Return what stood without a stop for too long."""
        if self.worst_ms <= 5_000:
            return []
        return [f"unprotected: {self.worst_ms / 1000:.1f} s without a stop: {self.worst_of}"]
