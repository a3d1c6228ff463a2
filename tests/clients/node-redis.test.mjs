// node-redis 5, RESP2 and RESP3.
import { createClient, WatchError } from 'redis';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();

for (const RESP of [2, 3]) {
  const connect = async (options = {}) => {
    const client = createClient({ socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: 50 }, RESP, ...options });
    client.on('error', () => { /* a restart is expected to break connections */ });
    return client.connect();
  };
  const client = await connect();
  await client.flushAll();
  const named = (name) => `node-redis, RESP${RESP}: ${name}`;

  await check(named('strings'), async () => {
    assert.equal(await client.set('k', 'v'), 'OK');
    assert.equal(await client.get('k'), 'v');
    assert.equal(await client.get('missing'), null);
    assert.equal(await client.set('k', 'w', { condition: 'NX' }), null);
    assert.equal(await client.set('k', 'w', { GET: true }), 'v');
    assert.equal(await client.incrBy('n', 41), 41);
    assert.equal(await client.incr('n'), 42);
    assert.equal(await client.incrByFloat('f', 1.5), '1.5');
    assert.equal(await client.append('k', '!'), 2);
    assert.equal(await client.getRange('k', 0, -1), 'w!');
    assert.deepEqual(await client.mGet(['k', 'missing', 'n']), ['w!', null, '42']);
    assert.equal(await client.mSet([['a', '1'], ['b', '2']]), 'OK');
    assert.equal(await client.getDel('a'), '1');
    assert.equal(await client.set('ключ', 'значение €'), 'OK');
    assert.equal(await client.get('ключ'), 'значение €');
  });

  await check(named('expiry'), async () => {
    await client.set('e', 'v', { expiration: { type: 'EX', value: 100 } });
    assert.ok(await client.ttl('e') > 90);
    assert.ok(await client.persist('e'));
    assert.equal(await client.ttl('e'), -1);
    assert.ok(await client.pExpire('e', 30));
    await sleep(80);
    assert.equal(await client.exists('e'), 0);
    assert.equal(await client.ttl('e'), -2);
  });

  await check(named('hashes'), async () => {
    assert.equal(await client.hSet('h', { name: 'x', age: '7' }), 2);
    assert.deepEqual({ ...await client.hGetAll('h') }, { name: 'x', age: '7' });
    assert.deepEqual(await client.hmGet('h', ['name', 'nope']), ['x', null]);
    assert.equal(await client.hIncrBy('h', 'age', 1), 8);
    assert.equal(await client.hLen('h'), 2);
    assert.deepEqual((await client.hKeys('h')).sort(), ['age', 'name']);
    assert.equal(await client.hDel('h', 'age'), 1);
    assert.equal(await client.hExists('h', 'age'), 0);
    const fields = [];
    for await (const page of client.hScanIterator('h')) fields.push(...[page].flat());
    assert.deepEqual(fields.map((e) => e.field), ['name']);
  });

  await check(named('keys and SCAN'), async () => {
    await client.flushDb();
    const expected = [];
    for (let i = 0; i < 500; i++) expected.push(`scan:${i}`);
    await Promise.all(expected.map((key) => client.set(key, 'v')));
    const seen = new Set();
    for await (const page of client.scanIterator({ MATCH: 'scan:*', COUNT: 50 })) for (const key of [page].flat()) seen.add(key);
    assert.equal(seen.size, 500);
    assert.equal(await client.dbSize(), 500);
    assert.equal(await client.del(expected), 500);
    assert.equal(await client.type('scan:1'), 'none');
    await client.set('r', '1');
    assert.equal(await client.rename('r', 's'), 'OK');
    assert.equal(await client.copy('s', 't'), 1);
    assert.deepEqual((await client.keys('[st]')).sort(), ['s', 't']);
  });

  await check(named('MULTI, WATCH'), async () => {
    await client.del('m');
    assert.deepEqual(await client.multi().set('m', '1').incr('m').get('m').exec(), ['OK', 2, '2']);
    const other = await connect();
    const isolated = await connect();
    await isolated.watch('m');
    await other.set('m', 'changed');
    await assert.rejects(isolated.multi().set('m', 'lost').exec(), WatchError);
    assert.equal(await client.get('m'), 'changed');
    await assert.rejects(client.multi().incr('m').exec(), (error) => /not an integer/.test(error.replies[0].message));
    other.destroy();
    isolated.destroy();
  });

  await check(named('publish and subscribe'), async () => {
    const subscriber = await connect();
    const received = [];
    await subscriber.subscribe('news', (message, channel) => received.push([channel, message]));
    await subscriber.pSubscribe('p*', (message, channel) => received.push([channel, message]));
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.equal(await client.publish('page', 'x'), 1);
    for (let i = 0; i < 100 && received.length < 2; i++) await sleep(10);
    assert.deepEqual(received, [['news', 'hello'], ['page', 'x']]);
    await subscriber.unsubscribe('news');
    assert.equal(await client.publish('news', 'nobody'), 0);
    subscriber.destroy();
  });

  await check(named('server'), async () => {
    assert.match(await client.info('server'), /redis_version:7\./);
    assert.deepEqual({ ...await client.configGet('maxmemory') }, { maxmemory: '0' });
    assert.equal(await client.ping(), 'PONG');
    assert.equal(await client.echo('x'), 'x');
    assert.ok(await client.commandCount() > 100);
    assert.equal(typeof await client.clientId(), 'number');
    await client.clientSetName('tester');
    assert.equal(await client.clientGetName(), 'tester');
    assert.equal((await client.clientInfo()).name, 'tester');
    assert.ok((await client.time()) instanceof Date || Array.isArray(await client.time()));
    await assert.rejects(client.sendCommand(['NOSUCH', 'x']), /unknown command/);
    await assert.rejects(client.sendCommand(['GET']), /wrong number of arguments/);
  });

  await check(named('binary and big values'), async () => {
    const big = 'x'.repeat(3_000_000);
    await client.set('big', big);
    assert.equal(await client.get('big'), big);
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await client.set('bytes', bytes);
    const { TYPES } = await bufferTypes();
    const read = await client.withTypeMapping({ [TYPES.BLOB_STRING]: Buffer }).get('bytes');
    assert.deepEqual(read, bytes);
  });

  await check(named('1000 requests at once'), async () => {
    const replies = await Promise.all(Array.from({ length: 1000 }, () => client.incr('many')));
    assert.deepEqual(replies, Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  await check(named('reconnect after a restart'), async () => {
    const survivor = await connect();
    await survivor.set('before', '1');
    await server.restart();
    let reply;
    for (let i = 0; i < 200 && reply !== 'PONG'; i++) {
      reply = await Promise.race([survivor.ping().catch(() => sleep(50)), sleep(1000)]);
    }
    assert.equal(reply, 'PONG');
    assert.equal(await survivor.get('before'), null);
    survivor.destroy();
  });

  client.destroy();
}

async function bufferTypes() {
  const { RESP_TYPES } = await import('redis');
  return { TYPES: RESP_TYPES };
}

await server.stop();

const locked = await startServer('--requirepass', 'secret');
await check('node-redis: password', async () => {
  const url = (user, password) => `redis://${user}:${password}@127.0.0.1:${locked.port}`;
  for (const good of [url('', 'secret'), url('default', 'secret')]) {
    const client = createClient({ url: good });
    client.on('error', () => {});
    await client.connect();
    assert.equal(await client.ping(), 'PONG');
    client.destroy();
  }
  const wrong = createClient({ url: url('', 'wrong'), socket: { reconnectStrategy: false } });
  wrong.on('error', () => {});
  await assert.rejects(wrong.connect(), /WRONGPASS/);
});
await locked.stop();

finish();
