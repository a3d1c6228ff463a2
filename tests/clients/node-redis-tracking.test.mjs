// node-redis 5 with its client-side cache (RESP3): what is read twice is asked for once, and whatever changes a key takes it out of the cache.
import { BasicClientSideCache, createClient, createClientPool } from 'redis';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();
const socket = { host: '127.0.0.1', port: server.port, reconnectStrategy: 50 };

const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU', recordStats: true });
const reader = createClient({ socket, RESP: 3, clientSideCache: cache });
reader.on('error', () => { /* a restart is expected to break connections */ });
await reader.connect();
const writer = await createClient({ socket }).connect();

/** An invalidation is on its way when the writer has its answer: wait until the cache has dropped to this size. */
async function cacheHolds(entries) {
  for (let i = 0; i < 400 && cache.size() !== entries; i++) await sleep(5);
  assert.equal(cache.size(), entries);
}

async function counts(body) {
  const before = cache.stats();
  await body();
  const { hitCount, missCount } = cache.stats().minus(before);
  return { hits: hitCount, misses: missCount };
}

const fresh = async () => {
  await writer.flushAll();
  await cacheHolds(0);
};

await check('node-redis cache: the second read is a hit and does not reach the server', async () => {
  await fresh();
  await writer.set('k', 'v');
  const { hits, misses } = await counts(async () => {
    for (let i = 0; i < 5; i++) assert.equal(await reader.get('k'), 'v');
  });
  assert.deepEqual({ hits, misses }, { hits: 4, misses: 1 });
  const calls = /cmdstat_get:calls=(\d+)/.exec(await writer.info('commandstats'))[1];
  assert.equal(await reader.get('k'), 'v');
  assert.equal(/cmdstat_get:calls=(\d+)/.exec(await writer.info('commandstats'))[1], calls);
  assert.match(await writer.info('clients'), /tracking_clients:1/);
});

await check('node-redis cache: a write of another client invalidates', async () => {
  await fresh();
  await writer.set('k', 'old');
  assert.equal(await reader.get('k'), 'old');
  await writer.set('k', 'new');
  await cacheHolds(0);
  assert.equal(await reader.get('k'), 'new');
});

await check('node-redis cache: its own write invalidates too', async () => {
  await fresh();
  await reader.set('k', 'old');
  assert.equal(await reader.get('k'), 'old');
  await reader.set('k', 'new');
  await cacheHolds(0);
  assert.equal(await reader.get('k'), 'new');
});

await check('node-redis cache: only the key that changed', async () => {
  await fresh();
  await writer.mSet([['a', '1'], ['b', '2']]);
  await Promise.all([reader.get('a'), reader.get('b')]);
  assert.equal(cache.size(), 2);
  await writer.del('a');
  await cacheHolds(1);
  assert.equal((await counts(() => reader.get('b'))).hits, 1);
  assert.equal(await reader.get('a'), null);
});

await check('node-redis cache: expiry invalidates, without anybody asking for the key', async () => {
  await fresh();
  await writer.set('e', 'v', { expiration: { type: 'PX', value: 150 } });
  assert.equal(await reader.get('e'), 'v');
  assert.equal(cache.size(), 1);
  await cacheHolds(0);
  assert.equal(await reader.get('e'), null);
});

await check('node-redis cache: FLUSHALL empties it', async () => {
  await fresh();
  for (let i = 0; i < 100; i++) await writer.set(`f:${i}`, `${i}`);
  await Promise.all(Array.from({ length: 100 }, (_, i) => reader.get(`f:${i}`)));
  assert.equal(cache.size(), 100);
  await writer.flushAll();
  await cacheHolds(0);
  assert.equal(await reader.get('f:7'), null);
});

await check('node-redis cache: eviction invalidates', async () => {
  await fresh();
  await writer.set('victim', 'x'.repeat(1000));
  assert.equal(await reader.strLen('victim'), 1000);
  await writer.configSet({ maxmemory: '1', 'maxmemory-policy': 'allkeys-random' });
  await writer.sendCommand(['GET', 'nothing']);
  await cacheHolds(0);
  await writer.configSet({ maxmemory: '0', 'maxmemory-policy': 'noeviction' });
});

await check('node-redis cache: other types, RENAME, MULTI, scripts', async () => {
  await fresh();
  await writer.hSet('h', 'f', '1');
  await writer.zAdd('z', { score: 1, value: 'm' });
  const read = async () => [await reader.hGet('h', 'f'), await reader.zScore('z', 'm')];
  assert.deepEqual(await read(), ['1', 1]);
  assert.equal((await counts(read)).hits, 2);
  await writer.multi().hSet('h', 'f', '2').zIncrBy('z', 5, 'm').exec();
  await cacheHolds(0);
  assert.deepEqual(await read(), ['2', 6]);
  await writer.eval("redis.call('hset', KEYS[1], 'f', '3')", { keys: ['h'] });
  await cacheHolds(1);
  await writer.rename('z', 'y');
  await cacheHolds(0);
  assert.deepEqual(await read(), ['3', null]);
});

await check('node-redis cache: the table of the server has a limit, and keys beyond it are invalidated', async () => {
  await fresh();
  await writer.configSet('tracking-table-max-keys', '10');
  for (let i = 0; i < 50; i++) await reader.get(`t:${i}`);
  await reader.ping();
  for (let i = 0; i < 400 && cache.size() > 11; i++) await sleep(5);
  assert.ok(cache.size() <= 11, `${cache.size()} entries`);
  await writer.configSet('tracking-table-max-keys', '1000000');
});

await check('node-redis cache: a pool shares one', async () => {
  await fresh();
  const pool = createClientPool({ socket, RESP: 3 }, { minimum: 2, maximum: 4, clientSideCache: { recordStats: true } });
  pool.on('error', () => {});
  await pool.connect();
  await writer.set('p', '1');
  assert.equal(await pool.get('p'), '1');
  for (let i = 0; i < 10; i++) assert.equal(await pool.get('p'), '1');
  assert.ok(pool.clientSideCache.stats().hitCount >= 10);
  await writer.set('p', '2');
  for (let i = 0; i < 400 && pool.clientSideCache.size() > 0; i++) await sleep(5);
  assert.equal(await pool.get('p'), '2');
  pool.destroy();
});

await check('node-redis cache: after a lost connection nothing old is served', async () => {
  await fresh();
  await writer.set('r', 'before');
  assert.equal(await reader.get('r'), 'before');
  await writer.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
  await writer.set('r', 'after');
  let value;
  for (let i = 0; i < 200 && value !== 'after'; i++) {
    value = await reader.get('r').catch(() => undefined);
    await sleep(10);
  }
  assert.equal(value, 'after');
  await writer.set('r', 'again');
  await cacheHolds(0);
  assert.equal(await reader.get('r'), 'again');
});

reader.destroy();
writer.destroy();
await server.stop();
finish();
