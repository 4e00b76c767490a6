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
     * `response_malformed` (the answer isn't the gateway's).
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
     * Brings a fresh token, or null for an anonymous visitor. Called at `init` where there is no `userToken`, and once
     * for all waiting calls when the token has expired.
     */
    getToken?: () => string | null | undefined | Promise<string | null | undefined>;
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
}

export interface WidgetGatewayAPI {
    readonly version: string;

    /** Connects to the gateway and finds out the visitor's state. Calling it again starts over. */
    init(options?: InitOptions): Promise<WidgetStatus>;

    /** Hands over a user token. Before `init` it waits for `init`. */
    identify(token: string): Promise<WidgetStatus>;

    /** The same as `identify(user.token)`. */
    setUser(user: { token: string }): Promise<WidgetStatus>;

    /** Forgets the user: drops the token, ends a session, asks for the state anew. */
    reset(): Promise<WidgetStatus>;

    /**
     * `window.fetch` to a path of the gateway, with the token as `Authorization: Bearer`. Waits until the visitor's
     * state is known. A call refused as `token_expired` is repeated with the token that `getToken` brings, where that is
     * the same user's. Any other answer, refusals included, is returned as it came.
     *
     * @param path begins with `/`
     */
    fetch(path: string, options?: RequestInit): Promise<Response>;

    on<Name extends keyof WidgetEvents>(event: Name, handler: (detail: WidgetEvents[Name]) => void): void;
    off<Name extends keyof WidgetEvents>(event: Name, handler: (detail: WidgetEvents[Name]) => void): void;

    /** What the page knows now, without asking the gateway. */
    status(): WidgetStatus;
}

/** A call that the loader kept: method, arguments, and the two ends of the promise that the page holds. */
export type QueuedCall = [keyof WidgetGatewayAPI, ArrayLike<unknown>, (value: unknown) => void, (reason: unknown) => void];

declare global {
    interface Window {
        WidgetGateway: WidgetGatewayAPI;
    }
    // eslint-disable-next-line no-var
    var WidgetGateway: WidgetGatewayAPI;
}
