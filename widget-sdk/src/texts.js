/**
 * What the interface says, unless `init` brings other words.
 *
 * @type {import('../widget-sdk').WidgetTexts}
 */
export const english = {
    launcher: 'Feedback',
    title: 'Share your feedback',
    close: 'Close',
    signedInAs: 'Signed in as {name}',
    label: 'Your feedback',
    placeholder: 'An idea, a question, something to improve',
    send: 'Send feedback',
    sending: 'Sending…',
    waiting: 'No connection. It will be sent once there is one.',
    failed: 'Not sent. Your text is still here.',
    retry: 'Try again',
    sent: 'Thank you!',
    sentDetail: 'Your feedback has arrived.',
    another: 'Send more feedback',
    locked: 'Sign in to send feedback',
    lockedDetail: 'Feedback here is for signed-in users.',
    refused: 'We can’t confirm who you are',
    refusedDetail: 'Please sign in again.',
    signIn: 'Sign in',
};
