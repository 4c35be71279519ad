"""The same job in five queues: one Postgres row for each. `python jobs.py QUEUE enqueue COUNT`, then its worker.

`REDIS_URL`, `DSN` and, for the importing worker, `QUEUE` come from the environment. Every worker is one process with
the settings its documentation gives for production; results are not kept.
"""

from __future__ import annotations

import asyncio
import os
import sys

DSN = os.environ["DSN"]
REDIS_URL = os.environ["REDIS_URL"]
INSERT = "INSERT INTO peer_effects (queue, job) VALUES (%s, %s)"
INSERT_ASYNCPG = "INSERT INTO peer_effects (queue, job) VALUES ($1, $2)"
THREADS = 8


def for_arq():
    import asyncpg
    from arq import create_pool
    from arq.connections import RedisSettings
    from arq.worker import func

    settings = RedisSettings(unix_socket_path=REDIS_URL.removeprefix("unix://").partition("?")[0])

    async def effect(ctx, job):
        await ctx["pool"].execute(INSERT_ASYNCPG, "arq", job)

    async def startup(ctx):
        ctx["pool"] = await asyncpg.create_pool(DSN, min_size=10, max_size=10)

    async def enqueue(count):
        queue = await create_pool(settings)
        for start in range(0, count, 200):
            await asyncio.gather(*(queue.enqueue_job("effect", job) for job in range(start, min(count, start + 200))))

    worker = type(
        "Worker",
        (),
        {
            "functions": [func(effect, name="effect")],
            "on_startup": startup,
            "redis_settings": settings,
            "keep_result": 0,
            "poll_delay": 0.01,  # with its default of half a second it is four times slower
        },
    )
    return worker, lambda count: asyncio.run(enqueue(count))


def for_taskiq():
    import asyncpg
    from taskiq import TaskiqEvents
    from taskiq_redis import RedisStreamBroker

    broker = RedisStreamBroker(REDIS_URL)

    @broker.on_event(TaskiqEvents.WORKER_STARTUP)
    async def startup(state):
        state.pool = await asyncpg.create_pool(DSN, min_size=10, max_size=10)

    @broker.task(task_name="effect")
    async def effect(job):
        await broker.state.pool.execute(INSERT_ASYNCPG, "taskiq", job)

    async def enqueue(count):
        await broker.startup()
        for start in range(0, count, 200):
            await asyncio.gather(*(effect.kiq(job) for job in range(start, min(count, start + 200))))
        await broker.shutdown()

    return broker, lambda count: asyncio.run(enqueue(count))


def _connections():
    """One for each thread or forked child."""
    import threading

    import psycopg

    kept = threading.local()

    def execute(*values):
        if getattr(kept, "pid", None) != os.getpid():
            kept.pid, kept.connection = os.getpid(), psycopg.connect(DSN, autocommit=True)
        kept.connection.execute(INSERT, values)

    return execute


def for_dramatiq():
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=REDIS_URL)
    dramatiq.set_broker(broker)
    execute = _connections()

    @dramatiq.actor
    def effect(job):
        execute("dramatiq", job)

    return broker, lambda count: [effect.send(job) for job in range(count)]


def for_celery():
    from celery import Celery

    socket = REDIS_URL.removeprefix("unix://").partition("?")[0]
    app = Celery("jobs", broker=f"redis+socket://{socket}")
    app.conf.task_ignore_result = True
    execute = _connections()

    @app.task(name="effect")
    def effect(job):
        execute("celery", job)

    return app, lambda count: [effect.delay(job) for job in range(count)]


def for_procrastinate():
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=DSN))

    @app.task(name="effect")
    async def effect(job):
        async with app.connector.pool.connection() as connection:
            await connection.execute(INSERT, ("procrastinate", job))

    async def enqueue(count):
        async with app.open_async():
            if not await app.check_connection_async():  # also false where its tables are missing
                await app.schema_manager.apply_schema_async()
            for start in range(0, count, 500):
                jobs = [{"job": job} for job in range(start, min(count, start + 500))]
                await effect.batch_defer_async(*jobs)

    return app, lambda count: asyncio.run(enqueue(count))


QUEUES = {
    "arq": for_arq,
    "taskiq": for_taskiq,
    "dramatiq": for_dramatiq,
    "celery": for_celery,
    "procrastinate": for_procrastinate,
}

if __name__ == "__main__":
    QUEUES[sys.argv[1]]()[1](int(sys.argv[3]))
else:
    worker, _ = QUEUES[os.environ["QUEUE"]]()
