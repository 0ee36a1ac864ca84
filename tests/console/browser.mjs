// Debian's Chromium with a profile of its own, and a page that notes whatever a console must not do.

import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {root} from './stack.mjs';

// The browser's driver belongs to the console's packages.
const {chromium} = createRequire(path.join(root, 'console/package.json'))('playwright-core');

export const pictures = path.join(root, 'build/console');

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(path.join(tmpdir(), 'weir-chromium-'));
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        // A name of somebody's own that was bound anew to where the console is.
        '--host-resolver-rules=MAP rebound.test 127.0.0.1',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
      viewport: {width: 1280, height: 900},
    });
    return browser;
  }

  /** A page with `complaints`: errors, warnings, and requests that leave the console's own address. */
  async open(address, {width = 1280, height = 900, dark = false} = {}) {
    const page = await this.context.newPage();
    await page.setViewportSize({width, height});
    await page.emulateMedia({colorScheme: dark ? 'dark' : 'light'});
    const complaints = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${address}/`) && !url.startsWith('data:')) complaints.push(`asks elsewhere: ${url}`);
    });
    await page.goto(`${address}/`);
    return {page, complaints};
  }

  async stop() {
    await this.context.close();
    rmSync(this.profile, {recursive: true, force: true});
  }
}

export async function picture(page, name, options = {}) {
  mkdirSync(pictures, {recursive: true});
  const file = path.join(pictures, `${name}.png`);
  await page.screenshot({path: file, ...options});
  return file;
}
