import { widgetError } from './errors.js';

/** @typedef {ReturnType<typeof createTransport>} Transport */

/**
 * Requests to one gateway, for one organization. The token travels in a header, never in a URL, and only to the
 * endpoint's origin.
 *
 * @param {string} endpoint
 * @param {string | undefined} organizationId
 */
export function createTransport(endpoint, organizationId) {
    const base = new URL(endpoint);
    if (!/^https?:$/.test(base.protocol)) throw new TypeError('endpoint must be an http or https address');
    const root = base.origin + base.pathname.replace(/\/+$/, '');

    /**
     * @param {string} path begins with `/`
     * @param {RequestInit} options
     * @param {string | null} token
     */
    async function send(path, options, token) {
        const headers = new Headers(options.headers);
        if (token) headers.set('Authorization', 'Bearer ' + token);
        if (organizationId) headers.set('X-Widget-Organization', organizationId);
        try {
            return await globalThis.fetch(root + path, { ...options, headers });
        } catch (error) {
            const { signal } = options;
            if (signal && signal.aborted) throw error;
            throw widgetError('network_error', 'the gateway at ' + base.origin + ' could not be reached');
        }
    }

    return {
        send,

        /** @param {string} token */
        identify(token) {
            return send(
                '/_widget/identify',
                {
                    method: 'POST',
                    headers: { 'Content-Type': 'application/json' },
                    body: JSON.stringify({ token, organization: organizationId }),
                    redirect: 'error',
                },
                null,
            );
        },

        /** @param {string | null} token */
        state(token) {
            return send('/_widget/state', { cache: 'no-store', redirect: 'error' }, token);
        },

        logout() {
            return send('/_widget/logout', { method: 'POST', redirect: 'error' }, null);
        },
    };
}

/**
 * Options whose body can be sent twice: a stream, which can be read only once, is read now.
 *
 * @param {RequestInit} options
 * @returns {Promise<RequestInit>}
 */
export async function repeatable(options) {
    const { body } = options;
    if (typeof ReadableStream === 'undefined' || !(body instanceof ReadableStream)) return options;
    return { ...options, body: await new Response(body).blob() };
}
