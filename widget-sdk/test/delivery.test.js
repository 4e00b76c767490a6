import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createGateway } from '../src/gateway.js';
import { answer, deferred, gatewayDouble, problem } from './gateway-double.js';

const realFetch = globalThis.fetch;
const realWarn = console.warn;

const post = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body });

/** A token that says when it expires, in seconds from now; nothing else of it is looked at. */
const token = (user, seconds) =>
    `${user}.${Buffer.from(JSON.stringify({ exp: Date.now() / 1000 + seconds })).toString('base64url')}.x`;

/** An SDK in front of a gateway double; `trouble(request)` may answer in its place, or throw. */
async function sdk(options, rules) {
    const double = gatewayDouble(rules);
    let trouble = () => undefined;
    globalThis.fetch = async (url, request = {}) => trouble(url, request) || double.fetch(url, request);
    const widget = createGateway('https://gateway.test');
    if (options) await widget.init(options);
    return { widget, double, meets: (next) => (trouble = next) };
}

/** Lets what can go on without time passing go on. */
async function settle() {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Lets time pass, second by second. */
async function pass(seconds) {
    for (let second = 0; second < seconds; second++) {
        await settle();
        mock.timers.tick(1000);
    }
    await settle();
}

const offline = () => {
    throw new TypeError('Failed to fetch');
};

beforeEach(() => {
    console.warn = () => {};
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
});
afterEach(() => {
    mock.timers.reset();
    globalThis.fetch = realFetch;
    console.warn = realWarn;
});

describe('a submission', () => {
    it('survives a minute without a connection, and arrives once', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada' });
        let tries = 0;
        meets(() => tries++ >= 0 && offline());
        const sent = widget.fetch('/api/feedback', post('from the tunnel'));
        await pass(60);
        assert.ok(tries > 3 && tries < 20, `${tries} tries in a minute`);
        meets(() => undefined);
        await pass(31);
        assert.equal((await sent).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'from the tunnel' }]);
    });

    it('waits as long as Retry-After says, in seconds or as a date', async () => {
        for (const said of ['20', () => new Date(Date.now() + 20_000).toUTCString()]) {
            const { widget, double, meets } = await sdk({ userToken: 'ada' });
            const value = typeof said === 'string' ? said : said();
            let tries = 0;
            meets(() => {
                if (tries++) return undefined;
                return new Response('{}', { status: 503, headers: { 'Retry-After': value } });
            });
            const sent = widget.fetch('/api/feedback', post('busy'));
            await pass(19);
            assert.equal(tries, 1, 'not before');
            await pass(3);
            assert.equal((await sent).status, 201);
            assert.equal(double.posts.length, 1);
        }
    });

    for (const [status, code] of [[503, 'overloaded'], [503, 'draining'], [503, 'directory_unavailable'], [429, 'rate_limited']]) {
        it(`survives ${code}`, async () => {
            const { widget, meets } = await sdk({ userToken: 'ada' });
            let tries = 0;
            meets(() => (tries++ < 2 ? problem(status, code) : undefined));
            const sent = widget.fetch('/api/feedback', post('x'));
            await pass(10);
            assert.equal((await sent).status, 201);
        });
    }

    it('has the same key with every try, and another one than the next submission', async () => {
        const { widget, meets } = await sdk({ userToken: 'ada' });
        const keys = [];
        meets((url, request) => {
            keys.push(new Headers(request.headers).get('idempotency-key'));
            return keys.length < 3 ? problem(503, 'overloaded') : undefined;
        });
        const sent = widget.fetch('/api/feedback', post('x'));
        await pass(10);
        await sent;
        await widget.fetch('/api/feedback', post('y'));
        const [first, second, third, other] = keys;
        assert.match(first, /^[\w-]{20,}$/);
        assert.deepEqual([second, third], [first, first]);
        assert.notEqual(other, first);
    });

    it('keeps the key that the page gave', async () => {
        const { widget, double } = await sdk({ userToken: 'ada' });
        await widget.fetch('/api/feedback', { ...post('x'), headers: { 'idempotency-key': 'mine' } });
        assert.equal(double.requests.at(-1).headers.get('idempotency-key'), 'mine');
    });

    it('survives the token’s expiry while it waits', async () => {
        const expired = new Set();
        const refuse = (given) => (expired.has(given) ? problem(401, 'token_expired') : undefined);
        const { widget, double, meets } = await sdk({ userToken: 'ada.1', getToken: () => 'ada.2' }, { refuse });
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('long'));
        await pass(5);
        expired.add('ada.1');
        meets(() => undefined);
        await pass(10);
        assert.equal((await sent).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'long' }]);
    });

    it('waits until it is known who is there', async () => {
        const { widget, double, meets } = await sdk();
        meets(offline);
        await assert.rejects(widget.init({ userToken: 'ada' }), { code: 'network_error' });
        const sent = widget.fetch('/api/feedback', post('early'));
        await pass(5);
        meets(() => undefined);
        await pass(10);
        assert.equal((await sent).status, 201);
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'early' }]);
        assert.equal(widget.status().state, 'identified');
    });

    it('is not sent in nobody’s name where getToken fails', async () => {
        const { widget, double } = await sdk();
        let isDown = true;
        const getToken = () => {
            if (isDown) throw new Error('the customer’s server is down');
            return 'ada';
        };
        await assert.rejects(widget.init({ getToken }), { code: 'token_unavailable' });
        const sent = widget.fetch('/api/feedback', post('mine'));
        await pass(5);
        assert.deepEqual(double.posts, []);
        isDown = false;
        await pass(10);
        await sent;
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'mine' }]);
    });

    it('gives up after ten minutes, with what went wrong last', async () => {
        const { widget, meets } = await sdk({ userToken: 'ada' });
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('x'));
        sent.catch(() => {});
        await pass(640);
        await assert.rejects(sent, { code: 'network_error' });
        meets(() => problem(503, 'draining', {}));
        const answered = widget.fetch('/api/feedback', post('x'));
        await pass(640);
        assert.equal((await answered).status, 503);
    });

    it('doesn’t wait for a Retry-After beyond its patience', async () => {
        const { widget, meets } = await sdk({ userToken: 'ada' });
        meets(() => new Response('', { status: 503, headers: { 'Retry-After': '3600' } }));
        assert.equal((await widget.fetch('/api/feedback', post('x'))).status, 503);
    });

    it('is turned away where a hundred wait', async () => {
        const { widget, meets } = await sdk({ userToken: 'ada' });
        meets(offline);
        const waiting = Array.from({ length: 100 }, () => widget.fetch('/api/feedback', post('x')));
        await settle();
        await assert.rejects(widget.fetch('/api/feedback', post('one more')), { code: 'queue_full' });
        meets(() => undefined);
        await pass(40);
        assert.deepEqual(new Set((await Promise.all(waiting)).map(({ status }) => status)), new Set([201]));
        assert.equal((await widget.fetch('/api/feedback', post('again'))).status, 201);
    });

    it('stops waiting when it is aborted', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada' });
        meets(offline);
        const abort = new AbortController();
        const sent = widget.fetch('/api/feedback', { ...post('x'), signal: abort.signal });
        sent.catch(() => {});
        await pass(2);
        abort.abort();
        await assert.rejects(sent, { name: 'AbortError' });
        meets(() => undefined);
        await pass(40);
        assert.deepEqual(double.posts, []);
    });

    it('is not repeated after any other answer', async () => {
        for (const status of [400, 403, 404, 409, 413, 500, 502, 504]) {
            const { widget, meets } = await sdk({ userToken: 'ada' });
            let tries = 0;
            meets(() => tries++ >= 0 && answer(status, {}));
            assert.equal((await widget.fetch('/api/feedback', post('x'))).status, status);
            assert.equal(tries, 1);
        }
    });
});

