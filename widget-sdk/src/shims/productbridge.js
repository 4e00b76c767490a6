/**
 * ProductBridge's pages call `ProductBridge.init({organizationId, userToken})` and `ProductBridge.identify(token)` once
 * the script is there: the same calls as ours.
 *
 * @param {any} scope
 * @param {import('../gateway.js').Widget} widget
 */
export function productBridge(scope, { api }) {
    if (!scope.ProductBridge) scope.ProductBridge = api;
}
