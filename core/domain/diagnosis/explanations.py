"""Each finding in words: what was seen, why it matters, and the command or setting that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.findings import Code, Finding

DOCS: Final = "docs/doctor.md"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences with `{facts}` in them."""

    seen: str
    why: str
    fix: str

    def of(self, finding: Finding) -> Explanation:
        """The same with the finding's facts."""
        return Explanation(*(text.format(**finding.facts) for text in (self.seen, self.why, self.fix)))


def docs_of(code: Code) -> str:
    """Where more is written about it."""
    return f"{DOCS}#{code.value}"


def explain(finding: Finding) -> Explanation:
    """In English."""
    return EXPLANATIONS[finding.code].of(finding)


_SETTINGS: Final = {
    Code.SETTING_INVALID: Explanation(
        "{setting} {problem}",
        "No process starts with it, and nothing else was looked at.",
        "Correct {setting}; .env.example tells what it takes.",
    ),
    Code.SECRET_MISSING: Explanation(
        "{setting} is not set.",
        "What it seals or signs does not work; in production no process starts.",
        "Make one with `wasl keys generate` and set {setting}.",
    ),
    Code.SECRET_SHORT: Explanation(
        "{setting} has {length} characters; {least} are the least.",
        "Short secrets are found by trying.",
        "Make one with `wasl keys generate`; docs/keys.md tells how to change it while the service runs.",
    ),
    Code.SECRET_GUESSABLE: Explanation(
        "{setting} is an example, a common word, or repeats itself.",
        "It is among the first that an attacker tries.",
        "Make one with `wasl keys generate`; docs/keys.md tells how to change it while the service runs.",
    ),
    Code.SECRET_REUSED: Explanation(
        "{setting} is the same secret as {other}.",
        "Who learns one has the other, and neither can be changed alone.",
        "Give {setting} a secret of its own: `wasl keys generate`.",
    ),
    Code.PUBLIC_URL_PLAIN: Explanation(
        "PUBLIC_URL is {url}: not encrypted, and not this machine alone.",
        "Webhooks with customers' data and the keys of the API can be read on the way, and nobody can sign in to the "
        "console.",
        "Put a proxy that speaks TLS in front and set PUBLIC_URL=https://…",
    ),
    Code.NO_TRUSTED_PROXIES: Explanation(
        "PUBLIC_URL is https, and TRUSTED_PROXIES is empty.",
        "Wasl itself speaks plain http, so a proxy stands in front: all visitors have its address and share one limit.",
        "TRUSTED_PROXIES=<the proxy's network>; docs/ways-in.md has examples.",
    ),
    Code.METRICS_OPEN: Explanation(
        "METRICS_ALLOW holds {network}: everybody may read /metrics.",
        "It tells the world how much is sold and what fails.",
        "METRICS_ALLOW=<the network of your Prometheus>",
    ),
    Code.DEBUG_LOG: Explanation(
        "LOG_LEVEL is DEBUG in production.",
        "Every request is logged: much to pay for, and little that helps.",
        "LOG_LEVEL=INFO",
    ),
    Code.SCHEDULE_OFF: Explanation(
        "{setting} is 0.",
        "What Zid did not deliver, or stopped delivering, is not noticed by itself.",
        "Take {setting} away to get its default back.",
    ),
    Code.NOBODY_IS_TOLD: Explanation(
        "ALERT_WEBHOOK_URL is empty.",
        "Alerts are written to the log and nobody is called, unless an Alertmanager of yours does it.",
        "ALERT_WEBHOOK_URL=https://… and ALERT_WEBHOOK_SECRET; docs/renewals.md tells what is sent.",
    ),
    Code.HANDLER_OUTLASTS_GRACE: Explanation(
        "{count} handlers may take longer than SHUTDOWN_GRACE ({grace} s); the longest is {handler} with {limit} s.",
        "A run that is under way when its consumer is restarted is cut off and begins again elsewhere. "
        "Its attempt is not counted, but effects outside the database may happen twice.",
        "SHUTDOWN_GRACE={needed}, or a smaller time_limit; or rely on ctx.idempotency_key.",
    ),
    Code.HANDLER_OUTLASTS_TRANSACTION: Explanation(
        "{handler} has a time limit of {limit} s; a transaction may be idle for {longest} s.",
        "A unit of work that waits longer is ended by Postgres, and the run fails however well it went.",
        "Open ctx.unit_of_work last, or set a time_limit of at most {longest}.",
    ),
}

