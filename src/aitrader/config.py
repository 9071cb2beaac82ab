"""Every setting once: its name, type, default and meaning. The sole reader of the environment.

A value comes from the command line, else from the environment, else from `settings.toml` in the
data folder, else from the default here. All are read once, at start, into one frozen value; what
a person got wrong is one sentence that says where, what was expected and what was found.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from aitrader import takes
from aitrader.model.errors import ConfigError
from aitrader.model.money import HUNDRED

FILE_NAME = "settings.toml"
DATABASE_NAME = "aitrader.sqlite"
ENVIRONMENT_NAMES = {
    "data_folder": "AITRADER_DATA_FOLDER",
    "lock_folder": "AITRADER_LOCK_FOLDER",
}
"""Settings whose environment variable is not simply the name in capitals."""

MAX_BPS = Decimal(1000)


class Addresses(msgspec.Struct, frozen=True):
    """Where one market is found; without `order_ws_url` it takes no orders."""

    rest_url: str
    stream_url: str
    order_ws_url: str = ""


MARKETS: Mapping[str, Addresses] = {
    "data-only": Addresses("https://data-api.binance.vision", "wss://data-stream.binance.vision"),
    "binance.com": Addresses(
        "https://api.binance.com",
        "wss://stream.binance.com:9443",
        "wss://ws-api.binance.com:443/ws-api/v3",
    ),
    "binance.us": Addresses(
        "https://api.binance.us",
        "wss://stream.binance.us:9443",
        "wss://ws-api.binance.us:443/ws-api/v3",
    ),
    "testnet": Addresses(
        "https://testnet.binance.vision",
        "wss://stream.testnet.binance.vision",
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
    "demo": Addresses(
        "https://demo-api.binance.com",
        "wss://demo-stream.binance.com:9443",
        "wss://demo-ws-api.binance.com/ws-api/v3",
    ),
    "simulator": Addresses(
        "http://127.0.0.1:9090", "ws://127.0.0.1:9090", "ws://127.0.0.1:9090/ws-api/v3"
    ),
}
"""What the setting `market` stands for; an address that is given itself goes before it."""

_NUMBERED = tuple(f"https://api{number}.binance.com" for number in range(1, 5))
SPARE_HOSTS: Mapping[str, tuple[str, ...]] = {
    "https://api.binance.com": (*_NUMBERED, "https://data-api.binance.vision"),
    "https://data-api.binance.vision": ("https://api.binance.com", *_NUMBERED),
}
"""Further hosts that give the same public market data, asked when one fails."""
SECRETS = frozenset(
    {"api_key", "binance_api_key", "binance_secret_key", "notify_to", "notify_urls", "proxy_url"}
)
"""Settings whose value is never shown, neither in a sentence nor where settings are printed.

