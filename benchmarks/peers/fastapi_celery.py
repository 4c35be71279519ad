"""FastAPI and Celery: Basic credentials, a duplicate check of its own, the task durable in Redis before the answer.

`PORT=… REDIS_SOCKET=… python fastapi_celery.py`. Celery sends while the caller waits, so the endpoint is an ordinary
function, which FastAPI runs in a thread of its pool.
"""

import hashlib
import os
import secrets
from typing import Annotated

import redis
import uvicorn
from celery import Celery
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

USER, PASSWORD = "zid", "a-password-of-a-webhook"
SEEN_SECONDS = 3 * 24 * 3600
SOCKET = os.environ["REDIS_SOCKET"]

tasks = Celery("peer", broker=f"redis+socket://{SOCKET}")
tasks.conf.task_ignore_result = True
seen = redis.Redis(unix_socket_path=SOCKET)
app = FastAPI()


@tasks.task(name="handle")
def handle(store: int, topic: str, body: str) -> None: ...


async def raw(request: Request) -> bytes:
    return await request.body()


@app.post("/webhooks/{store}/{topic}")
def take(
    store: int,
    topic: str,
    body: Annotated[bytes, Depends(raw)],
    who: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())],
) -> dict[str, bool]:
    if not (secrets.compare_digest(who.username, USER) and secrets.compare_digest(who.password, PASSWORD)):
        raise HTTPException(401)
    key = hashlib.sha256(f"{store}:{topic}:".encode() + body).hexdigest()
    if seen.set(f"seen:{key}", 1, nx=True, ex=SEEN_SECONDS):
        handle.apply_async((store, topic, body.decode()), task_id=key)
    return {"ok": True}


@app.on_event("startup")
def started() -> None:
    print("ready", flush=True)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning")
