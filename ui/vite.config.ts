import { defineConfig } from 'vitest/config';

interface ModuleFacts {
  readonly isEntry: boolean;
  readonly importers: readonly string[];
}

/** Whether the page's entry imports a module without waiting, itself or through others. */
function isFirst(id: string, facts: (id: string) => ModuleFacts | null, seen = new Set<string>()): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const known = facts(id);
  if (!known) return false;
  return known.isEntry || known.importers.some((importer) => isFirst(importer, facts, seen));
}

// Relative addresses and `<base href>` let one build serve every base path. File names carry hashes of their content,
// so that browsers may keep them for ever.
export default defineConfig({
  base: './',
  publicDir: 'public',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
        // What the first load needs is one file: parts that later views share with it would each become a request of its own.
        codeSplitting: { groups: [{ name: (id, context) => (isFirst(id, (one) => context.getModuleInfo(one)) ? 'main' : null) }] },
      },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
    environment: 'node',
  },
});
