"""The symbols of the seeded market: names, prices, grids and temper. No market data is in here.

The first ones are as large and as quiet as their namesakes, to the order of magnitude; the others
get a price and a temper from a hash of their name, so a name means the same coin under every seed.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING

import msgspec

from aitrader.exchange.simulated.source import Listing, a_listing

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTE = "USDT"
MAX_SYMBOLS = 500

MAJORS: tuple[tuple[str, float, int, int], ...] = (
    ("BTC", 84_000.0, 2, 5),
    ("ETH", 2_950.0, 2, 4),
    ("SOL", 142.0, 2, 3),
    ("XRP", 2.15, 4, 1),
    ("BNB", 612.0, 2, 3),
    ("DOGE", 0.172, 5, 0),
    ("ADA", 0.68, 4, 1),
    ("TRX", 0.241, 4, 1),
    ("AVAX", 21.4, 2, 2),
    ("LINK", 14.3, 2, 2),
    ("SUI", 2.63, 4, 1),
    ("LTC", 88.2, 2, 3),
    ("DOT", 4.35, 3, 2),
    ("BCH", 341.0, 1, 3),
    ("PEPE", 0.00000842, 8, 0),
    ("NEAR", 2.71, 3, 1),
    ("UNI", 6.48, 3, 2),
    ("APT", 5.32, 3, 2),
    ("SHIB", 0.00001312, 8, 0),
    ("FIL", 2.94, 3, 2),
)
"""(name, price in quote, price decimals, quantity decimals), most traded first."""

OTHERS = """
ARB:0.42 OP:0.77 ATOM:4.41 ETC:17.2 ICP:5.1 HBAR:0.172 INJ:9.4 XLM:0.27 AAVE:172 RENDER:3.6
FET:0.68 TIA:2.6 SEI:0.21 WIF:0.61 BONK:0.0000182 FLOKI:0.0000861 ORDI:8.2 STX:0.86 IMX:0.61
GRT:0.097 MKR:1480 LDO:0.92 RUNE:1.31 ALGO:0.21 VET:0.0262 EGLD:16.4 SAND:0.29 MANA:0.31
AXS:2.6 GALA:0.0171 FLOW:0.41 THETA:0.83 XTZ:0.62 EOS:0.67 NEO:6.1 KAVA:0.44 CHZ:0.042 CRV:0.63
SNX:0.78 COMP:44 YFI:5210 SUSHI:0.66 ZEC:36.5 DASH:22.4 XMR:221 IOTA:0.19 QTUM:2.3 ZIL:0.0127
ENJ:0.085 BAT:0.14 ONT:0.15 ICX:0.11 WAVES:1.1 LRC:0.11 ANKR:0.0184 ROSE:0.031 CELO:0.36
ONE:0.0133 ZRX:0.27 HOT:0.00108 IOST:0.0036 OMG:0.24 KSM:16.8 RVN:0.0117 SC:0.0035
DENT STORJ CELR OCEAN BAND NMR RLC RSR SKL CTSI COTI DUSK ARPA CHR LIT DODO ALPHA BAKE CAKE SXP
TWT XVS MASK C98 DYDX ENS GMX JOE MAGIC HOOK EDU ID RDNT SSV HIGH ASTR AGLD API3 APE GMT JASMY
GLMR MOVR BICO POLYX PHB LQTY BLUR CFX ACH MINA WOO PEOPLE SPELL SLP PYR YGG ILV ALICE TLM SUPER
VOXEL DAR MC BSW LEVER STG OSMO QNT KDA FXS CVX BAL UMA PERP BNT KNC NKN OGN TRB DIA REQ POWR
SYS STEEM HIVE LSK ARDR DGB XVG SYN RAD CLV FIDA RAY SRM MLN FARM QUICK BURGER DF IDEX FORTH
PUNDIX KEY WIN JST SUN BTTC VTHO TFUEL FUN CVC MTL KMD STRAX WAN LTO IRIS TROY VITE CTXC CTK
HARD UTK ORN UNFI AKRO FIRO PSG JUV BAR CITY ATM ASR ACM OG PORTO LAZIO SANTOS ALPINE WLD ARKM
CYBER PENDLE MAV SUIP NTRN MEME TOKEN BEAM PYTH JTO ACE NFP AI XAI MANTA ALT JUP DYM PIXEL STRK
PORTAL AXL METIS AEVO BOME ETHFI ENA W TNSR SAGA OMNI REZ BB NOT IO ZK LISTA ZRO BANANA RARE
SYNS DOGS TON POL NEIRO TURBO CATI HMSTR EIGEN SCR LUMIA KAIA COW CETUS PNUT ACT USUAL THE ACX
ORCA MOVE ME VELODROME VANA PENGU BIO CGPT COOKIE SOLV ANIME BERA LAYER SHELL KAITO RED NIL
PARTI MUBARAK GUN BABY ONDO KERNEL WCT HYPER INIT SIGN STO SXT SYRUP HUMA SOPH RESOLV HOME SPK
"""

_ONSETS = ("KR", "V", "ZO", "M", "TR", "L", "QA", "N", "PH", "D")
_ENDINGS = ("ALI", "ORA", "EXO", "INU", "YX", "ETH", "UMA", "AX", "IO", "ENT")
_TAILS = ("", "A", "N", "X")


class Temper(msgspec.Struct, frozen=True):
    """How one symbol moves; volatility per day as a ratio, `market_share` 0..1, volume in quote."""

    price: float
    daily_volatility: float
    market_share: float
    daily_quote_volume: float


def listings(count: int) -> tuple[Listing, ...]:
    """Return the `count` most traded symbols.

    Raises:
        ValueError: `count` is not within 1..MAX_SYMBOLS.
    """
    if not 1 <= count <= MAX_SYMBOLS:
        raise ValueError(f"expected 1 to {MAX_SYMBOLS} symbols, found {count}")
    majors = [
        a_listing(name + QUOTE, QUOTE, price_decimals=price, quantity_decimals=quantity)
        for name, _, price, quantity in MAJORS
    ]
    others = [_other_listing(name) for name in islice(_other_names(), MAX_SYMBOLS - len(majors))]
    return (*majors, *others)[:count]


def temper(listing: Listing, rank: int) -> Temper:
    """Return how the symbol at this rank (0 is the most traded) moves."""
    share = _shares(listing.symbol)
    daily_volatility = 0.022 if rank == 0 else 0.028 if rank == 1 else 0.03 + 0.035 * share[0]
    return Temper(
        price=_price(listing.instrument.base),
        daily_volatility=daily_volatility,
        market_share=0.9 if rank == 0 else 0.45 + 0.35 * share[1],
        daily_quote_volume=2.4e9 / (1 + rank) ** 1.15,
    )


def _other_names() -> Iterator[str]:
    known = {name for name, *_ in MAJORS}
    listed = (word.partition(":")[0] for word in OTHERS.split())
    made = ("".join(parts) for parts in product(_ONSETS, _ENDINGS, _TAILS))
    for name in (*listed, *made):
        if name not in known:
            known.add(name)
            yield name


def _other_listing(name: str) -> Listing:
    price = _price(name)
    price_decimals = min(max(3 - math.floor(math.log10(price)), 2), 8)
    quantity_decimals = min(max(math.floor(math.log10(price)) + 1, 0), 4)
    return a_listing(
        name + QUOTE, QUOTE, price_decimals=price_decimals, quantity_decimals=quantity_decimals
    )


def _price(name: str) -> float:
    known = _known_prices().get(name)
    return known if known is not None else float(10 ** (-2.0 + 3.5 * _shares(name)[2]))


@cache
def _known_prices() -> dict[str, float]:
    priced = (word.partition(":") for word in OTHERS.split() if ":" in word)
    majors = {name: price for name, price, *_ in MAJORS}
    return majors | {name: float(price) for name, _, price in priced}


def _shares(name: str) -> tuple[float, float, float]:
    """Three numbers in 0..1 that belong to a name."""
    digest = hashlib.blake2b(name.encode(), digest_size=12).digest()
    first, second, third = (int.from_bytes(digest[n : n + 4], "big") for n in (0, 4, 8))
    return first / 2**32, second / 2**32, third / 2**32
