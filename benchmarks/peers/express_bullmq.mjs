// Express and BullMQ: Basic credentials, a duplicate check by the job id, the job durable in Redis before the answer.
// `PORT=… REDIS_SOCKET=… node express_bullmq.mjs`; Redis runs with `appendfsync always`.
import { createHash, timingSafeEqual } from "node:crypto";
import express from "express";
import { Queue } from "bullmq";
import { Redis } from "ioredis";

const expected = Buffer.from("Basic " + Buffer.from("zid:a-password-of-a-webhook").toString("base64"));
const queue = new Queue("webhooks", {
  connection: new Redis(process.env.REDIS_SOCKET, { maxRetriesPerRequest: null }),
  defaultJobOptions: { removeOnComplete: true },
});
const app = express();
app.disable("x-powered-by");
app.post("/webhooks/:store/:topic", express.raw({ type: "*/*", limit: "8mb" }), async (request, response) => {
  const given = Buffer.from(request.get("authorization") ?? "");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return response.sendStatus(401);
  const { store, topic } = request.params;
  const key = createHash("sha256").update(`${store}:${topic}:`).update(request.body).digest("hex");
  await queue.add("handle", { store, topic, body: request.body.toString() }, { jobId: key });
  response.json({ ok: true });
});
app.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
