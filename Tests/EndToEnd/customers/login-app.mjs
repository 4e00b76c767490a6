// What every application with accounts has: users, a login page, a session, a way out.

import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

export const PORTAL = process.env.PORTAL;
export const ELSEWHERE = 'https://evil.example/';

const SECRET = process.env.API_SECRET;

const USERS = {
    ada: { id: 1, email: 'ada@customer.test', name: 'Ada Lovelace' },
    grace: { id: 2, email: 'grace@customer.test', name: 'Grace Hopper' },
    zoe: { id: 3, email: 'zoe@customer.test', name: 'Zoë "Zed" O’Brien <b>' },
    eve: { id: 4, email: 'eve@customer.test', name: 'Eve' },
};

const FAULTS = ['', 'wrong-secret', 'decoded-secret', 'expired', 'replay', 'hostile-return'];

const page = (title, body) => `<!doctype html>\n<html lang="en"><title>Customer${title}</title>\n${body}</html>`;

const loginPage = (failed) => page(': log in', `<form method="post">
  <label>User <input name="user" autofocus required></label>
  <label>Fault <select name="fault">${FAULTS.map((fault) => `<option>${fault}</option>`).join('')}</select></label>
  <button>Log in</button>
  ${failed ? '<p role="alert">There is no such user.</p>' : ''}
</form>`);

const homePage = (user) => page('', `<p id="who">${user ?? 'Nobody'}</p>
<a href="/login">Log in</a> <a href="/logout">Log out</a>`);

const loggedOutPage = page(': logged out', '<p id="logged-out">You are logged out.</p> <a href="/login">Log in</a>');

const segment = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(claims, key) {
    const content = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment(claims)}`;
    return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

/** Whether an address is the portal's: a token must go nowhere else. */
export const isPortal = (url) => URL.canParse(url) && new URL(url).origin === PORTAL;

async function formOf(request) {
    let body = '';
    for await (const part of request) {
        body += part;
        if (body.length > 10_000) throw new Error('too large a form');
    }
    return new URLSearchParams(body);
}

/**
 * Serves an application that signs users in to one vendor's portal.
 *
 * `claims(user)` are the vendor's names for a user; `locationBack(token, query, hostile)` is where the browser is sent
 * with the token, or null where the portal's own parameters lead elsewhere.
 */
export function serveLoginApp({ claims, locationBack }) {
    const sessions = new Map();
    const lastTokens = new Map();

    function sign(name, fault) {
        if (fault === 'replay' && lastTokens.has(name)) return lastTokens.get(name);
        const iat = Math.floor(Date.now() / 1000) - (fault === 'expired' ? 7200 : 0);
        const key = { 'wrong-secret': 'f'.repeat(64), 'decoded-secret': Buffer.from(SECRET, 'hex') }[fault] ?? SECRET;
        const token = signed({ ...claims(USERS[name]), iat, exp: iat + 3600, jti: randomUUID() }, key);
        lastTokens.set(name, token);
        return token;
    }

    async function answer(request, response) {
        const url = new URL(request.url, 'http://customer.test');
        const id = /(?:^|; )customer=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
        const send = (status, body, headers = {}) => {
            const html = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
            response.writeHead(status, { ...html, ...headers });
            response.end(body);
        };
        const sendBack = (name, fault, headers = {}) => {
            const location = locationBack(sign(name, fault), url.searchParams, fault === 'hostile-return');
            if (location === null) return send(400, "This isn't an address of our portal.", headers);
            send(302, '', { ...headers, Location: location });
        };

        if (url.pathname === '/') return send(200, homePage(sessions.get(id)));
        if (url.pathname === '/logout') {
            sessions.delete(id);
            return send(200, loggedOutPage, { 'Set-Cookie': 'customer=; Max-Age=0; Path=/; HttpOnly' });
        }
        if (url.pathname !== '/login') return send(404, '');
        if (request.method === 'GET') {
            if (sessions.has(id)) return sendBack(sessions.get(id), url.searchParams.get('fault') ?? '');
            return send(200, loginPage(false));
        }
        const form = await formOf(request);
        const name = (form.get('user') ?? '').trim().toLowerCase();
        if (!Object.hasOwn(USERS, name)) return send(401, loginPage(true));
        const session = randomUUID();
        sessions.set(session, name);
        sendBack(name, form.get('fault') || url.searchParams.get('fault') || '',
            { 'Set-Cookie': `customer=${session}; Path=/; HttpOnly; SameSite=Lax` });
    }

    createServer((request, response) => {
        answer(request, response).catch((error) => {
            console.error(error);
            response.writeHead(500).end();
        });
    }).listen(Number(process.env.PORT), '127.0.0.1');
}
