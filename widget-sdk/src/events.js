/** @typedef {import('../widget-sdk').WidgetEvents} WidgetEvents */
/** @typedef {ReturnType<typeof createEvents>} Events */

/** Handlers by event name. A handler that throws doesn't keep the others from being called. */
export function createEvents() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    const handlers = new Map();

    /** @param {(detail: any) => void} handler @param {unknown} detail */
    function call(handler, detail) {
        try {
            handler(detail);
        } catch (error) {
            // The page's own error: it belongs on the page's console, not in our promises.
            setTimeout(() => {
                throw error;
            });
        }
    }

    return {
        call,

        /** @param {string} event @param {(detail: any) => void} handler */
        on(event, handler) {
            const known = handlers.get(event) || new Set();
            handlers.set(event, known.add(handler));
        },

        /** @param {string} event @param {(detail: any) => void} handler */
        off(event, handler) {
            const known = handlers.get(event);
            known?.delete(handler);
        },

        /**
         * @template {keyof WidgetEvents} Name
         * @param {Name} event
         * @param {WidgetEvents[Name]} detail
         */
        emit(event, detail) {
            const known = handlers.get(event);
            if (known?.size) [...known].forEach((handler) => call(handler, detail));
            // An error that nobody listens for would make an integrator search in the dark.
            else if (event === 'error') console.warn('[widget-gateway]', /** @type {Error} */ (detail).message);
        },
    };
}
