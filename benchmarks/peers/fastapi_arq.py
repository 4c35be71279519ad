"""FastAPI and arq: Basic credentials, a duplicate check by the job id, the job durable in Redis before the answer.

`PORT=… REDIS_SOCKET=… python fastapi_arq.py`. Redis runs with `appendfsync always`, as durable as Postgres's commit.
"""

import hashlib
import os
import secrets
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from arq import create_pool
from arq.connections import RedisSettings
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

USER, PASSWORD = "zid", "a-password-of-a-webhook"


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.queue = await create_pool(RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"]))
    print("ready", flush=True)
    yield
    await app.state.queue.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/{store}/{topic}")
async def take(
    store: int, topic: str, request: Request, who: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]
) -> dict[str, bool]:
    if not (secrets.compare_digest(who.username, USER) and secrets.compare_digest(who.password, PASSWORD)):
        raise HTTPException(401)
    body = await request.body()
    key = hashlib.sha256(f"{store}:{topic}:".encode() + body).hexdigest()
    await app.state.queue.enqueue_job("handle", store, topic, body, _job_id=key)
    return {"ok": True}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning")
