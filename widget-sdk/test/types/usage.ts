// What integrators write, checked by tsc against the contract: what compiles here must go on compiling, and each line
// below an `@ts-expect-error` must go on failing. Never run.
import type { AccessState, InitOptions, WidgetError, WidgetGatewayAPI, WidgetStatus, WidgetTexts } from '../../widget-sdk';

const options: InitOptions = {
    organizationId: 'acme',
    userToken: null,
    endpoint: 'https://gateway.example',
    getToken: async () => (await fetch('/widget-token')).text(),
    feedbackPath: '/api/ideas',
    launcher: false,
    position: 'start',
    theme: 'dark',
    texts: { launcher: 'Ideas' },
    parentOrigin: 'https://app.example',
};
const started: Promise<WidgetStatus> = WidgetGateway.init(options);
started.then(({ state, user, error }) => [state, user?.email, error?.code]);
WidgetGateway.init();
WidgetGateway.init({ getToken: () => null });

const sent: Promise<Response> = WidgetGateway.fetch('/api/feedback', { method: 'POST', body: '{}' });
const other: WidgetGatewayAPI = WidgetGateway.create();
const frame: Promise<HTMLIFrameElement> = other.embed(document.body, { path: '/ideas', title: 'Ideas' });
window.ProductBridge.identify('a.b.c');
WidgetGateway.setUser({ token: 'a.b.c' }).then(() => WidgetGateway.reset());
WidgetGateway.open();
WidgetGateway.close();
const version: string = WidgetGateway.version;

WidgetGateway.on('identified', ({ user, created }) => console.log(user?.name, created));
WidgetGateway.on('error', (error: WidgetError) => console.log(error.code, error.status, error.detail));
WidgetGateway.on('sign-in', (request) => request.preventDefault());
WidgetGateway.on('sent', ({ status }) => status.toFixed());
WidgetGateway.on('portal', ({ type }) => type === 'height');
const handler = (status: WidgetStatus) => console.log(status.state);
WidgetGateway.on('ready', handler);
WidgetGateway.off('ready', handler);

const states: AccessState[] = ['anonymous', 'locked', 'identified'];
const words: Partial<WidgetTexts> = { signedInAs: 'Angemeldet als {name}' };
export { frame, sent, states, version, words };

// @ts-expect-error an option that there isn't
WidgetGateway.init({ token: 'a.b.c' });
// @ts-expect-error a token is a string
WidgetGateway.identify(42);
// @ts-expect-error setUser takes an object
WidgetGateway.setUser('a.b.c');
// @ts-expect-error an event that there isn't
WidgetGateway.on('opened', () => {});
// @ts-expect-error an error has no state of the visitor
WidgetGateway.on('error', ({ user }) => user);
// @ts-expect-error a corner that there isn't
WidgetGateway.init({ position: 'left' });
// @ts-expect-error a word that there isn't
WidgetGateway.init({ texts: { headline: 'Hello' } });
// @ts-expect-error what the page knows is not for it to say
WidgetGateway.status().state = 'admin';
// @ts-expect-error a path is needed
WidgetGateway.fetch();
// @ts-expect-error the version is fixed
WidgetGateway.version = '2';
