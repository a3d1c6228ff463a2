// rate-limiter-flexible: points, blocks, penalties, rewards, bursts, queue; its script is defined with ioredis' defineCommand and with node-redis' eval.
import Redis from 'ioredis';
import { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis, RLWrapperBlackAndWhite } from 'rate-limiter-flexible';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();
const client = new Redis({ host: '127.0.0.1', port: server.port, enableOfflineQueue: false, lazyConnect: true });
await client.connect();
const limiter = (options) => new RateLimiterRedis({ storeClient: client, points: 3, duration: 1, ...options });

await check('rate-limiter-flexible: points are used up and come back', async () => {
  const limit = limiter({ keyPrefix: 'points' });
  assert.equal((await limit.consume('u')).remainingPoints, 2);
  assert.equal((await limit.consume('u', 2)).remainingPoints, 0);
  await assert.rejects(limit.consume('u'), (refused) => refused.consumedPoints === 4 && refused.msBeforeNext > 0 && refused.msBeforeNext <= 1000);
  await sleep(1050);
  assert.equal((await limit.consume('u')).remainingPoints, 2);
});

await check('rate-limiter-flexible: penalty, reward, get, set, delete, block', async () => {
  const limit = limiter({ keyPrefix: 'all', duration: 60 });
  assert.equal((await limit.penalty('u', 2)).consumedPoints, 2);
  assert.equal((await limit.reward('u', 1)).consumedPoints, 1);
  assert.equal((await limit.get('u')).consumedPoints, 1);
  assert.equal((await limit.set('u', 3, 60)).consumedPoints, 3);
  await assert.rejects(limit.consume('u'));
  assert.equal(await limit.delete('u'), true);
  assert.equal(await limit.get('u'), null);
  await limit.block('u', 30);
  await assert.rejects(limit.consume('u'), (refused) => refused.msBeforeNext > 28000);
});

await check('rate-limiter-flexible: blocked for longer than the window', async () => {
  const limit = limiter({ keyPrefix: 'block', points: 1, blockDuration: 20 });
  await limit.consume('u');
  await assert.rejects(limit.consume('u'), (refused) => refused.msBeforeNext > 18000);
  assert.ok(await client.pttl('block:u') > 18000);
});

await check('rate-limiter-flexible: a fixed window does not slide, and does not expire with duration 0', async () => {
  const limit = limiter({ keyPrefix: 'forever', duration: 0 });
  await limit.consume('u');
  assert.equal(await client.pttl('forever:u'), -1);
});

await check('rate-limiter-flexible: many at once are counted one by one', async () => {
  const limit = limiter({ keyPrefix: 'many', points: 50, duration: 60 });
  const results = await Promise.allSettled(Array.from({ length: 80 }, () => limit.consume('u')));
  assert.equal(results.filter((r) => r.status === 'fulfilled').length, 50);
});

await check('rate-limiter-flexible: bursts, queues and lists', async () => {
  const bursty = new BurstyRateLimiter(limiter({ keyPrefix: 'slow', points: 1 }), limiter({ keyPrefix: 'burst', points: 2, duration: 5 }));
  for (let i = 0; i < 3; i++) await bursty.consume('u');
  await assert.rejects(bursty.consume('u'));

  const queue = new RateLimiterQueue(limiter({ keyPrefix: 'queue', points: 2, duration: 1 }));
  const began = Date.now();
  for (let i = 0; i < 3; i++) await queue.removeTokens(1, 'q');
  assert.ok(Date.now() - began > 300);

  const lists = new RLWrapperBlackAndWhite({ limiter: limiter({ keyPrefix: 'lists' }), blackList: ['bad'], whiteList: ['good'], isBlackListed: (ip) => ip === 'bad' });
  await assert.rejects(lists.consume('bad'));
  for (let i = 0; i < 5; i++) await lists.consume('good');
});

client.disconnect();
await server.stop();
finish();
