import { asksForSignIn, passes, problemIn, refusesIdentity, widgetError } from './errors.js';

/** @typedef {import('../widget-sdk').WidgetStatus} WidgetStatus */
/** @typedef {import('../widget-sdk').WidgetError} WidgetError */
/** @typedef {import('../widget-sdk').InitOptions} InitOptions */
/** @typedef {import('./events.js').Events} Events */
/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {(mine: number) => Promise<WidgetStatus>} Operation */

/**
 * Somebody at this page, from one `init`, `identify` or `reset` to the next. What a call carries is decided by whether
 * the visitor who made it is still there, so a visitor is told apart by the object, and then by the user's id.
 *
 * @typedef {{ token: string | null, isSomebody?: boolean, user?: string }} Visitor
 */

const ignore = () => {};

/** How long before its expiry a token is replaced, in milliseconds. */
const margin = 30_000;

/**
 * Who the visitor is: holds the token, in memory only, and what the gateway said of it.
 *
 * One operation (`start`, `identify`, `renew`, `reset`) is current at a time. A later one replaces an earlier one, whose
 * promise then settles as the later one does, and whose answer changes nothing any more.
 *
 * @param {Events} events
 * @param {() => void} [changed] called after each change of the visitor or the status, before the events
 */
export function createIdentity(events, changed = ignore) {
    /** @type {Visitor} */
    let visitor = { token: null };
    /** @type {WidgetStatus} */
    let status = { state: 'unknown' };
    /** @type {Transport | undefined} */
    let transport;
    /** @type {InitOptions['getToken']} */
    let getToken;
    let ready = false;
    let turn = 0;
    /** @type {Promise<string | null | undefined> | undefined} */
    let asking;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /**
     * The operation that didn't get through, and why: the next call tries it again.
     *
     * @type {[Operation, WidgetError] | undefined}
     */
    let unfinished;

    /** @type {(outcome: Promise<WidgetStatus>) => void} */
    let started = ignore;
    /** @type {Promise<WidgetStatus>} */
    let current = new Promise((resolve) => (started = resolve));
    current.catch(ignore);

    /**
     * @param {Operation} work
     * @param {boolean} [quietly] says nothing where nothing changed
     */
    function begin(work, quietly = false) {
        const mine = ++turn;
        unfinished = undefined;
        const outcome = work(mine).then(
            (next) => (mine === turn ? settle(next, quietly) : current),
            (error) => {
                if (mine !== turn) return current;
                if (passes(error)) unfinished = [work, error];
                fail(error);
                throw error;
            },
        );
        // Whoever doesn't look at the promise has the `error` event.
        outcome.catch(ignore);
        current = outcome;
        started(outcome);
        return outcome;
    }

    /**
     * Somebody else is here now.
     *
     * @param {string | null} [token]
     */
    function arrive(token = null) {
        // Calls that wait hold on to the one who made them, not to the token.
        visitor.token = null;
        visitor = { token, isSomebody: !!token };
        status = { state: 'unknown' };
        asking = undefined;
        changed();
    }

    /** @param {WidgetStatus} next @param {boolean} quietly */
    function settle(next, quietly) {
        const same = next.state === status.state && userOf(next) === userOf(status);
        const user = userOf(next);
        if (visitor.user && visitor.user !== user) arrive(visitor.token);
        visitor.user = user;
        if (user) visitor.isSomebody = true;
        status = next;
        plan();
        changed();
        announceReady();
        if (!(same && quietly)) events.emit(/** @type {import('../widget-sdk').AccessState} */ (next.state), next);
        return next;
    }

    /** @param {WidgetError} error */
    function fail(error) {
        if (refusesIdentity(error)) {
            status = { state: 'refused', error };
            changed();
            announceReady();
        }
        events.emit('error', error);
    }

    function announceReady() {
        if (ready) return;
        ready = true;
        events.emit('ready', status);
    }

    /** Has the token replaced shortly before it expires, where there is somebody to ask. */
    function plan() {
        if (timer) clearTimeout(timer);
        const mine = visitor;
        const { token } = mine;
        const left = getToken && token ? expiryOf(token) - Date.now() : NaN;
        // What has expired by this machine's clock shows when the gateway says so; a timer can't wait much over 24 days.
        if (!(left > 0 && left < 2 ** 31)) return;
        timer = setTimeout(async () => {
            const brought = mine.token === token && (await ask().catch(ignore));
            if (brought && mine.token === token) begin((now) => submit(brought, now, true), true);
        }, Math.max(left - margin, left / 2, margin / 3));
    }

    /** @param {Response} response @returns {Promise<WidgetStatus>} */
    async function read(response) {
        const problem = await problemIn(response);
        if (problem && problem.code === 'identify_required') return { state: 'locked' };
        if (problem) throw problem;
        const answer = await response.json().catch(ignore);
        if (response.ok && answer && ['anonymous', 'locked', 'identified'].includes(answer.state)) return answer;
        throw widgetError('response_malformed', 'not the answer of a gateway', response.status);
    }

    async function query() {
        visitor.token = null;
        return read(await /** @type {Transport} */ (transport).state());
    }

    /**
     * @param {string} candidate
     * @param {number} mine
     * @param {boolean} [fresh] was just brought by `getToken`: there is no point in asking for another
     * @returns {Promise<WidgetStatus>}
     */
    async function submit(candidate, mine, fresh = false) {
        visitor.token = null;
        visitor.isSomebody = true;
        // Not worth a request, and no header could carry it. The token isn't kept, the refusal is.
        if (!/^[\x21-\x7e]+$/.test(candidate)) {
            throw widgetError('token_malformed', 'not a compact JWT', 401);
        }
        visitor.token = candidate;
        try {
            return await read(await /** @type {Transport} */ (transport).identify(candidate));
        } catch (error) {
            if (fresh || /** @type {WidgetError} */ (error).code !== 'token_expired' || mine !== turn) throw error;
            return exchange(mine, /** @type {WidgetError} */ (error));
        }
    }

    /**
     * Says that the token has expired, and has it replaced: by the page, or by `getToken`.
     *
     * @param {number} mine
     * @param {WidgetError} error what to fail with where there is nobody to ask
     * @returns {Promise<WidgetStatus>}
     */
    async function exchange(mine, error) {
        events.emit('expired', status);
        // A handler called `identify`: that one is current now.
        if (mine !== turn) return current;
        const candidate = await ask();
        if (mine !== turn) return current;
        if (!candidate) throw error;
        return submit(candidate, mine, true);
    }

    /** Asks the page for a token: once, however many wait for it. */
    async function ask() {
        if (!getToken) return undefined;
        const mine = (asking = asking || Promise.resolve().then(getToken));
        try {
            return await mine;
        } catch {
            throw widgetError('token_unavailable', 'getToken failed');
        } finally {
            if (asking === mine) asking = undefined;
        }
    }

    /**
     * Who is there by what `getToken` brings, and else by what the gateway knows.
     *
     * @type {Operation}
     */
    async function find(mine) {
        const brought = await ask();
        if (mine !== turn) return current;
        return brought ? submit(brought, mine, true) : query();
    }

    /** Waits until no operation is under way. A failed one counts as done. */
    async function settled() {
        for (let seen; seen !== current; ) {
            seen = current;
            await seen.catch(ignore);
        }
    }

    return {
        /** Who is at this page now. */
        visitor: () => visitor,

        status: () => status,

        isReady: () => ready,

        settled,

        /**
         * The transport, once it is known who is there. Tries again what didn't get through, once for all that wait.
         *
         * @returns {Promise<Transport>}
         */
        async known() {
            if (unfinished) begin(unfinished[0]);
            await settled();
            if (unfinished) throw unfinished[1];
            return /** @type {Transport} */ (transport);
        },

        /**
         * Whether a call that `owner` made may be sent now. What nobody in particular made goes with whoever came; what
         * somebody made goes with nobody else.
         *
         * @param {Visitor} owner
         */
        owns: (owner) => owner === visitor || !owner.isSomebody || (!!owner.user && owner.user === visitor.user),

        /** @param {Transport} to @param {InitOptions} options */
        start(to, options) {
            // `identify` may have come before `init`; a token that `init` brings itself is the newer one.
            const given = options.userToken || (transport ? null : visitor.token);
            if (given !== visitor.token || transport) arrive(given);
            transport = to;
            getToken = options.getToken;
            ready = false;
            return begin((mine) => (given ? submit(given, mine) : find(mine)));
        },

        /** @param {string} candidate @returns {Promise<WidgetStatus>} */
        identify(candidate) {
            if (transport) {
                arrive(candidate);
                return begin((mine) => submit(candidate, mine));
            }
            visitor.token = candidate;
            visitor.isSomebody = true;
            return current;
        },

        /** Looks again who is there: after the visitor may have signed in elsewhere. */
        look: () => begin(find, true),

        /**
         * Replaces a token that a call found expired. However many calls ask, it happens once.
         *
         * @param {string} expired
         * @param {WidgetError} error
         * @returns {Promise<WidgetStatus>}
         */
        renew(expired, error) {
            if (visitor.token === expired) {
                // Whoever comes next finds it gone, and waits as well.
                visitor.token = null;
                begin(async (mine) => {
                    try {
                        return await exchange(mine, error);
                    } finally {
                        if (mine === turn && !visitor.token) visitor.token = expired;
                    }
                }, true);
            }
            return current;
        },

        /** @returns {Promise<WidgetStatus>} */
        reset() {
            arrive();
            const to = transport;
            if (!to) return current;
            return begin(async () => {
                await to.logout();
                return query();
            });
        },

        /**
         * Takes note of what the refusal of a call says about the visitor, where the call carried what holds now.
         *
         * @param {WidgetError} problem
         * @param {string | null} carried
         */
        note(problem, carried) {
            if (carried !== visitor.token) return;
            if (asksForSignIn(problem)) settle({ state: 'locked' }, true);
            else if (refusesIdentity(problem) && !(status.error && status.error.code === problem.code)) fail(problem);
        },
    };
}

/**
 * The directory id of the user whom a status is about, or undefined.
 *
 * @param {WidgetStatus} status
 */
export function userOf(status) {
    return status.user ? status.user.id : undefined;
}

/**
 * When a token expires by its own words, in milliseconds since 1970; NaN where it doesn't say. Good for planning only:
 * nothing here is verified.
 *
 * @param {string} token
 */
function expiryOf(token) {
    try {
        return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000;
    } catch {
        return NaN;
    }
}
