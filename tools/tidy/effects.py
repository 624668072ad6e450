"""What a stratum may touch: clocks and chance belong to the kernel, sockets to the edges, the database's clock to nobody.

SQL is looked for in every text of a Python file that is not documentation, and in `.sql` files with their comments taken out.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from tidy.finding import Finding, Module, docstrings, imported

CLOCK_AND_CHANCE_MODULES = {"time", "random", "secrets", "numpy.random"}
CLOCK_AND_CHANCE_NAMES = {
    "os.urandom", "os.getrandom", "os.times", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid.getnode", "uuid.*",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
}  # fmt: skip
CLOCK_AND_CHANCE_CALLS = {"now", "utcnow", "today", "urandom", "getrandom", "uuid1", "uuid4", "uuid6", "uuid7", "getnode"}
TIME_GIVERS = {"datetime", "date", "os", "uuid", "dt"}
LOOPS = re.compile(r"(^|_)loop$")

SOCKET_MODULES = {
    "socket", "socketserver", "ssl", "http", "urllib.request", "smtplib", "ftplib", "httpx", "httpcore", "requests", "aiohttp",
    "websockets",
}  # fmt: skip
SOCKET_CALLS = {"open_connection", "start_server", "create_connection", "open_unix_connection", "start_unix_server"}
PAGE_MODULES = {"starlette", "fastapi", "uvicorn", "jinja2"}

CAPABILITIES = {
    "card", "terminal", "acquiring", "issuing", "bills", "funds", "insurance", "deposits", "catalogue", "bank", "customers", "compliance",
}  # fmt: skip
INNER = {"kernel", "wire", "storage", "ledger", "flows", *CAPABILITIES}
"""The strata within a transaction's reach, as folders of the package."""
ROWS = ("/store.py", "_store.py", "/entries.py")
"""The modules of a capability that run inside a transaction."""
DATABASE_MODULES = {"asyncpg", "sqlite3", "tapwealth.storage", "tapwealth.ledger"}

SQL_CLOCK = re.compile(
    r"""(?<![.\w])now\s*\( | \b(?:clock|statement|transaction)_timestamp\b | \bcurrent_(?:date|time|timestamp)\b | \blocaltime(?:stamp)?\b
      | \btimeofday\s*\( | \bunixepoch\s*\( | '(?:now|today|tomorrow|yesterday)'""",
    re.IGNORECASE | re.VERBOSE,
)
SQL_CHANCE = re.compile(
    r"(?<![.\w])(?:random|gen_random_uuid|gen_random_bytes|uuidv[47]|uuid_generate_v[14]|randomblob)\s*\(", re.IGNORECASE
)
SQL_FLOAT = re.compile(r"\bfloat[48]?\b|\bdouble\s+precision\b|::\s*real\b", re.IGNORECASE)
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def no_clock_or_chance(module: Module) -> Iterator[Finding]:
    """The time, ids and random numbers are handed in; only `kernel` asks for them."""
    if "/kernel/" in module.path:
        return
    for node in module.nodes:
        for name in imported(node):
            if name in CLOCK_AND_CHANCE_NAMES or within(name, CLOCK_AND_CHANCE_MODULES):
                yield module.finding(node, "no-clock-or-chance", f"{name} is the kernel's: take it from kernel.clock or kernel.ids")
        if isinstance(node, ast.Attribute) and asks_the_machine(node):
            yield module.finding(node, "no-clock-or-chance", f".{node.attr} asks the machine: take it from kernel.clock or kernel.ids")


def asks_the_machine(node: ast.Attribute) -> bool:
    """`datetime.now`, `date.today`, `os.urandom`, `uuid.uuid4`, `loop.time`."""
    owner = node.value
    if isinstance(owner, ast.Call):
        return node.attr == "time" and isinstance(owner.func, (ast.Name, ast.Attribute)) and bool(LOOPS.search(last_name(owner.func)))
    if node.attr == "time":
        return bool(LOOPS.search(last_name(owner)))
    return node.attr in CLOCK_AND_CHANCE_CALLS and last_name(owner) in TIME_GIVERS


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def within(name: str, modules: set[str]) -> bool:
    """Is the dotted name one of these modules, or inside one?"""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def senders(modules: Iterable[Module]) -> set[str]:
    """The dotted names of the capabilities' modules that open sockets, by themselves or through one another: the edges call them."""
    candidates = {dotted(module): module for module in modules if may_send(module)}
    found: set[str] = set()
    while more := {
        name for name, module in candidates.items() if name not in found and any(uses(module, SOCKET_MODULES | found, SOCKET_CALLS))
    }:
        found |= more
    return found


def dotted(module: Module) -> str:
    """The name a module is imported by."""
    return module.path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def may_send(module: Module) -> bool:
    """A module of a capability, but for those that run inside a transaction; and of the wire formats, how HTTP is spoken."""
    folder = module.path.removeprefix("src/tapwealth/").split("/")[0]
    return (folder in CAPABILITIES and not module.path.endswith(ROWS)) or (folder == "wire" and module.path.endswith("_http.py"))


def no_socket_in_reach_of_a_transaction(module: Module, speakers: set[str]) -> Iterator[Finding]:
    """Whatever may run inside a transaction cannot reach the network: it writes to the outbox, and the worker sends.

    A capability's module may open sockets if it sees nothing of the database; of such a module the others may import its `…Port` alone,
    the protocol by which an open one is handed in.
    """
    place = module.path.removeprefix("src/tapwealth/")
    folder = place.split("/")[0]
    if folder == "sandbox" or (folder not in INNER and not place.endswith(ROWS)):
        return
    if dotted(module) in speakers:
        yield from uses(module, DATABASE_MODULES, set(), "in a module that opens sockets: hand the facts in")
        return
    banned = SOCKET_MODULES | speakers | (PAGE_MODULES if folder == "flows" else set())
    yield from uses(module, banned, SOCKET_CALLS, "within reach of a transaction: write to the outbox instead")


def uses(module: Module, modules: set[str], calls: set[str], why: str = "") -> Iterator[Finding]:
    """The imports of these modules and the attributes of these names."""
    for node in module.nodes:
        for name in imported(node):
            if within(name, modules) and not name.endswith("Port"):
                yield module.finding(node, "no-socket", f"{name} {why}")
        if isinstance(node, ast.Attribute) and node.attr in calls:
            yield module.finding(node, "no-socket", f".{node.attr} {why}")


def no_clock_in_python_sql(module: Module) -> Iterator[Finding]:
    """The rule of `no_clock_in_sql` for the texts of a Python file."""
    documentation = docstrings(module)
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            for finding in no_clock_in_sql(module.path, node.value):
                yield module.finding(node.lineno + finding.line - 1, finding.rule, finding.text)


def no_clock_in_sql(path: str, text: str) -> Iterator[Finding]:
    """SQL never asks for the time or for chance, and stores no binary fraction."""
    bare = SQL_COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
    for pattern, rule, advice in (
        (SQL_CLOCK, "no-clock-in-sql", "hand the time in as a parameter"),
        (SQL_CHANCE, "no-chance-in-sql", "hand the id in as a parameter"),
        (SQL_FLOAT, "no-float-in-sql", "use bigint or numeric"),
    ):
        for match in pattern.finditer(bare):
            yield Finding(path, bare.count("\n", 0, match.start()) + 1, rule, f"{match.group().strip()}: {advice}")
