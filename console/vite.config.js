// Three files with fixed names, so that the binary can embed them and a test can compare them with these sources.
import {createHash} from 'node:crypto';
import {readFileSync, readdirSync} from 'node:fs';
import {defineConfig} from 'vite';

// What the bundle is made of. tests/console_bundle_test.py computes the same from the same files.
function sourcesHash() {
  const files = ['index.html', 'package-lock.json', 'tsconfig.json', 'vite.config.js',
    ...readdirSync('src').map((name) => `src/${name}`)].sort();
  const hash = createHash('sha256');
  for (const name of files) hash.update(`${name}\n`).update(readFileSync(name));
  return hash.digest('hex');
}

const banner = `/*! Weir console; sources ${sourcesHash()}. Contains Preact: ` +
  'The MIT License (MIT), Copyright (c) 2015-present Jason Miller; notice in LICENSE.preact beside this file. */';

export default defineConfig({
  base: '/',
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none'},
  build: {
    outDir: process.env.WEIR_BUNDLE ?? '../src/console/bundle',
    emptyOutDir: false,
    target: 'es2021',
    modulePreload: false,
    reportCompressedSize: true,
    rollupOptions: {
      output: {
        entryFileNames: 'console.js',
        assetFileNames: 'console[extname]',
        inlineDynamicImports: true,
      },
    },
  },
  plugins: [{
    name: 'banner',
    enforce: 'post',
    // After the minifier, which would drop it.
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk') file.code = `${banner}\n${file.code}`;
      }
    },
  }],
});
