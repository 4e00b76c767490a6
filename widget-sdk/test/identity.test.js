import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createGateway } from '../src/gateway.js';
import { deferred, gatewayDouble, problem } from './gateway-double.js';

const realFetch = globalThis.fetch;
const realWarn = console.warn;
let heard;

/** An SDK in front of a gateway double; `heard` keeps the events. */
function sdk(rules) {
    const double = gatewayDouble(rules);
    globalThis.fetch = double.fetch;
    const widget = createGateway('https://gateway.test');
    for (const event of ['ready', 'identified', 'locked', 'anonymous', 'error', 'expired']) {
        widget.on(event, (detail) => heard.push([event, detail.code || detail.state]));
    }
    return { widget, double };
}

beforeEach(() => {
    heard = [];
    console.warn = () => {};
});
afterEach(() => {
    globalThis.fetch = realFetch;
    console.warn = realWarn;
});

describe('who the visitor is', () => {
    it('is anonymous without a token', async () => {
        const { widget, double } = sdk();
        const status = await widget.init({ organizationId: 'acme' });
        assert.equal(status.state, 'anonymous');
        assert.deepEqual(heard, [['ready', 'anonymous'], ['anonymous', 'anonymous']]);
        assert.equal(double.requests[0].url, 'https://gateway.test/_widget/state');
        assert.equal(double.requests[0].headers.get('x-widget-organization'), 'acme');
    });

    it('is locked where the organization asks for an identity', async () => {
        const { widget } = sdk({ anonymous: 'locked' });
        assert.equal((await widget.init()).state, 'locked');
        assert.deepEqual(heard, [['ready', 'locked'], ['locked', 'locked']]);
    });

    it('is identified by the token that init brings', async () => {
        const { widget, double } = sdk();
        const status = await widget.init({ organizationId: 'acme', userToken: 'ada' });
        assert.equal(status.user.id, 'ada');
        assert.deepEqual(JSON.parse(double.requests[0].body), { token: 'ada', organization: 'acme' });
        assert.deepEqual(heard, [['ready', 'identified'], ['identified', 'identified']]);
    });

    it('is identified by identify and by setUser', async () => {
        const { widget } = sdk();
        await widget.init();
        assert.equal((await widget.identify('ada')).user.id, 'ada');
        assert.equal((await widget.setUser({ token: 'grace' })).user.id, 'grace');
        assert.equal(widget.status().user.id, 'grace');
    });

    it('waits for init where identify comes first', async () => {
        const { widget, double } = sdk();
        const identified = widget.identify('ada');
        await Promise.resolve();
        assert.equal(double.requests.length, 0);
        widget.init({ organizationId: 'acme' });
        assert.equal((await identified).user.id, 'ada');
        assert.equal(double.requests.length, 1);
    });

    it('asks getToken where init brings no token', async () => {
        const { widget } = sdk();
        assert.equal((await widget.init({ getToken: async () => 'ada' })).user.id, 'ada');
        assert.equal((await widget.init({ getToken: () => null })).state, 'anonymous');
    });

    it('is refused with the gateway’s code, and stays refused', async () => {
        const { widget, double } = sdk({ refuse: (token) => (token === 'mallory' ? problem(401, 'user_hash_mismatch') : undefined) });
        await assert.rejects(widget.init({ userToken: 'mallory' }), { name: 'WidgetError', code: 'user_hash_mismatch', status: 401 });
        assert.equal(widget.status().state, 'refused');
        assert.deepEqual(heard, [['ready', 'refused'], ['error', 'user_hash_mismatch']]);
        const response = await widget.fetch('/api/feedback', { method: 'POST', body: 'x' });
        assert.equal(response.status, 401, 'a bad token is never treated as no token');
        assert.equal((await response.json()).code, 'user_hash_mismatch', 'the body is still readable');
        assert.deepEqual(double.posts, []);
        assert.equal(heard.filter(([event]) => event === 'error').length, 1, 'said once, not with every call');
        assert.equal((await widget.identify('ada')).state, 'identified');
    });

    it('refuses what no header could carry without asking the gateway', async () => {
        const { widget, double } = sdk();
        await widget.init({ userToken: 'ada' });
        const before = double.requests.length;
        await assert.rejects(widget.identify('ada\r\nx: y'), { code: 'token_malformed' });
        await assert.rejects(widget.fetch('/api/feedback'), { code: 'token_malformed' });
        assert.equal(double.requests.length, before);
    });

    it('is what the latest identify says, whatever order the answers come in', async () => {
        const { widget, double } = sdk();
        await widget.init();
        const slow = deferred();
        globalThis.fetch = async (url, options) => {
            if (options.body && options.body.includes('ada')) await slow.promise;
            return double.fetch(url, options);
        };
        const first = widget.identify('ada');
        const second = widget.identify('grace');
        await second;
        slow.resolve();
        assert.equal((await first).user.id, 'grace');
        assert.equal(widget.status().user.id, 'grace');
        assert.ok(!heard.some(([event], index) => event === 'identified' && index > 2));
    });

    it('is forgotten by reset', async () => {
        const { widget, double } = sdk();
        await widget.init({ userToken: 'ada' });
        assert.equal((await widget.reset()).state, 'anonymous');
        await widget.fetch('/api/feedback');
        assert.equal(double.requests.at(-1).bearer, null);
        const [logout] = double.to('/_widget/logout');
        assert.equal(logout.method, 'POST');
        assert.equal(logout.credentials, 'include');
        assert.equal(logout.bearer, null);
    });

    it('is told apart from a gateway out of reach', async () => {
        const { widget } = sdk();
        globalThis.fetch = async () => {
            throw new TypeError('connection refused');
        };
        await assert.rejects(widget.init({ userToken: 'ada' }), { code: 'network_error', status: 0 });
        assert.equal(widget.status().state, 'unknown');
        assert.deepEqual(heard, [['error', 'network_error']]);
    });

    it('is not taken from an answer that isn’t the gateway’s', async () => {
        const { widget } = sdk();
        globalThis.fetch = async () => new Response('<h1>It works!</h1>');
        await assert.rejects(widget.init(), { code: 'response_malformed' });
    });

    it('needs an endpoint', async () => {
        await assert.rejects(createGateway(undefined).init({}), { code: 'endpoint_missing' });
        await assert.rejects(createGateway(undefined).init({ endpoint: 'javascript:alert(1)' }), TypeError);
    });
});

describe('events', () => {
    it('reach a late ready handler', async () => {
        const { widget } = sdk();
        await widget.init();
        const late = deferred();
        widget.on('ready', late.resolve);
        assert.equal((await late.promise).state, 'anonymous');
    });

    it('stop after off', async () => {
        const { widget } = sdk();
        let calls = 0;
        const handler = () => calls++;
        widget.on('ready', handler);
        widget.off('ready', handler);
        await widget.init();
        assert.equal(calls, 0);
    });
});
