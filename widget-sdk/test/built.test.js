import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../', import.meta.url));

const files = [
    'widget-sdk/dist/sdk.js',
    'widget-sdk/dist/loader.js',
    'Sources/WidgetSDK/SDKBundle.swift',
    'Sources/Demo/DemoPages.swift',
];

describe('what is committed', () => {
    it('is what the sources build', () => {
        const out = mkdtempSync(join(tmpdir(), 'widget-sdk-'));
        try {
            execFileSync(join(root, 'scripts/build-sdk.sh'), [out]);
            for (const file of files) {
                const [committed, built] = [root, out].map((folder) => readFileSync(join(folder, file), 'utf8'));
                assert.ok(committed === built, `${file} is stale: run scripts/build-sdk.sh`);
            }
        } finally {
            rmSync(out, { recursive: true });
        }
    });

    it('is the loader that the documentation shows', () => {
        const loader = readFileSync(join(root, 'widget-sdk/dist/loader.js'), 'utf8').trim();
        assert.ok(readFileSync(join(root, 'docs/sdk.md'), 'utf8').includes(loader), 'docs/sdk.md shows another loader');
    });

    it('is what the documentation describes', () => {
        const contract = readFileSync(join(root, 'widget-sdk/widget-sdk.d.ts'), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
        const documentation = readFileSync(join(root, 'docs/sdk.md'), 'utf8');
        for (const part of ['InitOptions', 'WidgetTexts', 'WidgetEvents', 'WidgetGatewayAPI']) {
            const [, body] = contract.match(new RegExp(`interface ${part} {(.*?)^}`, 'ms'));
            const names = [...body.matchAll(/^ {4}(?:readonly )?'?([\w-]+)'?[?:<(]/gm)].map(([, name]) => name);
            assert.ok(names.length > 8, part);
            for (const name of names) {
                const written = part === 'WidgetTexts' ? `${name}: '` : '`' + name;
                assert.ok(documentation.includes(written), `docs/sdk.md says nothing of ${part}.${name}`);
            }
        }
    });

    it('agrees with its types', () => {
        execFileSync('tsc', ['--project', join(root, 'widget-sdk/tsconfig.json')], { stdio: 'pipe' });
    });

    it('shortens no name that pages use', () => {
        const script = readFileSync(join(root, 'scripts/build-sdk.sh'), 'utf8');
        const names = [...script.matchAll(/^internal="?'?([^'"\n]+)/gm)].flatMap(([, list]) => list.split('|'));
        assert.ok(names.length > 10);
        const contract = readFileSync(join(root, 'widget-sdk/widget-sdk.d.ts'), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
        for (const name of names) assert.doesNotMatch(contract, new RegExp(`\\b${name}\\b\\??[:(]`), name);
    });

    const budget = JSON.parse(readFileSync(join(root, 'widget-sdk/size-budget.json'), 'utf8'));
    for (const [file, limits] of Object.entries(budget)) {
        it(`keeps ${file} within its size budget`, (test) => {
            const bytes = readFileSync(join(root, 'widget-sdk', file));
            const sizes = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
            test.diagnostic(`${sizes.raw} bytes, ${sizes.gzip} gzip`);
            for (const [kind, limit] of Object.entries(limits)) {
                assert.ok(sizes[kind] <= limit, `${sizes[kind]} bytes ${kind}, the budget is ${limit}`);
            }
        });
    }
});
