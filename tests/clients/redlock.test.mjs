// redlock: locks of one and several resources, extension, waiting, expiry; all of it is Lua sent with EVALSHA and, at first, EVAL.
import Redis from 'ioredis';
import Redlock, { ExecutionError, ResourceLockedError } from 'redlock';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();
const client = new Redis({ host: '127.0.0.1', port: server.port });
const redlock = new Redlock([client], { retryCount: 5, retryDelay: 20, retryJitter: 5, automaticExtensionThreshold: 100 });
const impatient = new Redlock([client], { retryCount: 0 });

await check('redlock: a lock keeps others out until it is released', async () => {
  const lock = await redlock.acquire(['door'], 5000);
  assert.equal((await client.get('door')).length, 32);
  assert.ok(await client.pttl('door') > 4000);
  await assert.rejects(impatient.acquire(['door'], 1000), (error) => error instanceof ExecutionError || error instanceof ResourceLockedError);
  await lock.release();
  assert.equal(await client.exists('door'), 0);
  await (await impatient.acquire(['door'], 1000)).release();
});

await check('redlock: several resources are locked together or not at all', async () => {
  const one = await redlock.acquire(['b'], 5000);
  await assert.rejects(impatient.acquire(['a', 'b', 'c'], 1000));
  assert.deepEqual(await client.exists('a', 'c'), 0);
  await one.release();
  const all = await redlock.acquire(['a', 'b', 'c'], 5000);
  assert.equal(await client.exists('a', 'b', 'c'), 3);
  await all.release();
});

await check('redlock: a lock is extended, and only by its owner', async () => {
  let lock = await redlock.acquire(['e'], 300);
  lock = await lock.extend(5000);
  assert.ok(await client.pttl('e') > 4000);
  await client.set('e', 'stolen');
  await assert.rejects(lock.extend(1000));
  await assert.rejects(lock.release());
  await client.del('e');
});

await check('redlock: who waits gets the lock when it expires', async () => {
  await redlock.acquire(['w'], 60);
  const lock = await redlock.acquire(['w'], 1000);
  await lock.release();
});

await check('redlock: using() extends while the work goes on', async () => {
  await redlock.using(['long'], 300, async (signal) => {
    await sleep(700);
    assert.equal(signal.aborted, false);
    assert.equal(await client.exists('long'), 1);
  });
  assert.equal(await client.exists('long'), 0);
});

await check('redlock: twenty who compete take turns', async () => {
  let inside = 0, most = 0;
  const patient = new Redlock([client], { retryCount: 200, retryDelay: 5, retryJitter: 5 });
  await Promise.all(Array.from({ length: 20 }, async () => {
    const lock = await patient.acquire(['turn'], 5000);
    most = Math.max(most, ++inside);
    await sleep(2);
    inside--;
    await lock.release();
  }));
  assert.equal(most, 1);
});

await redlock.quit();
await server.stop();
finish();
