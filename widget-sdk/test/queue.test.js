import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import vm from 'node:vm';
import { createGateway } from '../src/gateway.js';
import { install } from '../src/queue.js';
import { gatewayDouble } from './gateway-double.js';

const realFetch = globalThis.fetch;
afterEach(() => (globalThis.fetch = realFetch));

const dist = new URL('../dist/', import.meta.url);
const loader = readFileSync(new URL('loader.js', dist), 'utf8');
const sdk = readFileSync(new URL('sdk.js', dist), 'utf8');

/** A page after the loader has run. */
function page() {
    const added = [];
    const scope = {
        document: {
            currentScript: { nonce: 'n0nce' },
            createElement: () => ({}),
            head: { appendChild: (element) => added.push(element) },
        },
    };
    scope.window = scope;
    vm.createContext(scope);
    vm.runInContext(loader.replace('GATEWAY', 'https://gateway.test'), scope);
    return { scope, added };
}

const real = () => createGateway('https://gateway.test');

describe('the loader', () => {
    it('fetches the SDK with the page’s nonce', () => {
        const { added } = page();
        assert.equal(added.length, 1);
        assert.equal(added[0].src, 'https://gateway.test/_widget/sdk.js');
        assert.equal(added[0].nonce, 'n0nce');
        assert.equal(added[0].async, true);
    });

    it('does nothing where it runs twice', () => {
        const { scope, added } = page();
        const first = scope.WidgetGateway;
        vm.runInContext(loader, scope);
        assert.equal(scope.WidgetGateway, first);
        assert.equal(added.length, 1);
    });

    it('keeps every call, in order, and their promises are kept', async () => {
        const double = gatewayDouble();
        globalThis.fetch = double.fetch;
        const { scope } = page();
        const stub = scope.WidgetGateway;
        let ready;
        stub.on('ready', (status) => (ready = status.state));
        assert.equal(stub.status().state, 'unknown');
        const sent = stub.fetch('/api/feedback', { method: 'POST', body: 'before anything' });
        const identified = stub.identify('ada');
        const started = stub.init({ organizationId: 'acme' });

        install(scope, real);
        assert.equal((await started).state, 'identified');
        assert.equal((await identified).user.id, 'ada');
        assert.equal((await sent).status, 201);
        assert.equal(ready, 'identified');
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'before anything' }]);
    });

    it('leaves objects and methods that the page holds working', async () => {
        const double = gatewayDouble();
        globalThis.fetch = double.fetch;
        const { scope } = page();
        const held = scope.WidgetGateway;
        const { identify } = held;
        install(scope, real);
        assert.equal(scope.WidgetGateway, held);
        await held.init();
        assert.equal((await identify('ada')).user.id, 'ada');
    });

    it('tells of a method that this SDK doesn’t have', async () => {
        const { scope } = page();
        const asked = new Promise((resolve, reject) => scope.WidgetGateway.q.push(['vote', [], resolve, reject]));
        install(scope, real);
        await assert.rejects(asked, { name: 'TypeError', message: 'vote is not supported' });
    });
});

describe('the built SDK', () => {
    it('installs itself and takes its endpoint from its own address', async () => {
        const asked = [];
        const scope = {
            URL,
            Headers,
            console,
            document: { currentScript: { src: 'https://cdn.gateway.test:8443/_widget/sdk.js?sso=x' } },
            fetch: async (url) => {
                asked.push(url);
                return new Response(JSON.stringify({ state: 'anonymous' }), { headers: { 'Content-Type': 'application/json' } });
            },
        };
        scope.window = scope;
        vm.createContext(scope);
        vm.runInContext(sdk, scope);
        assert.equal((await scope.WidgetGateway.init()).state, 'anonymous');
        assert.deepEqual(asked, ['https://cdn.gateway.test:8443/_widget/state']);
        const first = scope.WidgetGateway;
        vm.runInContext(sdk, scope);
        assert.equal(scope.WidgetGateway, first, 'loaded twice, the first stays');
    });

    it('holds no eval, no inline style, no storage', () => {
        assert.doesNotMatch(sdk, /\beval\b|new Function|innerHTML|\.cssText|setAttribute\("style|localStorage|sessionStorage|document\.cookie|,"\*"/);
    });
});
