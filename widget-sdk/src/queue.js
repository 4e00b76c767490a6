/** @typedef {import('../widget-sdk').WidgetGatewayAPI} WidgetGatewayAPI */
/** @typedef {import('../widget-sdk').QueuedCall} QueuedCall */

/**
 * Puts the real object in the place of the loader's, and makes the calls that the loader kept, in their order.
 *
 * The loader's object is filled rather than replaced, so that pages which hold it, or one of its methods, go on
 * working. Loaded twice, the first one stays.
 *
 * @param {{ WidgetGateway?: any }} scope
 * @param {() => WidgetGatewayAPI} create
 * @returns {WidgetGatewayAPI}
 */
export function install(scope, create) {
    const stub = scope.WidgetGateway;
    if (stub && stub.version) return stub;
    const api = create();
    if (!stub || !Array.isArray(stub.q)) return (scope.WidgetGateway = api);

    /** @param {QueuedCall} call */
    const run = ([method, args, resolve, reject]) => {
        try {
            // Stays correct when a later version has methods that this one doesn't know.
            const target = /** @type {any} */ (api)[method];
            if (typeof target !== 'function') throw new TypeError(method + ' is not supported');
            resolve(target(...Array.from(args)));
        } catch (error) {
            reject(error);
        }
    };
    const queue = stub.q;
    delete stub.q;
    Object.assign(stub, api);
    // Emptied: the arguments hold tokens.
    queue.splice(0).forEach(run);
    queue.push = run;
    return stub;
}
