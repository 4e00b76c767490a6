// A gateway in memory: answers `fetch` as the real one does, and keeps what it was asked.

/** @param {number} status @param {unknown} body @param {string} [type] */
export const answer = (status, body, type = 'application/json') =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } });

/** @param {number} status @param {string} code @param {object} [more] */
export const problem = (status, code, more = {}) =>
    answer(status, { type: 'about:blank', title: code, status, detail: 'because', code, ...more }, 'application/problem+json');

/**
 * Tokens are `<user>` or `<user>.<number>`: valid unless `refuse` says otherwise.
 *
 * @param {{ anonymous?: 'anonymous' | 'locked', refuse?: (token: string) => Response | undefined }} [rules]
 */
export function gatewayDouble({ anonymous = 'anonymous', refuse = () => undefined } = {}) {
    const requests = [];
    const posts = [];

    async function fetch(url, options = {}) {
        const pathname = new URL(url).pathname.replace(/^\/tenant/, '');
        const headers = new Headers(options.headers);
        const bearer = (headers.get('authorization') || '').replace(/^Bearer /, '') || null;
        requests.push({ url, path: pathname, method: options.method || 'GET', credentials: options.credentials, headers, bearer, body: options.body });
        await null;
        if (pathname === '/_widget/identify') {
            const { token } = JSON.parse(options.body);
            return refuse(token) || answer(200, { ...identified(token), created: false });
        }
        const refusal = bearer && refuse(bearer);
        if (refusal) return refusal;
        if (pathname === '/_widget/state') return answer(200, bearer ? identified(bearer) : { state: anonymous, organization: 'acme' });
        if (pathname === '/_widget/logout') return new Response(null, { status: 204 });
        if (!bearer && anonymous === 'locked') return problem(401, 'identify_required', { state: 'locked' });
        const body = typeof options.body === 'string' ? options.body : options.body && (await new Response(options.body).text());
        posts.push({ user: bearer && bearer.split('.')[0], body });
        return answer(201, { stored: true });
    }

    const identified = (token) => ({
        state: 'identified',
        organization: 'acme',
        user: { id: token.split('.')[0], email: token.split('.')[0] + '@acme.test' },
        verified_by: 'token',
    });

    return {
        fetch,
        requests,
        posts,
        /** The requests to one path. */
        to: (path) => requests.filter((request) => request.path === path),
    };
}

/** A promise and its ends. */
export function deferred() {
    let resolve, reject;
    const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    return { promise, resolve, reject };
}
