// ioredis 5: pipelines, transactions, subscribers, streams of SCAN, offline queue, reconnect.
import Redis from 'ioredis';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();
const connect = (options = {}) => {
  const client = new Redis({ host: '127.0.0.1', port: server.port, retryStrategy: () => 50, ...options });
  client.on('error', () => {});
  return client;
};
const client = connect();

await check('ioredis: strings and expiry', async () => {
  assert.equal(await client.set('k', 'v', 'EX', 100, 'NX'), 'OK');
  assert.equal(await client.set('k', 'v', 'NX'), null);
  assert.equal(await client.get('k'), 'v');
  assert.ok(await client.pttl('k') > 90_000);
  assert.equal(await client.getex('k', 'PERSIST'), 'v');
  assert.equal(await client.ttl('k'), -1);
  assert.deepEqual(await client.getBuffer('k'), Buffer.from('v'));
  assert.equal(await client.incrbyfloat('f', '0.1'), '0.1');
  await client.psetex('short', 30, 'v');
  await sleep(80);
  assert.equal(await client.get('short'), null);
});

await check('ioredis: hashes', async () => {
  assert.equal(await client.hset('h', { a: 1, b: 2 }), 2);
  assert.deepEqual(await client.hgetall('h'), { a: '1', b: '2' });
  assert.deepEqual(await client.hmget('h', 'a', 'x'), ['1', null]);
  assert.equal(await client.hincrby('h', 'a', 10), 11);
  assert.deepEqual((await client.hrandfield('h', 2)).sort(), ['a', 'b']);
});

await check('ioredis: pipeline', async () => {
  const replies = await client.pipeline().set('p', '1').incr('p').hget('p', 'f').get('p').exec();
  assert.deepEqual([replies[0], replies[1], replies[3]], [[null, 'OK'], [null, 2], [null, '2']]);
  assert.match(replies[2][0].message, /^WRONGTYPE/);
});

await check('ioredis: a pipeline of 10,000', async () => {
  const pipeline = client.pipeline();
  for (let i = 0; i < 10_000; i++) pipeline.set(`p:${i}`, `${i}`);
  const replies = await pipeline.exec();
  assert.equal(replies.length, 10_000);
  assert.ok(replies.every(([error, reply]) => error === null && reply === 'OK'));
  assert.equal(await client.get('p:9999'), '9999');
});

await check('ioredis: scanStream', async () => {
  const seen = new Set();
  for await (const keys of client.scanStream({ match: 'p:*', count: 200 })) for (const key of keys) seen.add(key);
  assert.equal(seen.size, 10_000);
});

await check('ioredis: multi and watch', async () => {
  assert.deepEqual(await client.multi().set('m', '1').incr('m').exec(), [[null, 'OK'], [null, 2]]);
  const other = connect();
  await client.watch('m');
  await other.set('m', '10');
  assert.equal(await client.multi().set('m', 'lost').exec(), null);
  assert.equal(await client.get('m'), '10');
  await assert.rejects(client.multi().set('m').exec(), /EXECABORT/);
  other.disconnect();
});

await check('ioredis: subscriber', async () => {
  const subscriber = connect();
  const received = [];
  subscriber.on('message', (channel, text) => received.push([channel, text]));
  subscriber.on('pmessage', (pattern, channel, text) => received.push([pattern, channel, text]));
  assert.equal(await subscriber.subscribe('a', 'b'), 2);
  assert.equal(await subscriber.psubscribe('c*'), 3);
  assert.equal(await client.publish('a', '1'), 1);
  assert.equal(await client.publish('cc', '2'), 1);
  for (let i = 0; i < 100 && received.length < 2; i++) await sleep(10);
  assert.deepEqual(received, [['a', '1'], ['c*', 'cc', '2']]);
  subscriber.disconnect();
});

await check('ioredis: monitor', async () => {
  const monitor = await client.monitor();
  const seen = new Promise((resolve) => { monitor.on('monitor', (time, args) => { if (args[0].toLowerCase() === 'echo') resolve(args); }); });
  await client.echo('watched');
  assert.deepEqual((await seen).map((a) => a.toLowerCase()), ['echo', 'watched']);
  monitor.disconnect();
});

await check('ioredis: another database and a key prefix', async () => {
  const other = connect({ db: 3, keyPrefix: 'app:' });
  await other.set('x', '1');
  assert.equal(await client.get('app:x'), null);
  await client.select(3);
  assert.equal(await client.get('app:x'), '1');
  await client.select(0);
  other.disconnect();
});

await check('ioredis: reconnect after a restart, offline queue', async () => {
  const survivor = connect({ maxRetriesPerRequest: null });
  assert.equal(await survivor.ping(), 'PONG');
  await server.restart();
  assert.equal(await survivor.set('after', '1'), 'OK');
  assert.equal(await survivor.get('after'), '1');
  survivor.disconnect();
});

client.disconnect();
await server.stop();
finish();
