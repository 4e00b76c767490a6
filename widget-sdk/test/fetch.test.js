import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createGateway } from '../src/gateway.js';
import { answer, deferred, gatewayDouble, problem } from './gateway-double.js';

const realFetch = globalThis.fetch;
const realWarn = console.warn;

function sdk(rules) {
    const double = gatewayDouble(rules);
    globalThis.fetch = double.fetch;
    return { widget: createGateway('https://gateway.test'), double };
}

const post = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body });

beforeEach(() => (console.warn = () => {}));
afterEach(() => {
    globalThis.fetch = realFetch;
    console.warn = realWarn;
});

describe('fetch', () => {
    it('carries the token in a header and never in an address', async () => {
        const { widget, double } = sdk();
        await widget.init({ organizationId: 'acme', userToken: 'ada.secret' });
        await widget.fetch('/api/feedback?page=1', post('{}'));
        const last = double.requests.at(-1);
        assert.equal(last.headers.get('authorization'), 'Bearer ada.secret');
        assert.equal(last.headers.get('x-widget-organization'), 'acme');
        assert.equal(last.headers.get('content-type'), 'application/json');
        for (const { url } of double.requests) assert.ok(!url.includes('ada.secret'), url);
    });

    it('sends no Authorization for an anonymous visitor', async () => {
        const { widget, double } = sdk();
        await widget.init();
        await widget.fetch('/api/feedback');
        assert.equal(double.requests.at(-1).headers.has('authorization'), false);
    });

    it('goes to the endpoint alone', async () => {
        const { widget, double } = sdk();
        await widget.init({ endpoint: 'https://gateway.test/tenant/', userToken: 'ada' });
        await widget.fetch('//evil.test/x');
        assert.equal(new URL(double.requests.at(-1).url).host, 'gateway.test');
        await widget.fetch('/\\evil.test/x');
        assert.equal(new URL(double.requests.at(-1).url).host, 'gateway.test');
        for (const path of ['https://evil.test/', '.evil.test/', '@evil.test/', ':80@evil.test/', '', undefined]) {
            await assert.rejects(widget.fetch(path), TypeError, String(path));
        }
        assert.ok(double.requests.every(({ url }) => url.startsWith('https://gateway.test/')));
    });

    it('waits for an identify that is under way', async () => {
        const { widget, double } = sdk();
        await widget.init();
        const identified = widget.identify('ada');
        await widget.fetch('/api/feedback', post('hello'));
        await identified;
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'hello' }]);
    });

    it('waits for init', async () => {
        const { widget, double } = sdk();
        const sent = widget.fetch('/api/feedback', post('early'));
        widget.init({ userToken: 'ada' });
        assert.equal((await sent).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'early' }]);
    });

    it('returns the upstream’s own errors as they came', async () => {
        const { widget } = sdk();
        await widget.init({ userToken: 'ada' });
        globalThis.fetch = async () => answer(422, { error: 'title missing' });
        const response = await widget.fetch('/api/feedback', post('{}'));
        assert.equal(response.status, 422);
        assert.deepEqual(await response.json(), { error: 'title missing' });
        assert.equal(widget.status().state, 'identified');
    });

    it('notices that the organization has locked', async () => {
        const { widget, double } = sdk();
        await widget.init();
        const locked = deferred();
        widget.on('locked', locked.resolve);
        globalThis.fetch = async () => problem(401, 'identify_required', { state: 'locked' });
        assert.equal((await widget.fetch('/api/feedback')).status, 401);
        assert.equal((await locked.promise).state, 'locked');
        assert.equal(double.requests.length, 1);
    });

    it('can be aborted', async () => {
        const { widget } = sdk();
        await widget.init();
        globalThis.fetch = realFetch;
        const aborted = widget.fetch('/api/feedback', { signal: AbortSignal.abort() });
        await assert.rejects(aborted, { name: 'AbortError' });
    });
});