_MACHINE: Final = {
    Code.FILE_READABLE: Explanation(
        "{path} has the mode {mode}: others on this machine may read it.",
        "It holds the keys that open every store's tokens.",
        "chmod 600 {path}",
    ),
    Code.FOLDER_NOT_WRITABLE: Explanation(
        "{setting} ({path}) cannot be written.",
        "Deliveries that wait for Postgres (SPOOL_DIR), or the list of who was erased (ERASURE_LOG), cannot be kept.",
        "Give the folder to the account that runs Wasl, or set {setting} to one that it may write.",
    ),
    Code.FOLDER_IN_MEMORY: Explanation(
        "{setting} ({path}) lies in memory (tmpfs).",
        "After a restart of the machine it is empty: deliveries that waited (SPOOL_DIR), or the list of who was erased "
        "(ERASURE_LOG), are lost.",
        "Set {setting} to a disk that outlives the machine's restart.",
    ),
    Code.FOLDER_IN_CONTAINER: Explanation(
        "{setting} ({path}) lies in the container's own layer.",
        "It is thrown away with the container: deliveries that waited (SPOOL_DIR), or the list of who was erased "
        "(ERASURE_LOG), are lost.",
        "Mount a volume there, or set SPOOL=redis for the spool.",
    ),
    Code.LITTLE_SPACE: Explanation(
        "{free} MB are free where {setting} ({path}) lies; {wanted} MB may be needed.",
        "When it is full, Zid's deliveries are refused while Postgres is away (SPOOL_DIR), or nobody can be erased "
        "(ERASURE_LOG).",
        "Make room, or lower SPOOL_MAX_BYTES to what there is.",
    ),
    Code.ERASURE_LOG_BESIDE_DATABASE: Explanation(
        "ERASURE_LOG ({path}) is on the machine that Postgres runs on.",
        "If its disk is lost, so is the list of who was erased: an older backup brings these people back.",
        "Set ERASURE_LOG to a disk of another machine, such as a network volume.",
    ),
    Code.PYTHON_OLD: Explanation(
        "Python {version} has had no security fixes since {since}.",
        "Holes that are found in it stay open.",
        "Run Wasl on Python {newest}.",
    ),
    Code.TIMEZONE: Explanation(
        "{server} has the time zone {zone}, not UTC.",
        "Wasl itself counts in UTC everywhere; logs and queries of your own beside it will not agree with it.",
        "TZ=UTC for the processes; ALTER DATABASE … SET timezone = 'UTC' for Postgres.",
    ),
}

