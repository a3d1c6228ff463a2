// BullMQ: queues, workers, delayed and repeated jobs, retries, flows, priorities, rate limits, events, pause, cleaning: some fifty Lua scripts, over streams, sorted sets,
// lists and hashes, with blocking waits on other connections.
import { FlowProducer, Job, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import Redis from 'ioredis';
import { assert, check, finish, sleep, startServer } from './harness.mjs';

const server = await startServer();
const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null };
const open = [];
const keep = (thing) => { open.push(thing); thing.on('error', () => {}); return thing; };
const queueOf = (name, options = {}) => keep(new Queue(name, { connection, ...options }));
const workerOf = (name, work, options = {}) => keep(new Worker(name, work, { connection, drainDelay: 1, ...options }));
const eventsOf = async (name) => { const events = keep(new QueueEvents(name, { connection })); await events.waitUntilReady(); return events; };
const until = async (condition, what, ms = 10_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(10)) if (await condition()) return;
  throw new Error(`waited in vain for ${what}`);
};

await check('bullmq: a job is worked on and its result comes as an event', async () => {
  const queue = queueOf('plain'), events = await eventsOf('plain');
  workerOf('plain', async (job) => { await job.updateProgress(50); await job.log('half way'); return job.data.n * 2; });
  const job = await queue.add('double', { n: 21 });
  assert.equal(await job.waitUntilFinished(events, 10_000), 42);
  const done = await Job.fromId(queue, job.id);
  assert.equal(await done.getState(), 'completed');
  assert.equal(done.progress, 50);
  assert.deepEqual((await queue.getJobLogs(job.id)).logs, ['half way']);
  assert.equal((await queue.getJobCounts('completed', 'failed', 'waiting')).completed, 1);
});

await check('bullmq: many jobs, several workers, each job once', async () => {
  const queue = queueOf('many'), seen = new Map();
  await queue.addBulk(Array.from({ length: 300 }, (_, i) => ({ name: 'n', data: { i } })));
  for (let w = 0; w < 3; w++) workerOf('many', async (job) => { seen.set(job.data.i, (seen.get(job.data.i) ?? 0) + 1); }, { concurrency: 10 });
  await until(async () => (await queue.getCompletedCount()) === 300, '300 completed jobs', 30_000);
  assert.equal(seen.size, 300);
  assert.ok([...seen.values()].every((times) => times === 1));
});

await check('bullmq: a job with an id is added once', async () => {
  const queue = queueOf('ids');
  await queue.add('a', { v: 1 }, { jobId: 'one' });
  await queue.add('a', { v: 2 }, { jobId: 'one' });
  assert.equal(await queue.getWaitingCount(), 1);
  assert.equal((await queue.getJob('one')).data.v, 1);
  await (await queue.getJob('one')).updateData({ v: 3 });
  assert.equal((await queue.getJob('one')).data.v, 3);
  await (await queue.getJob('one')).remove();
  assert.equal(await queue.getJob('one'), undefined);
});

await check('bullmq: delayed jobs wait for their time', async () => {
  const queue = queueOf('delayed'), order = [];
  await queue.add('late', {}, { delay: 500 });
  await queue.add('early', {}, { delay: 150 });
  assert.equal(await queue.getDelayedCount(), 2);
  const began = Date.now();
  workerOf('delayed', async (job) => { order.push([job.name, Date.now() - began]); });
  await until(() => order.length === 2, 'two delayed jobs');
  assert.deepEqual(order.map(([name]) => name), ['early', 'late']);
  assert.ok(order[1][1] >= 300, `late came after ${order[1][1]} ms`);
});

await check('bullmq: priorities come first, LIFO last in first out', async () => {
  const queue = queueOf('priority'), order = [];
  for (const [name, priority] of [['c', 30], ['a', 1], ['b', 2]]) await queue.add(name, {}, { priority });
  assert.equal((await queue.getJobCounts('prioritized')).prioritized, 3);
  workerOf('priority', async (job) => { order.push(job.name); }, { concurrency: 1 });
  await until(() => order.length === 3, 'three jobs');
  assert.deepEqual(order, ['a', 'b', 'c']);
});

await check('bullmq: what fails is tried again, with backoff, and stays failed in the end', async () => {
  const queue = queueOf('retry'), events = await eventsOf('retry');
  let tries = 0;
  workerOf('retry', async (job) => {
    if (job.name === 'never') throw new UnrecoverableError('no use');
    if (++tries < 3) throw new Error(`try ${tries}`);
    return 'at last';
  });
  const job = await queue.add('flaky', {}, { attempts: 3, backoff: { type: 'fixed', delay: 50 } });
  assert.equal(await job.waitUntilFinished(events, 10_000), 'at last');
  assert.equal((await Job.fromId(queue, job.id)).attemptsMade, 3);
  const lost = await queue.add('never', {}, { attempts: 5 });
  await assert.rejects(lost.waitUntilFinished(events, 10_000), /no use/);
  const failed = await queue.getJob(lost.id);
  assert.equal(await failed.getState(), 'failed');
  assert.equal(failed.attemptsMade, 1);
  await failed.retry();
  await until(async () => (await queue.getFailedCount()) === 1 && (await queue.getActiveCount()) === 0, 'the second failure');
});

