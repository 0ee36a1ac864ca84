// The console in a browser: it loads and complains about nothing, shows what happens while it happens, and its switches
// switch. Run by CTest as e2e/console (node's own test runner; WEIR names the binary).

import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';
import {Browser, picture} from './browser.mjs';
import {Stack, until} from './stack.mjs';

let stack;
let browser;

before(async () => {
  stack = await Stack.start();
  browser = await Browser.start();
});

after(async () => {
  await browser?.stop();
  await stack?.stop();
});

/** The number in a cell of an endpoint's row. */
const cell = (page, endpoint, label) =>
  page.locator(`tr[data-endpoint="${endpoint.name}"] td[data-label="${label}"]`).innerText();
const rateOf = async (page, endpoint) => Number.parseFloat(await cell(page, endpoint, 'req/s'));

/** How many pixels of a chart are not transparent. */
const inked = (page, label) =>
  page.locator(`canvas[aria-label^="${label}"]`).evaluate((canvas) => {
    // Of a copy: a canvas that is read becomes a slower one, and Chromium complains.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) count += data[i] !== 0;
    return count;
  });

describe('the console', () => {
  it('loads without complaint, and asks nobody else', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    await page.waitForSelector('text=serving');
    for (const heading of ['Path of requests', 'Endpoints', 'Over time', 'Headroom', 'Refusals', 'Switches']) {
      await page.getByRole('heading', {name: heading, exact: true}).waitFor();
    }
    for (const each of stack.endpoints) await page.waitForSelector(`tr[data-endpoint="${each.name}"]`);
    await page.locator('summary').click();
    await page.waitForSelector('pre:has-text("clusters:")');
    assert.match(await page.locator('.headroom').innerText(), /not known yet/);
    assert.match(await page.locator('.calm').innerText(), /Nothing was refused/);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('follows the load', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    await page.waitForSelector('tr[data-endpoint]');
    const empty = await inked(page, 'Latency to the first byte');
    stack.load(150);
    for (const each of stack.endpoints) {
      await until(async () => (await rateOf(page, each)) > 20, `${each.name} gets its share`);
    }
    await until(async () => /ms/.test(await cell(page, stack.endpoints[0], 'p99')), 'a p99');
    await until(async () => (await inked(page, 'Latency to the first byte')) > empty + 500, 'a picture of latency');
    const width = () => page.locator('path.edge').first().getAttribute('stroke-width').then(Number);
    assert.ok((await width()) > 5, 'the busiest edge is wide');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('shows the past to whoever comes late', async () => {
    await until(async () => {
      const {page} = await browser.open(stack.admin);
      await page.waitForSelector('tr[data-endpoint]');
      const label = await page.locator('canvas[aria-label^="Requests per second"]').getAttribute('aria-label');
      const drawn = await inked(page, 'Requests per second');
      await page.close();
      return /answered 1\d\d/.test(label) && drawn > 100;
    }, 'the chart is there at once');
  });

  it('drains an endpoint by a click, and its traffic leaves', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    const [first, second, third] = stack.endpoints;
    await until(async () => (await rateOf(page, second).catch(() => 0)) > 20, 'traffic');
    await page.getByRole('button', {name: `Drain ${second.name}`}).click();
    await page.waitForSelector(`text=${second.name} drains`);
    await until(async () => (await rateOf(page, second)) === 0, 'the traffic leaves');
    const served = second.served;
    await until(async () => (await rateOf(page, first)) > 60 && (await rateOf(page, third)) > 60, 'the others take it');
    assert.match(await cell(page, second, 'state'), /draining/);
    // Health checks go on; requests do not.
    assert.ok(second.served - served < 20, `${second.served - served} requests after it was drained`);
    await page.getByRole('button', {name: `Undrain ${second.name}`}).click();
    await until(async () => (await rateOf(page, second)) > 20, 'it takes requests again');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('throws the switches of routes and listeners', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    const list = page.getByRole('list', {name: 'Switches of routes and listeners'});
    const status = async (target) => (await fetch(`http://127.0.0.1:${stack.port}${target}`)).status;
    const press = (name) => page.getByRole('button', {name, exact: true}).click();
    await list.getByText('extra is on').waitFor();
    assert.equal(await status('/extra'), 200);
    await press('Switch off: extra');
    await list.getByText('extra is off: fallbacks answer').waitFor();
    assert.equal(await status('/extra'), 204);
    assert.equal(await status('/'), 200);
    await press('Switch on: extra');
    await list.getByText('extra is on').waitFor();
    assert.equal(await status('/extra'), 200);
    await press('Maintenance: web');
    await list.getByText('web is in maintenance').waitFor();
    assert.equal(await status('/'), 503);
    await press('End maintenance: web');
    await list.getByText('web serves').waitFor();
    assert.equal(await status('/'), 200);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('does everything by keyboard', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    const [first, second] = stack.endpoints;
    await page.waitForSelector(`tr[data-endpoint="${second.name}"]`);
    const reached = new Set();
    const focused = () =>
      page.evaluate(() => {
        const at = document.activeElement;
        return at?.getAttribute('aria-label') ?? at?.textContent?.trim() ?? '';
      });
    /** Tabs until what is focused begins so. */
    const tabTo = async (name) => {
      for (let i = 0; i < 80; ++i) {
        await page.keyboard.press('Tab');
        const at = await focused();
        reached.add(at);
        if (at.startsWith(name)) return;
      }
      assert.fail(`${name} is not reached; only ${[...reached].join(' | ')}`);
    };
    await tabTo('to the endpoints');
    await tabTo(`endpoint ${first.name}`);
    await page.keyboard.press('Enter');
    await until(
      async () => (await page.locator('select').first().inputValue()).includes(first.name),
      'Enter picks a node',
    );
    await tabTo(`weight of ${second.name}`);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('7');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${second.name} has weight 7.`);
    await tabTo(`Drain ${second.name}`);
    await page.keyboard.press('Space');
    await until(async () => /draining/.test(await cell(page, second, 'state')), 'Space presses a button');
    await page.keyboard.press('Space');
    await until(async () => /healthy/.test(await cell(page, second, 'state')), 'and takes it back');
    await tabTo('Reload the file');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=The configuration was read again.');
    await stack.post(`/weight?endpoint=${second.name}&weight=1`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('asks twice before the last endpoint goes', async () => {
    const {page} = await browser.open(stack.admin);
    const [first, ...others] = stack.endpoints;
    for (const each of others) await stack.post(`/drain?endpoint=${each.name}`);
    await until(async () => /draining/.test(await cell(page, others[1], 'state').catch(() => '')), 'the others drain');
    await page.getByRole('button', {name: `Drain ${first.name}`}).click();
    const sure = page.getByRole('button', {name: `Last one. Really? ${first.name}`});
    await sure.waitFor();
    assert.match(await cell(page, first, 'state'), /healthy/);
    await page.keyboard.press('Tab');
    await page.getByRole('button', {name: `Drain ${first.name}`}).waitFor();
    for (const each of others) await stack.post(`/undrain?endpoint=${each.name}`);
    await page.close();
  });

  it('draws marks, shows a death with its evidence, and explains refusals', async () => {
    const {page, complaints} = await browser.open(stack.admin);
    const victim = stack.endpoints[2];
    await stack.post('/marks', JSON.stringify({label: 'app-3 killed', kind: 'fault'}));
    await page.waitForSelector('header >> text=app-3 killed');
    await page.waitForSelector('.marks >> text=app-3 killed');
    await victim.stop();
    await page.waitForSelector(`tr[data-endpoint="${victim.name}"] >> text=/unhealthy|ejected/`);
    await page.waitForSelector('tr.why >> text=/refused|failed|connect/i');
    // What led there stays, with the time of each.
    await page.waitForSelector('tr.why .changes li >> text=/^\\d\\d:\\d\\d:\\d\\d/');
    await victim.start();
    await stack.post('/marks', JSON.stringify({label: 'app-3 started', kind: 'recover'}));
    stack.load(150, '/%ff');
    const answer = await fetch(`http://127.0.0.1:${stack.port}/`, {method: 'GET', headers: {host: 'x'}}).catch(
      () => null,
    );
    assert.ok(answer);
    // A cluster without endpoints that may serve refuses, and says which rule it was.
    for (const each of stack.endpoints) await stack.post(`/drain?endpoint=${each.name}`);
    await page.waitForSelector('.refusals >> text=no_endpoint');
    await page.waitForSelector('.refusals >> text=The cluster has no endpoint that may take a request now.');
    for (const each of stack.endpoints) await stack.post(`/undrain?endpoint=${each.name}`);
    stack.load(150);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('fits a wide screen and a narrow one, by day and by night', async () => {
    for (const [width, height] of [
      [1280, 900],
      [390, 844],
    ]) {
      for (const dark of [false, true]) {
        const {page, complaints} = await browser.open(stack.admin, {width, height, dark});
        await page.waitForSelector('tr[data-endpoint]');
        await until(async () => (await inked(page, 'Requests per second')) > 100, 'charts');
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${width}: ${overflow} px too wide`);
        await picture(page, `console-${width}-${dark ? 'dark' : 'light'}`, {fullPage: true});
        assert.deepEqual(complaints, []);
        await page.close();
      }
    }
  });

  it('finds its way back after a restart', async () => {
    const {page} = await browser.open(stack.admin);
    await page.waitForSelector('header >> text=serving');
    await stack.stopWeir();
    await page.waitForSelector('text=no connection: trying again');
    await stack.startWeir();
    await page.waitForSelector('header >> text=/^serving$/', {timeout: 60_000});
    // With the token of the new process.
    await page.getByRole('button', {name: `Drain ${stack.endpoints[0].name}`}).click();
    await page.waitForSelector(`text=${stack.endpoints[0].name} drains`);
    await page.close();
  });
});

describe('several listeners', () => {
  it('have edges as wide as what comes by each', async () => {
    const several = await Stack.start({listeners: ['web', 'api', 'idle']});
    try {
      const [web, api] = several.ports;
      several.load(160, '/', [web, web, web, api]);
      const {page, complaints} = await browser.open(several.admin);
      const width = (from, to) =>
        page.locator(`path.edge[data-from="${from}"][data-to="${to}"]`).getAttribute('stroke-width').then(Number);
      for (const [from, to] of [
        ['clients', (name) => `l ${name}`],
        [(name) => `l ${name}`, 'c app'],
      ]) {
        const of = (name) => width(...[from, to].map((end) => (typeof end === 'string' ? end : end(name))));
        await until(
          async () => (await of('web')) > 2 * (await of('api')) && (await of('api')) > 2 * (await of('idle')),
          `three times as much by web as by api, and nothing by idle, ${from === 'clients' ? 'before' : 'after'} them`,
        );
      }
      assert.equal(await page.locator('path.edge.idle[data-from="l idle"]').count(), 1);
      assert.deepEqual(complaints, []);
      await page.close();
    } finally {
      await several.stop();
    }
  });
});

describe("other people's pages", () => {
  it('cannot change anything through the browser', async () => {
    const {page} = await browser.open(stack.admin);
    await page.waitForSelector('tr[data-endpoint]');
    // Another origin on this machine: what a page there may try.
    await page.goto(`http://127.0.0.1:${stack.port}/`);
    const tried = await page.evaluate(async (admin) => {
      const attempt = async (options) => {
        try {
          const answer = await fetch(`${admin}/reload`, {method: 'POST', ...options});
          return `status ${answer.status}`;
        } catch {
          return 'blocked';
        }
      };
      return [await attempt({}), await attempt({headers: {'X-Weir-Admin': '1'}}), await attempt({mode: 'no-cors'})];
    }, stack.admin);
    assert.deepEqual(tried.slice(0, 2), ['blocked', 'blocked']);
    const metrics = await (await fetch(`${stack.admin}/metrics`)).text();
    assert.match(metrics, /^weir_config_number 1$/m);
    await page.close();
  });

  it('cannot get in by a name that was bound to our address', async () => {
    const page = await browser.context.newPage();
    const rebound = stack.admin.replace('127.0.0.1', 'rebound.test');
    assert.equal((await page.goto(`${rebound}/`)).status(), 421);
    const statuses = await page.evaluate(async () => {
      const headers = {'X-Weir-Admin': '1', 'X-Weir-Token': 'x'};
      const asked = [
        ['/events', {}],
        ['/config', {}],
        ['/reload', {method: 'POST', headers}],
      ];
      return Promise.all(asked.map(async ([path, options]) => (await fetch(path, options)).status));
    });
    assert.deepEqual(statuses, [421, 421, 421]);
    await page.close();
  });

  it('need the token even where they come from the same origin', async () => {
    const {page} = await browser.open(stack.admin);
    await page.waitForSelector('tr[data-endpoint]');
    const statuses = await page.evaluate(async () => {
      const post = async (headers) => (await fetch('/reload', {method: 'POST', headers})).status;
      const admin = {'X-Weir-Admin': '1'};
      return [await post({}), await post(admin), await post({...admin, 'X-Weir-Token': '0'.repeat(32)})];
    });
    assert.deepEqual(statuses, [403, 403, 403]);
    await page.close();
  });
});
