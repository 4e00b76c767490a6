import { createDelivery } from './delivery.js';
import { widgetError } from './errors.js';
import { createEvents } from './events.js';
import { embed, joinParent } from './frame.js';
import { createIdentity } from './identity.js';
import { createInterface } from './interface.js';
import { createTransport } from './transport.js';

/** @typedef {import('../widget-sdk').WidgetGatewayAPI} WidgetGatewayAPI */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/** Whether there is a page, in a browser that can style a widget under any policy of it. */
const hasInterface = typeof document !== 'undefined' && 'adoptedStyleSheets' in document;

/**
 * The object that pages call.
 *
 * @param {string | undefined} scriptOrigin where the SDK was loaded from: the default endpoint
 */
export function createGateway(scriptOrigin) {
    return createWidget(scriptOrigin).api;
}

/**
 * The same, with what only the other products' snippets reach.
 *
 * @param {string | undefined} scriptOrigin
 */
export function createWidget(scriptOrigin) {
    const events = createEvents();
    /** @type {import('./transport.js').Transport | undefined} */
    let transport;
    /** Tells the frames of this widget who is there. @type {Set<() => void>} */
    const frames = new Set();
    let hasParent = false;

    const identity = createIdentity(events, () => {
        delivery.wake();
        ui?.update();
        frames.forEach((tell) => tell());
    });
    const signer = () => (widget.signer ? widget.signer() : false);
    const delivery = createDelivery(identity, signer);

    /** Lets the visitor sign in: through the page where it wants to, else through the organization's login page. */
    function signIn() {
        if (signer()) return;
        let isPages = false;
        events.emit('sign-in', { preventDefault: () => (isPages = true) });
        if (isPages || !transport) return;
        const isOwn = location.origin === transport.origin;
        const back = isOwn ? location.href : transport.origin + '/';
        const address = transport.address('/_widget/sso/start', { return_to: back });
        if (isOwn) return location.assign(address);
        // The login page gets no hold of this one, so all that tells of its end is that the visitor comes back.
        open(address, '_blank', 'noopener,width=520,height=680');
        addEventListener('focus', () => identity.status().user || identity.look(), { once: true });
    }

    const ui = hasInterface ? createInterface(identity, events, delivery.deliver, signer, signIn) : undefined;
    if (ui) addEventListener('online', delivery.wake);

    /** @type {WidgetGatewayAPI} */
    const api = {
        version: '0.1.0',

        init(options = {}) {
            const endpoint = options.endpoint || scriptOrigin;
            if (!endpoint) {
                const error = widgetError('endpoint_missing', 'init needs an endpoint');
                events.emit('error', error);
                return rejected(error);
            }
            try {
                transport = createTransport(endpoint, options.organizationId);
                if (options.parentOrigin && !hasParent) hasParent = joinParent(options.parentOrigin, api, events);
            } catch (error) {
                return rejected(error);
            }
            ui?.configure(options);
            return identity.start(transport, options);
        },

        identify(token) {
            if (typeof token !== 'string' || !token) return rejected(new TypeError('identify needs a user token'));
            return identity.identify(token);
        },

        setUser(user) {
            return api.identify(user && user.token);
        },

        reset() {
            ui?.clear();
            return identity.reset();
        },

        open() {
            ui?.open();
        },

        close() {
            ui?.close();
        },

        async fetch(path, options = {}) {
            checkPath(path);
            return delivery.deliver(path, options);
        },

        async embed(place, options = {}) {
            const path = options.path || '/';
            checkPath(path);
            const to = await identity.settled().then(() => transport);
            return embed(place, /** @type {import('./transport.js').Transport} */ (to), identity, events, frames, path, options.title);
        },

        on(event, handler) {
            events.on(event, handler);
            if (event !== 'ready' || !identity.isReady()) return;
            const late = /** @type {(detail: any) => void} */ (handler);
            Promise.resolve().then(() => events.call(late, identity.status()));
        },

        off: events.off,

        status: identity.status,

        create: () => createGateway(scriptOrigin),
    };

    /**
     * What another product's page signs visitors in with, where it has said so: begins it, and settles when it is done.
     *
     * @type {{ api: WidgetGatewayAPI, ui: typeof ui, signer?: () => false | Promise<unknown> }}
     */
    const widget = { api, ui };
    return widget;
}

/**
 * Anything but a path could name another host.
 *
 * @param {unknown} path
 */
function checkPath(path) {
    if (typeof path !== 'string' || path[0] !== '/') throw new TypeError('path must begin with /');
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
