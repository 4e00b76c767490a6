import { problemIn, refusesIdentity, widgetError } from './errors.js';

/** @typedef {import('../widget-sdk').WidgetStatus} WidgetStatus */
/** @typedef {import('../widget-sdk').WidgetError} WidgetError */
/** @typedef {import('../widget-sdk').InitOptions} InitOptions */
/** @typedef {import('./events.js').Events} Events */
/** @typedef {import('./transport.js').Transport} Transport */

const ignore = () => {};

/**
 * Who the visitor is: holds the token, in memory only, and what the gateway said of it.
 *
 * One operation (`start`, `identify`, `renew`, `reset`) is current at a time. A later one replaces an earlier one, whose
 * promise then settles as the later one does, and whose answer changes nothing any more.
 *
 * @param {Events} events
 */
export function createIdentity(events) {
    /** @type {string | null} */
    let token = null;
    /** @type {WidgetStatus} */
    let status = { state: 'unknown' };
    /** @type {Transport | undefined} */
    let transport;
    /** @type {InitOptions['getToken']} */
    let getToken;
    let ready = false;
    let turn = 0;
    /** @type {{ token: string, outcome: Promise<WidgetStatus> } | undefined} */
    let renewal;

    /** @type {(outcome: Promise<WidgetStatus>) => void} */
    let started = ignore;
    /** @type {Promise<WidgetStatus>} */
    let current = new Promise((resolve) => (started = resolve));
    current.catch(ignore);

    /**
     * @param {(mine: number) => Promise<WidgetStatus>} work
     * @param {boolean} [quietly] says nothing where nothing changed
     */
    function begin(work, quietly = false) {
        const mine = ++turn;
        const outcome = work(mine).then(
            (next) => (mine === turn ? settle(next, quietly) : current),
            (error) => {
                if (mine !== turn) return current;
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

    /** @param {WidgetStatus} next @param {boolean} quietly */
    function settle(next, quietly) {
        const same = next.state === status.state && userOf(next) === userOf(status);
        status = next;
        announceReady();
        if (!(same && quietly)) events.emit(/** @type {import('../widget-sdk').AccessState} */ (next.state), next);
        return next;
    }

    /** @param {WidgetError} error */
    function fail(error) {
        if (refusesIdentity(error)) {
            status = { state: 'refused', error };
            announceReady();
        }
        events.emit('error', error);
    }

    function announceReady() {
        if (ready) return;
        ready = true;
        events.emit('ready', status);
    }

    /** @param {Response} response @returns {Promise<WidgetStatus>} */
    async function read(response) {
        const problem = await problemIn(response);
        if (problem && problem.code === 'identify_required') return { state: 'locked' };
        if (problem) throw problem;
        const answer = await response.json().catch(ignore);
        if (response.ok && answer && ['anonymous', 'locked', 'identified'].includes(answer.state)) return answer;
        throw widgetError('response_malformed', 'the answer is not a gateway’s', response.status);
    }

    /** @param {Transport} to */
    async function query(to) {
        token = null;
        return read(await to.state(null));
    }

    /**
     * @param {Transport} to
     * @param {string} candidate
     * @param {number} mine
     * @param {boolean} [fresh] was just brought by `getToken`: there is no point in asking for another
     * @returns {Promise<WidgetStatus>}
     */
    async function submit(to, candidate, mine, fresh = false) {
        token = null;
        // Not worth a request, and no header could carry it. The token isn't kept, the refusal is.
        if (!/^[\x21-\x7e]+$/.test(candidate)) {
            throw widgetError('token_malformed', 'the user token is not a compact JWT', 401);
        }
        token = candidate;
        try {
            return await read(await to.identify(candidate));
        } catch (error) {
            if (fresh || /** @type {WidgetError} */ (error).code !== 'token_expired' || mine !== turn) throw error;
            return exchange(to, mine, /** @type {WidgetError} */ (error));
        }
    }

    /**
     * Says that the token has expired, and has it replaced: by the page, or by `getToken`.
     *
     * @param {Transport} to
     * @param {number} mine
     * @param {WidgetError} error what to fail with where there is nobody to ask
     * @returns {Promise<WidgetStatus>}
     */
    async function exchange(to, mine, error) {
        events.emit('expired', status);
        // A handler called `identify`: that one is current now.
        if (mine !== turn) return current;
        if (!getToken) throw error;
        const candidate = await ask();
        if (mine !== turn) return current;
        if (!candidate) throw error;
        return submit(to, candidate, mine, true);
    }

    async function ask() {
        try {
            return getToken && (await getToken());
        } catch {
            throw widgetError('token_unavailable', 'getToken failed');
        }
    }

    return {
        /** The token that calls carry now. */
        token: () => token,

        status: () => status,

        isReady: () => ready,

        /** The transport, once no operation is under way. A failed operation counts as done. */
        async settled() {
            for (let seen; seen !== current; ) {
                seen = current;
                await seen.catch(ignore);
            }
            return /** @type {Transport} */ (transport);
        },

        /** @param {Transport} to @param {InitOptions} options */
        start(to, options) {
            // `identify` may have come before `init`; a token that `init` brings itself is the newer one.
            const given = options.userToken || (transport ? null : token);
            transport = to;
            getToken = options.getToken;
            ready = false;
            status = { state: 'unknown' };
            return begin(async (mine) => {
                if (given) return submit(to, given, mine);
                token = null;
                const brought = await ask();
                if (mine !== turn) return current;
                return brought ? submit(to, brought, mine, true) : query(to);
            });
        },

        /** @param {string} candidate @returns {Promise<WidgetStatus>} */
        identify(candidate) {
            const to = transport;
            if (to) return begin((mine) => submit(to, candidate, mine));
            token = candidate;
            return current;
        },

        /**
         * Replaces a token that a call found expired. However many calls ask, it happens once.
         *
         * @param {string} expired
         * @param {WidgetError} error
         * @returns {Promise<WidgetStatus>}
         */
        renew(expired, error) {
            const to = transport;
            if (!to || token !== expired) return current;
            if (!renewal || renewal.token !== expired) {
                const outcome = begin((mine) => exchange(to, mine, error), true);
                renewal = { token: expired, outcome };
                const done = () => (renewal = undefined);
                outcome.then(done, done);
            }
            return renewal.outcome;
        },

        /** @returns {Promise<WidgetStatus>} */
        reset() {
            const to = transport;
            const bySession = status.verified_by === 'session';
            token = null;
            if (!to) return current;
            status = { state: 'unknown' };
            return begin(async (mine) => {
                if (bySession) await to.logout();
                return query(to);
            });
        },

        /**
         * Takes note of what the refusal of a call says about the visitor, where the call carried what holds now.
         *
         * @param {WidgetError} problem
         * @param {string | null} carried
         */
        note(problem, carried) {
            if (carried !== token) return;
            if (problem.code === 'identify_required') settle({ state: 'locked' }, true);
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