_DATABASE: Final = {
    Code.DATABASE_AWAY: Explanation(
        "Postgres does not answer: {problem}.",
        "Webhooks are spooled for now; everything else stands still.",
        "Is it running, and is DATABASE_URL right?",
    ),
    Code.DATABASE_OLD: Explanation(
        "Postgres {version} has had no fixes since {since}.",
        "Holes and data-losing bugs that are found in it stay.",
        "Move to Postgres {newest}.",
    ),
    Code.DATABASE_READ_ONLY: Explanation(
        "DATABASE_URL leads to a server that takes no writes (a standby).",
        "Nothing can be taken in or worked off.",
        "Set DATABASE_URL to the primary, such as with `?target_session_attrs=read-write`.",
    ),
    Code.DATABASE_UNENCRYPTED: Explanation(
        "The connection to Postgres is not encrypted.",
        "Customers' data and the database's password can be read and changed on the way.",
        "DATABASE_CA_CERT=<the server's CA> and `?sslmode=verify-full` in DATABASE_URL.",
    ),
    Code.DATABASE_UNVERIFIED: Explanation(
        "The connection to Postgres is encrypted, and nobody checks who answers.",
        "Whoever can redirect the connection reads everything.",
        "DATABASE_CA_CERT=<the server's CA> and `?sslmode=verify-full` in DATABASE_URL.",
    ),
    Code.DATABASE_ROLE: Explanation(
        "The role {role} may do more than it needs: {powers}.",
        "Who takes a process over can alter the audit, and nothing would show it.",
        "DATABASE_URL names a role that owns nothing (wasl_app), MIGRATE_DATABASE_URL the owner: SECURITY.md.",
    ),
    Code.CLOCK_OFF: Explanation(
        "The clock of {server} and this machine's differ by {seconds} s.",
        "Tokens are renewed too late or too early, and the times of events are wrong.",
        "Turn time synchronisation on: `timedatectl set-ntp true`.",
    ),
    Code.SCHEMA_BEHIND: Explanation(
        "{count} migrations are not applied, the first is {first}.",
        "No process of this version starts on the database as it is.",
        "wasl migrate",
    ),
    Code.SCHEMA_AHEAD: Explanation(
        "The database has {count} migrations that this version does not know, the newest is {newest}.",
        "Another release runs beside this one. That is foreseen for the time of a deployment.",
        "Finish the deployment: the newer version everywhere.",
    ),
    Code.SCHEMA_CHANGED: Explanation(
        "{migration} was applied from a file that is not the shipped one.",
        "Nobody can say what the schema is; `wasl migrate` refuses to go on.",
        "`wasl migrate verify` names every difference; restore the file as it was applied.",
    ),
    Code.INDEX_MISSING: Explanation(
        "The index {index} is missing.",
        "Queries that were quick read whole tables. A unique one also keeps things from being written twice.",
        "{statement}",
    ),
    Code.INDEX_INVALID: Explanation(
        "The index {index} is not valid: it was not built to its end.",
        "It costs every write and helps no read. A unique one also keeps things from being written twice.",
        "REINDEX INDEX CONCURRENTLY {index};",
    ),
    Code.CONNECTIONS_OVER: Explanation(
        "{processes} processes may open {wanted} connections; Postgres has {usable} for them.",
        "Under load processes find none free: webhooks are spooled, requests answered 503.",
        "DATABASE_POOL={pool}, fewer processes, a larger max_connections, or a pooler (`?pgbouncer=true`).",
    ),
    Code.CONNECTIONS_TIGHT: Explanation(
        "{processes} processes may open {wanted} of the {usable} connections that Postgres has for them.",
        "During a rolling deployment old and new processes run side by side and need more than that.",
        "DATABASE_POOL={pool}, or a larger max_connections.",
    ),
}

_REDIS: Final = {
    Code.REDIS_AWAY: Explanation(
        "Redis does not answer: {problem}.",
        "Work is found by the sweep alone, nobody can sign in or install, and calls to Zid are slowed.",
        "Is it running, and is REDIS_URL right? `QUEUE=postgres` without REDIS_URL does without it.",
    ),
    Code.REDIS_NO_AOF: Explanation(
        "Redis{node} keeps no append-only file.",
        "After a crash it is empty: people sign in again, installs begin again, work is published anew. With "
        "SPOOL=redis, deliveries that were answered are lost.",
        "CONFIG SET appendonly yes, and `appendonly yes` in its configuration.",
    ),
    Code.REDIS_EVICTS: Explanation(
        "Redis{node} throws keys away when its memory is full (maxmemory-policy {policy}).",
        "Sessions, work that is due or, with SPOOL=redis, deliveries vanish just when there is most to do.",
        "CONFIG SET maxmemory-policy noeviction, and the same in its configuration.",
    ),
    Code.REDIS_FULL: Explanation(
        "Redis{node} has used {percent} % of its memory ({limit} MB).",
        "When it is full it refuses writes, or throws keys away.",
        "A larger maxmemory, or a smaller INDEX_WINDOW.",
    ),
    Code.REDIS_REPLICA: Explanation(
        "Redis{node} is a replica.",
        "It takes no writes: no work is published, nobody can sign in or install.",
        "Set REDIS_URL to the primary, or to the sentinels: redis+sentinel://…",
    ),
    Code.REDIS_CANNOT_SAVE: Explanation(
        "Redis{node} could not write to its disk the last time it tried.",
        "It refuses writes until it can.",
        "Look at its disk and its log: space, permissions.",
    ),
    Code.REDIS_OLD: Explanation(
        "Redis{node} is version {version}; 6.2 is the least.",
        "It lacks commands that Wasl uses (XAUTOCLAIM, GETEX).",
        "Move to Valkey 8 or Redis 7.",
    ),
    Code.REDIS_UNENCRYPTED: Explanation(
        "The connection to Redis is not encrypted, or nobody checks who answers.",
        "Its password and the console's sessions can be read on the way.",
        "REDIS_URL=rediss://… and, for a CA of your own, REDIS_CA_CERT.",
    ),
}