The address of a proxy may hold a password.
"""

HIDDEN = "***"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one run. Field descriptions are what `docs/settings.md` shows."""

    data_folder: Annotated[
        Path,
        Meta(title="a folder", description="Where everything is kept. Not read from the file."),
    ] = Path("~/.aitrader")
    sqlite_path: Annotated[
        Path,
        Meta(
            title="a file",
            description=f"The database; `{DATABASE_NAME}` in the data folder when not given.",
        ),
    ] = Path()
    lock_folder: Annotated[
        Path,
        Meta(
            title="a folder",
            description="Where engines of all data folders say which API key they use.",
        ),
    ] = Path("~/.aitrader/locks")
    user_id: Annotated[
        str,
        Meta(
            title="letters, digits, - and _",
            description="Whose rows these are, where several people share a database.",
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
        ),
    ] = "local"
    paper_trading: Annotated[
        bool,
        Meta(
            title="true or false",
            description="Only paper money; false adds the live account, for traders that are "
            "switched to it.",
        ),
    ] = True
    binance_api_key: Annotated[
        str,
        Meta(title="an API key", description="The exchange's key for live orders. Never shown."),
    ] = ""
    binance_secret_key: Annotated[
        str,
        Meta(
            title="its secret, an Ed25519 private key (PEM), or a file that holds one",
            description="What live orders are signed with. Never shown.",
        ),
    ] = ""
    allow_withdraw_keys: Annotated[
        bool,
        Meta(
            title="true or false",
            description="Take a key that may also withdraw; without it such a key is refused.",
        ),
    ] = False
    start_cash: Annotated[
        Decimal,
        Meta(title="an amount above 0", description="What a new paper account holds, in quote."),
    ] = Decimal(10_000)
    fee_bps: Annotated[
        Decimal, Meta(title="0 to 1000", description="Fee of a paper fill in 1/10000 of its value.")
    ] = Decimal(10)
    slippage_bps: Annotated[
        Decimal,
        Meta(
            title="0 to 1000",
            description="How much worse than the price seen a paper order fills, in 1/10000.",
        ),
    ] = Decimal(2)
    max_open_positions: Annotated[
        int, takes.whole(1, 1000, "Positions of all traders together that may be open at once.")
    ] = 20
    max_exposure_pct: Annotated[Decimal, takes.EXPOSURE] = Decimal(0)
    max_daily_loss_pct: Annotated[Decimal, takes.DAILY_LOSS] = Decimal(0)
    max_drawdown_pct: Annotated[Decimal, takes.DRAWDOWN] = Decimal(0)
    cooldown_min: Annotated[int, takes.COOLDOWN] = 0
    loss_streak: Annotated[int, takes.LOSS_STREAK] = 0
    max_entries_per_min: Annotated[int, takes.ENTRIES] = 0
    max_symbols: Annotated[
        int, takes.whole(1, 1000, "Symbols that are followed at once, over all traders.")
    ] = 100
    market: Annotated[
        Literal["data-only", "binance.com", "binance.us", "testnet", "demo", "simulator"],
        Meta(
            title="data-only, binance.com, binance.us, testnet, demo or simulator",
            description="Whose market is followed: stands for the four addresses below.",
        ),
    ] = "data-only"
    market_rest_url: Annotated[
        str,
        takes.address("http", "Where candle history and symbol rules are fetched; beats `market`."),
    ] = "https://data-api.binance.vision"
    market_stream_url: Annotated[
        str, takes.address("ws", "Where candles and prices stream from; beats `market`.")
    ] = "wss://data-stream.binance.vision"
    order_rest_url: Annotated[
        str,
        takes.address(
            "http",
            "Where live orders go; beats `market`. A data-only market has none.",
            or_else=takes.NOTHING,
        ),
    ] = ""
    order_ws_url: Annotated[
        str,
        takes.address(
            "ws",
            "Where live orders and their reports travel; beats `market`.",
            or_else=takes.NOTHING,
        ),
    ] = ""
    proxy_url: Annotated[
        str,
        Meta(
            title="an address that begins with http://",
            description="The HTTP proxy through which the market is reached; none when not given.",
            pattern=r"^$|^http://[^\s/]+",
        ),
    ] = ""
    archive_url: Annotated[
        str, takes.address("http", "Where `aitrader data download` finds files of past candles.")
    ] = "https://data.binance.vision"
    port: Annotated[
        int, takes.whole(0, 65535, "Where `aitrader --daemon` serves HTTP; 0 takes any free one.")
    ] = 8080
    api_host: Annotated[
        str,
        Meta(
            title="an address of this computer",
            description="Where HTTP listens; anything but loopback needs a token.",
            pattern=r"^[A-Za-z0-9.:-]+$",
        ),
    ] = "127.0.0.1"
    api_key: Annotated[
        str,
        Meta(
            title="at least 16 characters of ASCII, no spaces",
            description="The first token of the API; better: `aitrader token create`.",
        ),
    ] = ""
    data_requests_per_min: Annotated[
        int, takes.whole(0, 100_000, "HTTP requests a minute per token; 0 sets no limit.")
    ] = 100
    order_requests_per_min: Annotated[
        int,
        takes.whole(
            0, 100_000, "HTTP requests a minute per token that make an order; 0 sets no limit."
        ),
    ] = 10
    keep_days: Annotated[
        int,
        takes.whole(0, 36_500, "Events and equity older than this are thinned out; 0 keeps them."),
    ] = 90
    notify_to: Annotated[str, takes.NOTIFY_TO] = ""
    notify_urls: Annotated[str, takes.NOTIFY_URLS] = ""
    notify_on: Annotated[str, takes.NOTIFY_ON] = "closes trouble"
    fly_app_name: Annotated[
        str,
        Meta(
            title="a name",
            description="Set by Fly.io on its machines; `aitrader` is `aitrader --daemon` then.",
        ),
    ] = ""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Meta(title="DEBUG, INFO, WARNING or ERROR", description="The least level that is logged."),
    ] = "INFO"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(title="text or json", description="How a line of the log is written."),
    ] = "text"
    terminal_theme: Annotated[
        str, Meta(title="a theme's name", description="Colors of the terminal app.")
    ] = "tokyo-night"
    terminal_ascii: Annotated[
        bool, Meta(title="true or false", description="Plain signs only, in the terminal app.")
    ] = False
    terminal_keys: Annotated[
        str,
        Meta(
            title="pairs such as zoom=f",
            description="Other keys for the terminal app, with spaces between the pairs.",
            pattern=r"^\s*([a-z_0-9.]+=\S+(\s+|$))*$",
        ),
    ] = ""
    editor: Annotated[
        str, Meta(title="a command", description="What edits a trader's file; else the app itself.")
    ] = ""

    def __repr__(self) -> str:
        """Return all settings as they are, secrets hidden."""
        shown = (
            f"{name}={HIDDEN if name in SECRETS and value else repr(value)}"
            for name, value in msgspec.structs.asdict(self).items()
        )
        return f"Settings({', '.join(shown)})"


