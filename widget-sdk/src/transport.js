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
    if (!/^https?:$/.test(base.protocol)) throw new TypeError('endpoint must be an http(s) address');
    const root = base.origin + base.pathname.replace(/\/+$/, '');

    /**
     * @param {string} path begins with `/`
     * @param {RequestInit} options
     * @param {string | null} [token]
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
            throw widgetError('network_error', 'no answer from ' + base.origin);
        }
    }

    /**
     * A path with the organization named in its query: for what can't carry the header.
     *
     * @param {string} path begins with `/`
     * @param {Record<string, string>} [parameters]
     */
    function named(path, parameters) {
        const query = new URLSearchParams(parameters);
        if (organizationId) query.set('organizationId', organizationId);
        return path + (path.includes('?') ? '&' : '?') + query;
    }

    return {
        send,

        origin: base.origin,

        /**
         * The address of a page behind the gateway.
         *
         * @param {string} path begins with `/`
         * @param {Record<string, string>} [parameters]
         */
        address: (path, parameters) => root + named(path, parameters),

        /** @param {string} token */
        identify(token) {
            return send('/_widget/identify', {
                method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ token, organization: organizationId }),
                redirect: 'error',
            });
        },

        state() {
            return send('/_widget/state', { cache: 'no-store', redirect: 'error' });
        },

        /**
         * Ends the session. As a simple request it needs no leave to carry the cookie from another origin; its answer
         * can't be read there, and no header of ours goes with it.
         */
        logout() {
            return send(named('/_widget/logout'), { method: 'POST', credentials: 'include', mode: 'no-cors' });
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