_STORES: Final = {
    Code.TOKEN_UNSEALED: Explanation(
        "{count} rows of the table {table} hold something that is not sealed.",
        "A token that lies open in the database is in every backup of it. Wasl never writes such a row.",
        "Find out who wrote them (`wasl audit verify`), remove the rows, and let these merchants install again.",
    ),
    Code.KEY_MISSING: Explanation(
        "TOKEN_KEYS lacks the key {key}, which still seals the tokens of {count} stores.",
        "Their tokens cannot be opened: nothing can be asked of Zid for them.",
        "Put the key back at the end of TOKEN_KEYS, then `wasl keys rotate`.",
    ),
    Code.STORES_QUARANTINED: Explanation(
        "{count} stores stand in quarantine: their rows do not open.",
        "Nothing can be asked of Zid for them.",
        "`wasl keys status` names them and the key that each needs.",
    ),
    Code.RINGS_DIFFER: Explanation(
        "{setting}: {maker} works with {member}, which {stranger} does not hold.",
        "What the one makes the other refuses.",
        "Give every process the same ring and restart them: docs/keys.md.",
    ),
    Code.CLIENT_REJECTED: Explanation(
        "Zid refused the app itself within the last hour.",
        "No store can be installed, no token renewed.",
        "Compare ZID_CLIENT_ID, ZID_CLIENT_SECRET and the Callback URL with the Partner Dashboard.",
    ),
    Code.PUBLIC_URL_UNREACHABLE: Explanation(
        "{url} does not answer: {problem}.",
        "Zid delivers webhooks there, and merchants come back there from Zid.",
        "Is PUBLIC_URL right, does its name resolve, and does the proxy pass requests on? "
        "Behind a firewall that hides it from this machine alone, all is well.",
    ),
    Code.PUBLIC_URL_ELSEWHERE: Explanation(
        "{url} answers {status}, and not as Wasl does.",
        "Zid delivers webhooks there, and merchants come back there from Zid: somebody else gets them.",
        "Let the proxy pass all paths on to the http processes, or correct PUBLIC_URL.",
    ),
    Code.WEBHOOKS_SICK: Explanation(
        "{count} webhooks at Zid deliver nothing: {states}.",
        "What they should tell comes hours late, by reconciliation, or not at all.",
        "`wasl webhooks plan` shows them by store, `wasl webhooks apply` makes them anew.",
    ),
    Code.PROCESS_MISSING: Explanation(
        "No {kind} runs.",
        "http takes webhooks in, the consumer handles them, the scheduler renews tokens and finds lost work.",
        "wasl {kind}",
    ),
    Code.UNBALANCED: Explanation(
        "The books do not balance: {difference} events are not accounted for.",
        "Something changed the ledger beside Wasl, or Wasl has a bug.",
        "`wasl verify` names the events; please report it.",
    ),
    Code.SPOOL_WAITS: Explanation(
        "{count} deliveries wait in the spool.",
        "Postgres was away or slow; they are taken in as soon as it answers.",
        "If the number stays, look at the log of the http processes (`spool_…`).",
    ),
    Code.DEAD_LETTERS: Explanation(
        "{count} events are dead.",
        "They wait for a person, and their bodies are kept for that long.",
        "`wasl dead list` groups them by cause; `wasl dead redrive --fingerprint … --canary` tries them again.",
    ),
    Code.ALERTS_OPEN: Explanation(
        "{count} alerts are open: {kinds}.",
        "Somebody has to act.",
        "wasl alerts list",
    ),
}

EXPLANATIONS: Final[Mapping[Code, Explanation]] = MappingProxyType(
    {**_SETTINGS, **_MACHINE, **_DATABASE, **_REDIS, **_STORES}
)