describe('a read', () => {
    it('is sent once', async () => {
        const { widget, meets } = await sdk({ userToken: 'ada' });
        let tries = 0;
        meets(() => tries++ >= 0 && problem(503, 'overloaded'));
        assert.equal((await widget.fetch('/api/feedback')).status, 503);
        assert.equal(tries, 1);
        meets(offline);
        await assert.rejects(widget.fetch('/api/feedback'), { code: 'network_error' });
    });
});

describe('a change of user', () => {
    it('abandons what the one before has waiting', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada' });
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('by ada'));
        await settle();
        meets(() => undefined);
        widget.identify('grace');
        await assert.rejects(sent, { code: 'identity_changed' });
        await pass(60);
        assert.deepEqual(double.posts, []);
    });

    it('leaves what is under way with the one who sent it', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada' });
        const slow = deferred();
        meets((url, request) => (url.includes('/api/') ? slow.promise.then(() => double.fetch(url, request)) : undefined));
        const sent = widget.fetch('/api/feedback', post('by ada'));
        await settle();
        await widget.identify('grace');
        slow.resolve();
        assert.equal((await sent).status, 201);
        await widget.fetch('/api/feedback', post('by grace'));
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'by ada' }, { user: 'grace', body: 'by grace' }]);
    });

    it('is noticed before the first one is known', async () => {
        const { widget, double } = await sdk();
        widget.init({ userToken: 'ada' });
        const sent = widget.fetch('/api/feedback', post('by ada'));
        widget.identify('grace');
        await assert.rejects(sent, { code: 'identity_changed' });
        assert.deepEqual(double.posts, []);
    });

    it('is none where the same user brings a fresh token', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada.1' });
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('by ada'));
        await settle();
        meets(() => undefined);
        await widget.identify('ada.2');
        await pass(5);
        assert.equal((await sent).status, 201);
        assert.equal(double.requests.at(-1).bearer, 'ada.2');
    });

    it('takes along what nobody in particular wrote', async () => {
        const { widget, double, meets } = await sdk({});
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('before signing in'));
        await settle();
        meets(() => undefined);
        await widget.identify('ada');
        await pass(5);
        await sent;
        assert.deepEqual(double.posts, [{ user: 'ada', body: 'before signing in' }]);
    });

    it('never mixes users, whatever is under way', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'u0' });
        let count = 0;
        meets(() => (count++ % 3 === 0 ? problem(503, 'overloaded') : undefined));
        const calls = [];
        for (let user = 0; user < 12; user++) {
            if (user) widget.identify('u' + user).catch(() => {});
            for (let call = 0; call < 3; call++) calls.push(widget.fetch('/api/feedback', post('u' + user)).catch(() => {}));
            await pass(user % 3);
        }
        meets(() => undefined);
        await pass(60);
        await Promise.all(calls);
        assert.ok(double.posts.length > 3);
        for (const { user, body } of double.posts) assert.equal(user, body);
    });
});

