import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const out = join(root, 'dist');
// What the build depends on; tools/web_inputs.py reads the same list.
const inputs = ['index.html', 'package-lock.json', 'svelte.config.js', 'tsconfig.json', 'vite.config.ts', 'src', 'public'];

function files(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

function inputsHash(): string {
  const hash = createHash('sha256');
  const paths = inputs.flatMap((name) => files(join(root, name))).map((path) => relative(root, path));
  for (const path of paths.filter((path) => !path.endsWith('.test.ts')).sort())
    hash.update(`${path}\0`).update(readFileSync(join(root, path))).update('\0');
  return hash.digest('hex');
}

/** Leaves dist as it goes into the program: each file gzip'd, and the hash of what it was made of. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle() {
      for (const path of files(out)) {
        const bytes = gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION });
        bytes[9] = 255; // the system that packed it: unknown, so that the same bytes come out of every one
        writeFileSync(`${path}.gz`, bytes);
        rmSync(path);
      }
      writeFileSync(join(out, 'inputs.sha256'), `${inputsHash()}\n`);
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [svelte(), packed()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  css: { preprocessorOptions: { scss: { quietDeps: true, silenceDeprecations: ['if-function'] } } },
  server: { proxy: { '/api': process.env.API ?? 'http://127.0.0.1:8080' } },
});
