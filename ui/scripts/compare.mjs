// Compares the committed build with a fresh one, file by file, and names what differs. Compressed copies are compared by
// their bytes on the release of Node.js that made them (.node-version), else by what is in them: zlib differs by release.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const [committed, fresh] = process.argv.slice(2);
const major = (version) => version.trim().replace(/^v/, '').split('.')[0];
const recorded = readFileSync(join(import.meta.dirname, '../.node-version'), 'utf8');
const sameNode = major(recorded) === major(process.versions.node);

const files = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

const content = (root, name) => {
  const bytes = readFileSync(join(root, name));
  if (sameNode) return bytes;
  if (name.endsWith('.br')) return brotliDecompressSync(bytes);
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

const before = new Set(files(committed));
const after = new Set(files(fresh));
const problems = [
  ...[...before].filter((name) => !after.has(name)).map((name) => `${name}: no longer built`),
  ...[...after].filter((name) => !before.has(name)).map((name) => `${name}: not committed`),
  ...[...after]
    .filter((name) => before.has(name) && !content(committed, name).equals(content(fresh, name)))
    .map((name) => `${name}: differs`),
].sort();
for (const problem of problems) console.error(`  ${problem}`);
if (problems.length > 0) {
  console.error(`ui/dist is not what ui/src builds (${problems.length} files). Run in ui/: npm run build, and commit ui/dist.`);
  process.exitCode = 1;
} else {
  console.log(`ui/dist: ${after.size} files, the same as a fresh build${sameNode ? ', byte for byte' : ''}`);
}
