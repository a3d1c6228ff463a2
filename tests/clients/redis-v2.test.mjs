// redis@2: the callback API that many old applications still use, with a password.
import { createRequire } from 'node:module';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const redis = createRequire(import.meta.url)('redis-v2');
const server = await startServer('--requirepass', 'secret');

/** Calls client.command(...args, callback) and waits for the callback. */
const call = (client, command, ...args) => new Promise((resolve, reject) => {
  client[command](...args, (error, reply) => (error ? reject(error) : resolve(reply)));
});

const client = redis.createClient({ host: '127.0.0.1', port: server.port, password: 'secret' });
client.on('error', (error) => console.log(`client: ${error.message}`));

await check('redis@2: ready after AUTH and INFO', () => new Promise((resolve) => { client.ready ? resolve() : client.once('ready', resolve); }));

await check('redis@2: server_info is read from INFO', async () => {
  assert.match(client.server_info.redis_version, /^7\./);
  assert.ok(client.server_info.versions.length >= 3);
});

await check('redis@2: strings', async () => {
  assert.equal(await call(client, 'set', 'k', 'v', 'EX', 100), 'OK');
  assert.equal(await call(client, 'get', 'k'), 'v');
  assert.equal(await call(client, 'get', 'missing'), null);
  assert.equal(await call(client, 'setnx', 'k', 'x'), 0);
  assert.ok(await call(client, 'ttl', 'k') > 90);
  assert.deepEqual(await call(client, 'mget', ['k', 'missing']), ['v', null]);
  assert.equal(await call(client, 'incrby', 'n', 5), 5);
  await assert.rejects(call(client, 'incr', 'k'), /ERR value is not an integer or out of range/);
});

await check('redis@2: hashes as objects', async () => {
  assert.equal(await call(client, 'hmset', 'h', { a: '1', b: '2' }), 'OK');
  assert.deepEqual({ ...await call(client, 'hgetall', 'h') }, { a: '1', b: '2' });
  assert.equal(await call(client, 'hgetall', 'missing'), null);
  assert.equal(await call(client, 'hset', 'h', 'c', '3'), 1);
  assert.deepEqual(await call(client, 'hmget', 'h', 'a', 'c'), ['1', '3']);
});

await check('redis@2: multi and batch', async () => {
  const run = (queue) => new Promise((resolve, reject) => { queue.exec((error, replies) => (error ? reject(error) : resolve(replies))); });
  assert.deepEqual(await run(client.multi().set('m', '1').incr('m').hgetall('nothing')), ['OK', 2, null]);
  assert.deepEqual(await run(client.batch().set('m', '5').get('m')), ['OK', '5']);
});

await check('redis@2: subscriber', async () => {
  const subscriber = client.duplicate();
  const message = new Promise((resolve) => { subscriber.once('message', (channel, text) => resolve([channel, text])); });
  await call(subscriber, 'subscribe', 'news');
  assert.equal(await call(client, 'publish', 'news', 'hello'), 1);
  assert.deepEqual(await message, ['news', 'hello']);
  await call(subscriber, 'unsubscribe', 'news');
  subscriber.end(true);
});

await check('redis@2: scan and buffers', async () => {
  const [cursor, keys] = await call(client, 'scan', '0', 'COUNT', 1000);
  assert.equal(cursor, '0');
  assert.deepEqual(keys.sort(), ['h', 'k', 'm', 'n']);
  const binary = redis.createClient({ port: server.port, host: '127.0.0.1', password: 'secret', return_buffers: true });
  await call(binary, 'set', 'b', Buffer.from([0, 255, 10]));
  assert.deepEqual(await call(binary, 'get', 'b'), Buffer.from([0, 255, 10]));
  binary.end(true);
});

await check('redis@2: a wrong password is an error', async () => {
  const wrong = redis.createClient({ port: server.port, host: '127.0.0.1', password: 'wrong' });
  const errors = [];
  wrong.on('error', (error) => errors.push(error.message));
  for (let i = 0; i < 100 && errors.length === 0; i++) await sleep(20);
  assert.match(errors.join(), /WRONGPASS|invalid password/);
  wrong.end(false);
});

client.end(true);
await server.stop();
finish();
