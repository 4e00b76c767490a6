/** @typedef {import('../widget-sdk').WidgetError} WidgetError */
/** @typedef {import('../widget-sdk').AccessState} AccessState */

/**
 * @param {string} code
 * @param {string} detail
 * @param {number} [status]
 * @param {AccessState} [state]
 * @returns {WidgetError}
 */
export function widgetError(code, detail, status = 0, state) {
    const error = new Error(code + ': ' + detail);
    return Object.assign(error, { name: /** @type {const} */ ('WidgetError'), code, detail, status, state });
}

/**
 * The refusal that a response carries (RFC 9457), or undefined. The body stays readable.
 *
 * @param {Response} response
 * @returns {Promise<WidgetError | undefined>}
 */
export async function problemIn(response) {
    const type = response.headers.get('content-type') || '';
    if (response.status < 400 || !type.startsWith('application/problem+json')) return undefined;
    try {
        const problem = await response.clone().json();
        if (typeof problem.code !== 'string') return undefined;
        return widgetError(problem.code, problem.detail || problem.title || '', response.status, problem.state);
    } catch {
        return undefined;
    }
}

/**
 * Whether a refusal is about who the visitor is, and so holds until another token comes: not a matter of the network,
 * of load, or of one path.
 *
 * @param {WidgetError} error
 */
export function refusesIdentity(error) {
    return [400, 401, 403, 409, 431].includes(error.status) && /^(token|user|identity|admin)_/.test(error.code);
}

/**
 * Whether a refusal says that the visitor has to sign in: there is no token or session, or no longer one.
 *
 * @param {WidgetError} error
 */
export function asksForSignIn(error) {
    return /^(identify_required|session_expired)$/.test(error.code);
}

/**
 * Whether it is worth trying again later, with nothing changed: the gateway was out of reach or had no room, or the
 * page's `getToken` failed.
 *
 * @param {{ code?: string, status: number }} failure an error, or a response
 */
export function passes(failure) {
    return [429, 503].includes(failure.status) || /^(network_error|token_unavailable)$/.test(failure.code || '');
}
