// Session stores as web applications use them: connect-redis under Express, and a koa-session2 store over ioredis (SET key value EX seconds).
import { createServer } from 'node:http';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import Redis from 'ioredis';
import Koa from 'koa';
import koaSession from 'koa-session2';
import { createClient } from 'redis';
import { assert, check, finish, freePort, sleep, startServer } from './harness.mjs';

const server = await startServer('--requirepass', 'secret');
const redis = createClient({ url: `redis://:secret@127.0.0.1:${server.port}` });
redis.on('error', () => {});
await redis.connect();

async function listen(handler) {
  const port = await freePort();
  const web = createServer(handler);
  await new Promise((resolve) => web.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${port}`, close: () => web.close() };
}

/** A browser with one cookie jar. */
function browser(base) {
  let cookie = '';
  return async (path) => {
    const response = await fetch(base + path, { headers: cookie ? { cookie } : {} });
    const set = response.headers.get('set-cookie');
    if (set) cookie = set.split(';')[0];
    return response.text();
  };
}

await check('connect-redis: a session lives, is touched, listed and destroyed', async () => {
  const store = new RedisStore({ client: redis, prefix: 'sess:', ttl: 100 });
  const app = express();
  app.use(session({ store, secret: 'x', resave: false, saveUninitialized: false }));
  app.get('/visit', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.send(`${request.session.visits}`);
  });
  app.get('/logout', (request, response) => request.session.destroy(() => response.send('bye')));
  const web = await listen(app);
  try {
    const first = browser(web.url), second = browser(web.url);
    assert.equal(await first('/visit'), '1');
    assert.equal(await first('/visit'), '2');
    assert.equal(await second('/visit'), '1');
    assert.equal(await store.length(), 2);
    assert.equal((await store.all()).length, 2);
    const ids = await store.ids();
    assert.equal(ids.length, 2);
    const left = await redis.ttl(`sess:${ids[0]}`);
    assert.ok(left > 90 && left <= 100, `${left}`);
    assert.equal(await first('/logout'), 'bye');
    assert.equal(await store.length(), 1);
    assert.equal(await first('/visit'), '1');
    await store.clear();
    assert.equal(await store.length(), 0);
  } finally {
    web.close();
  }
});

await check('koa-session2: a store over ioredis with SET … EX', async () => {
  const client = new Redis({ host: '127.0.0.1', port: server.port, password: 'secret' });
  class RedisSessions {
    getID(length) { return [...crypto.getRandomValues(new Uint8Array(length))].map((b) => b.toString(16)).join(''); }
    async get(sid) { return JSON.parse(await client.get(`SESSION:${sid}`)); }
    async set(state, { sid = this.getID(24), maxAge = 1_000_000 } = {}) {
      await client.set(`SESSION:${sid}`, JSON.stringify(state), 'EX', Math.floor(maxAge / 1000));
      return sid;
    }
    async destroy(sid) { return client.del(`SESSION:${sid}`); }
  }
  const app = new Koa();
  app.use(koaSession({ store: new RedisSessions(), maxAge: 1100 }));
  app.use(async (ctx) => {
    ctx.session.visits = (ctx.session.visits ?? 0) + 1;
    ctx.body = `${ctx.session.visits}`;
  });
  const web = await listen(app.callback());
  try {
    const visit = browser(web.url);
    assert.equal(await visit('/'), '1');
    assert.equal(await visit('/'), '2');
    assert.equal((await client.keys('SESSION:*')).length, 1);
    await sleep(1300);
    assert.equal((await client.keys('SESSION:*')).length, 0);
    assert.equal(await visit('/'), '1');
  } finally {
    web.close();
    client.disconnect();
  }
});

await redis.close();
await server.stop();
finish();
