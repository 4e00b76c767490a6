/**
 * The contract of the Widget Gateway SDK: what pages may call, and what they get.
 * `src/` is checked against it (`tsc --checkJs --strict`).
 */

/** What the widget may do now, as the gateway says. */
export type AccessState = 'anonymous' | 'locked' | 'identified';

/**
 * What this page knows of its visitor: an access state, `unknown` before the gateway has answered, or `refused`
 * where the gateway refused the token that the page gave. A refused token is never treated as no token: calls go on
 * carrying it, and being refused, until `identify` brings another one or `reset` drops it.
 */
export type WidgetState = AccessState | 'unknown' | 'refused';

/** The user whom the gateway admitted. */
export interface WidgetUser {
    /** The id in the gateway's directory. */
    id: string;
    /** The id in the customer's own system, where the token has one. */
    external_id?: string | null;
    email?: string | null;
    name?: string | null;
    avatar_url?: string | null;
}

export interface WidgetStatus {
    state: WidgetState;
    organization?: string;
    user?: WidgetUser | null;
    /** What proved who the user is. */
    verified_by?: 'token' | 'user_hash' | 'session' | null;
    /** After an `identify` only: whether the directory didn't know the user before. */
    created?: boolean;
    /** Why the token was refused, where `state` is `refused`. */
    error?: WidgetError;
}

/** A refusal by the gateway, or a failure to reach it. */
export interface WidgetError extends Error {
    name: 'WidgetError';
    /**
     * One of the gateway's codes (`token_expired`, `user_hash_mismatch` …), or one of the SDK's own:
     * `network_error` (no answer), `token_unavailable` (`getToken` failed), `endpoint_missing`,
     * `response_malformed` (the answer isn't the gateway's), `queue_full` (100 submissions are waiting already),
     * `identity_changed` (another visitor came before the call could be sent, so it wasn't).
     */
    code: string;
    /** The HTTP status, 0 where there was no answer. */
    status: number;
    /** What happened, in a sentence. Never holds the token. */
    detail: string;
    /** The access state that the gateway named with its refusal. */
    state?: AccessState;
}

export interface InitOptions {
    /** The organization's id. May be left out where the endpoint's host belongs to one organization. */
    organizationId?: string;
    /** A token that the page's own server signed for this user. Absent: an anonymous visitor. */
    userToken?: string | null;
    /** The gateway's address. Default: the origin that the SDK was loaded from. */
    endpoint?: string;
    /**
     * Brings a fresh token, or null for an anonymous visitor. Called at `init` where there is no `userToken`, once for
     * all waiting calls when the token has expired, and half a minute before it will.
     */
    getToken?: () => string | null | undefined | Promise<string | null | undefined>;
    /** Where the panel sends feedback, as `POST` with `{"text": "…"}`. Default: `/api/feedback`. */
    feedbackPath?: string;
    /** Whether there is a button in the corner that opens the panel. Default: true. */
    launcher?: boolean;
    /** The corner: at the end of a line, or at its start. Default: `end`, bottom right where text runs left to right. */
    position?: 'end' | 'start';
    /** Default: `auto`, as the visitor's system has it. */
    theme?: 'auto' | 'light' | 'dark';
    /** Words in place of the English ones: those that are named. */
    texts?: Partial<WidgetTexts>;
    /**
     * For a portal page that is shown in a frame: the origin of the page around it, such as `https://app.example`.
     * Users are taken from there, and from nowhere else.
     */
    parentOrigin?: string;
}

/** What the interface says. */
export interface WidgetTexts {
    launcher: string;
    title: string;
    close: string;
    /** `{name}` stands for the user's name. */
    signedInAs: string;
    label: string;
    placeholder: string;
    send: string;
    sending: string;
    /** While a submission waits for the gateway to be in reach. */
    waiting: string;
    failed: string;
    retry: string;
    sent: string;
    sentDetail: string;
    another: string;
    locked: string;
    lockedDetail: string;
    refused: string;
    refusedDetail: string;
    signIn: string;
}

