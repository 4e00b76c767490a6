import { problemIn, widgetError } from './errors.js';
import { createEvents } from './events.js';
import { createIdentity, userOf } from './identity.js';
import { createTransport, repeatable } from './transport.js';

/** @typedef {import('../widget-sdk').WidgetGatewayAPI} WidgetGatewayAPI */

/**
 * The object that pages call.
 *
 * @param {string | undefined} scriptOrigin where the SDK was loaded from: the default endpoint
 * @returns {WidgetGatewayAPI}
 */
export function createGateway(scriptOrigin) {
    const events = createEvents();
    const identity = createIdentity(events);

    /** @type {WidgetGatewayAPI} */
    const api = {
        version: '0.1.0',

        init(options = {}) {
            const endpoint = options.endpoint || scriptOrigin;
            if (!endpoint) {
                const error = widgetError('endpoint_missing', 'init needs an endpoint where the SDK is bundled');
                events.emit('error', error);
                return rejected(error);
            }
            try {
                return identity.start(createTransport(endpoint, options.organizationId), options);
            } catch (error) {
                return rejected(error);
            }
        },

        identify(token) {
            if (typeof token !== 'string' || !token) return rejected(new TypeError('identify needs a user token'));
            return identity.identify(token);
        },

        setUser(user) {
            return api.identify(user && user.token);
        },

        reset: identity.reset,

        async fetch(path, options = {}) {
            // Anything else could name another host, and the token would go there.
            if (typeof path !== 'string' || path[0] !== '/') throw new TypeError('path must begin with /');
            const request = await repeatable(options);
            const transport = await identity.settled();
            const { error, ...before } = identity.status();
            const carried = identity.token();
            if (error && !carried) throw error;

            const response = await transport.send(path, request, carried);
            const problem = await problemIn(response);
            if (!problem) return response;
            if (problem.code !== 'token_expired' || !carried) {
                identity.note(problem, carried);
                return response;
            }

            await identity.renew(carried, problem).catch(() => {});
            await identity.settled();
            const renewed = identity.token();
            const after = identity.status();
            // What one user wrote is never sent in another one's name.
            const sameUser = before.state !== 'identified' || userOf(before) === userOf(after);
            if (after.state !== 'identified' || !renewed || renewed === carried || !sameUser) return response;
            const repeated = await transport.send(path, request, renewed);
            const again = await problemIn(repeated);
            if (again) identity.note(again, renewed);
            return repeated;
        },

        on(event, handler) {
            events.on(event, handler);
            if (event !== 'ready' || !identity.isReady()) return;
            const late = /** @type {(detail: any) => void} */ (handler);
            Promise.resolve().then(() => events.call(late, identity.status()));
        },

        off: events.off,

        status: identity.status,
    };
    return api;
}

/**
 * A rejection that doesn't trouble a page which ignores it.
 *
 * @param {unknown} error
 * @returns {Promise<never>}
 */
function rejected(error) {
    const outcome = Promise.reject(error);
    outcome.catch(() => {});
    return outcome;
}
