/**
 * ProductLift's pages load `/widgets_sdk?sso=TOKEN` and mark what opens the panel with `data-productlift-sidebar`. The
 * token is read from the address that the page wrote, and goes on as a header only.
 *
 * @param {HTMLScriptElement | null} script
 * @param {import('../gateway.js').Widget} widget
 */
export function productLift(script, { api }) {
    if (!script?.src) return;
    const { pathname, searchParams } = new URL(script.src);
    if (pathname.endsWith('/widgets_sdk')) api.init({ userToken: searchParams.get('sso'), launcher: false });
}
