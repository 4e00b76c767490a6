import { asksForSignIn, passes, problemIn, widgetError } from './errors.js';
import { userOf } from './identity.js';
import { repeatable } from './transport.js';

/** @typedef {import('../widget-sdk').WidgetError} WidgetError */
/** @typedef {ReturnType<import('./identity.js').createIdentity>} Identity */

/** So many submissions wait at most; one more is turned away. */
const room = 100;
/** So long a submission is tried for, in milliseconds. */
const patience = 600_000;
/** The longest wait between two tries of our own choosing, in milliseconds. */
const longestPause = 30_000;

/**
 * Gets calls to the gateway, each as the visitor who made it.
 *
 * A read is sent once. A submission (any other method) is kept in memory and repeated while the gateway is out of
 * reach or says 429 or 503, always with the same `Idempotency-Key`, since an answer that got lost doesn't tell whether
 * the submission did.
 *
 * @param {Identity} identity
 * @param {() => false | Promise<unknown>} signIn lets a visitor sign in whom the gateway asks to, where that can be
 *   done without being asked for; settles when it has happened
 */
export function createDelivery(identity, signIn) {
    let waiting = 0;
    /** @type {Set<() => void>} */
    const sleepers = new Set();

    /** @param {number} time in milliseconds @param {AbortSignal | null | undefined} signal */
    function pause(time, signal) {
        return /** @type {Promise<void>} */ (
            new Promise((resolve) => {
                const wake = () => {
                    clearTimeout(timer);
                    sleepers.delete(wake);
                    resolve();
                };
                const timer = setTimeout(wake, time);
                sleepers.add(wake);
                signal?.addEventListener('abort', wake);
            })
        );
    }

    /**
     * @param {string} path begins with `/`
     * @param {RequestInit} options
     * @param {() => void} [held] told each time that the call has to wait
     * @returns {Promise<Response>}
     */
    async function deliver(path, options, held) {
        // Read before anything is waited for: whoever is here now is the one who makes this call.
        const owner = identity.visitor();
        const { signal } = options;
        const isSubmission = !/^(GET|HEAD)?$/i.test(options.method || '');
        if (isSubmission && waiting >= room) throw widgetError('queue_full', 'too many calls wait');
        waiting += +isSubmission;
        try {
            const headers = new Headers(options.headers);
            if (isSubmission && !headers.has('Idempotency-Key')) headers.set('Idempotency-Key', crypto.getRandomValues(new Uint32Array(4)).join('-'));
            const request = { ...(await repeatable(options)), headers };
            const until = Date.now() + patience;
            let hasRenewed = false;
            for (let tries = 0; ; tries++) {
                /** @type {Response | WidgetError} */
                let outcome;
                try {
                    const transport = await identity.known();
                    if (!identity.owns(owner)) throw widgetError('identity_changed', 'another visitor has come');
                    const before = identity.status();
                    const carried = identity.visitor().token;
                    if (before.error && !carried) throw before.error;
                    const response = (outcome = await transport.send(path, request, carried));
                    const problem = await problemIn(response);
                    if (problem && (await renews(problem, before, carried)) && !hasRenewed) {
                        hasRenewed = true;
                        continue;
                    }
                    if (!isSubmission || !passes(response)) return response;
                } catch (error) {
                    outcome = /** @type {WidgetError} */ (error);
                    if (!isSubmission || !passes(outcome)) throw error;
                }
                const time = pauseAfter(outcome, tries);
                if (Date.now() + time > until) {
                    if (outcome instanceof Response) return outcome;
                    throw outcome;
                }
                held?.();
                await pause(time, signal);
                if (signal?.aborted) throw signal.reason;
            }

            /**
             * Takes note of a refusal. True where it is worth another try at once: the token had expired and the same
             * user's was brought, or the visitor had to sign in and did.
             *
             * @param {WidgetError} problem
             * @param {import('../widget-sdk').WidgetStatus} before
             * @param {string | null} carried
             */
            async function renews(problem, before, carried) {
                if (problem.code === 'token_expired' && carried && !hasRenewed) {
                    await identity.renew(carried, problem).catch(() => {});
                } else {
                    identity.note(problem, carried);
                    if (hasRenewed || !isSubmission || !asksForSignIn(problem)) return false;
                    await signIn();
                }
                await identity.settled();
                const { token } = identity.visitor();
                const after = identity.status();
                // What one user wrote is never sent in another one's name.
                const isSame = before.state !== 'identified' || userOf(before) === userOf(after);
                return after.state === 'identified' && token && token !== carried && isSame && identity.owns(owner);
            }
        } finally {
            waiting -= +isSubmission;
        }
    }

    return {
        deliver,

        /** Lets everything that waits try at once: there is a connection again, or somebody else has come. */
        wake() {
            sleepers.forEach((wake) => wake());
        },
    };
}

/** @param {Response | WidgetError} failure @param {number} tries */
function pauseAfter(failure, tries) {
    const said = (failure instanceof Response && failure.headers.get('retry-after')) || '';
    const asked = +said * 1000 || Date.parse(said) - Date.now();
    // A crowd that was turned away together shouldn't come back together.
    const spread = 1000 * Math.random();
    return spread + (asked > 0 ? asked : Math.min(500 * 2 ** tries, longestPause));
}