class Known(msgspec.Struct, frozen=True):
    """One setting as documents and error sentences speak of it; `takes` is what it accepts."""

    name: str
    environment: str
    takes: str
    default: str
    description: str


def known_settings() -> tuple[Known, ...]:
    """Return every setting there is, in the order of `Settings`."""
    return tuple(
        Known(
            name=field.name,
            environment=environment_name(field.name),
            takes=_meta(field.type).title or "",
            default="" if field.default == Path() else _as_text(field.default),
            description=_meta(field.type).description or "",
        )
        for field in msgspec.structs.fields(Settings)
    )


def environment_name(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENVIRONMENT_NAMES.get(name, name.upper())


def read_settings(
    *,
    data_folder: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of this run; nothing is created on disk.

    Args:
        data_folder: The flag `--data-folder`, if it was given.
        flags: Other settings named on the command line; None values count as not given.
        environ: The environment; the process's own when None. An empty variable is not set.

    Raises:
        ConfigError: A value or the file cannot be used.
    """
    variables = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    if data_folder is not None:
        given["data_folder"] = str(data_folder)
    from_environment = {
        field.name: variables[environment_name(field.name)]
        for field in msgspec.structs.fields(Settings)
        if variables.get(environment_name(field.name))
    }
    folder = _folder(given, from_environment)
    file = folder / FILE_NAME
    values: dict[str, Any] = {}  # each checked against its field
    for name, value in _read_file(file).items():
        values[name] = _checked(name, value, where=f"{name} in {file}")
    for name, value in from_environment.items():
        values[name] = _checked(name, value, where=environment_name(name))
    for name, value in given.items():
        values[name] = _checked(name, value, where=f"--{name.replace('_', '-')}")
    addresses = MARKETS[values.get("market", Settings().market)]
    values.setdefault("market_rest_url", addresses.rest_url)
    values.setdefault("market_stream_url", addresses.stream_url)
    if addresses.order_ws_url:
        values.setdefault("order_rest_url", addresses.rest_url)
        values.setdefault("order_ws_url", addresses.order_ws_url)
    values["data_folder"] = folder
    database = values.get("sqlite_path", folder / DATABASE_NAME)
    values["sqlite_path"] = Path(str(database)).expanduser().absolute()
    return Settings(**values)


def _folder(given: Mapping[str, object], from_environment: Mapping[str, str]) -> Path:
    default = str(Settings().data_folder)
    chosen = given.get("data_folder", from_environment.get("data_folder", default))
    try:
        return Path(str(chosen)).expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(
            f"the data folder {chosen} has no home folder to stand in: "
            f"set {environment_name('data_folder')} to a full path"
        ) from error


def _read_file(path: Path) -> Mapping[str, object]:
    """Return the settings of the file; none when there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise ConfigError(
            f"the data folder {path.parent} is not a folder: choose another one"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not a text in UTF-8") from error
    try:
        found: dict[str, object] = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    names = [field.name for field in msgspec.structs.fields(Settings)]
    for name in found:
        if name == "data_folder":
            raise ConfigError(
                f"{path}: data_folder cannot be set in a file of that folder; "
                f"set {environment_name(name)} or give --data-folder"
            )
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it"
            raise ConfigError(f"{path}: there is no setting {name}; {hint}")
    return found


def _checked(name: str, value: object, *, where: str) -> object:
    """Return a value as the setting's type, whatever kind of text or number it came as."""
    field = next(f for f in msgspec.structs.fields(Settings) if f.name == name)
    if get_args(field.type)[0] is Path and isinstance(value, str | Path):
        return Path(value)
    try:
        converted = msgspec.convert(_readable(field.type, value), field.type, strict=False)
        if isinstance(converted, Decimal):
            _check_range(name, converted)
    except (msgspec.ValidationError, ValueError) as error:
        expected = _meta(field.type).title
        found = HIDDEN if name in SECRETS else _shown(value)
        raise ConfigError(f"{where} takes {expected}, found {found}") from error
    return converted


def _check_range(name: str, value: Decimal) -> None:
    """Refuse a number out of range; msgspec has no bounds for Decimal."""
    if not value.is_finite():
        raise ValueError("not a finite number")
    if name.endswith(("_bps", "_pct")):
        most = MAX_BPS if name.endswith("_bps") else HUNDRED
        if not 0 <= value <= most:
            raise ValueError("out of range")
    elif value <= 0:
        raise ValueError("not above zero")


def _readable(annotated: Any, value: object) -> object:  # noqa: ANN401 - a type's annotation
    """Return the value as msgspec reads it: a choice in its own spelling, whole money as text."""
    kind = get_args(annotated)[0]
    if get_origin(kind) is Literal and isinstance(value, str):
        return {choice.lower(): choice for choice in get_args(kind)}.get(value.lower(), value)
    if kind is Decimal and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _meta(annotated: Any) -> Meta:  # noqa: ANN401 - a type's annotation
    found = get_args(annotated)[1]
    assert isinstance(found, Meta)
    return found


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else _as_text(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