await check('bullmq: repeated jobs and schedulers', async () => {
  const queue = queueOf('repeat');
  let runs = 0;
  await queue.upsertJobScheduler('tick', { every: 120 }, { name: 'tick', data: { from: 'scheduler' } });
  workerOf('repeat', async (job) => { assert.equal(job.data.from, 'scheduler'); runs++; });
  await until(() => runs >= 3, 'three runs');
  assert.equal((await queue.getJobSchedulers()).length, 1);
  assert.equal(await queue.removeJobScheduler('tick'), true);
  assert.equal((await queue.getJobSchedulers()).length, 0);
});

await check('bullmq: a flow finishes its children first', async () => {
  const flow = keep(new FlowProducer({ connection })), order = [];
  queueOf('flow');
  const events = await eventsOf('flow');
  workerOf('flow', async (job) => {
    order.push(job.name);
    return job.name === 'sum' ? Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, 0) : job.data.n;
  }, { concurrency: 4 });
  const tree = await flow.add({
    name: 'sum', queueName: 'flow', data: {},
    children: [1, 2, 3].map((n) => ({ name: `part${n}`, queueName: 'flow', data: { n } })),
  });
  assert.equal(await tree.job.waitUntilFinished(events, 10_000), 6);
  assert.equal(order.at(-1), 'sum');
  assert.equal((await tree.job.getDependencies()).processed && Object.keys((await tree.job.getDependencies()).processed).length, 3);
});

await check('bullmq: a rate limit spreads the work', async () => {
  const queue = queueOf('limited'), times = [];
  await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'n', data: {} })));
  workerOf('limited', async () => { times.push(Date.now()); }, { limiter: { max: 2, duration: 300 } });
  await until(() => times.length === 6, 'six jobs', 15_000);
  assert.ok(times[5] - times[0] >= 500, `six jobs took ${times[5] - times[0]} ms`);
});

await check('bullmq: pause, resume, drain, clean, obliterate', async () => {
  const queue = queueOf('house'), done = [];
  await queue.pause();
  await queue.add('a', {});
  workerOf('house', async (job) => { done.push(job.name); });
  await sleep(200);
  assert.deepEqual(done, []);
  assert.equal(await queue.isPaused(), true);
  await queue.resume();
  await until(() => done.length === 1, 'the job after resume');
  await until(async () => (await queue.getCompletedCount()) === 1, 'its completion');
  assert.equal((await queue.clean(0, 100, 'completed')).length, 1);
  await queue.pause();
  await queue.add('b', {});
  await queue.drain();
  assert.equal(await queue.count(), 0);
  await queue.obliterate({ force: true });
  const client = new Redis(connection);
  assert.deepEqual((await client.keys('bull:house:*')).filter((key) => !/:(stalled-check|marker|events|meta)$/.test(key)), []);
  client.disconnect();
});

await check('bullmq: a stalled job is given to another worker', async () => {
  const queue = queueOf('stalled');
  const client = new Redis(connection);
  const stuck = workerOf('stalled', null, { lockDuration: 200, autorun: false });
  await queue.add('s', {});
  const job = await stuck.getNextJob('token');
  assert.equal(job.name, 's');
  let done = 0;
  workerOf('stalled', async () => { done++; }, { stalledInterval: 300, lockDuration: 1000, maxStalledCount: 2 });
  await until(() => done === 1, 'the stalled job', 15_000);
  client.disconnect();
});

await check('bullmq: events tell the whole story in order', async () => {
  const queue = queueOf('story'), story = [];
  const events = keep(new QueueEvents('story', { connection, lastEventId: '0-0' }));                    // from the beginning: what comes before its first read counts too
  await events.waitUntilReady();
  for (const name of ['added', 'waiting', 'active', 'progress', 'completed']) events.on(name, () => story.push(name));
  workerOf('story', async (job) => { await job.updateProgress(1); });
  const job = await queue.add('j', {});
  await job.waitUntilFinished(events, 10_000);
  await until(() => story.length >= 5, 'five events');
  assert.deepEqual(story, ['added', 'waiting', 'active', 'progress', 'completed']);
});

await Promise.all(open.map((thing) => thing.close().catch(() => {})));
await server.stop();
finish();
