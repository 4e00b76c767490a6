/** `interface.css`, minified: put in by scripts/build-sdk.sh. */
declare const WIDGET_CSS: string;