export interface WidgetEvents {
    /** The gateway has answered for the first time. A handler that comes later is called at once. */
    ready: WidgetStatus;
    identified: WidgetStatus;
    locked: WidgetStatus;
    anonymous: WidgetStatus;
    /** The token was refused, or the gateway couldn't be reached. */
    error: WidgetError;
    /** The token has expired; a handler may call `identify` with a new one. */
    expired: WidgetStatus;
    /** The visitor asked to sign in. */
    'sign-in': SignInRequest;
    /** The panel's feedback has been taken. */
    sent: { status: number };
    /** An embedded portal page said something. */
    portal: { type: FrameMessage['type'] };
}

export interface SignInRequest {
    /** The page signs the visitor in itself, and calls `identify`. Else the organization's login page is opened. */
    preventDefault(): void;
}

export interface EmbedOptions {
    /** The portal's page, beginning with `/`. Default: `/`. */
    path?: string;
    /** What the frame is called by a screen reader. Default: `Feedback`. */
    title?: string;
}

/** What an embedded portal page and the page around it say to each other. */
export interface FrameMessage {
    from: 'widget-gateway';
    /** `ready` and `height` come from the portal page; the others go either way. */
    type: 'ready' | 'height' | 'identified' | 'signed-out';
    /** With `height`: in CSS pixels. */
    height?: number;
    /** With `identified`, from the page around to the portal page only. */
    token?: string | null;
}

export interface WidgetGatewayAPI {
    readonly version: string;

    /** Connects to the gateway and finds out the visitor's state. Calling it again starts over. */
    init(options?: InitOptions): Promise<WidgetStatus>;

    /** Hands over a user token. Before `init` it waits for `init`. */
    identify(token: string): Promise<WidgetStatus>;

    /** The same as `identify(user.token)`. */
    setUser(user: { token: string }): Promise<WidgetStatus>;

    /** Forgets the user: drops the token and what they typed, ends the session, asks for the state anew. */
    reset(): Promise<WidgetStatus>;

    /** Opens the panel. Before `init` it waits for `init`. */
    open(): void;

    /** Closes the panel. What was typed stays in it. */
    close(): void;

    /**
     * `window.fetch` to a path of the gateway, with the token as `Authorization: Bearer`. Waits until the visitor's
     * state is known. A call refused as `token_expired` is repeated with the token that `getToken` brings, where that is
     * the same user's. A submission (any method but GET and HEAD) is kept for up to ten minutes and repeated while the
     * gateway is out of reach or answers 429 or 503. Any other answer, refusals included, is returned as it came.
     *
     * A call belongs to the visitor who was there when it was made, and is never sent as another user.
     *
     * @param path begins with `/`
     */
    fetch(path: string, options?: RequestInit): Promise<Response>;

    /** Shows a page of the portal in a frame, and keeps its user and its height in step. After `init`. */
    embed(place: Element, options?: EmbedOptions): Promise<HTMLIFrameElement>;

    on<Name extends keyof WidgetEvents>(event: Name, handler: (detail: WidgetEvents[Name]) => void): void;
    off<Name extends keyof WidgetEvents>(event: Name, handler: (detail: WidgetEvents[Name]) => void): void;

    /** What the page knows now, without asking the gateway. */
    status(): WidgetStatus;

    /** Another widget on the same page, of another organization perhaps, with a user of its own. Needs its own `init`. */
    create(): WidgetGatewayAPI;
}

/** A call that the loader kept: method, arguments, and the two ends of the promise that the page holds. */
export type QueuedCall = [keyof WidgetGatewayAPI, ArrayLike<unknown>, (value: unknown) => void, (reason: unknown) => void];

declare global {
    interface Window {
        WidgetGateway: WidgetGatewayAPI;
        /** The same calls, by the name that ProductBridge's pages use. */
        ProductBridge: WidgetGatewayAPI;
    }
    // eslint-disable-next-line no-var
    var WidgetGateway: WidgetGatewayAPI;
    // eslint-disable-next-line no-var
    var ProductBridge: WidgetGatewayAPI;
}