describe('an expired token', () => {
    /** A gateway that holds `ada.1` expired. */
    const expiring = () => {
        const expired = new Set();
        const { widget, double } = sdk({ refuse: (token) => (expired.has(token) ? problem(401, 'token_expired') : undefined) });
        return { widget, double, expire: (token) => expired.add(token) };
    };

    it('is renewed once for all waiting calls, and every call is repeated', async () => {
        const { widget, double, expire } = expiring();
        let asked = 0;
        let expirations = 0;
        widget.on('expired', () => expirations++);
        await widget.init({ userToken: 'ada.1', getToken: async () => (asked++, 'ada.2') });
        expire('ada.1');
        const bodies = Array.from({ length: 20 }, (_, index) => 'post ' + index);
        const responses = await Promise.all(bodies.map((body) => widget.fetch('/api/feedback', post(body))));
        assert.deepEqual(responses.map(({ status }) => status), Array(20).fill(201));
        assert.deepEqual(double.posts.map(({ body }) => body).sort(), [...bodies].sort());
        assert.equal(asked, 1);
        assert.equal(expirations, 1);
    });

    it('is renewed where init already finds it expired', async () => {
        const { widget, expire } = expiring();
        expire('ada.1');
        const status = await widget.init({ userToken: 'ada.1', getToken: () => 'ada.2' });
        assert.equal(status.user.id, 'ada');
    });

    it('repeats a body that is a stream', async () => {
        const { widget, double, expire } = expiring();
        await widget.init({ userToken: 'ada.1', getToken: () => 'ada.2' });
        expire('ada.1');
        await widget.fetch('/api/feedback', post(new Blob(['from a stream']).stream()));
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'from a stream' }]);
    });

    it('may be replaced by a handler of `expired`', async () => {
        const { widget, double, expire } = expiring();
        await widget.init({ userToken: 'ada.1' });
        expire('ada.1');
        widget.on('expired', () => widget.identify('ada.2'));
        assert.equal((await widget.fetch('/api/feedback', post('kept'))).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'kept' }]);
    });

    it('never sends what one user wrote in the name of another', async () => {
        const { widget, double, expire } = expiring();
        await widget.init({ userToken: 'ada.1', getToken: () => 'grace.1' });
        expire('ada.1');
        const response = await widget.fetch('/api/feedback', post('by ada'));
        assert.equal(response.status, 401);
        assert.deepEqual(double.posts, []);
        assert.equal(widget.status().user.id, 'grace');
    });

    it('never sends it in nobody’s name', async () => {
        const { widget, double, expire } = expiring();
        await widget.init({ userToken: 'ada.1', getToken: () => 'ada.2' });
        expire('ada.1');
        const sent = widget.fetch('/api/feedback', post('by ada'));
        widget.reset();
        await assert.rejects(sent, { code: 'identity_changed' });
        assert.deepEqual(double.posts, []);
    });

    it('gives the refusal back where nobody brings another token', async () => {
        const { widget, expire } = expiring();
        await widget.init({ userToken: 'ada.1' });
        expire('ada.1');
        const response = await widget.fetch('/api/feedback', post('x'));
        assert.equal((await response.json()).code, 'token_expired');
        assert.equal(widget.status().error.code, 'token_expired');
    });

    it('gives up where the fresh token is expired too', async () => {
        const { widget, double, expire } = expiring();
        let asked = 0;
        await widget.init({ userToken: 'ada.1', getToken: () => (asked++, 'ada.2') });
        expire('ada.1');
        expire('ada.2');
        assert.equal((await widget.fetch('/api/feedback', post('x'))).status, 401);
        assert.equal(asked, 1);
        assert.deepEqual(double.posts, []);
    });

    it('is tried anew by the next call after getToken failed', async () => {
        const { widget, double, expire } = expiring();
        let asked = 0;
        const getToken = async () => {
            if (asked++ === 0) throw new Error('the customer’s server is down');
            return 'ada.2';
        };
        await widget.init({ userToken: 'ada.1', getToken });
        expire('ada.1');
        const errors = [];
        widget.on('error', ({ code }) => errors.push(code));
        assert.equal((await widget.fetch('/api/feedback', post('first'))).status, 401);
        assert.deepEqual(errors, ['token_unavailable']);
        assert.equal((await widget.fetch('/api/feedback', post('second'))).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'second' }]);
    });
});
