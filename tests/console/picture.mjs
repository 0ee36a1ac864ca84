// docs/console.png: the console under load while one of three endpoints is dead, as the README shows it.
//
//   node tests/console/picture.mjs                        its own stack; endpoint 2 dies
//   node tests/console/picture.mjs http://127.0.0.1:9901  a Weir that runs already, as it is at this moment
//   ... --dark                                            by night

import {statSync} from 'node:fs';
import path from 'node:path';
import {Browser} from './browser.mjs';
import {root, Stack, until} from './stack.mjs';

const kBytesMost = 250_000;
const address = process.argv.slice(2).find((word) => word.startsWith('http'));
const dark = process.argv.includes('--dark');
const file = path.join(root, 'docs/console.png');
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Load that changes, so that headroom can be estimated and there is something to see; then the death. */
async function perform(stack) {
  for (const endpoint of stack.endpoints) Object.assign(endpoint, {delay: 12, places: 3});
  for (const rate of [100, 200, 300, 400, 500, 580, 640, 690, 720, 380]) {
    stack.load(rate);
    await pause(6);
  }
  await stack.post('/marks', JSON.stringify({label: 'steady state holds', kind: 'drill'}));
  await pause(14);
  await stack.post('/marks', JSON.stringify({label: 'app-2 killed', kind: 'fault'}));
  await stack.endpoints[1].stop();
  await pause(14);
}

const stack = address ? null : await Stack.start({cluster: {circuit_breaker: {max_requests: 40}}});
const browser = await Browser.start();
try {
  // The page first: a browser that starts takes the machine away from those who serve.
  const {page} = await browser.open(address ?? stack.admin, {width: 1280, height: 1240, dark});
  await page.waitForSelector('tr[data-endpoint]');
  await page.getByText('2 min', {exact: true}).click();
  await until(
    () =>
      page
        .locator('canvas[aria-label^="Requests"]')
        .getAttribute('aria-label')
        .then((label) => !label.includes('no data')),
    'charts',
  );
  if (stack) await perform(stack);
  await pause(2);
  await page.screenshot({path: file});
  const {size} = statSync(file);
  console.log(`${file}: ${Math.round(size / 1000)} kB`);
  if (size > kBytesMost) throw new Error(`more than ${kBytesMost / 1000} kB`);
} finally {
  await browser.stop();
  await stack?.stop();
}
