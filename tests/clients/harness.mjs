// What the scripts here share: a server on a free port, and checks printed one a line ("ok …" / "not ok …", "done" at the end).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const built = join(root, 'src', 'RedisLite', 'bin', 'Release', 'net10.0', 'redislite.dll');
const standIn = process.env.REDISLITE_TEST_SERVER;
const [program, ...first] = standIn ? standIn.split(' ') : ['dotnet', built];

export { assert };

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the server under test; `stop()` and `restart()` end the very process that was started. */
export async function startServer(...options) {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'redislite-clients-'));
  let child;
  const start = async () => {
    child = spawn(program, [...first, '--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...options], { stdio: 'ignore' });
    for (let i = 0; i < 600; i++) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      if (await answers(port)) return;
      await sleep(25);
    }
    throw new Error('the server did not answer');
  };
  const kill = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await start();
  return {
    port,
    restart: async () => { await kill(); await start(); },
    stop: async () => { await kill(); rmSync(directory, { recursive: true, force: true }); },
  };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => { socket.destroy(); resolve(!data.toString().startsWith('-LOADING')); });
    socket.once('error', () => resolve(false));
    socket.setTimeout(2000, () => { socket.destroy(); resolve(false); });
  });
}

let failures = 0;

/** Runs one named check; a failure is printed and counted, and the next check runs all the same. */
export async function check(name, body) {
  let timer;
  const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('no end within 20 s')), 20_000); });
  try {
    await Promise.race([body(), limit]);
    console.log(`ok ${name}`);
  } catch (error) {
    failures++;
    console.log(`not ok ${name}\n    ${error.stack.split('\n').slice(0, 12).join('\n    ')}`);
  } finally {
    clearTimeout(timer);
  }
}

export function finish() {
  console.log('done');
  process.exit(failures > 0 ? 1 : 0);
}