describe('reset', () => {
    it('leaves nothing behind', async () => {
        const { widget, double, meets } = await sdk({ userToken: 'ada', organizationId: 'acme' });
        meets(offline);
        const sent = widget.fetch('/api/feedback', post('by ada'));
        await settle();
        meets(() => undefined);
        const status = await widget.reset();
        assert.deepEqual(status, { state: 'anonymous', organization: 'acme' });
        await assert.rejects(sent, { code: 'identity_changed' });
        await pass(60);
        const [logout] = double.to('/_widget/logout');
        assert.equal(logout.url, 'https://gateway.test/_widget/logout?organizationId=acme');
        const after = double.requests.slice(double.requests.indexOf(logout));
        assert.ok(after.every(({ bearer }) => bearer === null));
    });
});

describe('a token that will expire', () => {
    it('is replaced half a minute before, silently', async () => {
        let asked = 0;
        const { widget, double } = await sdk();
        await widget.init({ userToken: token('ada', 300), getToken: () => (asked++, token('ada', 300)) });
        const heard = [];
        for (const event of ['identified', 'expired', 'error']) widget.on(event, () => heard.push(event));
        await pass(269);
        assert.equal(asked, 0);
        await pass(2);
        assert.equal(asked, 1);
        await widget.fetch('/api/feedback', post('x'));
        assert.equal(double.requests.at(-1).bearer, token('ada', 300 - 1));
        assert.deepEqual(heard, []);
        await pass(300);
        assert.equal(asked, 2, 'and the next one in its time');
    });

    it('is asked for once, also where calls find it expired meanwhile', async () => {
        const first = token('ada', 40);
        let isExpired = false;
        const refuse = (given) => (isExpired && given === first ? problem(401, 'token_expired') : undefined);
        const { widget, double } = await sdk(undefined, { refuse });
        const brought = deferred();
        let asked = 0;
        await widget.init({ userToken: first, getToken: () => (asked++, brought.promise) });
        await pass(21);
        assert.equal(asked, 1);
        isExpired = true;
        const calls = Array.from({ length: 5 }, () => widget.fetch('/api/feedback', post('x')));
        await settle();
        brought.resolve(token('ada', 300));
        await Promise.all(calls);
        assert.equal(asked, 1);
        assert.equal(double.posts.length, 5);
    });

    it('is not asked for after reset, nor of a page that can’t bring one', async () => {
        let asked = 0;
        const { widget } = await sdk();
        await widget.init({ userToken: token('ada', 60), getToken: () => (asked++, null) });
        await widget.reset();
        await pass(120);
        assert.equal(asked, 0);
        await widget.init({ userToken: token('ada', 60) });
        await pass(120);
    });

    it('isn’t asked for again and again where the clock is wrong', async () => {
        let asked = 0;
        const { widget } = await sdk();
        await widget.init({ userToken: token('ada', 1), getToken: () => (asked++, token('ada', 1)) });
        await pass(60);
        assert.ok(asked <= 6, `${asked} times in a minute`);
        await widget.init({ userToken: token('ada', -100), getToken: () => (asked++, token('ada', -100)) });
        const before = asked;
        await pass(60);
        assert.equal(asked, before);
    });
});
