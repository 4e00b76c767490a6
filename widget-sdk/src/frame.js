/** @typedef {import('../widget-sdk').FrameMessage} FrameMessage */

/**
 * What both ends of a frame say to each other: `ready` and `height` come from the frame; `identified` and `signed-out`
 * go either way. Only the page sends a token. Every message goes to one exact origin, and one that comes is looked at
 * only where it is from the window and the origin that it must be from.
 */
const mark = 'widget-gateway';

/**
 * @param {Window} from
 * @param {string} origin
 * @param {(message: FrameMessage) => void} heard
 */
function listen(from, origin, heard) {
    addEventListener('message', ({ source, origin: actual, data }) => {
        if (source === from && actual === origin && data?.from === mark) heard(data);
    });
}

/**
 * Shows a page of the portal in this page.
 *
 * @param {Element} place
 * @param {import('./transport.js').Transport} transport
 * @param {ReturnType<typeof import('./identity.js').createIdentity>} identity
 * @param {import('./events.js').Events} events
 * @param {Set<() => void>} frames
 * @param {string} path begins with `/`
 * @param {string} [title]
 */
export function embed(place, transport, identity, events, frames, path, title = 'Feedback') {
    const frame = document.createElement('iframe');
    frame.title = title;
    frame.src = transport.address(path);
    // Set one by one: a style attribute is what a policy forbids.
    Object.assign(frame.style, { width: '100%', border: '0' });
    place.append(frame);
    const inside = /** @type {Window} */ (frame.contentWindow);
    let isReady = false;
    /** @type {string | null} */
    let told = null;

    const tell = () => {
        const { token } = identity.visitor();
        const isIdentified = identity.status().state === 'identified';
        if (!isReady || (isIdentified ? token === told : !told)) return;
        told = isIdentified ? token : null;
        inside.postMessage({ from: mark, type: told ? 'identified' : 'signed-out', token: told }, transport.origin);
    };
    frames.add(tell);
    listen(inside, transport.origin, ({ type, height }) => {
        if (type === 'ready') {
            isReady = true;
            told = null;
            tell();
        }
        if (type === 'height') frame.style.height = Math.min(Number(height), 20_000) + 'px';
        events.emit('portal', { type });
    });
    return frame;
}

/**
 * The other end: this page is shown in a frame of `origin`'s page, takes its user from there, and says how it is.
 *
 * @param {string} origin
 * @param {import('../widget-sdk').WidgetGatewayAPI} api
 * @param {import('./events.js').Events} events
 */
export function joinParent(origin, api, events) {
    if (parent === self) return false;
    const exact = new URL(origin).origin;
    /** @param {Omit<FrameMessage, 'from'>} message */
    const say = (message) => parent.postMessage({ from: mark, ...message }, exact);
    let wasIdentified = false;

    listen(parent, exact, ({ type, token }) => {
        if (type === 'identified' && token) api.identify(token);
        if (type === 'signed-out') api.reset();
    });
    for (const event of /** @type {const} */ (['identified', 'anonymous', 'locked'])) {
        events.on(event, ({ state }) => {
            const isIdentified = state === 'identified';
            if (isIdentified !== wasIdentified) say({ type: isIdentified ? 'identified' : 'signed-out' });
            wasIdentified = isIdentified;
        });
    }
    const measure = () => say({ type: 'height', height: document.documentElement.offsetHeight });
    new ResizeObserver(measure).observe(document.documentElement);
    say({ type: 'ready' });
    return true;
}
