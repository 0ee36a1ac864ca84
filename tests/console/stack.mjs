// A small stack for the console to look at: endpoints in this process, whose latency and failures can be changed while
// they serve, Weir before them, and clients that ask at a steady rate. What is started here ends here, by its id.

import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const weirBinary = process.env.WEIR ?? path.join(root, 'build/release/weir');

/** A port that nobody has at the moment. */
async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const {port} = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** The condition's value once it is true; fails with `what` after a patience for busy machines. */
export async function until(condition, what, patience = 60_000) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Works about `delay` ms on a request, `places` at a time, and answers `failing` of 1 with a 500. */
class Endpoint {
  served = 0;
  delay = 4;
  failing = 0;
  places = Infinity;
  busy = 0;
  waiting = [];

  async start() {
    this.server = http.createServer((request, response) => {
      request.resume();
      this.waiting.push([request.url, response]);
      this.work();
    });
    this.port = this.port ?? (await freePort());
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
    this.name = `127.0.0.1:${this.port}`;
    return this;
  }

  work() {
    while (this.busy < this.places && this.waiting.length > 0) {
      const [url, response] = this.waiting.shift();
      this.busy += 1;
      const number = ++this.served;
      const time = url === '/healthz' ? 0.2 : this.delay * (0.2 - 0.8 * Math.log(1 - Math.random()));
      setTimeout(() => {
        this.busy -= 1;
        const fails = Math.floor(number * this.failing) !== Math.floor((number - 1) * this.failing);
        response.statusCode = fails && url !== '/healthz' ? 500 : 200;
        response.end('{"ok": true}\n');
        this.work();
      }, time);
    }
  }

  async stop() {
    this.waiting = [];
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

export class Stack {
  /** `listeners`: names; all lead to the one cluster, and `ports` has their ports in the same order. */
  static async start({endpoints = 3, cluster = {}, listeners = ['web']} = {}) {
    const stack = new Stack();
    stack.directory = mkdtempSync(path.join(tmpdir(), 'weir-console-'));
    stack.endpoints = await Promise.all(Array.from({length: endpoints}, () => new Endpoint().start()));
    stack.ports = [];
    for (const _ of listeners) stack.ports.push(await freePort());
    stack.port = stack.ports[0];
    stack.adminPort = await freePort();
    stack.admin = `http://127.0.0.1:${stack.adminPort}`;
    stack.config = path.join(stack.directory, 'weir.yaml');
    writeFileSync(
      stack.config,
      JSON.stringify(
        {
          admin: `127.0.0.1:${stack.adminPort}`,
          listeners: listeners.map((name, i) => ({
            name,
            http: `127.0.0.1:${stack.ports[i]}`,
            access_log: 'off',
            routes: [
              {match: {path: '/extra'}, to: 'app', switch: {name: 'extra', fallback: {status: 204}}},
              {match: {path: '/*'}, to: 'app', timeout: '2s'},
            ],
          })),
          clusters: {
            app: {
              endpoints: stack.endpoints.map((each) => each.name),
              slow_start: 'off',
              health_check: {http: '/healthz', interval: '1s', timeout: '500ms'},
              outlier_detection: {base_ejection: '2s', max_ejection: '4s'},
              ...cluster,
            },
          },
        },
        null,
        1,
      ),
    );
    await stack.startWeir();
    return stack;
  }

  async startWeir() {
    this.said = '';
    this.weir = spawn(weirBinary, ['run', '-c', this.config], {stdio: ['ignore', 'ignore', 'pipe']});
    this.weir.stderr.on('data', (text) => {
      this.said += text;
    });
    await until(() => this.said.includes('listening on') || this.weir.exitCode !== null, 'weir listens');
    if (this.weir.exitCode !== null) throw new Error(`weir did not start:\n${this.said}`);
  }

  async stopWeir() {
    if (this.weir.exitCode === null) {
      const gone = new Promise((done) => this.weir.once('exit', done));
      this.weir.kill('SIGTERM');
      await gone;
    }
    return this.weir.exitCode;
  }

  /**
   * Requests at this rate until the next call, at random (Poisson) instants, whether the former was answered or not;
   * in turns to `ports`.
   */
  load(perSecond, target = '/timeline/user2', ports = [this.port]) {
    clearInterval(this.beat);
    this.agent ??= new http.Agent({keepAlive: true, maxSockets: 128});
    let next = Date.now();
    let sent = 0;
    this.beat = setInterval(() => {
      for (const now = Date.now(); next < now; next -= (Math.log(1 - Math.random()) * 1000) / perSecond) {
        http
          .get({port: ports[sent++ % ports.length], host: '127.0.0.1', path: target, agent: this.agent}, (answer) => answer.resume())
          .on('error', () => {});
      }
    }, 5);
  }

  async stop() {
    clearInterval(this.beat);
    this.agent?.destroy();
    const status = await this.stopWeir();
    await Promise.all(this.endpoints.map((each) => each.server.listening && each.stop()));
    rmSync(this.directory, {recursive: true, force: true});
    if (status !== 0) throw new Error(`weir ended with ${status}\n${this.said}`);
  }

  async post(target, body) {
    const answer = await fetch(this.admin + target, {method: 'POST', headers: {'X-Weir-Admin': 'test'}, body});
    if (!answer.ok) throw new Error(`POST ${target}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
